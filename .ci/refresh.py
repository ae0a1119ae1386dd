"""Reinstall every workspace member into the environment this runs in.

A kept hatch environment does not notice that a member's entry points, dependencies or version changed:
the metadata of an editable install is written once.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def main() -> None:
    """Install all members in one go, so that they satisfy one another's requirements."""
    members = sorted(path.parent for path in (ROOT / "packages").glob("*/pyproject.toml"))
    # hatch says where its uv is; outside of hatch the one on the path will do.
    command = [os.environ.get("HATCH_UV", "uv"), "pip", "install", "--quiet", "--python", sys.executable]
    for member in members:
        command += ["--reinstall-package", member.name, "--editable", str(member)]
    subprocess.run(command, check=True)
    print("refreshed", *(member.name for member in members))


if __name__ == "__main__":
    main()
