"""Install the wheels in dist/ into empty environments, in every sensible selection, and use them there.

The wheels come from dist/ alone and only their outside dependencies from the package index, so an
undeclared dependency, a file left out of a wheel or an entry point that leads nowhere shows here.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SELECTIONS: dict[str, list[str]] = {
    "foundation alone": ["wrt-foundation"],
    "core without the command line": ["wrt-core"],
    "capability": ["wrt-capability"],
    "wasi": ["wrt-wasi"],
    "wast": ["wrt-wast"],
    "the command line without its extras": ["wrt-cli"],
    "everything": ["wrt-cli[all]"],
}


def install(requirements: list[str], environment: Path) -> None:
    """Make `environment` and install `requirements` there, ours from dist/."""
    uv = os.environ.get("HATCH_UV", "uv")
    subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, str(environment)], check=True)
    # Our own packages are given as files: a package of that name on the index must not step in.
    ours = {wheel.name.split("-")[0].replace("_", "-"): wheel for wheel in (ROOT / "dist").glob("*.whl")}
    if not ours:
        sys.exit("dist/ holds no wheels: run `hatch run build` first")
    constraints = environment / "ours.txt"
    constraints.write_text("".join(f"{name} @ {wheel.as_uri()}\n" for name, wheel in sorted(ours.items())))
    command = [
        uv,
        "pip",
        "install",
        "--quiet",
        "--python",
        str(python_of(environment)),
        "--constraints",
        str(constraints),
    ]
    subprocess.run([*command, *requirements], check=True)


def python_of(environment: Path) -> Path:
    """Return the interpreter of a virtual environment."""
    return environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def main() -> int:
    """Try every selection; return how many failed."""
    failed = []
    for title, requirements in SELECTIONS.items():
        with tempfile.TemporaryDirectory() as directory:
            environment = Path(directory, "environment")
            install(requirements, environment)
            # From an empty directory and in isolated mode, so that nothing but the wheels can be imported.
            check = ROOT / ".ci" / "check_installation.py"
            command = [str(python_of(environment)), "-I", "-W", "error", str(check), *requirements]
            outcome = subprocess.run(command, cwd=directory, check=False)
            print(f"{title}: {'ok' if outcome.returncode == 0 else 'FAILED'}", flush=True)
            if outcome.returncode:
                failed.append(title)
    return len(failed)


if __name__ == "__main__":
    sys.exit(main())
