"""Blocks, branches and calls."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from wrt_foundation.errors import DecodeError, ValidationError
from wrt_foundation.instructions import BY_NAME
from wrt_foundation.module import Import, Table
from wrt_foundation.types import (
    EXNREF,
    EXTERNREF,
    F32,
    F64,
    FUNCREF,
    I32,
    I64,
    V128,
    AbstractHeapType,
    FuncType,
    FuncUse,
    Limits,
    RefType,
    StructType,
    TableType,
    TagUse,
)

_TABLE = {"tables": [Table(TableType(FUNCREF, Limits(1)))]}
_BINARY = FuncType((I32, I32), (I32,))

VALID = {
    "block gives its result": ([("block", I32), ("i32.const", 1), "end", "drop"], {}),
    "block with parameters": (
        [("i32.const", 1), ("i32.const", 2), ("block", 1), "i32.add", "end", "drop"],
        {"types": (_BINARY,)},
    ),
    "br leaves anything": ([("block", None), ("i32.const", 1), ("br", 0), "end"], {}),
    "br_if keeps what it carries": (
        [("block", I32), ("i32.const", 1), ("i32.const", 0), ("br_if", 0), "end", "drop"],
        {},
    ),
    "br to a loop takes its parameters": (
        [("i32.const", 1), ("loop", 1), ("br", 0), "end", "drop"],
        {"types": (FuncType((I32,), (I64,)),)},
    ),
    "if without else passes its parameters on": (
        [("i32.const", 1), ("i32.const", 0), ("if", 1), "end", "drop"],
        {"types": (FuncType((I32,), (I32,)),)},
    ),
    "if and else": (
        [("i32.const", 0), ("if", I32), ("i32.const", 1), "else", ("i32.const", 2), "end", "drop"],
        {},
    ),
    "br_table with labels of one arity": (
        [
            ("block", I32),
            ("block", I32),
            ("i32.const", 1),
            ("i32.const", 0),
            ("br_table", (0, 1)),
            "end",
            "end",
            "drop",
        ],
        {},
    ),
    "br_table in unreachable code, labels of different types": (
        [
            ("block", F32),
            ("block", I32),
            "unreachable",
            ("br_table", (0, 1, 0)),
            "end",
            "drop",
            ("f32.const", 0),
            "end",
            "drop",
        ],
        {},
    ),
    "return drops what is beneath": ([("i32.const", 1), "return"], {}),
    "select of unknown operands": (["unreachable", "select", "drop"], {}),
    "select of unknown operands may be a reference": (["unreachable", "select", "ref.is_null", "drop"], {}),
    "select of one known operand": (["unreachable", ("f64.const", 0), ("i32.const", 0), "select", "drop"], {}),
    "select of references, typed": (
        [("ref.null", FUNCREF), ("ref.null", FUNCREF), ("i32.const", 0), ("select_t", (FUNCREF,)), "drop"],
        {},
    ),
    "unreachable code has any operands": (["unreachable", "i32.add", "i64.extend_i32_s", "drop", "drop"], {}),
    "br_table of no targets": ([("i32.const", 0), ("br_table", (0,))], {}),
}


@pytest.mark.parametrize(("lines", "rest"), VALID.values(), ids=VALID)
def test_valid(check: Callable[..., Any], lines: list[Any], rest: dict[str, Any]) -> None:
    check(*lines, **rest)


INVALID = {
    "operand left in a block": (
        [("block", None), ("i32.const", 1), "end"],
        {},
        "type mismatch: end expected nothing more",
    ),
    "operand left in the body": ([("i32.const", 1)], {}, "type mismatch: end expected nothing more, found i32"),
    "result missing": ([], {"results": (I32,)}, "type mismatch: end expected i32, found nothing"),
    "result of another type": ([("i64.const", 1)], {"results": (I32,)}, "type mismatch: end expected i32, found i64"),
    "operand under a block": (
        [("i32.const", 1), ("block", None), "drop", "end"],
        {},
        "type mismatch: drop expected an operand, found nothing",
    ),
    "br without its operand": ([("block", I32), ("br", 0), "end", "drop"], {}, "type mismatch: br expected i32"),
    "unknown label": ([("br", 1)], {}, "unknown label 1"),
    "unknown label of br_if": ([("i32.const", 0), ("br_if", 5)], {}, "unknown label 5"),
    "unknown label of br_table": ([("i32.const", 0), ("br_table", (0, 3, 0))], {}, "unknown label 3"),
    "br_table's labels differ in arity": (
        [("block", I32), ("i32.const", 1), ("i32.const", 0), ("br_table", (1, 0)), "end", "drop"],
        {},
        "type mismatch: br_table's label 1",
    ),
    "br_table's labels differ in arity, unreachable": (
        [("block", I32), "unreachable", ("br_table", (1, 0)), "end", "drop"],
        {},
        "type mismatch: br_table's label 1",
    ),
    "br_table's labels differ in type": (
        [
            ("block", F32),
            ("block", I32),
            ("i32.const", 1),
            ("i32.const", 0),
            ("br_table", (0, 1)),
            "end",
            "end",
            "drop",
        ],
        {},
        "type mismatch: br_table expected f32, found i32",
    ),
    "br_if without condition": ([("block", None), ("br_if", 0), "end"], {}, "type mismatch: br_if expected i32"),
    "if without else that should give": (
        [("i32.const", 0), ("if", I32), ("i32.const", 0), "end", "drop"],
        {},
        "type mismatch: if without else",
    ),
    "else gives another type": (
        [("i32.const", 0), ("if", I32), ("i32.const", 0), "else", ("i64.const", 0), "end", "drop"],
        {},
        "type mismatch: end expected i32, found i64",
    ),
    "then gives another type": (
        [("i32.const", 0), ("if", I32), ("i64.const", 0), "else", ("i32.const", 0), "end", "drop"],
        {},
        "type mismatch: else expected i32, found i64",
    ),
    "unknown block type": ([("block", 7), "end"], {}, "unknown type 7"),
    "block type of no function": ([("block", 1), "end"], {"types": (StructType(),)}, "non-function type 1"),
    "select of two types": (
        [("i32.const", 0), ("i64.const", 0), ("i32.const", 0), "select", "drop"],
        {},
        "type mismatch: select expected i32, found i64",
    ),
    "select of references": (
        [("ref.null", FUNCREF), ("ref.null", FUNCREF), ("i32.const", 0), "select", "drop"],
        {},
        "type mismatch: select expected a number or vector, found funcref",
    ),
    "select of an unknown reference": (
        ["unreachable", "ref.as_non_null", ("i32.const", 0), "select", "drop"],
        {},
        "type mismatch: select expected a number or vector, found an unknown reference type",
    ),
    "select of two result types": (
        ["unreachable", ("select_t", (I32, I32)), "unreachable"],
        {},
        "invalid result arity",
    ),
    "select of no result type": (["unreachable", ("select_t", ()), "unreachable"], {}, "invalid result arity"),
    "unknown function": ([("call", 1)], {}, "unknown function 1"),
    "call's operands": (
        [("i64.const", 0), ("call", 0)],
        {"params": (I32,)},
        "type mismatch: call expected i32, found i64",
    ),
    "call_indirect without table": ([("i32.const", 0), ("call_indirect", 0, 0)], {}, "unknown table 0"),
    "call_indirect of an unknown type": ([("i32.const", 0), ("call_indirect", 9, 0)], _TABLE, "unknown type 9"),
    "call_indirect through a table of others": (
        [("i32.const", 0), ("call_indirect", 0, 0)],
        {"tables": [Table(TableType(EXTERNREF, Limits(1)))]},
        "type mismatch: call_indirect expected a table of functions, found one of externref",
    ),
    "return_call without its operand": (
        [("return_call", 0)],
        {"results": (I32,), "params": (F64,)},
        "type mismatch: return_call expected f64, found nothing",
    ),
    "call_ref of another type": (
        [("ref.null", FUNCREF), ("call_ref", 0)],
        {},
        r"type mismatch: call_ref expected \(ref null func \[\] -> \[\]\), found funcref",
    ),
}


@pytest.mark.parametrize(("lines", "rest", "message"), INVALID.values(), ids=INVALID)
def test_invalid(check: Callable[..., Any], lines: list[Any], rest: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=f"^{message}"):
        check(*lines, **rest)


CALLEE = 1
_CALLS: dict[str, Any] = {
    "types": (FuncType((F32, F64), (I64,)), FuncType((F32,))),
    "imports": [Import("m", "f", FuncUse(CALLEE)), Import("m", "e", TagUse(2))],
    "tables": [Table(TableType(FUNCREF, Limits(1))), Table(TableType(FUNCREF, Limits(1), I64))],
}
_REFERENCE = RefType(True, CALLEE)

OPERANDS: dict[tuple[Any, ...], tuple[Any, ...]] = {
    ("br_if", 0): (I64, I32),
    ("br_table", (0,)): (I64, I32),
    ("br", 0): (I64,),
    ("return",): (I64,),
    ("call", 0): (F32, F64),
    ("call_indirect", CALLEE, 0): (F32, F64, I32),
    ("call_indirect", CALLEE, 1): (F32, F64, I64),
    ("call_ref", CALLEE): (F32, F64, _REFERENCE),
    ("return_call", 0): (F32, F64),
    ("return_call_indirect", CALLEE, 0): (F32, F64, I32),
    ("return_call_indirect", CALLEE, 1): (F32, F64, I64),
    ("return_call_ref", CALLEE): (F32, F64, _REFERENCE),
    ("throw", 0): (F32,),
    ("throw_ref",): (EXNREF,),
    ("select_t", (I64,)): (I64, I64, I32),
}
_operands = pytest.mark.parametrize(("line", "params"), OPERANDS.items(), ids=str)


@_operands
def test_takes_its_operands(check: Callable[..., Any], line: tuple[Any, ...], params: tuple[Any, ...]) -> None:
    # What gives no i64 never returns.
    check(*(("local.get", i) for i in range(len(params))), line, params=params, results=(I64,), **_CALLS)


@_operands
def test_each_operand_counts(check: Callable[..., Any], line: tuple[Any, ...], params: tuple[Any, ...]) -> None:
    for wrong in range(len(params)):
        given = (*params[:wrong], V128, *params[wrong + 1 :])
        with pytest.raises(ValidationError, match=f"^type mismatch: {BY_NAME[line[0]].keyword} expected"):
            check(
                *(("local.get", i) for i in range(len(params))),
                line,
                "unreachable",
                params=given,
                results=(I64,),
                **_CALLS,
            )


NEVER_RETURNS = [line for line in OPERANDS if line[0].startswith(("br_table", "return", "throw"))] + [
    ("br", 0),
    ("unreachable",),
]


@pytest.mark.parametrize("line", NEVER_RETURNS, ids=str)
def test_behind_what_never_returns_there_are_any_operands(check: Callable[..., Any], line: tuple[Any, ...]) -> None:
    lines = [("local.get", i) for i in range(len(OPERANDS.get(line, ())))]
    check(*lines, line, "i32.eqz", "drop", "f32.abs", "drop", params=OPERANDS.get(line, ()), results=(I64,), **_CALLS)


def test_behind_rethrow_there_are_any_operands(check: Callable[..., Any]) -> None:
    check(("try", None), "catch_all", ("rethrow", 0), "i32.eqz", "drop", "end")


@pytest.mark.parametrize("line", [("return_call", 0), ("return_call_ref", 1), ("return_call_indirect", 1, 0)], ids=str)
def test_a_tail_call_gives_the_callers_results(check: Callable[..., Any], line: tuple[Any, ...]) -> None:
    rest = _TABLE | {"types": (FuncType((), (F64,)),)}
    if line[0] == "return_call":
        # The callee is the function itself: its results are the caller's.
        check(line, **rest, results=(I64,))
    else:
        check("unreachable", line, **rest, results=(F64,))
        with pytest.raises(ValidationError, match="^type mismatch: current function requires result type"):
            check("unreachable", line, **rest, results=(I64,))


def test_an_unknown_reference_is_a_reference(check: Callable[..., Any]) -> None:
    check("unreachable", "ref.as_non_null", "ref.is_null", "drop")
    check("unreachable", "ref.as_non_null", results=(RefType(False, AbstractHeapType.ANY),))
    with pytest.raises(ValidationError, match="^type mismatch: i32.eqz expected i32, found an unknown reference"):
        check("unreachable", "ref.as_non_null", "i32.eqz", "drop")


MALFORMED = {
    "else without if": ([("block", None), "else", "end"], "END opcode expected"),
    "else after else": ([("i32.const", 0), ("if", None), "else", "else", "end"], "END opcode expected"),
    "block not closed": ([("block", None)], "unexpected end of section or function"),
    "instructions after the end": (["end", "nop"], "section size mismatch"),
    "a second end": (["end"], "section size mismatch"),
    "catch without try": ([("block", None), "catch_all", "end"], "END opcode expected"),
    "catch after catch_all": ([("try", None), "catch_all", "catch_all", "end"], "END opcode expected"),
    "delegate without try": ([("block", None), ("delegate", 0)], "END opcode expected"),
    "delegate after catch": ([("try", None), "catch_all", ("delegate", 0)], "END opcode expected"),
}


@pytest.mark.parametrize(("lines", "message"), MALFORMED.values(), ids=MALFORMED)
def test_malformed(check: Callable[..., Any], lines: list[Any], message: str) -> None:
    with pytest.raises(DecodeError, match=f"^{message}"):
        check(*lines)
