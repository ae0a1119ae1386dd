"""Python's limits are not the guest's: nesting, expressions, locals and parameters far past what Python's parser takes.

`benchmarks/translation.py` measures that the time this takes is linear in size; here it works at all.
"""

from __future__ import annotations

from typing import Any

import pytest

from wrt_core.engines.stackless.engine import StacklessEngine
from wrt_core.testing import ModuleBuilder
from wrt_foundation.limits import DEFAULT_LIMITS


def run(type_: str, code: str, *args: int, locals_: str = "") -> Any:
    builder = ModuleBuilder()
    builder.tag(None, "->")
    builder.memory(1)
    builder.function("run", type_, code, locals_)
    return builder.instantiate(StacklessEngine()).exports.run(*args)


def test_60_000_instructions_in_one_expression() -> None:
    assert run("i32 -> i32", "local.get 0\n" + "i32.const 1 i32.add\n" * 30_000, 5) == 30_005


def test_60_000_instructions_in_statements() -> None:
    assert run("i32 -> i32", "local.get 0 i32.const 1 i32.add local.set 0\n" * 15_000 + "local.get 0", 5) == 15_005


def test_an_expression_10_000_operands_deep() -> None:
    assert run("i32 -> i32", "local.get 0\n" * 10_000 + "i32.xor\n" * 9_999, 5) == 0


def test_10_000_pending_operands_with_effects() -> None:
    code = "i32.const 0 i32.load\n" * 10_000 + "i32.const 0 i32.const 1 i32.store\n" + "i32.or\n" * 9_999
    assert run("-> i32", code) == 0


@pytest.mark.parametrize("size", [1, 2, 255, 256, 1_000, 65_000])
def test_br_table(size: int) -> None:
    table = "local.get 0 br_table" + " 0 1" * (size // 2) + " 0" * (size % 2) + " 2"
    code = f"block block block {table} end i32.const 10 return end i32.const 20 return end i32.const 30"
    for index in {0, size // 2, size - 1}:
        assert run("i32 -> i32", code, index) == (20 if index % 2 else 10)
    assert run("i32 -> i32", code, size) == run("i32 -> i32", code, -1) == 30


@pytest.mark.parametrize("size", [100, 1_000])
def test_a_switch_of_many_cases(size: int) -> None:
    table = "local.get 0 br_table " + " ".join(map(str, range(size + 1)))
    cases = "".join(f" end i32.const {case} return" for case in range(size))
    code = f"{'block ' * (size + 1)} {table} {cases} end i32.const 77"
    for index in (0, 1, size // 2, size - 1):
        assert run("i32 -> i32", code, index) == index
    assert run("i32 -> i32", code, size) == run("i32 -> i32", code, -1) == 77


@pytest.mark.parametrize("depth", [15, 16, 17, 88, 99, 100, 101, 120, 300, 10_000])
def test_nested_blocks(depth: int) -> None:
    code = "block " * depth + "local.get 0 br_if 0 " + "local.get 0 br_if 0 end " * depth + "local.get 0"
    assert run("i32 -> i32", code, 1) == 1


@pytest.mark.parametrize("depth", [15, 16, 17, 18, 19, 20, 21, 100, 1_000, 10_000])
def test_nested_loops(depth: int) -> None:
    # The innermost leaves all of them at once, and the outermost goes round once more.
    count = "local.get 0 i32.const 1 i32.add local.set 0"
    inner = f"local.get 0 i32.const 3 i32.lt_u br_if {depth - 1} br {depth}"
    code = f"block loop {count} {'loop ' * (depth - 1)} {inner} {'end ' * depth} end local.get 0"
    assert run("i32 -> i32", code, 0) == 3


@pytest.mark.parametrize("depth", [80, 88, 90, 100, 120, 1_000])
def test_nested_ifs(depth: int) -> None:
    arms = "i32.const 9 local.set 0 " + "else i32.const 8 local.set 0 end " * depth
    code = "local.get 0 if " * depth + arms + "local.get 0"
    assert run("i32 -> i32", code, 1) == 9
    assert run("i32 -> i32", code, 0) == 8


@pytest.mark.slow
def test_10_000_nested_ifs() -> None:
    code = "local.get 0 if " * 10_000 + "i32.const 9 local.set 0 " + "end " * 10_000 + "local.get 0"
    assert run("i32 -> i32", code, 1) == 9


@pytest.mark.parametrize("depth", [5, 6, 7, 10, 20, 200])
def test_nested_handlers(depth: int) -> None:
    code = (
        "block try_table catch_all 0 " * depth + "throw 0 " + "end i32.const 0 local.set 0 end throw 0 " * (depth - 1)
    )
    assert run("i32 -> i32", f"{code} end end local.get 0 i32.const 2 i32.add", 5) == 7


@pytest.mark.parametrize("count", [255, 256, 1_000, DEFAULT_LIMITS.locals - 1])
def test_locals(count: int) -> None:
    step = max(1, count // 1_000)
    used = range(step, count + 1, step)
    code = " ".join(f"local.get {index - step} local.set {index}" for index in used)
    assert run("i32 -> i32", f"{code} local.get {used[-1]}", 9, locals_="i32 " * count) == 9


@pytest.mark.parametrize("count", [254, 255, 256, 1_000])
def test_parameters_and_results(count: int) -> None:
    types = "i32 " * count
    code = " ".join(f"local.get {index}" for index in range(count))
    assert run(f"{types} -> {types}", code, *range(count)) == tuple(range(count))


def test_blocks_with_a_thousand_values() -> None:
    builder = ModuleBuilder()
    many = builder.type(f"{'i32 ' * 1_000} -> {'i32 ' * 1_000}")
    values = " ".join(f"i32.const {index}" for index in range(1_000))
    code = f"{values} block {many} local.get 0 br_if 0 end loop {many} end {'i32.add ' * 999}"
    builder.function("run", "i32 -> i32", code)
    run_ = builder.instantiate(StacklessEngine()).exports.run
    assert run_(0) == run_(1) == sum(range(1_000))
