"""Errors: one family, with where it happened in their text, and fit to cross a process pool."""

from __future__ import annotations

import copy
import pickle

import pytest

from wrt_foundation import errors
from wrt_foundation.errors import (
    BudgetExceeded,
    CapabilityDenied,
    DecodeError,
    ExecutionError,
    Exit,
    LinkError,
    PluginError,
    QuotaExceeded,
    SnapshotError,
    TextError,
    UnknownPlugin,
    UnsupportedFeature,
    ValidationError,
    ValueRangeError,
    ValueTypeError,
    WrtError,
    did_you_mean,
)
from wrt_foundation.traps import Exhaustion, Frame, Trap, TrapCode

FRAMES = (Frame(3, "inner", 0x2A), Frame(0, None, None, "app"))

EXAMPLES: list[WrtError] = [
    WrtError("plain"),
    DecodeError("magic header not detected", offset=0),
    DecodeError("malformed value type", offset=9, section="type"),
    ValidationError("type mismatch", offset=17, section="code", function=2),
    UnsupportedFeature("simd is off", feature="simd", offset=3, function=1),
    TextError("unknown operator", line=2, column=4, source_line="\tfoo", filename="a.wat"),
    LinkError("unknown import", module="env", name="log"),
    BudgetExceeded("too much", owner="tenant", requested=10, available=3),
    CapabilityDenied("no", tenant="a", kind="import", object="env.log", operation="link", rule="default"),
    QuotaExceeded("no more", account="process/a", kind="memory", requested=10, available=3),
    ExecutionError("the execution is running already"),
    SnapshotError("the snapshot is damaged: its digest is another"),
    PluginError("broken", plugin="jit", distribution="wrt-jit"),
    UnknownPlugin("unknown engine", plugin="jti"),
    ValueTypeError("i32 expected, not float: 1.5"),
    ValueRangeError("4294967296 is out of range for i32"),
    Exit(3),
    Trap(TrapCode.UNREACHABLE),
    Trap(TrapCode.MEMORY_OUT_OF_BOUNDS, "out of bounds memory access at 0x10", FRAMES),
    Exhaustion(TrapCode.CALL_STACK_EXHAUSTED, frames=FRAMES),
]


def test_every_error_has_an_example() -> None:
    public = {getattr(errors, name) for name in errors.__all__} - {did_you_mean}
    assert public <= {type(example) for example in EXAMPLES}


@pytest.mark.parametrize("error", EXAMPLES, ids=lambda e: type(e).__name__)
def test_errors_survive_pickling_and_copying(error: WrtError) -> None:
    for again in (pickle.loads(pickle.dumps(error)), copy.copy(error), copy.deepcopy(error)):
        assert type(again) is type(error)
        assert again.__dict__ == error.__dict__
        assert str(again) == str(error)
        assert again.args == error.args
        assert isinstance(again, WrtError)


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (DecodeError("malformed"), "malformed"),
        (DecodeError("malformed", offset=0), "malformed (at offset 0x0)"),
        (DecodeError("malformed", offset=255, section="type"), "malformed (in the type section at offset 0xff)"),
        (ValidationError("mismatch", function=0), "mismatch in function 0"),
        (
            ValidationError("mismatch", offset=16, section="code", function=7),
            "mismatch (in the code section at offset 0x10) in function 7",
        ),
        (Exit(3), "the guest exited with status 3"),
    ],
)
def test_the_text_says_where(error: WrtError, text: str) -> None:
    assert str(error) == text


def test_the_message_alone_is_the_specifications() -> None:
    assert DecodeError("malformed", offset=255, section="type").message == "malformed"
    assert TextError("unknown operator", line=1, column=1).message == "unknown operator"


def test_text_errors_point_at_the_column() -> None:
    error = TextError("unknown operator", line=2, column=4, source_line="\t ab cd", filename="a.wat")
    assert str(error) == "a.wat:2:4: unknown operator\n  \t ab cd\n  \t  ^"
    assert str(TextError("unclosed string", line=1, column=9)) == "<text>:1:9: unclosed string"


def test_kinds_that_python_programs_expect() -> None:
    assert issubclass(UnknownPlugin, LookupError)
    assert issubclass(ValueTypeError, TypeError)
    assert issubclass(ValueRangeError, ValueError)
    assert issubclass(UnsupportedFeature, ValidationError)


def test_suggestions() -> None:
    assert did_you_mean("stakless", ["stackless", "jit"]) == " (did you mean 'stackless'?)"
    assert did_you_mean("xyz", ["stackless", "jit"]) == ""
    assert did_you_mean("xyz", []) == ""
