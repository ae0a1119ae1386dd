"""`parse_module`: from text to a `Module` (specification, chapter 6).

A module is read in three steps: its outline, which binds the identifiers; its type definitions, on
which type uses build; and the other fields, in order.
"""

from __future__ import annotations

from wrt_foundation.binary import decode
from wrt_foundation.features import ALL, Features
from wrt_foundation.module import Module
from wrt_foundation.types import RecType
from wrt_wast.dialect import Dialect
from wrt_wast.text.annotations import kept, refuse_misplaced, take_name
from wrt_wast.text.context import Context
from wrt_wast.text.customs import branch_hint_section, place_names, read_customs
from wrt_wast.text.fields import read_field
from wrt_wast.text.lexer import END, decode_source, tokenize
from wrt_wast.text.outline import Field, outline
from wrt_wast.text.types import recursive_group, type_definition

__all__ = ["parse_module", "read_fields", "read_module"]


def parse_module(
    source: str | bytes,
    filename: str | None = None,
    features: Features = ALL,
    dialect: Dialect = Dialect.STANDARD,
) -> Module:
    """Return the module that `source`, in UTF-8 if it is bytes, is the text of.

    It may be a `(module …)`, whose contents may also be given as strings of `binary` or `quote`, or
    bare fields. Identifiers and `@name` annotations become the module's names. `features` matter only
    where a feature changed the grammar of what had been there before it; `dialect` says what is accepted
    beyond the specification. Raises `TextError`, with line and column, for malformed text; `DecodeError`
    for the bytes of a malformed `(module binary …)`.
    """
    return read_module(source, filename, features, dialect)[0]


def read_module(
    source: str | bytes, filename: str | None, features: Features, dialect: Dialect
) -> tuple[Module, Context | None]:
    """Return the module that `source` is the text of, and what read it; None if that was no text but bytes.

    It is as `parse_module` says.
    """
    c = Context(tokenize(decode_source(source, filename), filename, kept(dialect)), 0, features, dialect)
    if c.lexemes[0] == "(" and c.lexemes[1] == "module":
        c.index = 2
        identifier = c.identifier()
        keyword = c.lexemes[c.index]
        if keyword in ("binary", "quote"):
            c.index += 1
            data = c.strings()
            c.expect(")")
            _expect_end(c)
            if keyword == "binary":
                return decode(data), None
            return read_module(data, f"{filename or '<text>'} (quoted)", features, dialect)
        read_fields(c, identifier)
        if not c.take(")"):
            raise c.unexpected("a parenthesis")
    else:
        read_fields(c, None)
    _expect_end(c)
    refuse_misplaced(c.tokens, 0, c.index)
    return c.module, c


def _expect_end(c: Context) -> None:
    if c.lexemes[c.index] != END:
        raise c.unexpected("the end of the text")


def read_fields(c: Context, identifier: str | None) -> None:
    """Read a module's fields from the next token on into `c.module`, up to a parenthesis that is not theirs.

    `identifier` is the module's own, from which it gets its name unless a `@name` says otherwise.
    """
    names = c.module.names
    names.module = identifier[1:] if identifier is not None else None
    if c.tokens.annotations and (name := take_name(c, "module")) is not None:
        names.module = name
    fields = outline(c)
    end = c.index
    definitions = [field for field in fields if field.keyword in ("type", "rec")]
    for field in definitions:
        _define(c, field)
    for field in fields:
        c.index = field.start
        read_customs(c)
        if field.keyword not in ("type", "rec"):
            read_field(c, field)
    c.index = end
    read_customs(c)
    if c.uses_data:
        c.module.data_count = len(c.module.data)
    if (hints := branch_hint_section(c)) is not None:
        c.module.customs.append(hints)
    _name(c)
    place_names(c)


def _define(c: Context, field: Field) -> None:
    c.index = field.body
    if field.keyword == "rec":
        c.define(recursive_group(c))
    else:
        c.define(RecType((type_definition(c, field.index),)))


def _name(c: Context) -> None:
    """Keep the identifiers as names."""
    names, spaces = c.module.names, c.spaces
    names.functions = spaces.functions.shown
    names.types = spaces.types.shown
    names.tables = spaces.tables.shown
    names.memories = spaces.memories.shown
    names.globals = spaces.globals.shown
    names.elements = spaces.elements.shown
    names.data = spaces.data.shown
    names.tags = spaces.tags.shown
    names.fields = {index: space.shown for index, space in spaces.fields.items() if space.shown}
