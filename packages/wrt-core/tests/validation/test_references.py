"""References: null, function references, tests, casts, and branches on them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from wrt_foundation.errors import ValidationError
from wrt_foundation.features import WASM_3_0
from wrt_foundation.immediates import Cast
from wrt_foundation.module import Export
from wrt_foundation.types import (
    ANYREF,
    EXTERNREF,
    FUNCREF,
    I32,
    AbstractHeapType,
    ContType,
    ExternKind,
    FuncType,
    RefType,
    StructType,
)

_A = AbstractHeapType
_STRUCTS = {"types": (StructType(), FuncType((), (I32, ANYREF)))}
_EXPORTED = {"exports": [Export("f", ExternKind.FUNC, 0)]}


def _ref(heap: Any, *, null: bool = False) -> RefType:
    return RefType(null, heap)


NULL_STRUCT, STRUCT = _ref(1, null=True), _ref(1)
EQ, NULL_EQ = _ref(_A.EQ), _ref(_A.EQ, null=True)

VALID = {
    "null of a type": ([("ref.null", NULL_STRUCT)], {"results": (NULL_STRUCT,)}),
    "function": ([("ref.func", 0)], {"results": (FUNCREF,), **_EXPORTED}),
    "function, not null": ([("ref.func", 0), "return"], {"results": (_ref(3),), **_EXPORTED}),
    "as non-null": ([("local.get", 0), "ref.as_non_null"], {"params": (ANYREF,), "results": (_ref(_A.ANY),)}),
    "br_on_null": (
        [("block", None), ("local.get", 0), ("br_on_null", 0), "return", "end", "unreachable"],
        {"params": (ANYREF,), "results": (_ref(_A.ANY),)},
    ),
    "br_on_non_null": (
        [("block", _ref(_A.ANY)), ("local.get", 0), ("br_on_non_null", 0), "unreachable", "end"],
        {"params": (ANYREF,), "results": (_ref(_A.ANY),)},
    ),
    "br_on_null of nothing known": (["unreachable", ("br_on_null", 0), "drop"], {}),
    "test across the hierarchy": ([("local.get", 0), ("ref.test", STRUCT)], {"params": (ANYREF,), "results": (I32,)}),
    "cast to a type": ([("local.get", 0), ("ref.cast", STRUCT)], {"params": (EQ,), "results": (STRUCT,)}),
    "cast to a nullable type": (
        [("local.get", 0), ("ref.cast_null", NULL_STRUCT)],
        {"params": (ANYREF,), "results": (NULL_STRUCT,)},
    ),
    "br_on_cast branches with the target": (
        [("block", STRUCT), ("local.get", 0), ("br_on_cast", Cast(0, ANYREF, STRUCT)), "unreachable", "end"],
        {"params": (ANYREF,), "results": (STRUCT,)},
    ),
    "br_on_cast to a nullable target leaves no null": (
        [("local.get", 0), ("br_on_cast", Cast(0, ANYREF, NULL_STRUCT)), "return"],
        {"params": (ANYREF,), "results": (ANYREF,)},
    ),
    "br_on_cast keeps its label's other operands": (
        [("i32.const", 0), ("local.get", 0), ("br_on_cast", Cast(0, ANYREF, NULL_STRUCT))],
        {"params": (ANYREF,), "results": (I32, ANYREF)},
    ),
    "br_on_non_null keeps its label's other operands": (
        [("i32.const", 0), ("local.get", 0), ("br_on_non_null", 0), ("local.get", 0)],
        {"params": (ANYREF,), "results": (I32, ANYREF)},
    ),
    "br_on_cast_fail branches with the rest": (
        [
            ("block", _ref(_A.ANY)),
            ("local.get", 0),
            ("br_on_cast_fail", Cast(0, ANYREF, NULL_STRUCT)),
            "drop",
            "unreachable",
            "end",
        ],
        {"params": (ANYREF,), "results": (_ref(_A.ANY),)},
    ),
    "internal to external": (
        [("local.get", 0), "extern.convert_any"],
        {"params": (STRUCT,), "results": (_ref(_A.EXTERN),)},
    ),
    "external to internal": ([("local.get", 0), "any.convert_extern"], {"params": (EXTERNREF,), "results": (ANYREF,)}),
    "unknown to external": (["unreachable", "extern.convert_any"], {"results": (_ref(_A.EXTERN),)}),
}


@pytest.mark.parametrize(("lines", "rest"), VALID.values(), ids=VALID)
def test_valid(check: Callable[..., Any], lines: list[Any], rest: dict[str, Any]) -> None:
    check(*lines, **_STRUCTS, **rest, features=WASM_3_0)


INVALID = {
    "null of an unknown type": ([("ref.null", _ref(9, null=True))], {}, "unknown type 9"),
    "is_null of a number": (
        [("i32.const", 0), "ref.is_null"],
        {},
        "type mismatch: ref.is_null expected a reference, found i32",
    ),
    "is_null of nothing": (["ref.is_null"], {}, "type mismatch: ref.is_null expected a reference, found nothing"),
    "unknown function": ([("ref.func", 1)], {}, "unknown function 1"),
    "nullable where it must not be": (
        [("local.get", 0)],
        {"params": (ANYREF,), "results": (_ref(_A.ANY),)},
        "type mismatch: end expected (ref any), found anyref",
    ),
    "br_on_null without its label's operand": (
        [("block", I32), ("local.get", 0), ("br_on_null", 0), "unreachable", "end"],
        {"params": (ANYREF,)},
        "type mismatch: br_on_null expected i32",
    ),
    "br_on_null to an unknown label": (
        [("local.get", 0), ("br_on_null", 4)],
        {"params": (ANYREF,)},
        "unknown label 4",
    ),
    "br_on_non_null to a label of nothing": (
        [("local.get", 0), ("br_on_non_null", 0)],
        {"params": (ANYREF,)},
        "type mismatch: br_on_non_null needs a label that takes a reference, not []",
    ),
    "br_on_non_null to a label of a number": (
        [("local.get", 0), ("br_on_non_null", 0), "unreachable"],
        {"params": (ANYREF,), "results": (I32,)},
        "type mismatch: br_on_non_null needs a label that takes a reference, not [i32]",
    ),
    "br_on_non_null to a label of another type": (
        [("local.get", 0), ("br_on_non_null", 0), "unreachable"],
        {"params": (ANYREF,), "results": (FUNCREF,)},
        "type mismatch: br_on_non_null expected funcref, found anyref",
    ),
    "test of another hierarchy": (
        [("local.get", 0), ("ref.test", STRUCT), "drop"],
        {"params": (FUNCREF,)},
        "type mismatch: ref.test expected anyref, found funcref",
    ),
    "cast of another hierarchy": (
        [("local.get", 0), ("ref.cast", STRUCT), "drop"],
        {"params": (EXTERNREF,)},
        "type mismatch: ref.cast expected anyref, found externref",
    ),
    "cast to an unknown type": ([("local.get", 0), ("ref.cast", _ref(7))], {"params": (ANYREF,)}, "unknown type 7"),
    "br_on_non_null without its label's other operands": (
        [("block", 2), ("i64.const", 0), ("local.get", 0), ("br_on_non_null", 0), "unreachable", "end", "unreachable"],
        {"params": (ANYREF,)},
        "type mismatch: br_on_non_null expected i32, found i64",
    ),
    "br_on_cast without its label's other operands": (
        [
            ("block", 2),
            ("i64.const", 0),
            ("local.get", 0),
            ("br_on_cast", Cast(0, ANYREF, ANYREF)),
            "unreachable",
            "end",
            "unreachable",
        ],
        {"params": (ANYREF,)},
        "type mismatch: br_on_cast expected i32, found i64",
    ),
    "br_on_cast upwards": (
        [("local.get", 0), ("br_on_cast", Cast(0, EQ, ANYREF)), "unreachable"],
        {"params": (EQ,), "results": (ANYREF,)},
        "type mismatch: br_on_cast can't cast (ref eq) to anyref",
    ),
    "br_on_cast to a label of nothing": (
        [("local.get", 0), ("br_on_cast", Cast(0, ANYREF, EQ)), "unreachable"],
        {"params": (ANYREF,)},
        "type mismatch: br_on_cast branches with (ref eq), but the label takes []",
    ),
    "br_on_cast to a label of another type": (
        [("local.get", 0), ("br_on_cast", Cast(0, ANYREF, EQ)), "unreachable"],
        {"params": (ANYREF,), "results": (STRUCT,)},
        "type mismatch: br_on_cast branches with (ref eq)",
    ),
    "br_on_cast of another type": (
        [("local.get", 0), ("br_on_cast", Cast(0, NULL_EQ, STRUCT)), "unreachable"],
        {"params": (ANYREF,), "results": (STRUCT,)},
        "type mismatch: br_on_cast expected eqref, found anyref",
    ),
    "br_on_cast_fail branches with null": (
        [("local.get", 0), ("br_on_cast_fail", Cast(0, ANYREF, EQ)), "unreachable"],
        {"params": (ANYREF,), "results": (_ref(_A.ANY),)},
        "type mismatch: br_on_cast_fail branches with anyref, but the label takes [(ref any)]",
    ),
    "convert of the wrong side": (
        [("local.get", 0), "any.convert_extern", "drop"],
        {"params": (ANYREF,)},
        "type mismatch: any.convert_extern expected externref, found anyref",
    ),
    "null stays through a conversion": (
        [("local.get", 0), "extern.convert_any"],
        {"params": (ANYREF,), "results": (_ref(_A.EXTERN),)},
        "type mismatch: end expected (ref extern), found externref",
    ),
}


@pytest.mark.parametrize(("lines", "rest", "message"), INVALID.values(), ids=INVALID)
def test_invalid(check: Callable[..., Any], lines: list[Any], rest: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError) as caught:
        check(*lines, **_STRUCTS, **rest, features=WASM_3_0)
    assert caught.value.message.startswith(message)


@pytest.mark.parametrize(
    "line",
    [
        ("ref.test", _ref(2)),
        ("ref.cast", _ref(_A.CONT)),
        ("ref.cast_null", _ref(_A.NOCONT, null=True)),
        ("br_on_cast", Cast(0, _ref(2), _ref(2))),
        ("br_on_cast_fail", Cast(0, _ref(_A.CONT), _ref(2))),
    ],
    ids=str,
)
def test_continuations_are_not_cast(check: Callable[..., Any], line: tuple[Any, ...]) -> None:
    with pytest.raises(ValidationError, match="^invalid cast"):
        check("unreachable", line, "unreachable", types=(FuncType(), ContType(1)))
