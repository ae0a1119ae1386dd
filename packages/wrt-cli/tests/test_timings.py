"""`wrt run --timings` tells where the time went, on stderr, whatever became of the program."""

from __future__ import annotations

import re

import pytest

from wrt_cli.timings import Timings

LINE = re.compile(r"^(\w+) +([\d,]+\.\d) ms", re.MULTILINE)
PHASES = ["decode", "validate", "link", "translate", "run"]


def test_phases(invoke, modules):
    result = invoke("run", "--timings", modules("arithmetic"), "--invoke", "add", "1", "2")
    assert result.stdout == "3\n"
    assert [name for name, _ in LINE.findall(result.stderr)] == PHASES


@pytest.mark.parametrize(("command", "status"), [("trapping", 134), ("counting", 10)])
def test_a_program_that_does_not_return(invoke, modules, command, status):
    result = invoke("run", "--timings", modules(command))
    assert result.exit_code == status
    assert [name for name, _ in LINE.findall(result.stderr)] == PHASES


def test_a_module_that_is_invalid(invoke, modules):
    result = invoke("run", "--timings", modules("invalid"))
    assert result.exit_code == 1
    assert "type mismatch" in result.stderr


def test_nothing_unless_asked_for(invoke, modules):
    assert invoke("run", modules("arithmetic"), "--invoke", "add", "1", "2").stderr == ""


def test_what_is_translated_counts_once(monkeypatch, capsys):
    clock = iter((10.0, 15.0))
    monkeypatch.setattr("wrt_cli.timings.perf_counter", lambda: next(clock))
    timings = Timings()
    timings.wrt_function_compiled(0.5)  # the start function's, while it is linked
    timings.wrt_instance_created(2.0)  # at 10
    timings.wrt_function_compiled(1.0)
    timings.show()  # at 15
    seconds = {name: float(text.replace(",", "")) / 1000 for name, text in LINE.findall(capsys.readouterr().err)}
    assert seconds == {"decode": 0, "validate": 0, "link": 1.5, "translate": 1.5, "run": 4.0}
