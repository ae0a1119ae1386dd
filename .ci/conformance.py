"""The specification's suite on our engines, strictly: every file of it, and not one assertion less than there is.

The suite lies outside of this repository: in the folder that WRT_SUITES names, or in `../shared/suites`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SUITES = Path(os.environ.get("WRT_SUITES") or ROOT.parent / "shared" / "suites")
ASSERTIONS = {"official": 64_094, "spec-main": 220}
"""How many assertions each folder has: a run that finds fewer has lost some."""


OPTIONS = {"capability-aware": ["--engine-option", "policy=trusted"]}
"""What engines are made with that do nothing of what the suite asks unless they are told that they may."""


def run(engine: str, folder: str) -> bool:
    """Run a folder's scripts on an engine; say whether all of its assertions passed."""
    with tempfile.TemporaryDirectory() as directory:
        report = Path(directory) / "report.json"
        command = [
            sys.executable,
            "-m",
            "wrt_cli",
            "wast",
            str(SUITES / folder),
            "--engine",
            engine,
            *OPTIONS.get(engine, []),
        ]
        subprocess.run([*command, "--jobs", str(os.cpu_count() or 1), "--json", str(report)], check=False)
        if not report.is_file():
            print(f"{folder} on {engine}: NO REPORT")
            return False
        totals = json.loads(report.read_text())["totals"]
    wanted = {"passed": ASSERTIONS[folder], "failed": 0, "skipped": 0, "errors": 0}
    print(f"{folder} on {engine}: {totals}")
    return all(totals[key] == number for key, number in wanted.items())


def main(engines: list[str]) -> int:
    """Run every folder on every engine; the exit status says whether all passed."""
    if not SUITES.is_dir():
        print(f"CONFORMANCE SKIPPED: THE SUITES ARE NOT HERE: no folder {SUITES} (see WRT_SUITES)")
        return 0
    outcomes = [run(engine, folder) for engine in engines for folder in ASSERTIONS]
    return 0 if all(outcomes) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or ["stackless", "capability-aware"]))
