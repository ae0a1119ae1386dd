"""Traps: the suite's messages, and backtraces with names."""

from __future__ import annotations

import pickle

import pytest

from wrt_foundation.errors import WrtError
from wrt_foundation.traps import Exhaustion, Frame, Trap, TrapCode, WasmException


def test_a_traps_message_is_its_codes() -> None:
    for code in TrapCode:
        assert str(Trap(code)) == Trap(code).message == code.value
    assert str(Trap(TrapCode.UNKNOWN_IMPORT, "env.log is not there")) == "env.log is not there"


def test_messages_that_the_suite_asks_for() -> None:
    assert {
        "unreachable",
        "integer divide by zero",
        "integer overflow",
        "invalid conversion to integer",
        "out of bounds memory access",
        "out of bounds table access",
        "undefined element",
        "uninitialized element",
        "indirect call type mismatch",
        "call stack exhausted",
        "null reference",
        "cast failure",
        "unaligned atomic",
    } <= {code.value for code in TrapCode}


@pytest.mark.parametrize(
    ("frame", "text"),
    [
        (Frame(0, "main", 16), "main @ 0x10"),
        (Frame(7, None, None), "<function 7>"),
        (Frame(7, "", 1), " @ 0x1"),
        (Frame(1, "f", None, "app"), "app!f"),
    ],
)
def test_frames_print(frame: Frame, text: str) -> None:
    assert str(frame) == text


def test_backtraces_start_with_the_innermost_frame() -> None:
    trap = Trap(TrapCode.UNREACHABLE, frames=(Frame(1, "inner", 5), Frame(0, "outer", 9)))
    assert trap.backtrace() == "  0: inner @ 0x5\n  1: outer @ 0x9"
    assert Trap(TrapCode.UNREACHABLE).backtrace() == ""


def test_exhaustion_is_a_trap_and_a_trap_an_error() -> None:
    assert issubclass(Exhaustion, Trap)
    assert issubclass(Trap, WrtError)


class Label:
    """A stand-in for a tag: it gives values as they are, doubled."""

    def payload(self, values: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(2 * value for value in values)

    def __repr__(self) -> str:
        return "$e"


def test_exceptions_give_their_payload_through_their_tag() -> None:
    tag = Label()
    exception = WasmException(tag, (1, 2))
    assert exception.tag is tag
    assert exception.values == (1, 2)
    assert exception.payload == (2, 4)
    assert str(exception) == "uncaught exception: $e with (2, 4)"


def test_exceptions_pickle_with_a_tag_that_does() -> None:
    exception = WasmException(Plain, (1, 2))
    again = pickle.loads(pickle.dumps(exception))
    assert again.tag is Plain
    assert again.payload == (1, 2)


class Plain:
    """A tag that is told apart by identity and pickles: a class is both."""

    @staticmethod
    def payload(values: tuple[int, ...]) -> tuple[int, ...]:
        return values
