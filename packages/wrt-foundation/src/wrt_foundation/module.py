"""`Module`: a module as its binary format writes it, section by section.

A plain tree of values: what decoding yields, what encoding takes, what a text parser assembles. It has
not been validated; `wrt_core` makes a `ValidatedModule` of it. Function bodies and constant expressions
stay bytes until someone reads their instructions (`binary.instructions`). A module is not changed once
it has been handed to an engine, and may then be shared by threads.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum

from wrt_foundation.positions import Positions
from wrt_foundation.types import (
    ExternKind,
    ExternType,
    FuncUse,
    GlobalType,
    MemoryType,
    RecType,
    RefType,
    SubType,
    TableType,
    TagUse,
    ValueType,
)

__all__ = [
    "Code",
    "CustomSection",
    "DataSegment",
    "ElementSegment",
    "Export",
    "Expression",
    "Global",
    "Import",
    "Mode",
    "Module",
    "Names",
    "Table",
]


@dataclass(frozen=True, slots=True)
class Expression:
    """A constant expression: its instructions' bytes, the closing `end` included, and their offset in the binary."""

    code: bytes
    offset: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Import:
    """Something a module asks for, by two names."""

    module: str
    name: str
    type: ExternType

    @property
    def kind(self) -> ExternKind:
        """What is imported."""
        return _KIND_OF[type(self.type)]


_KIND_OF: dict[type, ExternKind] = {
    FuncUse: ExternKind.FUNC,
    TableType: ExternKind.TABLE,
    MemoryType: ExternKind.MEMORY,
    GlobalType: ExternKind.GLOBAL,
    TagUse: ExternKind.TAG,
}


@dataclass(frozen=True, slots=True)
class Export:
    """Something a module offers: a name, and an index into the index space of its kind."""

    name: str
    kind: ExternKind
    index: int


@dataclass(frozen=True, slots=True)
class Table:
    """A table that the module defines; `init` fills it, None with null."""

    type: TableType
    init: Expression | None = None


@dataclass(frozen=True, slots=True)
class Global:
    """A global that the module defines."""

    type: GlobalType
    init: Expression


class Mode(Enum):
    """When a segment is used: on instantiation, by instructions only, or never (it declares functions for ref.func)."""

    ACTIVE = "active"
    PASSIVE = "passive"
    DECLARATIVE = "declarative"


@dataclass(frozen=True, slots=True)
class ElementSegment:
    """References for tables: function indices (`functions`) or constant expressions (`expressions`), never both.

    `table` and `offset` belong to active segments. `flags` is the binary's own form of the segment
    (0 to 7, specification section 5.5.12), kept so that encoding gives back the same bytes.
    """

    mode: Mode
    type: RefType
    functions: tuple[int, ...] = ()
    expressions: tuple[Expression, ...] = ()
    table: int = 0
    offset: Expression | None = None
    flags: int = 0

    def __len__(self) -> int:
        return len(self.functions) or len(self.expressions)


@dataclass(frozen=True, slots=True)
class DataSegment:
    """Bytes for memories. `memory` and `offset` belong to active segments; `flags` is the binary's form (0 to 2)."""

    mode: Mode
    data: bytes
    memory: int = 0
    offset: Expression | None = None
    flags: int = 0


@dataclass(frozen=True, slots=True)
class Code:
    """A function's body.

    `locals` are runs of (count, type) as the binary declares them, without parameters; `code` the
    instructions' bytes, the closing `end` included, at `offset` in the module's binary.
    """

    locals: tuple[tuple[int, ValueType], ...]
    code: bytes
    offset: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class CustomSection:
    """A section that the specification gives no meaning to.

    `after` is the id of the last known section before it that is not empty (0 where there is none), so
    that encoding puts it back; `offset` that of its contents in the binary.
    """

    name: str
    data: bytes
    after: int = 0
    offset: int = field(default=0, compare=False)


@dataclass(slots=True)
class Names:
    """What the name section says: names by index, for backtraces and for printing.

    Maps of maps are by function and local, function and label, type and field.
    """

    module: str | None = None
    functions: dict[int, str] = field(default_factory=dict)
    locals: dict[int, dict[int, str]] = field(default_factory=dict)
    labels: dict[int, dict[int, str]] = field(default_factory=dict)
    types: dict[int, str] = field(default_factory=dict)
    tables: dict[int, str] = field(default_factory=dict)
    memories: dict[int, str] = field(default_factory=dict)
    globals: dict[int, str] = field(default_factory=dict)
    elements: dict[int, str] = field(default_factory=dict)
    data: dict[int, str] = field(default_factory=dict)
    fields: dict[int, dict[int, str]] = field(default_factory=dict)
    tags: dict[int, str] = field(default_factory=dict)


@dataclass(slots=True)
class Module:
    """A module: see this file's docstring.

    `functions` are the type indices of the functions that `codes` are the bodies of; `data_count` is
    the data count section's number, None when there is no such section. `binary` is what the module was
    decoded from, empty when it was not. Index spaces put imports first. Modules are equal if they say the
    same: where in a binary they say it, and with how much padding, makes no difference.

    `filename` is the file that the module was read from, None if it was no file. `positions` knows what text the
    instructions of `binary` were assembled from, None unless whoever assembled it says so; what debug information in
    the module says, `wrt_core.debugging.positions` reads.
    """

    types: list[RecType] = field(default_factory=list)
    imports: list[Import] = field(default_factory=list)
    functions: list[int] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    memories: list[MemoryType] = field(default_factory=list)
    tags: list[TagUse] = field(default_factory=list)
    globals: list[Global] = field(default_factory=list)
    exports: list[Export] = field(default_factory=list)
    start: int | None = None
    elements: list[ElementSegment] = field(default_factory=list)
    data_count: int | None = None
    codes: list[Code] = field(default_factory=list)
    data: list[DataSegment] = field(default_factory=list)
    customs: list[CustomSection] = field(default_factory=list)
    binary: bytes = field(default=b"", compare=False, repr=False)
    filename: str | None = field(default=None, compare=False, repr=False)
    positions: Positions | None = field(default=None, compare=False, repr=False)
    _names: Names | None = field(default=None, init=False, compare=False, repr=False)
    _read_names: Callable[[], Names] | None = field(default=None, init=False, compare=False, repr=False)

    @property
    def names(self) -> Names:
        """What the module's parts are called. Not part of its meaning: modules compare without it."""
        if self._names is None:
            self._names = Names() if self._read_names is None else self._read_names()
        return self._names

    def defer_names(self, read: Callable[[], Names]) -> None:
        """Have `names` be what `read` returns when somebody first asks: most runs never do."""
        self._names, self._read_names = None, read

    @property
    def subtypes(self) -> list[SubType]:
        """The type definitions, flat, by type index."""
        return [sub for group in self.types for sub in group.subtypes]

    def imported(self, kind: ExternKind) -> list[Import]:
        """The imports of one kind, in order: the first entries of that kind's index space."""
        return [i for i in self.imports if i.kind is kind]
