"""The time that validation takes grows with a module's size and no faster, and nothing recurses over nesting."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from wrt_core.validation import validate
from wrt_foundation.errors import ValidationError
from wrt_foundation.features import ALL
from wrt_foundation.limits import ImplementationLimits
from wrt_foundation.module import Code, ElementSegment, Mode, Module
from wrt_foundation.types import (
    I32,
    AbstractHeapType,
    ArrayType,
    FieldType,
    FuncType,
    RecType,
    RefType,
    StructType,
    SubType,
)

_NON_NULL = RefType(False, AbstractHeapType.FUNC)
_FUNC = RecType((SubType(FuncType()),))


def _u32(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes((*out, value))


def _body(code: bytes, *types: RecType, locals: tuple[tuple[int, Any], ...] = ()) -> Module:  # noqa: A002
    return Module(types=[_FUNC, *types], functions=[0], codes=[Code(locals, code + b"\x0b")])


def _nested(n: int) -> Module:
    return _body(b"\x02\x40" * n + b"\x0b" * n)


def _nested_ifs(n: int) -> Module:
    return _body(b"\x41\x00\x04\x40" * n + b"\x05\x0b" * n)


def _nested_loops_with_branches_out(n: int) -> Module:
    return _body(b"\x03\x40" * n + b"".join(b"\x41\x00\x0d" + _u32(depth) for depth in range(n)) + b"\x0b" * n)


def _nested_tries(n: int) -> Module:
    return _body(b"\x06\x40" * n + b"\x19\x0b" * n)


def _blocks_in_a_row(n: int) -> Module:
    return _body(b"\x02\x40\x0b" * n)


def _wide_br_tables(n: int) -> Module:
    # As many blocks as targets, each its own label, from one table.
    targets = b"".join(_u32(depth) for depth in range(n))
    return _body(b"\x02\x40" * n + b"\x41\x00\x0e" + _u32(n - 1) + targets + b"\x0b" * n)


def _deep_operand_stack(n: int) -> Module:
    return _body(b"\x41\x00" * n + b"\x1a" * n)


def _branches_over_a_deep_stack(n: int) -> Module:
    return _body(b"\x41\x00" * n + b"\x02\x40\x0c\x00\x0b" * n + b"\x00")


def _locals_set_one_by_one(n: int) -> Module:
    sets = b"".join(b"\xd2\x00\x21" + _u32(index) for index in range(n))
    module = _body(b"\x02\x40" + sets + b"\x0b", locals=((n, _NON_NULL),))
    return _declare(module)


def _locals_set_in_nested_blocks(n: int) -> Module:
    sets = b"".join(b"\x02\x40\xd2\x00\x21" + _u32(index) for index in range(n))
    return _declare(_body(sets + b"\x0b" * n, locals=((n, _NON_NULL),)))


def _declare(module: Module) -> Module:
    module.elements.append(ElementSegment(Mode.DECLARATIVE, _NON_NULL, (0,)))
    return module


def _many_locals_in_each_function(n: int) -> Module:
    return Module(types=[_FUNC], functions=[0] * n, codes=[Code(((50_000, I32),), b"\x20\x07\x1a\x0b")] * n)


def _many_parameters_of_each_function(n: int) -> Module:
    type_ = RecType((SubType(FuncType((I32,) * 1000)),))
    return Module(types=[type_], functions=[0] * n, codes=[Code((), b"\x0b")] * n)


def _many_operands_in_unreachable_code(n: int) -> Module:
    struct = RecType((SubType(StructType((FieldType(I32),) * 10_000)),))
    array = RecType((SubType(ArrayType(FieldType(I32))),))
    line = b"\x00\xfb\x00\x01\x1a\xfb\x01\x01\x1a\xfb\x08\x02" + _u32(2**32 - 1) + b"\x1a"
    return _body(line * n, struct, array)


def _types_that_refer_to_the_one_before(n: int) -> Module:
    return Module(types=[_FUNC, *(RecType((SubType(FuncType((RefType(True, i),))),)) for i in range(n))])


def _types_in_one_group(n: int) -> Module:
    subtypes = tuple(SubType(FuncType((RefType(True, (i * 7919) % n),))) for i in range(n))
    return Module(types=[RecType(subtypes, explicit=True)])


def _subtypes_of_full_depth(n: int) -> Module:
    chain = 60
    subtypes = [
        SubType(StructType((FieldType(I32),)), () if i % chain == 0 else (i - 1,), final=False) for i in range(n)
    ]
    return Module(types=[RecType((sub,)) for sub in subtypes])


def _casts_down_a_hierarchy(n: int) -> Module:
    return Module(
        types=[*_subtypes_of_full_depth(60).types, RecType((SubType(FuncType((RefType(True, 59),))),))],
        functions=[60],
        codes=[Code(((1, RefType(True, 0)),), b"\x20\x00\x21\x01" * n + b"\x0b")],
    )


CASES: dict[Callable[[int], Module], int] = {
    _nested: 20_000,
    _nested_ifs: 10_000,
    _nested_loops_with_branches_out: 10_000,
    _nested_tries: 10_000,
    _blocks_in_a_row: 20_000,
    _wide_br_tables: 8_000,
    _deep_operand_stack: 20_000,
    _branches_over_a_deep_stack: 10_000,
    _locals_set_one_by_one: 6_000,
    _locals_set_in_nested_blocks: 6_000,
    _many_locals_in_each_function: 3_000,
    _many_parameters_of_each_function: 3_000,
    _many_operands_in_unreachable_code: 3_000,
    _types_that_refer_to_the_one_before: 2_000,
    _types_in_one_group: 2_000,
    _subtypes_of_full_depth: 1_500,
    _casts_down_a_hierarchy: 10_000,
}


def _seconds(module: Module) -> float:
    best = float("inf")
    for _ in range(3):
        start = time.process_time()
        validate(module, features=ALL)
        best = min(best, time.process_time() - start)
    return best


@pytest.mark.parametrize(("make", "n"), CASES.items(), ids=lambda value: getattr(value, "__name__", ""))
def test_time_is_linear(make: Callable[[int], Module], n: int) -> None:
    # Eight times the size takes about eight times as long; where it would be squared, sixty-four times.
    small, large = _seconds(make(n // 8)), _seconds(make(n))
    assert large < 24 * max(small, 0.0005), f"{large / small:.0f} times as long for eight times the size"


def test_a_hundred_thousand_nested_blocks_validate() -> None:
    validate(_nested(100_000))


def test_nesting_is_limited() -> None:
    limits = ImplementationLimits(nesting=10)
    validate(_nested(10), limits=limits)
    with pytest.raises(ValidationError, match="^too deeply nested"):
        validate(_nested(11), limits=limits)


def test_targets_of_br_table_are_limited() -> None:
    limits = ImplementationLimits(br_table_targets=10)
    validate(_wide_br_tables(11), limits=limits)
    with pytest.raises(ValidationError, match="^too many br_table targets"):
        validate(_wide_br_tables(12), limits=limits)


def test_a_type_of_thousands_of_locals_costs_what_is_used() -> None:
    start = time.process_time()
    validate(_many_locals_in_each_function(2_000))
    # Spreading them would take a hundred million entries.
    assert time.process_time() - start < 2
