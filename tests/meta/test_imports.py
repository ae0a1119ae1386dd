"""Every module imports alone, in an interpreter that has imported nothing else, with warnings as errors."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PARTS = 20
"""So many tests, as it takes minutes: each worker takes some, and none does it all."""

# Each module gets a process of its own, forked from one that has imported nothing of ours:
# a start of the interpreter for each would take a minute.
IMPORT_EACH = """
import importlib, json, os, sys, traceback
outcomes = {}
for module in sys.argv[1:]:
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        os.close(reader)
        try:
            importlib.import_module(module)
            report = ""
        except BaseException:
            report = traceback.format_exc()
        with os.fdopen(writer, "w") as pipe:
            pipe.write(report)
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        report = pipe.read()
    status = os.waitpid(child, 0)[1]
    outcomes[module] = report or (f"the interpreter died with status {status}" if status else "")
print(json.dumps(outcomes))
"""


def outcomes(modules: list[str]) -> dict[str, str]:
    """What importing each module alone said: an empty string where it worked."""
    if not hasattr(os, "fork"):
        return {module: imported_in_an_interpreter_of_its_own(module) for module in modules}
    command = [sys.executable, "-W", "error", "-c", IMPORT_EACH, *modules]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def imported_in_an_interpreter_of_its_own(module: str) -> str:
    command = [sys.executable, "-W", "error", "-c", f"import {module}"]
    outcome = subprocess.run(command, check=False, capture_output=True, text=True)
    return outcome.stderr if outcome.returncode else ""


@pytest.mark.parametrize("part", range(PARTS))
def test_each_module_imports_alone(workspace, part):
    modules = [module for package in workspace for module in package.modules][part::PARTS]
    found = outcomes(modules)
    assert found == dict.fromkeys(modules, "")
    assert found


def test_a_module_that_does_not_import_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "warns_on_import.py").write_text("import warnings; warnings.warn('old', DeprecationWarning)")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    command = [sys.executable, "-W", "error", "-c", IMPORT_EACH, "warns_on_import", "no_such_module", "json"]
    found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    assert "DeprecationWarning: old" in found["warns_on_import"]
    assert "ModuleNotFoundError" in found["no_such_module"]
    assert found["json"] == ""
