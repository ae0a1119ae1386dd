"""Pausing is exact: scripts of the specification's suite that stop at every safe point pass all the same."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from wrt_core.engines.stackless import call_stack, compiled, engine
from wrt_core.engines.stackless.compiled import compiled_of
from wrt_core.engines.stackless.runner import StacklessRunner
from wrt_core.engines.stackless.translation.function import translating
from wrt_core.engines.stackless.translation.writing.dispatched import write_dispatched
from wrt_core.execution import Interruption, Reason, Watch
from wrt_core.runtime.function import Func

SUITES = Path(os.environ.get("WRT_SUITES") or Path(__file__).parents[4].parent / "shared" / "suites")

SCRIPTS = [
    *("array", "block", "br", "br_if", "br_on_cast", "br_on_null", "br_table", "fac", "float_exprs", "func", "global"),
    *("if", "int_exprs", "labels", "left-to-right", "linking", "local_tee", "loop", "memory_grow", "memory_trap"),
    *("ref_func", "return", "select", "stack", "start", "struct", "switch", "table_grow", "throw", "throw_ref"),
    *("traps", "try_table", "unreachable", "unwind", "simd_const", "simd_load", "simd_select"),
    *("legacy/rethrow", "legacy/throw", "legacy/try_catch", "legacy/try_delegate"),
]


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Let engines run whatever the host calls with a pause at every safe point; what is returned, the pauses fill."""
    entering = engine.entering
    reasons: list[str] = []

    def entering_with_pauses(depth: int, *more: Any) -> Callable[[Func, Sequence[Any]], Any]:
        runner = StacklessRunner(depth, *more)
        enter = entering(depth, *more)

        def enter_with_pauses(func: Func, args: Sequence[Any]) -> Any:
            if compiled_of(func.instance) is None or call_stack.turn() is not None:
                return enter(func, args)
            watch = Watch(fuel=0)
            stack = runner.begin(func, tuple(args))
            while True:
                try:
                    return runner.run(stack, watch)
                except Interruption as stop:
                    reasons.append(stop.reason)
                    if not (watch.fuel or 0) < stop.needed:
                        reasons.append("for nothing")
                    watch.fuel = stop.needed

        return enter_with_pauses

    monkeypatch.setattr(engine, "entering", entering_with_pauses)
    return reasons


def check(script: str) -> None:
    wast = pytest.importorskip("wrt_wast.engine", reason="scripts are run by wrt-wast")
    path = SUITES / "official" / f"{script}.wast"
    if not path.exists():
        pytest.skip(f"the specification's test suite is not at {SUITES}; set WRT_SUITES")
    outcome = wast.WastEngine().run(path)
    assert not outcome.failures
    assert outcome.tally.passed


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_script_that_pauses_at_every_safe_point_passes(pauses, script):
    check(script)
    assert set(pauses) == {Reason.FUEL}


@pytest.mark.parametrize("script", ["br_table", "fac", "loop", "switch", "labels", "try_table", "legacy/rethrow"])
def test_so_it_does_in_dispatched_form(pauses, script, monkeypatch):
    monkeypatch.setattr(compiled, "translating", partial(translating, write=write_dispatched))
    check(script)
    assert set(pauses) == {Reason.FUEL}
