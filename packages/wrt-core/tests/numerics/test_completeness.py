"""NUMERICS holds the instructions of the table that compute numbers from numbers: all of them, and no others."""

from __future__ import annotations

from inspect import Parameter, signature
from typing import Any

import pytest

from wrt_core.numerics import NUMERICS
from wrt_foundation.instructions import BY_NAME, INSTRUCTIONS, Immediate, Instruction

NUMBERS = {"i32", "i64", "f32", "f64", "v128"}
SIMPLE = [
    instruction
    for instruction in INSTRUCTIONS
    if instruction.operands and instruction.results and NUMBERS.issuperset(instruction.operands + instruction.results)
]

SAMPLES: dict[str, list[Any]] = {
    "i32": [1, 0xFFFF_FFFF],
    "i64": [1, 2**64 - 1],
    "f32": [0.0, -1.5],
    "f64": [0.0, -1.5],
    "v128": [b"\xff" * 16, bytes(range(16))],
}


def test_every_simple_instruction_has_a_function_and_nothing_else_has_one() -> None:
    assert {instruction.name for instruction in SIMPLE} == set(NUMERICS)


def test_the_rule_for_simple_instructions_leaves_out_what_touches_memory_or_references() -> None:
    assert not any(instruction.width for instruction in SIMPLE)
    assert BY_NAME["ref.i31"] not in SIMPLE
    assert BY_NAME["v128.load"] not in SIMPLE


def _immediates(instruction: Instruction) -> list[object]:
    if instruction.immediates == (Immediate.LANE,):
        return [instruction.lanes - 1]
    if instruction.immediates == (Immediate.LANES,):
        return [tuple(range(31, 15, -1))]
    assert not instruction.immediates
    return []


@pytest.mark.parametrize("instruction", SIMPLE, ids=lambda instruction: instruction.name)
def test_a_function_takes_the_operands_then_the_immediates(instruction: Instruction) -> None:
    assert instruction.operands is not None
    try:
        parameters = signature(NUMERICS[instruction.name]).parameters.values()
    except ValueError:  # builtins of older Pythons tell no signature
        return
    required = [p for p in parameters if p.default is Parameter.empty]
    expected = len(instruction.operands) + len(_immediates(instruction))
    assert len(required) <= expected <= len(parameters)


@pytest.mark.parametrize("instruction", SIMPLE, ids=lambda instruction: instruction.name)
def test_results_have_the_engines_representation(instruction: Instruction) -> None:
    assert instruction.operands is not None
    assert instruction.results is not None
    for sample in range(2):
        operands = [SAMPLES[word][sample] for word in instruction.operands]
        if instruction.name.endswith(("trunc_f32_u", "trunc_f64_u")):
            operands = [0.5]
        result = NUMERICS[instruction.name](*operands, *_immediates(instruction))
        results = (result,) if len(instruction.results) == 1 else result
        assert isinstance(results, tuple)
        assert len(results) == len(instruction.results)
        for word, value in zip(instruction.results, results, strict=True):
            if word == "v128":
                assert type(value) is bytes
                assert len(value) == 16
            elif word[0] == "f":
                assert type(value) is float
            else:
                assert type(value) is int
                assert 0 <= value < 2 ** int(word[1:])
