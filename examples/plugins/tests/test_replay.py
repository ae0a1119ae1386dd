"""A stranger's engine and ours, compared by a recorded run: in both directions the same."""

from __future__ import annotations

import pytest

from wrt_core import EngineFactory
from wrt_core.recording import Divergence, RecordingEngine, replay
from wrt_core.testing import ModuleBuilder


def program(step: int) -> ModuleBuilder:
    """Asks the host for numbers until it says 0, and gives back their sum."""
    builder = ModuleBuilder("sum")
    ask = builder.import_function("env", "ask", "i32 -> i32")
    body = f"""
        loop
            local.get 1 call {ask} local.tee 0
            local.get 1 i32.add local.set 1
            local.get 0 br_if 0
        end
        local.get 1 i32.const {step} i32.add
    """
    builder.function("run", "-> i32", "i32.const 0 i32.const 0 call 2")
    builder.function("sum", "i32 i32 -> i32", body)
    return builder


@pytest.mark.parametrize(("one", "other"), [("counting", "stackless"), ("stackless", "counting")])
def test_two_engines_do_the_same(one, other, tmp_path):
    journal, numbers = tmp_path / "run.journal", [0, 7, 35]
    with RecordingEngine(EngineFactory.create(one), journal) as engine:
        instance = engine.instantiate(engine.load(program(1).bytes()), {"env": {"ask": lambda _: numbers.pop()}})
        assert instance.exports.run() == 43
    other_engine = EngineFactory.create(other)
    found = replay(journal, other_engine, other_engine.load(program(1).bytes()))
    assert (found.recorded_on, found.replayed_on, found.host_calls) == (one, other, 3)


def test_an_engine_that_is_wrong_is_found(tmp_path, monkeypatch):
    """The counting engine, as one that takes the program for another."""
    journal, numbers = tmp_path / "run.journal", [0, 7]
    with RecordingEngine(EngineFactory.create("stackless"), journal) as engine:
        module = engine.load(program(1).bytes())
        engine.instantiate(module, {"env": {"ask": lambda _: numbers.pop()}}).exports.run()
    wrong = EngineFactory.create("counting")
    right = wrong.instantiate
    mistaken = wrong.load(program(2).bytes())
    monkeypatch.setattr(wrong, "instantiate", lambda module, imports=None, *, store=None: right(mistaken, imports))
    with pytest.raises(Divergence) as caught:
        replay(journal, wrong, module)
    assert caught.value.message == "result 0 is 9, and was 8"
    assert caught.value.engines == ("stackless", "counting")
