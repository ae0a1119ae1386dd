"""Errors say where: section, byte offset, function; and they pickle."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import pytest

from wrt_core.validation import validate
from wrt_foundation.errors import DecodeError, UnsupportedFeature, ValidationError
from wrt_foundation.features import MVP
from wrt_foundation.module import Code, Expression, Global, Import, Module
from wrt_foundation.types import I32, FuncType, FuncUse, GlobalType, RecType, SubType

_TYPES = [RecType((SubType(FuncType()),))]


def _two_bodies(second: bytes) -> Module:
    return Module(
        types=_TYPES,
        imports=[Import("m", "f", FuncUse(0))],
        functions=[0, 0],
        codes=[Code((), b"\x0b", 40), Code((), second, 100)],
    )


def test_in_a_body() -> None:
    with pytest.raises(ValidationError) as caught:
        validate(_two_bodies(b"\x01\x41\x00\x7c\x0b"))
    error = caught.value
    assert (error.message, error.section, error.offset, error.function) == (
        "type mismatch: i64.add expected i64, found i32",
        "code",
        103,
        2,
    )
    assert str(error) == (
        "type mismatch: i64.add expected i64, found i32 (in the code section at offset 0x67) in function 2"
    )
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


@pytest.mark.parametrize(
    ("body", "message", "offset"),
    [
        (b"\x01\x05\x0b", "END opcode expected", 101),
        (b"\x0b\x01", "section size mismatch", 101),
        (b"\x01\xff\x0b", "illegal opcode ff", 101),
        (b"\x01\x41", "unexpected end", 102),
    ],
)
def test_malformed_bodies(body: bytes, message: str, offset: int) -> None:
    with pytest.raises(DecodeError, match=f"^{message}") as caught:
        validate(_two_bodies(body))
    assert caught.value.section == "code"
    assert caught.value.offset == offset


def test_in_a_constant_expression() -> None:
    with pytest.raises(ValidationError) as caught:
        validate(Module(globals=[Global(GlobalType(I32), Expression(b"\x01\x00\x0b", 7))]))
    assert (caught.value.section, caught.value.offset, caught.value.function) == ("global", 7, None)


def test_unsupported_features_are_validation_errors_that_name_the_feature(check: Callable[..., Any]) -> None:
    with pytest.raises(ValidationError) as caught:
        check(("i32.const", 0), "i32.extend8_s", "drop", features=MVP)
    error = pickle.loads(pickle.dumps(caught.value))
    assert isinstance(error, UnsupportedFeature)
    assert (error.feature, error.section, error.offset, error.function) == ("sign-extension", "code", 2, 0)
