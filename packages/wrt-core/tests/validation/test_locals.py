"""Locals: types, initialisation, and great numbers of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from wrt_foundation.errors import ValidationError
from wrt_foundation.limits import ImplementationLimits
from wrt_foundation.types import F64, FUNCREF, I32, I64, AbstractHeapType, RefType

_REF = RefType(False, AbstractHeapType.FUNC)


def test_parameters_come_first(check: Callable[..., Any]) -> None:
    check(
        ("local.get", 0), ("local.get", 1), ("local.get", 2), results=(I32, I64, F64), params=(I32,), locals=(I64, F64)
    )


@pytest.mark.parametrize("name", ["local.get", "local.set", "local.tee"])
@pytest.mark.parametrize("count", [2, 2000], ids=["few", "many"])
def test_unknown_local(check: Callable[..., Any], name: str, count: int) -> None:
    check("unreachable", (name, count - 1), "unreachable", params=(I32,), locals=((count - 1, I32),))
    with pytest.raises(ValidationError, match=f"^unknown local {count}"):
        check("unreachable", (name, count), "unreachable", params=(I32,), locals=((count - 1, I32),))


@pytest.mark.parametrize("name", ["local.set", "local.tee"])
def test_set_takes_the_locals_type(check: Callable[..., Any], name: str) -> None:
    with pytest.raises(ValidationError, match=f"^type mismatch: {name} expected i64, found i32"):
        check(("i32.const", 0), (name, 0), "unreachable", locals=(I64,))


def test_tee_gives_the_locals_type(check: Callable[..., Any]) -> None:
    check(("local.get", 0), ("local.tee", 1), params=(_REF,), locals=(FUNCREF,), results=(FUNCREF,))
    with pytest.raises(ValidationError, match="^type mismatch: end"):
        check(("local.get", 0), ("local.tee", 1), params=(_REF,), locals=(FUNCREF,), results=(_REF,))


_SET = (("local.get", 0), ("local.set", 1))
_GET = (("local.get", 1), "drop")
_IF = (("i32.const", 0), ("if", None))

INITIALISED = {
    "set before": (*_SET, *_GET),
    "tee before": (("local.get", 0), ("local.tee", 1), "drop", *_GET),
    "set outside": (*_SET, ("block", None), *_GET, "end"),
    "set outside, after a block that set it": (("block", None), *_SET, "end", *_SET, *_GET),
    "set in unreachable code": ("unreachable", ("local.set", 1), *_GET),
    "set twice, in and out": (*_SET, ("block", None), *_SET, "end", *_GET),
}
UNINITIALISED = {
    "never": _GET,
    "in unreachable code": ("unreachable", *_GET),
    "after the block": (("block", None), *_SET, "end", *_GET),
    "in the else": (*_IF, *_SET, "else", *_GET, "end"),
    "after both arms": (*_IF, *_SET, "else", *_SET, "end", *_GET),
    "after the catch": (("try", None), *_SET, "catch_all", *_GET, "end"),
    "after the delegate": (("try", None), *_SET, ("delegate", 0), *_GET),
    "after try_table": (("try_table", None, ()), *_SET, "end", *_GET),
}


@pytest.mark.parametrize("count", [1, 2000], ids=["few", "many"])
@pytest.mark.parametrize("lines", INITIALISED.values(), ids=INITIALISED)
def test_initialised(check: Callable[..., Any], lines: Any, count: int) -> None:
    check(*lines, params=(_REF,), locals=((count, _REF),))


@pytest.mark.parametrize("count", [1, 2000], ids=["few", "many"])
@pytest.mark.parametrize("lines", UNINITIALISED.values(), ids=UNINITIALISED)
def test_uninitialised(check: Callable[..., Any], lines: Any, count: int) -> None:
    with pytest.raises(ValidationError, match="^uninitialized local 1"):
        check(*lines, params=(_REF,), locals=((count, _REF),))


def test_runs_of_many_locals_keep_their_types(check: Callable[..., Any]) -> None:
    runs = ((1000, I32), (1, F64), (1000, _REF), (0, I64), (1000, I64))
    check(("local.get", 1000), ("local.get", 0), ("local.get", 2001), results=(F64, I32, I64), locals=runs)
    check(("local.get", 1), ("i64.const", 1), ("local.set", 3001), results=(I32,), params=(_REF,), locals=runs)
    with pytest.raises(ValidationError, match="^uninitialized local 2000"):
        check(("local.get", 2000), "drop", locals=runs)


def test_too_many_locals(check: Callable[..., Any]) -> None:
    limits = ImplementationLimits(locals=10)
    check(params=(I32,), locals=((9, I32),), limits=limits)
    with pytest.raises(ValidationError, match="^too many locals"):
        check(params=(I32,), locals=((10, I32),), limits=limits)
