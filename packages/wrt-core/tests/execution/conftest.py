"""An engine, and the guests that most of these tests run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from wrt_core import EngineFactory
from wrt_core.engines.core import CoreEngine
from wrt_core.runtime.instance import Instance
from wrt_core.testing import ModuleBuilder
from wrt_core.validation import ValidatedModule


@pytest.fixture
def engine() -> CoreEngine:
    made = EngineFactory.create("stackless")
    assert isinstance(made, CoreEngine)
    return made


@pytest.fixture
def counting(engine: CoreEngine) -> ValidatedModule:
    """A module that counts.

    `count` counts in a global up to its argument, telling `env.log` each number, and returns what memory has at 8 and
    what it was given besides; `spin` never ends, nor does `recurse`; `down` goes as deep as it is told and returns how
    deep that was.
    """
    builder = ModuleBuilder()
    log = builder.import_function("env", "log", "i32 ->")
    builder.memory(1, 4)
    builder.global_("n", "i32", "i32.const 0", mutable=True)
    builder.function(
        "count",
        "i32 i64 -> i64 i64",
        f"""
        i64.const 7
        loop
            global.get 0  i32.const 1  i32.add  global.set 0
            i32.const 8  i32.const 8  i64.load  local.get 1  i64.add  i64.store
            global.get 0  call {log}
            global.get 0  local.get 0  i32.lt_s  br_if 0
        end
        drop
        i32.const 8  i64.load  local.get 1
        """,
    )
    builder.function("spin", "->", "loop br 0 end")
    builder.function("recurse", "i32 -> i32", "local.get 0 i32.const 1 i32.add call 3")
    builder.function(
        "down",
        "i32 -> i32",
        "local.get 0 i32.eqz if i32 i32.const 0 else local.get 0 i32.const 1 i32.sub call 4 i32.const 1 i32.add end",
    )
    builder.function("fail", "->", "unreachable")
    return engine.load(builder.bytes())


@pytest.fixture
def guest(engine: CoreEngine, counting: ValidatedModule) -> Callable[..., Instance]:
    """Make an instance of `counting`, with `log` as given."""

    def make(log: Callable[[int], Any] = lambda _: None) -> Instance:
        return engine.instantiate(counting, {"env": {"log": log}})

    return make
