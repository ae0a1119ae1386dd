"""Index spaces and identifiers: `$name` → index (specification, section 6.1.3 "Contexts")."""

from __future__ import annotations

from dataclasses import dataclass, field

from wrt_foundation.errors import did_you_mean
from wrt_wast.text.annotations import take_name
from wrt_wast.text.cursor import Cursor, shown

__all__ = ["Ignored", "Space", "Spaces"]


class Space:
    """The indices of one kind of thing, and the identifiers bound to some of them.

    `kind` is what error messages call the thing. `shown` are the names that the name section keeps, by
    index: an identifier's, or that of a `@name` annotation.
    """

    __slots__ = ("count", "identifiers", "kind", "shown")

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.count = 0
        self.identifiers: dict[str, int] = {}
        self.shown: dict[int, str] = {}

    def bind(self, cursor: Cursor) -> int:
        """Read an optional identifier, bind it to the next index, and return that index."""
        lexeme = cursor.lexemes[cursor.index]
        index = self.count
        if lexeme[0] == "$":
            if lexeme in self.identifiers:
                short = self.kind.replace("function", "func")
                raise cursor.error(f"duplicate {short} identifier {shown(lexeme)}")
            self.identifiers[lexeme] = index
            self.shown[index] = lexeme[1:]
            cursor.index += 1
        if cursor.tokens.annotations and (name := take_name(cursor, self.kind)) is not None:
            self.shown[index] = name
        self.count = index + 1
        return index

    def index(self, cursor: Cursor) -> int:
        """Read an index: a number, which need not exist, or an identifier, which must."""
        lexeme = cursor.lexemes[cursor.index]
        if lexeme[0] == "$":
            index = self.identifiers.get(lexeme)
            if index is None:
                raise cursor.error(f"unknown {self.kind} {shown(lexeme)}{self._alike(lexeme)}")
            cursor.index += 1
            return index
        if f"${lexeme}" in self.identifiers and not cursor.is_natural():
            raise cursor.error(f"unknown operator {lexeme} (did you mean '${lexeme}'?)")
        return cursor.unsigned(32, f"a {self.kind}")

    def _alike(self, identifier: str) -> str:
        # Comparing takes time that grows with both; nobody misspells a name of such length.
        return did_you_mean(identifier, self.identifiers) if len(identifier) < 100 else ""


class Ignored(Space):
    """The parameters of a type by itself: identifiers may be written, and mean nothing."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__("parameter")

    def bind(self, cursor: Cursor) -> int:
        """Step over an optional identifier."""
        cursor.identifier()
        if cursor.tokens.annotations:
            take_name(cursor, self.kind)
        self.count += 1
        return self.count - 1


@dataclass(slots=True)
class Spaces:
    """The index spaces of one module; `fields` are by the index of the struct type they belong to."""

    types: Space = field(default_factory=lambda: Space("type"))
    functions: Space = field(default_factory=lambda: Space("function"))
    tables: Space = field(default_factory=lambda: Space("table"))
    memories: Space = field(default_factory=lambda: Space("memory"))
    globals: Space = field(default_factory=lambda: Space("global"))
    tags: Space = field(default_factory=lambda: Space("tag"))
    elements: Space = field(default_factory=lambda: Space("elem segment"))
    data: Space = field(default_factory=lambda: Space("data segment"))
    fields: dict[int, Space] = field(default_factory=dict)
