"""Tables, and what copies between memories or tables."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from wrt_foundation.errors import ValidationError
from wrt_foundation.module import Table
from wrt_foundation.types import ANYREF, EXTERNREF, F32, FUNCREF, I32, I64, Limits, MemoryType, TableType

FUNCTIONS, WIDE, ANYS = range(3)
_REST: dict[str, Any] = {
    "tables": [
        Table(TableType(FUNCREF, Limits(1))),
        Table(TableType(FUNCREF, Limits(1), I64)),
        Table(TableType(ANYREF, Limits(1))),
    ],
    "memories": [MemoryType(Limits(1)), MemoryType(Limits(1), I64)],
}

SIGNATURES: dict[tuple[Any, ...], tuple[Any, Any]] = {
    ("table.get", FUNCTIONS): ((I32,), (FUNCREF,)),
    ("table.get", WIDE): ((I64,), (FUNCREF,)),
    ("table.set", FUNCTIONS): ((I32, FUNCREF), ()),
    ("table.set", ANYS): ((I32, ANYREF), ()),
    ("table.grow", FUNCTIONS): ((FUNCREF, I32), (I32,)),
    ("table.grow", WIDE): ((FUNCREF, I64), (I64,)),
    ("table.fill", FUNCTIONS): ((I32, FUNCREF, I32), ()),
    ("table.fill", WIDE): ((I64, FUNCREF, I64), ()),
    ("table.copy", FUNCTIONS, FUNCTIONS): ((I32, I32, I32), ()),
    ("table.copy", WIDE, WIDE): ((I64, I64, I64), ()),
    ("table.copy", FUNCTIONS, WIDE): ((I32, I64, I32), ()),
    ("table.copy", WIDE, FUNCTIONS): ((I64, I32, I32), ()),
    ("memory.copy", 0, 0): ((I32, I32, I32), ()),
    ("memory.copy", 1, 1): ((I64, I64, I64), ()),
    ("memory.copy", 0, 1): ((I32, I64, I32), ()),
    ("memory.copy", 1, 0): ((I64, I32, I32), ()),
}
_signatures = pytest.mark.parametrize(("line", "signature"), SIGNATURES.items(), ids=lambda value: str(value[0]))


@_signatures
def test_signature(check: Callable[..., Any], line: tuple[Any, ...], signature: Any) -> None:
    params, results = signature
    check(*(("local.get", i) for i in range(len(params))), line, params=params, results=results, **_REST)


@_signatures
def test_each_operand_counts(check: Callable[..., Any], line: tuple[Any, ...], signature: Any) -> None:
    params, results = signature
    for wrong in range(len(params)):
        given = (*params[:wrong], F32, *params[wrong + 1 :])
        with pytest.raises(ValidationError, match=f"^type mismatch: {line[0]} expected"):
            check(*(("local.get", i) for i in range(len(params))), line, params=given, results=results, **_REST)
    with pytest.raises(ValidationError, match="^type mismatch: end expected"):
        check(*(("local.get", i) for i in range(len(params))), line, params=params, results=(*results, F32), **_REST)


INVALID: dict[tuple[Any, ...], str] = {
    ("table.get", 9): "unknown table 9",
    ("table.set", 9): "unknown table 9",
    ("table.grow", 9): "unknown table 9",
    ("table.fill", 9): "unknown table 9",
    ("table.copy", FUNCTIONS, 9): "unknown table 9",
    ("table.copy", 9, FUNCTIONS): "unknown table 9",
    ("table.copy", FUNCTIONS, ANYS): "type mismatch: a table's elements of anyref do not fit where funcref is stored",
    ("memory.copy", 0, 9): "unknown memory 9",
    ("memory.copy", 9, 0): "unknown memory 9",
}


@pytest.mark.parametrize(("line", "message"), INVALID.items(), ids=str)
def test_invalid(check: Callable[..., Any], line: tuple[Any, ...], message: str) -> None:
    with pytest.raises(ValidationError) as caught:
        check("unreachable", line, "unreachable", **_REST)
    assert caught.value.message.startswith(message)


def test_a_table_takes_what_matches_its_elements(check: Callable[..., Any]) -> None:
    with pytest.raises(ValidationError, match="^type mismatch: table.set expected anyref, found externref"):
        check(("i32.const", 0), ("local.get", 0), ("table.set", ANYS), params=(EXTERNREF,), **_REST)
