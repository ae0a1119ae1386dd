"""Build one wheel and one sdist for every package into dist/ (or the directory given), offline."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def main() -> None:
    """Build everything; stop at the first failure."""
    target = Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "dist").resolve()
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    for package in sorted((ROOT / "packages").glob("*/pyproject.toml")):
        print(f"building {package.parent.name}", flush=True)
        command = [sys.executable, "-m", "hatchling", "build", "-d", str(target)]
        outcome = subprocess.run(command, cwd=package.parent, check=False, capture_output=True, text=True)
        if outcome.returncode:
            sys.exit(outcome.stdout + outcome.stderr)
    for built in sorted(target.iterdir()):
        print(f"  {built.name}  {built.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
