"""What a snapshot holds, as plain data: numbers for what refers to one another, bytes for values.

Values are packed by their types (`values`), which the modules know; so these classes can be written, read and looked
at without any module, and say nothing that contradicts one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from wrt_foundation.memory.linear_memory import LinearMemory
from wrt_foundation.types import ExternKind

__all__ = [
    "SPACES",
    "ObjectKind",
    "Origin",
    "Saved",
    "SavedCall",
    "SavedFrame",
    "SavedImport",
    "SavedInstance",
    "SavedMemory",
    "SavedModule",
    "SavedObject",
]

SPACES = (ExternKind.FUNC, ExternKind.TABLE, ExternKind.MEMORY, ExternKind.GLOBAL, ExternKind.TAG)
"""The kinds of externs by the number that stands for each."""

Origin = tuple[int, int] | None
"""Where an import comes from: an instance and an index in that one's space; None is the host."""


@dataclass(frozen=True, slots=True)
class SavedModule:
    """A module, by the SHA-256 of its binary in hexadecimal; the name is for messages."""

    hash: str
    name: str | None


@dataclass(frozen=True, slots=True)
class SavedImport:
    """An import of an instance; the names and the kind are the module's."""

    module: str
    name: str
    kind: ExternKind
    origin: Origin


@dataclass(frozen=True, slots=True)
class SavedMemory:
    """A memory: its size in pages, and its bytes, packed (`memory_pages`) or, in a copy within a process, as it is."""

    pages: int
    content: bytes | LinearMemory


@dataclass(slots=True)
class SavedInstance:
    """An instance: what it imports, and the state of what it defines or has from the host, in order of the index.

    `tables` are lists of references; `data` says of each segment whether it is dropped; `elements` has the references
    of those that are not.
    """

    module: int
    imports: list[SavedImport]
    memories: list[SavedMemory]
    tables: list[bytes]
    globals: list[bytes]
    data: list[bool]
    elements: list[bytes | None]


class ObjectKind(IntEnum):
    """What a reference refers to."""

    FUNC = 1
    """`first` is an instance, `second` a function's index; an import from the host is that host function."""
    STRUCT = 2
    """`first` is a module, `second` the index of a type; the descriptor, if the type has one, then the fields."""
    ARRAY = 3
    """`first` is a module, `second` the index of a type, `count` the number of elements."""
    EXCEPTION = 4
    """`first` is an instance, `second` a tag's index; what it carries."""
    HOST = 5
    """A plain value of the host's: None, a truth value, a number, text or bytes."""
    EXTERNAL = 6
    """An object of the host's by the name that it gave it."""
    LIVE = 7
    """In a copy within a process: an object of the host's, `first` in a list of such."""


@dataclass(frozen=True, slots=True)
class SavedObject:
    """Something that is referred to; `content` is packed by its type."""

    kind: ObjectKind
    first: int = 0
    second: int = 0
    count: int = 0
    content: bytes = b""


@dataclass(frozen=True, slots=True)
class SavedFrame:
    """An activation; `values` are its locals, operands and held exceptions. The name is for whoever looks."""

    instance: int
    function: int
    name: str | None
    kind: str
    offset: int
    values: bytes


@dataclass(frozen=True, slots=True)
class SavedCall:
    """The call itself. `values` are its results if it has finished, `results` their types; else what the innermost
    frame's call gives, if it is in a call. Fuel None is not metered; times are in seconds.
    """

    function: tuple[int, int]
    state: str
    reason: str | None
    fuel: int | None
    fuel_given: int
    fuel_needed: int
    time_left: float | None
    results: tuple[int, ...]
    values: bytes


@dataclass(slots=True)
class Saved:
    """A whole snapshot. Frames are outermost first; `live` are the host's objects in a copy within a process."""

    modules: list[SavedModule]
    instances: list[SavedInstance]
    objects: list[SavedObject]
    frames: list[SavedFrame]
    call: SavedCall
    live: list[Any] = field(default_factory=list)
