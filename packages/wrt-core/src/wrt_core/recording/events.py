"""Events: what passes between a guest and its host, in order; each is a line of the journal.

A run goes to and fro between the two. `Begin` and `Call` enter the guest, and `Done` or `Failed` answer them;
`Imported` enters the host, and `Answered` or `Raised` answer it; each may come within the other. What stands between a
line that enters the host and the next that enters the guest is what the host did there, in that order.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any, ClassVar

from wrt_core.recording.failure import Failure
from wrt_core.recording.values import Value

__all__ = [
    "Answered",
    "Begin",
    "Call",
    "Done",
    "Element",
    "End",
    "Event",
    "Failed",
    "Grown",
    "Imported",
    "Lengthened",
    "Raised",
    "Read",
    "Variable",
    "Written",
    "dump",
    "load",
]

Stack = tuple[tuple[int, int | None], ...]
"""Frames, innermost first: the index of a function, and the offset of an instruction if it is known."""


@dataclass(frozen=True, slots=True)
class Event:
    """What happened. `word` begins its line."""

    word: ClassVar[str] = ""


@dataclass(frozen=True, slots=True)
class Begin(Event):
    """The module is instantiated: its segments are copied, its start function runs."""

    word: ClassVar[str] = "begin"


@dataclass(frozen=True, slots=True)
class Call(Event):
    """The host calls a function of the guest."""

    word: ClassVar[str] = "call"
    function: int
    arguments: list[Value]


@dataclass(frozen=True, slots=True)
class Done(Event):
    """The guest returns to the host, or has begun."""

    word: ClassVar[str] = "done"
    results: list[Value]


@dataclass(frozen=True, slots=True)
class Failed(Event):
    """What the host had called ends by an exception."""

    word: ClassVar[str] = "failed"
    failure: Failure


@dataclass(frozen=True, slots=True)
class Imported(Event):
    """The guest calls the host: an import, by its index, or a function that the host put into a table, after those.

    `sizes` are those of the guest's memories, in pages.
    """

    word: ClassVar[str] = "import"
    function: int
    arguments: list[Value]
    sizes: list[int]
    stack: Stack


@dataclass(frozen=True, slots=True)
class Answered(Event):
    """The host returns to the guest."""

    word: ClassVar[str] = "answer"
    results: list[Value]


@dataclass(frozen=True, slots=True)
class Raised(Event):
    """What the guest had called ends by an exception."""

    word: ClassVar[str] = "raise"
    failure: Failure


@dataclass(frozen=True, slots=True)
class Read(Event):
    """The host reads from a memory of the guest's."""

    word: ClassVar[str] = "read"
    memory: int
    address: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Written(Event):
    """The host writes to a memory."""

    word: ClassVar[str] = "write"
    memory: int
    address: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Grown(Event):
    """The host makes a memory grow by so many pages."""

    word: ClassVar[str] = "grow"
    memory: int
    pages: int


@dataclass(frozen=True, slots=True)
class Variable(Event):
    """The host sets a global."""

    word: ClassVar[str] = "global"
    index: int
    value: Value


@dataclass(frozen=True, slots=True)
class Lengthened(Event):
    """The host makes a table longer; the new elements are null."""

    word: ClassVar[str] = "lengthen"
    table: int
    count: int


@dataclass(frozen=True, slots=True)
class Element(Event):
    """The host sets an element of a table.

    A function of its own that it sets there is {"own": n}, n its index behind the imports; `params` and `results` are
    its type, and empty otherwise.
    """

    word: ClassVar[str] = "element"
    table: int
    index: int
    value: Value
    params: list[str]
    results: list[str]


@dataclass(frozen=True, slots=True)
class End(Event):
    """The recording was closed: so many calls of the host there were, and this is in memories and globals.

    Of each memory the SHA-256 of its bytes in hexadecimal.
    """

    word: ClassVar[str] = "end"
    calls: int
    memories: list[str]
    globals: list[Value]


_KINDS: dict[str, type[Event]] = {each.word: each for each in Event.__subclasses__()}


def dump(event: Event) -> list[Any]:
    """Return what the journal says of an event, as JSON can."""
    said: list[Any] = [event.word]
    for field in fields(event):
        value = getattr(event, field.name)
        if isinstance(value, bytes):
            value = base64.b64encode(value).decode()
        elif isinstance(value, Failure):
            value = value.dump()
        said.append(value)
    return said


def load(said: Any) -> Event:
    """Return the event that the journal speaks of. Raises `ValueError` if it is none."""
    if not isinstance(said, list) or not said or not isinstance(said[0], str) or said[0] not in _KINDS:
        raise ValueError("no event that is known")
    kind = _KINDS[said[0]]
    expected = fields(kind)
    if len(said) - 1 != len(expected):
        raise ValueError(f"{said[0]!r} has {len(expected)} fields, not {len(said) - 1}")
    return kind(*(_FIELDS[field.type](value) for field, value in zip(expected, said[1:], strict=True)))


def _natural(value: Any) -> int:
    if type(value) is not int or not 0 <= value < 1 << 64:
        raise ValueError(f"{value!r:.40} is no number that can be here")
    return value


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise ValueError(f"{value!r:.40} is no list")
    return value


def _naturals(value: Any) -> list[int]:
    return [_natural(each) for each in _list(value)]


def _texts(value: Any) -> list[str]:
    if not all(isinstance(each, str) for each in _list(value)):
        raise ValueError(f"{value!r:.40} is no list of texts")
    return list(value)


def _bytes(value: Any) -> bytes:
    if not isinstance(value, str):
        raise ValueError(f"{value!r:.40} is no text")
    try:
        return base64.b64decode(value, validate=True)
    except binascii.Error as error:
        raise ValueError(f"bytes that are not Base64: {error}") from None


def load_stack(value: Any) -> Stack:
    """Return the frames that the journal speaks of. Raises `ValueError` if they are none."""
    frames = []
    for each in _list(value):
        function, offset = each if isinstance(each, list) and len(each) == 2 else (None, None)
        frames.append((_natural(function), None if offset is None else _natural(offset)))
    return tuple(frames)


_FIELDS: dict[Any, Callable[[Any], Any]] = {
    "int": _natural,
    "bytes": _bytes,
    "Value": lambda value: value,
    "list[Value]": _list,
    "list[int]": _naturals,
    "list[str]": _texts,
    "Stack": load_stack,
    "Failure": lambda value: Failure.load(_list(value)),
}
"""What is to be made of each field, by the annotation that it has."""
