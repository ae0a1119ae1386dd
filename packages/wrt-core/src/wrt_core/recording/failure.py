"""Failures: the exceptions that pass between a guest and its host."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from wrt_core.recording.errors import HostFailure, RecordingError
from wrt_core.recording.values import References, same
from wrt_core.runtime.tag import Tag
from wrt_foundation.errors import Exit
from wrt_foundation.traps import Trap, TrapCode, WasmException
from wrt_foundation.types import ValueType

__all__ = ["Failure"]

_OUTSIDE = {TrapCode.OUT_OF_FUEL.name, TrapCode.INTERRUPTED.name, TrapCode.QUOTA_EXCEEDED.name}
_KINDS = ("trap", "exit", "exception", "error")


@dataclass(frozen=True, slots=True)
class Failure:
    """An exception: a trap by its code, an exit by its status, a guest's exception by its tag, any other by its class.

    `number` is a status, or the index of a tag; `name` the name of a code or a class. `message` is for people.
    """

    kind: str
    name: str = ""
    message: str = ""
    number: int = 0
    values: tuple[Any, ...] = ()

    @classmethod
    def of(cls, error: BaseException, tags: Sequence[Tag], references: References) -> Failure:
        """Return what the journal says of an exception. Raises `RecordingError` for one that it can't tell."""
        match error:
            case Trap():
                return cls("trap", error.code.name, error.message)
            case Exit():
                return cls("exit", number=error.status)
            case WasmException(tag=tag):
                for index, each in enumerate(tags):
                    if each is tag:
                        return cls("exception", "", "", index, tuple(references.dump_all(each.params, error.values)))
                raise RecordingError("an exception passes whose tag is not of the guest; it can't be recorded")
            case HostFailure():
                return cls("error", error.kind, error.message)
        return cls("error", type(error).__qualname__, str(error)[:1000])

    def exception(self, tags: Sequence[Tag], references: References) -> BaseException:
        """Return an exception as the recorded one was. Raises `ValueError` if there is no such tag or value."""
        match self.kind:
            case "trap":
                return Trap(TrapCode[self.name], self.message)
            case "exit":
                return Exit(self.number)
            case "exception":
                if self.number >= len(tags):
                    raise ValueError(f"there is no tag {self.number}")
                tag = tags[self.number]
                return WasmException(tag, tuple(references.load_all(tag.params, self.values)))
        return HostFailure(self.name, self.message)

    def is_like(self, other: Failure, types: Sequence[ValueType] = ()) -> bool:
        """Say whether another failure is the same; how it is worded may differ from engine to engine."""
        mine, others = (self.kind, self.name, self.number), (other.kind, other.name, other.number)
        if mine != others or len(self.values) != len(other.values) or len(types) != len(self.values):
            return False
        return all(map(same, types, self.values, other.values))

    @property
    def from_outside(self) -> bool:
        """Whether somebody ended the run: a limit, or a person. That comes at no certain place of the program."""
        return self.kind == "error" or (self.kind == "trap" and self.name in _OUTSIDE)

    @property
    def comes_unasked(self) -> bool:
        """Whether it may have come between any two instructions, so that nobody could say where."""
        return (self.kind == "trap" and self.name in _OUTSIDE) or self.name == "KeyboardInterrupt"

    def __str__(self) -> str:
        match self.kind:
            case "trap":
                return f"the trap {self.message!r}"
            case "exit":
                return f"an exit with status {self.number}"
            case "exception":
                return f"an exception of tag {self.number} with {list(self.values)}"
        return f"a {self.name}: {self.message}"

    def dump(self) -> list[Any]:
        """Return what JSON can say of it."""
        return [self.kind, self.name, self.message, self.number, list(self.values)]

    @classmethod
    def load(cls, said: list[Any]) -> Failure:
        """Return the failure that the journal speaks of. Raises `ValueError` if it is none."""
        if [type(each) for each in said] != [str, str, str, int, list] or said[0] not in _KINDS:
            raise ValueError("no failure that is known")
        if said[0] == "trap" and said[1] not in TrapCode.__members__:
            raise ValueError(f"there is no trap {said[1]!r:.40}")
        if not -(1 << 31) <= said[3] < 1 << 32:
            raise ValueError(f"{said[3]!r:.40} is no status")
        kind, name, message, number, values = said
        return cls(kind, name, message, number, tuple(values))
