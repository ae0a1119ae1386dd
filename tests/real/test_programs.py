"""Programs from the ordinary registries that nobody here wrote, driven as their users drive them.

The drivers and what they check lie outside of this repository: in the folder that WRT_REALWASM names, or in
`../shared/realwasm` beside the repository. Their modules are in REALWASM_DIR (the user's cache unless set), where
the folder's `prepare.py` puts them. A driver runs in a process of its own and prints what it measured.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
REALWASM = Path(os.environ.get("WRT_REALWASM") or HERE.parents[2] / "shared" / "realwasm")
SECONDS = 900

DRIVERS = (HERE / "programs.txt").read_text(encoding="utf-8").split()

LARGE = {"esbuild", "cpython"}
"""Those that take a minute or more of the processor each."""

NO_MODULE = 77
RUN = f"""
import importlib, os, sys
import common
driver = importlib.import_module(sys.argv[1])
wanted = [common.DL, *(os.path.join(common.WASM, name + ".wasm") for name in driver.MODULES)]
missing = [path for path in wanted if not os.path.exists(path)]
if missing:
    print("missing:", *missing)
    sys.exit({NO_MODULE})
common.main(driver.NAME, driver.run)
"""


def run(driver: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run one driver with small inputs on our engine."""
    if not (REALWASM / "drivers" / f"{driver}.py").is_file():
        pytest.skip(f"THE PROGRAMS ARE NOT HERE: no drivers in {REALWASM} (see WRT_REALWASM)")
    path = os.pathsep.join([str(REALWASM / "drivers"), str(HERE)])
    settings = {
        "PYTHONPATH": path,
        "PYTHONDONTWRITEBYTECODE": "1",
        "REALWASM_LIGHT": "1",
        "REALWASM_ENGINE": "adapter:WrtEngine",
    }
    command = [sys.executable, "-c", RUN, driver]
    outcome = subprocess.run(
        command, check=False, capture_output=True, text=True, timeout=SECONDS, env=os.environ | settings | environment
    )
    if outcome.returncode == NO_MODULE:
        pytest.skip(f"THE PROGRAMS ARE NOT HERE: {outcome.stdout.strip()} (run {REALWASM / 'prepare.py'})")
    return outcome


@pytest.mark.real
@pytest.mark.slow
@pytest.mark.parametrize("driver", DRIVERS)
def test_program(driver, record_property):
    outcome = run(driver)
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    result = json.loads(outcome.stdout.splitlines()[-1])
    for name in ("compile_s", "instantiate_s", "run_s"):
        record_property(name, result[name])
    sys.stdout.write(outcome.stdout)  # shown with -rA
    assert result["ok"]
    assert result["checks"] > 0


@pytest.mark.real
def test_a_driver_that_fails_is_noticed():
    outcome = run("hashes", WRT_ENGINE="no-such-engine")
    assert outcome.returncode == 1
    assert "no engine is called 'no-such-engine'" in outcome.stderr


@pytest.mark.real
@pytest.mark.slow
@pytest.mark.parametrize(
    "driver",
    [each for each in DRIVERS if each not in LARGE | {"feature_detect"}],  # which calls next to nothing
)
def test_program_that_is_paused_and_moved(driver):
    """Stopped where chance has it, saved, and gone on with in new instances, it passes its driver's checks too."""
    outcome = run(driver, REALWASM_ENGINE="moving_adapter:MovingEngine")
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    assert json.loads(outcome.stdout.splitlines()[-1])["ok"]
    moves = re.search(r"moved (\d+) times", outcome.stderr)
    assert moves, outcome.stderr
    assert int(moves[1]) >= 20
