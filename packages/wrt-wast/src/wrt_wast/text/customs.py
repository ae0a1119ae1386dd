"""Custom sections of the text format: `@custom` annotations, and the branch hints of function bodies."""

from __future__ import annotations

from dataclasses import replace

from wrt_foundation.binary import encode_names
from wrt_foundation.binary.leb128 import read_unsigned, write_unsigned
from wrt_foundation.binary.names import NAME_SECTION
from wrt_foundation.binary.sections import ORDER, Section
from wrt_foundation.binary.types import read_value_type, write_value_type
from wrt_foundation.errors import DecodeError, TextError
from wrt_foundation.module import CustomSection
from wrt_foundation.types import ExternKind, ValueType
from wrt_wast.text.annotations import (
    BRANCH_HINT,
    CUSTOM,
    DATA_COUNT,
    LOCALS,
    NAMES,
    PRODUCERS,
    AnnotationError,
    take_bytes,
)
from wrt_wast.text.context import Context
from wrt_wast.text.lexer import Annotation
from wrt_wast.text.producers import producers_section
from wrt_wast.text.strings import StringError, decode_name, decode_string

__all__ = [
    "SECTION_KEYWORDS",
    "branch_hint_section",
    "locals_bytes",
    "merged_runs",
    "place_names",
    "read_customs",
    "runs_as_declared",
]

SECTION_KEYWORDS: dict[str, Section] = {
    "type": Section.TYPE,
    "import": Section.IMPORT,
    "func": Section.FUNCTION,
    "table": Section.TABLE,
    "memory": Section.MEMORY,
    "tag": Section.TAG,
    "global": Section.GLOBAL,
    "export": Section.EXPORT,
    "start": Section.START,
    "elem": Section.ELEMENT,
    "datacount": Section.DATA_COUNT,
    "code": Section.CODE,
    "data": Section.DATA,
}
"""How `(before …)` and `(after …)` name the sections."""


def read_customs(c: Context) -> None:
    """Take the annotations that stand for custom sections, and for what is said of sections, before the next token."""
    while c.tokens.annotations and (annotation := c.annotation(CUSTOM, NAMES, DATA_COUNT, PRODUCERS)) is not None:
        reader = _Reader(c, annotation)
        if annotation.name == PRODUCERS:
            c.module.customs.append(producers_section(c.tokens, annotation))
        elif annotation.name == CUSTOM:
            c.module.customs.append(reader.section())
        elif annotation.name == NAMES:
            c.module.customs.append(reader.names())
        else:
            reader.end()
            c.uses_data = True


def place_names(c: Context) -> None:
    """Make the name section where an annotation says that it stands; elsewhere encoding makes it."""
    for index, section in enumerate(c.module.customs):
        if section is c.names_place:
            c.module.customs[index] = replace(section, data=encode_names(c.module.names))


class _Reader:
    """Reads the tokens of one `@custom` annotation."""

    def __init__(self, c: Context, annotation: Annotation) -> None:
        self.c = c
        self.annotation = annotation
        self.lexemes = [*annotation.lexemes, ")"]
        self.index = 0

    def error(self, message: str) -> TextError:
        starts = self.annotation.starts
        at = starts[self.index] if self.index < len(starts) else self.annotation.start
        return self.c.tokens.error(f"@{self.annotation.name} annotation: {message}", at, AnnotationError)

    def section(self) -> CustomSection:
        lexeme = self.lexemes[0]
        if lexeme[0] != '"':
            raise self.error("missing section name")
        try:
            name = decode_name(lexeme)
            self.index = 1
            after = self._place()
            data = bytearray()
            while self.lexemes[self.index][0] == '"':
                data += decode_string(self.lexemes[self.index])
                self.index += 1
        except StringError as error:
            raise self.error(error.message) from None
        self.end()
        return CustomSection(name, bytes(data), after)

    def names(self) -> CustomSection:
        if self.c.names_place is not None:
            raise self.error("duplicate annotation")
        self.c.names_place = CustomSection(NAME_SECTION, b"", self._place())
        self.end()
        return self.c.names_place

    def end(self) -> None:
        if self.index < len(self.annotation.lexemes):
            raise self.error("unexpected token")

    def _place(self) -> int:
        """Read the optional place; return the id of the section that ours stands behind."""
        if self.lexemes[self.index] != "(":
            return ORDER[-1].value
        self.index += 1
        direction = self.lexemes[self.index]
        if direction not in ("before", "after"):
            raise self.error("malformed placement, expected before or after")
        self.index += 1
        where = self.lexemes[self.index]
        if (direction, where) == ("before", "first"):
            after = Section.CUSTOM
        elif (direction, where) == ("after", "last"):
            after = ORDER[-1]
        elif where not in SECTION_KEYWORDS:
            raise self.error("malformed section kind")
        else:
            place = ORDER.index(SECTION_KEYWORDS[where])
            after = ORDER[place] if direction == "after" else ORDER[place - 1] if place else Section.CUSTOM
        self.index += 1
        if self.lexemes[self.index] != ")":
            raise self.error("unexpected token")
        self.index += 1
        return after.value


def branch_hint_section(c: Context) -> CustomSection | None:
    """Return the section of the hints that bodies gave, None if there were none.

    A hint's offset counts from the first byte of a function's body, its locals included.
    """
    if not c.hints:
        return None
    imported = len(c.module.imported(ExternKind.FUNC))
    data = bytearray()
    write_unsigned(data, len(c.hints))
    for function, hints in sorted(c.hints.items()):
        start = len(locals_bytes(c.module.codes[function - imported].locals))
        write_unsigned(data, function)
        write_unsigned(data, len(hints))
        for offset, hint in sorted(hints):
            write_unsigned(data, start + offset)
            data += bytes([1, hint])
    return CustomSection(BRANCH_HINT, bytes(data), ORDER[ORDER.index(Section.CODE) - 1].value)


Runs = tuple[tuple[int, ValueType], ...]


def locals_bytes(runs: Runs) -> bytes:
    """Return a body's declaration of locals as its binary form."""
    out = bytearray()
    write_unsigned(out, len(runs))
    for count, type_ in runs:
        write_unsigned(out, count)
        write_value_type(out, type_)
    return bytes(out)


def merged_runs(runs: Runs) -> Runs:
    """Return the same locals in as few runs as possible, which is how text declares them."""
    merged: list[tuple[int, ValueType]] = []
    for count, type_ in runs:
        if merged and merged[-1][1] == type_:
            merged[-1] = (merged[-1][0] + count, type_)
        elif count:
            merged.append((count, type_))
    return tuple(merged)


def runs_as_declared(c: Context) -> Runs | None:
    """Take a `@wrt.locals` annotation that stands before the next token, and return its runs."""
    data = take_bytes(c, LOCALS)
    if data is None:
        return None
    declared: list[tuple[int, ValueType]] = []
    try:
        count, position = read_unsigned(data, 0)
        while len(declared) < count:
            size, position = read_unsigned(data, position)
            type_, position = read_value_type(data, position)
            declared.append((size, type_))
    except (DecodeError, IndexError):
        position = -1
    if position != len(data):
        raise c.error(f"@{LOCALS} annotation: malformed locals")
    return tuple(declared)
