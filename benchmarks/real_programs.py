"""How long do programs that nobody here wrote take? `python benchmarks/real_programs.py [--peer PYTHON] [NAME…]`

The drivers are those that `tests/real` runs, outside of this repository (see WRT_REALWASM there), and so are their
inputs: small ones, unless --full. Each runs in processes of its own: on stackless with a cache that is empty, and again
with what that has kept; on wasmtime-py, if --peer names a Python that has it, and once more to count instructions.

Seconds are those of loading and running by the clock, and in parentheses those of the process: where a machine does
other things besides, the latter are what to compare, and the ratio is theirs. A driver that takes longer than --limit
seconds is ended, and listed.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
REALWASM = Path(os.environ.get("WRT_REALWASM") or ROOT.parent / "shared" / "realwasm")
NAMES = (ROOT / "tests" / "real" / "programs.txt").read_text(encoding="utf-8").split()
RUN = """
import importlib, json, os, resource, sys, time
import common
engine = common.get_engine
driver = importlib.import_module(sys.argv[1])
timer, run = time.process_time, common.Run(driver.NAME)
processor = dict.fromkeys(run.t, 0.0)
def timed(phase):
    class Timed(wall(phase).__class__):
        def __enter__(self):
            self.processor = timer()
            return super().__enter__()
        def __exit__(self, *error):
            processor[phase] += timer() - self.processor
            return super().__exit__(*error)
    return Timed()
wall, run.timed = run.timed, timed
driver.run(run)
found = run.result()
found["processor"] = processor
found["bytes"] = sum(os.path.getsize(os.path.join(common.WASM, name + ".wasm")) for name in driver.MODULES)
found["megabytes"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
if os.environ.get("REALWASM_FUEL"):
    found["instructions"] = type(engine()).instructions()
print(json.dumps(found))
"""


@dataclass
class Took:
    """What one run of a driver took: seconds of the wall clock, and of the process."""

    load: float
    run: float
    load_processor: float
    run_processor: float
    found: dict[str, Any]

    def __str__(self) -> str:
        return (
            f"{self.load:.2f} + {self.run:.2f} ({self.load_processor:.2f} + {self.run_processor:.2f})"
            f"{'' if self.found['ok'] else ' FAILED'}"
        )

    @property
    def processor(self) -> float:
        """Seconds of the process, loading and running."""
        return self.load_processor + self.run_processor


def drive(name: str, python: str, limit: float, **environment: str) -> Took | None:
    """Run one driver; None if it has not ended in time."""
    path = os.pathsep.join([str(REALWASM / "drivers"), str(ROOT / "tests" / "real")])
    settings = {"PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        outcome = subprocess.run(
            [python, "-c", RUN, name],
            check=False,
            capture_output=True,
            text=True,
            timeout=limit,
            env=os.environ | settings | environment,
        )
    except subprocess.TimeoutExpired:
        return None
    if outcome.returncode:
        sys.exit(f"{name}: {outcome.stderr[-2000:]}")
    found = json.loads(outcome.stdout.splitlines()[-1])
    processor = found["processor"]
    return Took(
        found["compile_s"] + found["instantiate_s"],
        found["run_s"],
        processor["compile"] + processor["instantiate"],
        processor["run"],
        found,
    )


def measure(name: str, peer: str | None, limit: float) -> str:
    """Return a row for one program."""
    ours = {"REALWASM_ENGINE": "adapter:WrtEngine"}
    with tempfile.TemporaryDirectory() as directory:
        cold = drive(name, sys.executable, limit, **ours, WRT_CACHE=directory)
        again = drive(name, sys.executable, limit, **ours, WRT_CACHE=directory) if cold else None
    theirs = drive(name, peer, 10 * limit, REALWASM_ENGINE="adapter_wasmtime:WasmtimeEngine") if peer else None
    fuel = {"REALWASM_ENGINE": "adapter_wasmtime:WasmtimeEngine", "REALWASM_FUEL": "1"}
    counted = drive(name, peer, 10 * limit, **fuel) if peer else None
    millions = counted.found["instructions"] / 1e6 if counted else None
    size = (again or cold or theirs or counted).found["bytes"] / 1e6 if (again or cold or theirs) else 0.0
    cells = [
        name,
        f"{size:.2f}",
        "" if millions is None else f"{millions:,.1f}",
        f"more than {limit:.0f} s" if cold is None else str(cold),
        "" if again is None else str(again),
        "" if theirs is None else str(theirs),
        "" if not (again and theirs) else f"{again.processor / theirs.processor:,.1f}×",
        "" if not (again and millions) else f"{millions / max(again.run_processor, 1e-3):,.2f}",
        "" if cold is None else f"{cold.found['megabytes']:,}",
    ]
    return f"| {' | '.join(cells)} |"


def main() -> None:
    """Print a row for each program."""
    parser = argparse.ArgumentParser()
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(NAMES))
    parser.add_argument("--peer", metavar="PYTHON", help="a Python that has wasmtime")
    parser.add_argument("--full", action="store_true", help="with the inputs that are meant for compilers")
    parser.add_argument("--limit", type=float, default=900.0, metavar="SECONDS")
    options = parser.parse_args()
    if not (REALWASM / "drivers").is_dir():
        sys.exit(f"no drivers in {REALWASM}: see WRT_REALWASM in tests/real/test_programs.py")
    if not options.full:
        os.environ["REALWASM_LIGHT"] = "1"
    print("| program | MB | million instructions | cold | cached | wasmtime | ratio | M/s | peak MB |")
    print("|---|---|---|---|---|---|---|---|---|")
    for name in options.names or NAMES:
        print(measure(name, options.peer, options.limit), flush=True)


if __name__ == "__main__":
    main()
