"""The pytest plugin, in a pytest of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """(module (func (export "f") (result i32) i32.const 1))
(assert_return (invoke "f") (i32.const 1))
(thread $T (assert_return (invoke "f")))
(assert_return (invoke "f") (i32.const 2))
"""


@pytest.fixture
def run(tmp_path: Path):
    (tmp_path / "a.wast").write_text(SCRIPT)
    (tmp_path / "b.wast").write_text("(module)")
    (tmp_path / "pytest.ini").write_text("[pytest]\n")

    def invoke(*arguments: str) -> str:
        command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments, "."]
        return subprocess.run(command, check=False, cwd=tmp_path, capture_output=True, text=True).stdout

    if "--wrt-engine" not in invoke("--help"):
        pytest.skip("the plugin is not installed: pip install wrt-wast")
    return invoke


def test_scripts_are_left_alone_unless_an_engine_is_named(run):
    assert "no tests ran" in run()


def test_a_script_is_a_test(run):
    output = run("--wrt-engine=stackless", "-v")
    assert "a.wast::script FAILED" in output
    assert "b.wast::script PASSED" in output
    assert "a.wast:4:1: assert_return: wrong result" in output
    assert "expected: (i32.const 2)" in output


def test_each_directive_is_a_test_on_request(run):
    output = run("--wrt-engine=stackless", "--wrt-each", "-v")
    assert "a.wast::assert_return:2:1 PASSED" in output
    assert "a.wast::thread:3:1 PASSED" in output
    assert "a.wast::assert_return:3:12 FAILED" in output
    assert "a.wast::assert_return:4:1 FAILED" in output
    assert "2 failed, 4 passed" in output


def test_one_directive_can_be_picked(run):
    output = run("--wrt-engine=stackless", "--wrt-each", "-k", "assert_return and 2")
    assert "passed" in output


def test_an_unknown_engine_is_named(run):
    assert "no engine is called 'stakless'" in run("--wrt-engine=stakless")
