"""The public tests of WASI preview 1, from a checkout of wasi-testsuite's branch prod/testsuite-base.

It is not part of this repository: WRT_WASI_TESTSUITE says where it is.
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

import wrt_wasi

WHERE = os.environ.get("WRT_WASI_TESTSUITE")
SUITES = ("assemblyscript", "c", "rust")


def programs() -> list[Path]:
    return [
        program
        for suite in SUITES
        for program in sorted(Path(WHERE or "", "tests", suite, "testsuite", "wasm32-wasip1").glob("*.wasm"))
    ]


def test_the_suite_is_there():
    if WHERE is None:
        pytest.skip("72 tests not run: WRT_WASI_TESTSUITE has to say where wasi-testsuite, prod/testsuite-base, is")
    assert len(programs()) >= 72


@pytest.mark.parametrize("program", programs() if WHERE else [], ids=lambda each: each.stem)
def test_program(program, tmp_path):
    described = program.with_suffix(".json")
    specification = json.loads(described.read_text()) if described.exists() else {}
    directories = {}
    if specification.get("root"):
        shutil.copytree(program.parent / specification["root"], tmp_path / "root")
        directories["/"] = tmp_path / "root"
    result = wrt_wasi.run(
        program, args=specification.get("args", []), env=specification.get("env"), dirs=directories, capture=True
    )
    assert result.trap is None, result.stderr.decode()
    assert result.status == specification.get("exit_code", 0), result.stderr.decode()
    for stream in ("stdout", "stderr"):
        if stream in specification:
            assert getattr(result, stream).decode() == specification[stream]
