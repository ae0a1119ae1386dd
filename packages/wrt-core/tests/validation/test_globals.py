"""Globals in bodies."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from wrt_foundation.errors import ValidationError
from wrt_foundation.module import Import
from wrt_foundation.types import FUNCREF, I32, I64, AbstractHeapType, GlobalType, RefType

_NON_NULL = RefType(False, AbstractHeapType.FUNC)
_REST: dict[str, Any] = {
    "imports": [
        Import("m", "a", GlobalType(I32)),
        Import("m", "b", GlobalType(I64, True)),
        Import("m", "c", GlobalType(FUNCREF, True)),
    ]
}


def test_get_gives_the_globals_type(check: Callable[..., Any]) -> None:
    check(("global.get", 0), ("global.get", 1), ("global.get", 2), results=(I32, I64, FUNCREF), **_REST)
    with pytest.raises(ValidationError, match="^type mismatch: end expected i64, found i32"):
        check(("global.get", 0), results=(I64,), **_REST)


def test_set_takes_what_matches_it(check: Callable[..., Any]) -> None:
    check(("local.get", 0), ("global.set", 2), params=(_NON_NULL,), **_REST)
    with pytest.raises(ValidationError, match="^type mismatch: global.set expected i64, found i32"):
        check(("i32.const", 0), ("global.set", 1), **_REST)
    with pytest.raises(ValidationError, match="^type mismatch: global.set expected i64, found nothing"):
        check(("global.set", 1), **_REST)


def test_what_is_immutable_is_not_set(check: Callable[..., Any]) -> None:
    with pytest.raises(ValidationError, match="^immutable global 0"):
        check(("i32.const", 0), ("global.set", 0), **_REST)


@pytest.mark.parametrize("name", ["global.get", "global.set"])
def test_globals_must_exist(check: Callable[..., Any], name: str) -> None:
    with pytest.raises(ValidationError, match="^unknown global 3"):
        check("unreachable", (name, 3), "unreachable", **_REST)
