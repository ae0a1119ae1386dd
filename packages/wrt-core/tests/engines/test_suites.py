"""Scripts of the suites for stack switching and legacy exceptions, and of the core, run in a continuation."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from wrt_core.engines.stackless import engine
from wrt_core.engines.stackless.compiled import Compiled
from wrt_core.engines.stackless.entries import coroutine_of
from wrt_core.engines.stackless.stack_switching import runner, use
from wrt_core.runtime.continuation import Continuation
from wrt_core.runtime.function import Func

ROOT = Path(__file__).resolve().parents[4]
SUITES = Path(os.environ.get("WRT_SUITES") or ROOT.parent / "shared" / "suites")

STACK_SWITCHING = {"cont": 50, "resume_throw": 16, "validation": 40, "validation_gc": 5}
LEGACY = {"rethrow": 15, "throw": 10, "try_catch": 39, "try_delegate": 25}
CORE = [
    *("array", "block", "br", "br_if", "br_on_null", "br_table", "call", "call_indirect", "call_ref", "fac", "func"),
    *("if", "int_exprs", "labels", "left-to-right", "linking", "local_tee", "loop", "memory_grow", "nop", "return"),
    *("return_call_indirect", "select", "start", "struct", "switch", "throw", "throw_ref", "traps", "try_table"),
    *("unreachable", "unwind", "legacy/rethrow", "legacy/throw", "legacy/try_catch", "legacy/try_delegate"),
]


def passed(script: str) -> int:
    """Run a script of the suites, which must pass; return how many assertions it has."""
    wast = pytest.importorskip("wrt_wast.engine", reason="scripts are run by wrt-wast")
    path = SUITES / f"{script}.wast"
    if not path.exists():
        pytest.skip(f"the specification's test suite is not at {SUITES}; set WRT_SUITES")
    outcome = wast.WastEngine().run(path)
    assert not outcome.failures
    return outcome.tally.passed


@pytest.mark.parametrize(("name", "count"), STACK_SWITCHING.items())
def test_stack_switching(name, count):
    assert passed(f"proposal-repos/stack-switching/{name}") == count


@pytest.mark.parametrize(("name", "count"), LEGACY.items())
def test_legacy_exceptions(name, count):
    assert passed(f"official/legacy/{name}") == count


@pytest.fixture
def in_a_continuation(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let engines run whatever the host calls in a continuation, and with coroutines all the way down."""
    entering = engine.entering

    def entering_continuations(depth: int, *more: Any) -> Callable[[Func, Sequence[Any]], Any]:
        enter, run = entering(depth, *more), runner(depth, coroutine_of)

        def enter_continuation(func: Func, args: Sequence[Any]) -> Any:
            def code(*values: Any) -> Any:
                return run(use(values, Continuation(func.type, func)), ((), ()))[1]

            return enter(SimpleNamespace(code=code, instance=func.instance), args)

        return enter_continuation

    monkeypatch.setattr(engine, "entering", entering_continuations)
    monkeypatch.setattr(Compiled, "may_suspend", lambda *_: True)


@pytest.mark.parametrize("name", CORE)
def test_everything_does_the_same_in_a_continuation(in_a_continuation, name):
    assert passed(f"official/{name}") > 0
