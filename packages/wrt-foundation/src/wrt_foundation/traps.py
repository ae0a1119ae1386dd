"""Traps: how a running guest fails, with the wasm frames it failed in."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Protocol

from wrt_foundation.errors import WrtError
from wrt_foundation.positions import FoundPosition, Position, Positions
from wrt_foundation.printable import printable

__all__ = ["ExceptionTag", "Exhaustion", "Frame", "Trap", "TrapCode", "WasmException"]


class TrapCode(Enum):
    """Why a guest trapped; each value is the specification suite's own message."""

    UNREACHABLE = "unreachable"
    INTEGER_DIVIDE_BY_ZERO = "integer divide by zero"
    INTEGER_OVERFLOW = "integer overflow"
    INVALID_CONVERSION = "invalid conversion to integer"
    MEMORY_OUT_OF_BOUNDS = "out of bounds memory access"
    TABLE_OUT_OF_BOUNDS = "out of bounds table access"
    ARRAY_OUT_OF_BOUNDS = "out of bounds array access"
    UNDEFINED_ELEMENT = "undefined element"
    UNINITIALIZED_ELEMENT = "uninitialized element"
    INDIRECT_CALL_TYPE_MISMATCH = "indirect call type mismatch"
    CALL_STACK_EXHAUSTED = "call stack exhausted"
    NULL_REFERENCE = "null reference"
    NULL_FUNCTION_REFERENCE = "null function reference"
    NULL_STRUCTURE_REFERENCE = "null structure reference"
    NULL_ARRAY_REFERENCE = "null array reference"
    NULL_I31_REFERENCE = "null i31 reference"
    NULL_EXCEPTION_REFERENCE = "null exception reference"
    NULL_CONTINUATION_REFERENCE = "null continuation reference"
    NULL_DESCRIPTOR_REFERENCE = "null descriptor reference"
    CAST_FAILURE = "cast failure"
    DESCRIPTOR_CAST_FAILURE = "descriptor cast failure"
    UNALIGNED_ATOMIC = "unaligned atomic"
    EXPECTED_SHARED_MEMORY = "expected shared memory"
    CONTINUATION_ALREADY_CONSUMED = "continuation already consumed"
    UNHANDLED_TAG = "unhandled tag"
    ALLOCATION_TOO_LARGE = "allocation size too large"
    UNKNOWN_IMPORT = "unknown import called"
    OUT_OF_FUEL = "all fuel consumed"
    INTERRUPTED = "interrupt"
    CAPABILITY_DENIED = "capability denied"
    QUOTA_EXCEEDED = "quota exceeded"


@dataclass(frozen=True, slots=True)
class Frame:
    """One wasm frame of a backtrace.

    `function` is the function's index in its module, `name` its name from the name section (or an
    export's, or None), `offset` the byte offset of the instruction in the module's binary, None
    where it is not known, `module` the module's own name. `positions` knows the source: it is asked when somebody
    looks, as reading debug information takes longer than trapping.
    """

    function: int
    name: str | None
    offset: int | None
    module: str | None = None
    positions: Positions | None = field(default=None, compare=False, repr=False)

    @property
    def position(self) -> Position | None:
        """Where in its source the instruction is; None where the module's debug information does not say."""
        return None if self.positions is None or self.offset is None else self.positions.at(self.offset)

    def __reduce__(self) -> tuple[Any, ...]:
        # What pickles is what was found, not all the module's debug information.
        found = None
        if self.positions is not None and (position := self.position) is not None:
            found = FoundPosition(position, self.positions.text(position))
        return Frame, (self.function, self.name, self.offset, self.module, found)

    def __str__(self) -> str:
        name = printable(self.name) if self.name is not None else f"<function {self.function}>"
        where = "" if self.offset is None else f" @ 0x{self.offset:x}"
        module = f"{printable(self.module)}!" if self.module else ""
        position = self.position
        return f"{module}{name}{where}" + ("" if position is None else f" at {position}")


class Trap(WrtError):
    """A guest's execution was aborted by the specification's rules.

    `code` says why; `frames` are the wasm frames, innermost first. A store stays usable after a
    trap, with all effects up to it (specification, section 4.6 "Traps").
    """

    def __init__(self, code: TrapCode, message: str | None = None, frames: tuple[Frame, ...] = ()) -> None:
        super().__init__(code.value if message is None else message)
        self.args = (code, self.message, frames)
        self.code = code
        self.frames = frames

    def __str__(self) -> str:
        return self.message

    def backtrace(self) -> str:
        """The wasm backtrace as text, innermost frame first, one line each; empty if there is none."""
        return "\n".join(f"  {depth}: {frame}" for depth, frame in enumerate(self.frames))


class Exhaustion(Trap):
    """A guest used up a resource that the specification leaves to the engine: the call stack, fuel."""


class ExceptionTag(Protocol):
    """What a `WasmException` needs of its tag."""

    def payload(self, values: tuple[Any, ...]) -> tuple[Any, ...]:
        """Return values of the engines' representation as the API gives them."""


class WasmException(WrtError):
    """An exception thrown by wasm code, or by a host function for wasm code to catch (`Tag.exception` makes one).

    `tag` is the tag instance it was thrown with; tags are told apart by identity. `values` is what it carries, in
    the engines' representation, and `payload` the same as the API gives it. The exception object itself is
    the `exnref`.
    """

    def __init__(self, tag: ExceptionTag, values: tuple[Any, ...] = ()) -> None:
        super().__init__("uncaught exception")
        self.args = (tag, values)
        self.tag = tag
        self.values = values

    @property
    def payload(self) -> tuple[Any, ...]:
        """What the exception carries, as Python values."""
        return self.tag.payload(self.values)

    def __str__(self) -> str:
        return f"uncaught exception: {self.tag!r} with {self.payload!r}"
