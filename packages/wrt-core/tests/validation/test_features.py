"""The gate: what is past the MVP is refused by the feature's name where it is switched off."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from wrt_foundation.errors import DecodeError, UnsupportedFeature, ValidationError
from wrt_foundation.features import ALL, MVP, WASM_2_0, Feature
from wrt_foundation.immediates import Cast, MemArg
from wrt_foundation.instructions import INSTRUCTIONS, Immediate, Instruction
from wrt_foundation.module import Import, Table
from wrt_foundation.types import (
    EXTERNREF,
    FUNCREF,
    I32,
    V128,
    AbstractHeapType,
    FuncType,
    Limits,
    MemoryType,
    RefType,
    TableType,
    TagUse,
)

_SAMPLES: dict[Immediate, Any] = {
    Immediate.BLOCK_TYPE: None,
    Immediate.LABELS: (0,),
    Immediate.VALUE_TYPES: (I32,),
    Immediate.HEAP_TYPE: FUNCREF,
    Immediate.CAST: Cast(0, FUNCREF, FUNCREF),
    Immediate.MEMARG: MemArg(0, 0),
    Immediate.LANES: (0,) * 16,
    Immediate.CATCHES: (),
    Immediate.HANDLERS: (),
    Immediate.V128: bytes(16),
}
_NEWER = [i for i in INSTRUCTIONS if i.feature is not Feature.MVP]


def _line(instruction: Instruction) -> tuple[Any, ...]:
    return (instruction.name, *(_SAMPLES.get(immediate, 0) for immediate in instruction.immediates))


@pytest.mark.parametrize("instruction", _NEWER, ids=lambda i: i.name)
def test_an_instruction_is_refused_without_its_feature(check: Callable[..., Any], instruction: Instruction) -> None:
    off = {instruction.feature}
    if instruction.name == "throw":
        off.add(Feature.LEGACY_EXCEPTIONS)
    with pytest.raises(UnsupportedFeature) as caught:
        check("unreachable", _line(instruction), features=ALL - off)
    error = caught.value
    assert error.feature == instruction.feature.value
    assert error.message == f"the instruction {instruction.keyword} needs the feature {instruction.feature.value}"
    assert (error.section, error.function, error.offset) == ("code", 0, 1)


@pytest.mark.parametrize("instruction", _NEWER, ids=lambda i: i.name)
def test_with_its_feature_it_is_judged_by_its_rule(check: Callable[..., Any], instruction: Instruction) -> None:
    try:
        used = check("unreachable", _line(instruction), "unreachable").features_used
    except UnsupportedFeature as error:
        pytest.fail(str(error))
    except (ValidationError, DecodeError):
        return  # Wrong operands, or an instruction such as `catch`, malformed by itself.
    assert instruction.feature in used


def test_the_mvp_refuses_nothing_of_its_own(check: Callable[..., Any]) -> None:
    rest = {"memories": [MemoryType(Limits(1))], "tables": [Table(TableType(FUNCREF, Limits(1)))]}
    lines = [("i32.const", 0), ("i32.load", MemArg(2, 0)), ("call_indirect", 0, 0)]
    assert check(*lines, **rest, features=MVP).features_used == MVP


CONSTRUCTS: dict[str, tuple[list[Any], dict[str, Any], Feature]] = {
    "block with a type index": ([("block", 0), "end"], {}, Feature.MULTI_VALUE),
    "block with a reference": (
        ["unreachable", ("block", EXTERNREF), "unreachable", "end", "drop"],
        {},
        Feature.REFERENCE_TYPES,
    ),
    "block with a vector": ([("block", V128), "unreachable", "end", "drop"], {}, Feature.SIMD),
    "select of a vector": (["unreachable", ("select_t", (V128,)), "drop"], {}, Feature.SIMD),
    "null of a gc type": ([("ref.null", RefType(True, AbstractHeapType.ANY)), "drop"], {}, Feature.GC),
    "null of a defined type": ([("ref.null", RefType(True, 0)), "drop"], {}, Feature.FUNCTION_REFERENCES),
    "null of an exception": ([("ref.null", RefType(True, AbstractHeapType.EXN)), "drop"], {}, Feature.EXCEPTIONS),
    "exact cast": (
        [("ref.null", RefType(True, AbstractHeapType.FUNC)), ("ref.cast", RefType(False, 0, exact=True)), "drop"],
        {},
        Feature.CUSTOM_DESCRIPTORS,
    ),
    "second memory": (
        [("memory.size", 1), "drop"],
        {"memories": [MemoryType(Limits(0))] * 2},
        Feature.MULTI_MEMORY,
    ),
    "indirect call through a second table": (
        [("i32.const", 0), ("call_indirect", 0, 1)],
        {"tables": [Table(TableType(FUNCREF, Limits(0)))] * 2},
        Feature.REFERENCE_TYPES,
    ),
    "several results": (["unreachable"], {"results": (I32, I32)}, Feature.MULTI_VALUE),
}


@pytest.mark.parametrize(("lines", "rest", "feature"), CONSTRUCTS.values(), ids=CONSTRUCTS)
def test_constructs(check: Callable[..., Any], lines: list[Any], rest: dict[str, Any], feature: Feature) -> None:
    assert feature in check(*lines, **rest).features_used
    with pytest.raises(UnsupportedFeature) as caught:
        check(*lines, **rest, features=ALL - {feature})
    assert caught.value.feature == feature.value


def test_throw_belongs_to_either_exceptions_proposal(check: Callable[..., Any]) -> None:
    rest: dict[str, Any] = {"types": (FuncType(),), "imports": [Import("m", "t", TagUse(1))]}
    for feature in (Feature.EXCEPTIONS, Feature.LEGACY_EXCEPTIONS):
        assert check(("throw", 0), **rest, features=WASM_2_0 | {feature}).features_used == {Feature.MVP, feature}
    with pytest.raises(UnsupportedFeature):
        check(("throw", 0), **rest, features=WASM_2_0)
