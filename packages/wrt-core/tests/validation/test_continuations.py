"""Stack switching."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from wrt_foundation.errors import ValidationError
from wrt_foundation.immediates import Handler
from wrt_foundation.limits import ImplementationLimits
from wrt_foundation.module import Import
from wrt_foundation.types import (
    EXNREF,
    F32,
    F64,
    I32,
    I64,
    AbstractHeapType,
    ContType,
    FuncType,
    RecType,
    RefType,
    SubType,
    TagUse,
)

F_WHOLE, C_WHOLE, F_REST, C_REST, F_BACK, C_BACK, F_SWITCH, C_SWITCH, F_TAG, F_SIGNAL, F_ANY, C_ANY = range(1, 13)


def _new(index: int) -> RefType:
    return RefType(False, index)


def _to(index: int) -> RefType:
    return RefType(True, index)


_REST: dict[str, Any] = {
    "types": (
        FuncType((I32, I64), (F32,)),
        ContType(F_WHOLE),
        FuncType((I64,), (F32,)),
        ContType(F_REST),
        # What a handler of TAG gets: it takes the tag's result, and gives what the continuation gives.
        FuncType((F64,), (F32,)),
        ContType(F_BACK),
        RecType((SubType(FuncType((I32, _to(C_BACK)), (F32,))), SubType(ContType(F_SWITCH)))),
        FuncType((I32,), (F64,)),
        FuncType((), (F32,)),
        FuncType((_to(C_WHOLE),), (I32,)),
        ContType(F_ANY),
    ),
    "imports": [Import("m", "t", TagUse(F_TAG)), Import("m", "s", TagUse(F_SIGNAL))],
}
TAG, SIGNAL = 0, 1

SIGNATURES: dict[tuple[Any, ...], tuple[Any, Any]] = {
    ("cont.new", C_WHOLE): ((_to(F_WHOLE),), (_new(C_WHOLE),)),
    ("cont.bind", C_WHOLE, C_REST): ((I32, _to(C_WHOLE)), (_new(C_REST),)),
    ("cont.bind", C_WHOLE, C_WHOLE): ((_to(C_WHOLE),), (_new(C_WHOLE),)),
    ("suspend", TAG): ((I32,), (F64,)),
    ("resume", C_WHOLE, ()): ((I32, I64, _to(C_WHOLE)), (F32,)),
    ("resume", C_WHOLE, (Handler(SIGNAL, None),)): ((I32, I64, _to(C_WHOLE)), (F32,)),
    ("resume_throw", C_WHOLE, TAG, ()): ((I32, _to(C_WHOLE)), (F32,)),
    ("resume_throw_ref", C_WHOLE, ()): ((EXNREF, _to(C_WHOLE)), (F32,)),
    ("switch", C_SWITCH, SIGNAL): ((I32, _to(C_SWITCH)), (F64,)),
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


@pytest.mark.parametrize("label", [(I32, _to(C_BACK)), (I32, _new(C_BACK))], ids=["nullable", "not null"])
def test_a_handler_takes_the_payload_and_the_continuation(check: Callable[..., Any], label: tuple[Any, ...]) -> None:
    check("unreachable", ("resume", C_WHOLE, (Handler(TAG, 0),)), "unreachable", results=label, **_REST)


BAD_LABELS = {
    "nothing": ((), "type mismatch: instruction requires concrete continuation reference type but label has []"),
    "no reference": ((I32,), "type mismatch: instruction requires concrete continuation reference type"),
    "any continuation": (
        (I32, RefType(False, AbstractHeapType.CONT)),
        "type mismatch: instruction requires concrete continuation reference type but label has [i32 (ref cont)]",
    ),
    "a function": ((I32, _to(F_BACK)), f"non-continuation type {F_BACK}"),
    "another continuation": ((I32, _to(C_REST)), "type mismatch in continuation type"),
    "another payload": ((I64, _to(C_BACK)), "type mismatch: tag 0 gives [i32], but label 0 takes [i64]"),
    "no payload": ((_to(C_BACK),), "type mismatch: tag 0 gives [i32], but label 0 takes []"),
}


@pytest.mark.parametrize(("label", "message"), BAD_LABELS.values(), ids=BAD_LABELS)
def test_a_handlers_label_must_fit(check: Callable[..., Any], label: tuple[Any, ...], message: str) -> None:
    with pytest.raises(ValidationError) as caught:
        check("unreachable", ("resume", C_WHOLE, (Handler(TAG, 0),)), "unreachable", results=label, **_REST)
    assert caught.value.message.startswith(message)


INVALID: dict[tuple[Any, ...], str] = {
    ("cont.new", F_WHOLE): f"non-continuation type {F_WHOLE}",
    ("cont.new", 99): "unknown type 99",
    ("cont.bind", F_WHOLE, C_REST): f"non-continuation type {F_WHOLE}",
    ("cont.bind", C_WHOLE, F_REST): f"non-continuation type {F_REST}",
    ("cont.bind", C_REST, C_WHOLE): "type mismatch in continuation arguments",
    ("cont.bind", C_WHOLE, C_BACK): "type mismatch in continuation types",
    ("suspend", 9): "unknown tag 9",
    ("resume", F_WHOLE, ()): f"non-continuation type {F_WHOLE}",
    ("resume", C_WHOLE, (Handler(9, 0),)): "unknown tag 9",
    ("resume", C_WHOLE, (Handler(TAG, 9),)): "unknown label 9",
    ("resume", C_WHOLE, (Handler(TAG, None),)): "type mismatch in switch tag",
    ("resume", C_ANY, (Handler(SIGNAL, None),)): "type mismatch in switch tag",
    ("resume_throw", F_WHOLE, TAG, ()): f"non-continuation type {F_WHOLE}",
    ("resume_throw", C_WHOLE, 9, ()): "unknown tag 9",
    ("resume_throw", C_WHOLE, TAG, (Handler(9, 0),)): "unknown tag 9",
    ("resume_throw_ref", F_WHOLE, ()): f"non-continuation type {F_WHOLE}",
    ("resume_throw_ref", C_WHOLE, (Handler(9, 0),)): "unknown tag 9",
    ("switch", F_SWITCH, SIGNAL): f"non-continuation type {F_SWITCH}",
    ("switch", C_WHOLE, SIGNAL): "type mismatch: instruction requires concrete continuation reference type",
    ("switch", C_SWITCH, TAG): "type mismatch in switch tag",
    ("switch", C_ANY, SIGNAL): "type mismatch in continuation types",
    ("switch", C_SWITCH, 9): "unknown tag 9",
}


@pytest.mark.parametrize(("line", "message"), INVALID.items(), ids=str)
def test_invalid(check: Callable[..., Any], line: tuple[Any, ...], message: str) -> None:
    with pytest.raises(ValidationError) as caught:
        check("unreachable", line, "unreachable", **_REST)
    assert caught.value.message.startswith(message)


@pytest.mark.parametrize("line", [("resume", C_WHOLE), ("resume_throw", C_WHOLE, TAG), ("resume_throw_ref", C_WHOLE)])
def test_the_number_of_handlers_is_limited(check: Callable[..., Any], line: tuple[Any, ...]) -> None:
    handlers = (Handler(SIGNAL, None),) * 3
    check("unreachable", (*line, handlers), "unreachable", **_REST, limits=ImplementationLimits(catches=3))
    with pytest.raises(ValidationError, match="^too many handlers"):
        check("unreachable", (*line, handlers), "unreachable", **_REST, limits=ImplementationLimits(catches=2))
