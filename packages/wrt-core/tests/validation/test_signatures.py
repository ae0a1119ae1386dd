"""Instructions with a signature: their operands and results are what the table says, nothing else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from wrt_foundation.errors import ValidationError
from wrt_foundation.immediates import MemArg
from wrt_foundation.instructions import BY_NAME, INSTRUCTIONS, Immediate, Instruction
from wrt_foundation.module import DataSegment, ElementSegment, Mode, Table
from wrt_foundation.types import (
    F32,
    F64,
    FUNCREF,
    I32,
    I64,
    V128,
    AbstractHeapType,
    Limits,
    MemoryType,
    RefType,
    TableType,
    ValueType,
)

_PLAIN: dict[str, ValueType] = {
    "i32": I32,
    "i64": I64,
    "f32": F32,
    "f64": F64,
    "v128": V128,
    "i31": RefType(False, AbstractHeapType.I31),
    "i31ref": RefType(True, AbstractHeapType.I31),
    "eqref": RefType(True, AbstractHeapType.EQ),
    "arrayref": RefType(True, AbstractHeapType.ARRAY),
}
_SIGNED = [i for i in INSTRUCTIONS if i.operands is not None]
_by_name = pytest.mark.parametrize("instruction", _SIGNED, ids=lambda i: i.name)


def _types(words: tuple[str, ...] | None, address: ValueType) -> tuple[ValueType, ...]:
    assert words is not None
    return tuple(_PLAIN.get(word, address) for word in words)


def _line(instruction: Instruction) -> tuple[Any, ...]:
    samples = {
        Immediate.MEMARG: MemArg(instruction.width.bit_length() - 1, 0),
        Immediate.LANES: tuple(range(16)),
        Immediate.V128: bytes(16),
    }
    return (instruction.name, *(samples.get(immediate, 0) for immediate in instruction.immediates))


def _surroundings(address: Any) -> dict[str, Any]:
    return {
        "memories": [MemoryType(Limits(1), address)],
        "tables": [Table(TableType(FUNCREF, Limits(1), address))],
        "elements": [ElementSegment(Mode.PASSIVE, FUNCREF)],
        "data": [DataSegment(Mode.PASSIVE, b"")],
        "data_count": 1,
    }


@_by_name
@pytest.mark.parametrize("address", [I32, I64], ids=str)
def test_takes_its_operands_and_gives_its_results(
    check: Callable[..., Any], instruction: Instruction, address: ValueType
) -> None:
    params, results = _types(instruction.operands, address), _types(instruction.results, address)
    operands = [("local.get", index) for index in range(len(params))]
    check(*operands, _line(instruction), params=params, results=results, **_surroundings(address))


@_by_name
def test_refuses_each_operand_of_another_type(check: Callable[..., Any], instruction: Instruction) -> None:
    params = _types(instruction.operands, I32)
    for wrong in range(len(params)):
        other = F64 if params[wrong] is not F64 else I32
        given = (*params[:wrong], other, *params[wrong + 1 :])
        operands = [("local.get", index) for index in range(len(params))]
        with pytest.raises(ValidationError, match=rf"^type mismatch: {instruction.keyword} expected {params[wrong]}"):
            check(*operands, _line(instruction), "unreachable", params=given, **_surroundings(I32))


@_by_name
def test_refuses_to_run_out_of_operands(check: Callable[..., Any], instruction: Instruction) -> None:
    params = _types(instruction.operands, I32)
    if not params:
        pytest.skip("takes no operands")
    # An operand below the block's floor is out of reach.
    operands = [("local.get", index) for index in range(len(params))]
    lines = (operands[0], ("block", None), *operands[1:], _line(instruction), "unreachable")
    with pytest.raises(ValidationError, match="^type mismatch"):
        check(*lines, "end", "unreachable", params=params, **_surroundings(I32))


@_by_name
def test_gives_no_other_results(check: Callable[..., Any], instruction: Instruction) -> None:
    params = _types(instruction.operands, I32)
    operands = [("local.get", index) for index in range(len(params))]
    results = (*_types(instruction.results, I32), I32)
    with pytest.raises(ValidationError, match="^type mismatch: end expected"):
        check(*operands, _line(instruction), params=params, results=results, **_surroundings(I32))


@_by_name
def test_takes_what_it_needs_from_unreachable_code(check: Callable[..., Any], instruction: Instruction) -> None:
    check("unreachable", _line(instruction), results=_types(instruction.results, I32), **_surroundings(I32))


@pytest.mark.parametrize("instruction", [i for i in _SIGNED if i.lanes], ids=lambda i: i.name)
def test_lane_must_exist(check: Callable[..., Any], instruction: Instruction) -> None:
    line = _line(instruction)
    check("unreachable", (*line[:-1], instruction.lanes - 1), "unreachable", **_surroundings(I32))
    with pytest.raises(ValidationError, match="^invalid lane index"):
        check("unreachable", (*line[:-1], instruction.lanes), "unreachable", **_surroundings(I32))


def test_shuffle_takes_lanes_of_two_vectors(check: Callable[..., Any]) -> None:
    check("unreachable", ("i8x16.shuffle", (31,) * 16), "unreachable")
    with pytest.raises(ValidationError, match="^invalid lane index 32"):
        check("unreachable", ("i8x16.shuffle", (0,) * 15 + (32,)), "unreachable")


_ACCESSES = pytest.mark.parametrize("instruction", [i for i in _SIGNED if i.width], ids=lambda i: i.name)


def _access(instruction: Instruction, align: int, offset: int = 0, memory: int = 0) -> tuple[Any, ...]:
    return (instruction.name, MemArg(align, offset, memory), *((0,) if instruction.lanes else ()))


@_ACCESSES
def test_alignment(check: Callable[..., Any], instruction: Instruction) -> None:
    natural = instruction.width.bit_length() - 1
    message = "atomic alignment must be natural" if instruction.atomic else "alignment must not be larger than natural"
    with pytest.raises(ValidationError, match=f"^{message}"):
        check("unreachable", _access(instruction, natural + 1), "unreachable", **_surroundings(I32))
    if instruction.atomic and natural:
        with pytest.raises(ValidationError, match="^atomic alignment must be natural"):
            check("unreachable", _access(instruction, natural - 1), "unreachable", **_surroundings(I32))


@_ACCESSES
def test_memory_must_exist(check: Callable[..., Any], instruction: Instruction) -> None:
    natural = instruction.width.bit_length() - 1
    with pytest.raises(ValidationError, match="^unknown memory 0"):
        check("unreachable", _access(instruction, natural), "unreachable")
    with pytest.raises(ValidationError, match="^unknown memory 1"):
        check("unreachable", _access(instruction, natural, memory=1), "unreachable", **_surroundings(I32))


@_ACCESSES
def test_offset_must_fit_the_address(check: Callable[..., Any], instruction: Instruction) -> None:
    natural = instruction.width.bit_length() - 1
    check("unreachable", _access(instruction, natural, 2**32 - 1), "unreachable", **_surroundings(I32))
    check("unreachable", _access(instruction, natural, 2**32), "unreachable", **_surroundings(I64))
    with pytest.raises(ValidationError, match="^offset out of range"):
        check("unreachable", _access(instruction, natural, 2**32), "unreachable", **_surroundings(I32))


def test_the_address_type_is_that_of_the_memory_named(check: Callable[..., Any]) -> None:
    memories = [MemoryType(Limits(1), I32), MemoryType(Limits(1), I64)]
    check(("i64.const", 0), ("i32.load", MemArg(2, 0, 1)), "drop", memories=memories)
    with pytest.raises(ValidationError, match="^type mismatch: i32.load expected i64, found i32"):
        check(("i32.const", 0), ("i32.load", MemArg(2, 0, 1)), "drop", memories=memories)


def test_the_index_type_is_that_of_the_table_named(check: Callable[..., Any]) -> None:
    tables = [Table(TableType(FUNCREF, Limits(1), I32)), Table(TableType(FUNCREF, Limits(1), I64))]
    check(("table.size", 1), results=(I64,), tables=tables)
    with pytest.raises(ValidationError, match="^type mismatch"):
        check(("table.size", 1), results=(I32,), tables=tables)


def test_an_element_segment_must_fit_the_table(check: Callable[..., Any]) -> None:
    rest = _surroundings(I32) | {"elements": [ElementSegment(Mode.PASSIVE, RefType(True, AbstractHeapType.EXTERN))]}
    with pytest.raises(ValidationError, match="^type mismatch"):
        check("unreachable", ("table.init", 0, 0), **rest)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (("memory.init", 1, 0), "unknown data segment 1"),
        (("memory.init", 0, 1), "unknown memory 1"),
        (("memory.fill", 1), "unknown memory 1"),
        (("data.drop", 1), "unknown data segment 1"),
        (("elem.drop", 1), "unknown elem segment 1"),
        (("table.init", 1, 0), "unknown elem segment 1"),
        (("table.init", 0, 1), "unknown table 1"),
        (("table.size", 1), "unknown table 1"),
    ],
    ids=str,
)
def test_indices_must_exist(check: Callable[..., Any], line: tuple[Any, ...], message: str) -> None:
    assert BY_NAME[line[0]] in _SIGNED
    with pytest.raises(ValidationError, match=f"^{message}"):
        check("unreachable", line, "unreachable", **_surroundings(I32))
