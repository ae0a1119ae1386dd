"""Translation does work, and writes text, in proportion to the size of a function, whatever its shape.

Work is counted in calls of functions, not in time. `benchmarks/translation.py` measures that.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType

import pytest

from wrt_core.engines.stackless.engine import StacklessEngine
from wrt_core.engines.stackless.translation.function import translate
from wrt_core.testing import ModuleBuilder

GROWTH = 2.3
"""What twice the size may cost: a little more than twice, for numbers get longer; four times would be quadratic."""

SHAPES: dict[str, Callable[[int], str]] = {
    "statements": lambda n: "local.get 0 i32.const 1 i32.add local.set 0 " * n,
    "masks and comparisons": lambda n: "local.get 0 local.get 1 i32.mul local.get 0 i32.lt_s local.set 1 " * n,
    "aligned accesses": lambda n: "i32.const 8 local.set 1 local.get 1 local.get 1 i32.load i32.store " * n,
    "many locals": lambda n: " ".join(f"local.get {k} i32.const 4 i32.add local.set {k + 1}" for k in range(n)),
    "loops": lambda n: "loop local.get 1 i32.load local.get 1 i32.const 4 i32.add local.set 1 br_if 0 end " * n,
    "loops in loops": lambda n: "loop local.get 1 i32.load drop local.get 1 br_if 0 " * 50 * (n // 50) + "end " * n,
    "blocks in one another": lambda n: "block " * n + "local.get 0 br_if 0 local.get 0 local.set 1 end " * n,
    "ways out of a block": lambda n: (
        "block "
        + "local.get 0 i32.const 1 i32.add local.tee 0 br_if 0 " * n
        + " ".join(f"i32.const {k} local.set {k + 1}" for k in range(n))
        + " end"
    ),
    "locals and ways out": lambda n: (
        "block " + " ".join(f"local.get 0 br_if 0 i32.const {k} local.set {k + 1}" for k in range(n)) + " end"
    ),
    "calls of a leaf": lambda n: "local.get 0 call 0 local.set 1 " * n,
    "calls": lambda n: "local.get 0 call 1 local.set 1 " * n,
    "a switch": lambda n: (
        "block " * (n + 1)
        + "local.get 0 br_table "
        + " ".join(map(str, range(n + 1)))
        + "".join(f" end i32.const {k} local.set 1 br {n - k - 1}" for k in range(n))
        + " end"
    ),
}


def translated(code: str, locals_: int) -> tuple[int, int]:
    """How many calls translating a function makes, and how long its text is."""
    builder = ModuleBuilder()
    builder.memory(1)
    builder.function(None, "i32 -> i32", "local.get 0 i32.const 3 i32.mul i32.const 1 i32.add")
    builder.function(None, "i32 -> i32", "local.get 0 i32.load")
    index = builder.function("f", "i32 ->", code, "i32 " * locals_)
    module = builder.load(StacklessEngine())
    calls = 0

    def count(frame: FrameType, event: str, argument: object) -> None:
        nonlocal calls
        calls += 1

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        source = translate(module, index).source
    finally:
        sys.setprofile(before)
    return calls, len(source)


@pytest.mark.parametrize("shape", SHAPES)
def test_twice_the_size_is_twice_the_work(shape: str) -> None:
    size = 1_000
    once = translated(SHAPES[shape](size), 2 * size)
    twice = translated(SHAPES[shape](2 * size), 2 * size)
    assert twice[0] < GROWTH * once[0]
    assert twice[1] < GROWTH * once[1]
