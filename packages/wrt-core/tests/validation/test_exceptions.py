"""Exceptions, of today and legacy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from wrt_foundation.errors import ValidationError
from wrt_foundation.immediates import Catch, CatchKind
from wrt_foundation.limits import ImplementationLimits
from wrt_foundation.module import Import
from wrt_foundation.types import EXNREF, I32, I64, AbstractHeapType, FuncType, RefType, TagUse

_EXN = RefType(False, AbstractHeapType.EXN)
_REST: dict[str, Any] = {"types": (FuncType((I32,)),), "imports": [Import("m", "t", TagUse(1))]}
CATCH, CATCH_REF, CATCH_ALL, CATCH_ALL_REF = CatchKind


def _try_table(*catches: Catch) -> list[Any]:
    return [("try_table", None, catches), "end"]


VALID = {
    "throw": ([("i32.const", 0), ("throw", 0)], {}),
    "throw_ref": ([("local.get", 0), "throw_ref"], {"params": (EXNREF,)}),
    "catch gives the payload": ([*_try_table(Catch(CATCH, 0, 0)), ("i32.const", 0)], {"results": (I32,)}),
    "catch_ref gives the reference too": (
        [*_try_table(Catch(CATCH_REF, 0, 0)), "unreachable"],
        {"results": (I32, _EXN)},
    ),
    "catch_all gives nothing": (_try_table(Catch(CATCH_ALL, None, 0)), {}),
    "catch_all_ref gives the reference": (
        [*_try_table(Catch(CATCH_ALL_REF, None, 0)), "unreachable"],
        {"results": (EXNREF,)},
    ),
    "try_table's own label is inside": ([("try_table", I32, ()), ("i32.const", 0), ("br", 0), "end", "drop"], {}),
    "try and catch": (
        [("try", I32), ("i32.const", 0), ("catch", 0), "catch_all", ("i32.const", 1), "end", "drop"],
        {},
    ),
    "try without catch": ([("try", None), "end"], {}),
    "try and delegate to the caller": ([("try", I32), ("i32.const", 0), ("delegate", 0), "drop"], {}),
    "rethrow from within a block": (
        [("try", None), "catch_all", ("block", None), ("rethrow", 1), "end", "end"],
        {},
    ),
}


@pytest.mark.parametrize(("lines", "rest"), VALID.values(), ids=VALID)
def test_valid(check: Callable[..., Any], lines: list[Any], rest: dict[str, Any]) -> None:
    check(*lines, **_REST, **rest)


INVALID = {
    "unknown tag": ([("throw", 1)], {}, "unknown tag 1"),
    "throw without payload": ([("throw", 0)], {}, "type mismatch: throw expected i32, found nothing"),
    "throw_ref of something else": ([("i32.const", 0), "throw_ref"], {}, "type mismatch: throw_ref expected exnref"),
    "catch of an unknown tag": (_try_table(Catch(CATCH, 3, 0)), {}, "unknown tag 3"),
    "catch to an unknown label": (_try_table(Catch(CATCH, 0, 1)), {}, "unknown label 1"),
    "catch to a label of nothing": (
        _try_table(Catch(CATCH, 0, 0)),
        {},
        "type mismatch: catch gives [i32], but label 0 takes []",
    ),
    "catch to a label of another type": (
        [*_try_table(Catch(CATCH, 0, 0)), "unreachable"],
        {"results": (I64,)},
        "type mismatch: catch gives [i32], but label 0 takes [i64]",
    ),
    "catch_ref without place for the reference": (
        [*_try_table(Catch(CATCH_REF, 0, 0)), "unreachable"],
        {"results": (I32,)},
        "type mismatch: catch_ref gives [i32 (ref exn)], but label 0 takes [i32]",
    ),
    "catch_all to a label of something": (
        [*_try_table(Catch(CATCH_ALL, None, 0)), "unreachable"],
        {"results": (I32,)},
        "type mismatch: catch_all gives [], but label 0 takes [i32]",
    ),
    "try gives another type": ([("try", I32), ("catch", 0), "end", "drop"], {}, "type mismatch: catch expected i32"),
    "catch gives another type": (
        [("try", I32), ("i32.const", 0), "catch_all", "end", "drop"],
        {},
        "type mismatch: end expected i32, found nothing",
    ),
    "catch leaves its payload": (
        [("try", None), ("catch", 0), "end"],
        {},
        "type mismatch: end expected nothing more, found i32",
    ),
    "legacy catch of an unknown tag": ([("try", None), ("catch", 9), "end"], {}, "unknown tag 9"),
    "rethrow from the try": ([("try", None), ("rethrow", 0), "catch_all", "end"], {}, "invalid rethrow label 0"),
    "rethrow from a block": ([("block", None), ("rethrow", 0), "end"], {}, "invalid rethrow label 0"),
    "rethrow to nowhere": ([("rethrow", 1)], {}, "unknown label 1"),
    "delegate to nowhere": ([("try", None), ("delegate", 1)], {}, "unknown label 1"),
}


@pytest.mark.parametrize(("lines", "rest", "message"), INVALID.values(), ids=INVALID)
def test_invalid(check: Callable[..., Any], lines: list[Any], rest: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError) as caught:
        check(*lines, **_REST, **rest)
    assert caught.value.message.startswith(message)


def test_the_number_of_catches_is_limited(check: Callable[..., Any]) -> None:
    catches = [Catch(CATCH_ALL, None, 0)] * 3
    check(*_try_table(*catches), limits=ImplementationLimits(catches=3))
    with pytest.raises(ValidationError, match="^too many catches"):
        check(*_try_table(*catches), limits=ImplementationLimits(catches=2))
