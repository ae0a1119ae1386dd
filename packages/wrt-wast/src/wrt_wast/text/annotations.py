"""Annotations that mean something: `@name`, `@custom`, `@metadata.code.branch_hint`.

Specification: appendix "Custom Sections and Annotations". An annotation belongs to the token that it
stands before; whoever reads that token takes it. One that nobody took stands in the wrong place.
"""

from __future__ import annotations

from wrt_foundation.errors import TextError
from wrt_wast.dialect import Dialect
from wrt_wast.text.cursor import Cursor
from wrt_wast.text.lexer import Annotation, Tokens
from wrt_wast.text.strings import StringError, decode_name, decode_string

__all__ = [
    "AnnotationError",
    "BRANCH_HINT",
    "CUSTOM",
    "KEPT",
    "NAME",
    "refuse_misplaced",
    "take_branch_hint",
    "take_name",
]

NAME = "name"
CUSTOM = "custom"
BRANCH_HINT = "metadata.code.branch_hint"


class AnnotationError(TextError):
    """An annotation that is malformed or misplaced: the module would be well-formed without it."""


CODE = "wrt.code"
"""The bytes of a body's or constant expression's instructions, where they are not in their shortest form."""
LOCALS = "wrt.locals"
"""The bytes of a body's declaration of locals, where runs of the same type are not merged."""
DATA_COUNT = "wrt.datacount"
"""There is a data count section although no body needs it."""
NAMES = "wrt.names"
"""Where the name section stands, if that is not the end."""

PRODUCERS = "producers"
"""Who made the module; only some dialects know it."""

KEPT = frozenset({NAME, CUSTOM, BRANCH_HINT, CODE, LOCALS, DATA_COUNT, NAMES})
"""The annotations that the lexer must keep; it skips all others."""


def kept(dialect: Dialect) -> frozenset[str]:
    """Return the annotations that mean something in a dialect."""
    return KEPT if dialect is Dialect.STANDARD else KEPT | {PRODUCERS}


def take_name(cursor: Cursor, kind: str) -> str | None:
    """Take a `(@name "…")` that stands before the next token; `kind` is what it names."""
    annotation = cursor.annotation(NAME)
    if annotation is None:
        return None
    if (second := cursor.annotation(NAME)) is not None:
        raise cursor.tokens.error(f"@name annotation: multiple {kind}", second.start, AnnotationError)
    if len(annotation.lexemes) != 1 or annotation.lexemes[0][0] != '"':
        raise cursor.tokens.error(
            "@name annotation: unexpected token, expected a string", annotation.start, AnnotationError
        )
    try:
        return decode_name(annotation.lexemes[0])
    except StringError as error:
        raise cursor.tokens.error(f"@name annotation: {error.message}", annotation.starts[0], AnnotationError) from None


def take_bytes(cursor: Cursor, name: str) -> bytes | None:
    """Take an annotation `name` that stands before the next token and holds one string; return its bytes."""
    annotation = cursor.annotation(name)
    if annotation is None:
        return None
    if len(annotation.lexemes) != 1 or annotation.lexemes[0][0] != '"':
        message = f"@{name} annotation: unexpected token, expected a string"
        raise cursor.tokens.error(message, annotation.start, AnnotationError)
    try:
        return decode_string(annotation.lexemes[0])
    except StringError as error:
        message = f"@{name} annotation: {error.message}"
        raise cursor.tokens.error(message, annotation.starts[0], AnnotationError) from None


def take_branch_hint(cursor: Cursor) -> int | None:
    """Take a branch hint that stands before the next token: 1 for likely, 0 for unlikely."""
    at = cursor.tokens.annotations[cursor.index][0].start if cursor.tokens.annotations.get(cursor.index) else 0
    value = take_bytes(cursor, BRANCH_HINT)
    if value is None:
        return None
    if (second := cursor.annotation(BRANCH_HINT)) is not None:
        raise cursor.tokens.error(f"@{BRANCH_HINT} annotation: duplicate annotation", second.start, AnnotationError)
    if value not in (b"\x00", b"\x01"):
        message = f'@{BRANCH_HINT} annotation: invalid hint, expected "\\00" or "\\01"'
        raise cursor.tokens.error(message, at, AnnotationError)
    return value[0]


def refuse_misplaced(tokens: Tokens, first: int, last: int) -> None:
    """Raise for the first annotation, before a token from `first` to `last`, that nobody took."""
    if not tokens.annotations:
        return
    for index in sorted(tokens.annotations):
        if first <= index <= last and tokens.annotations[index]:
            raise _misplaced(tokens, tokens.annotations[index][0])


def _misplaced(tokens: Tokens, annotation: Annotation) -> TextError:
    if annotation.name == BRANCH_HINT:
        return tokens.error(f"@{BRANCH_HINT} annotation: not in a function", annotation.start, AnnotationError)
    return tokens.error(f"misplaced @{annotation.name} annotation", annotation.start, AnnotationError)
