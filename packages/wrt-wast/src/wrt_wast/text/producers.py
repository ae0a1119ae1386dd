"""`@producers` annotations, which wasm-tools has: who made a module, as the tool conventions' section says it."""

from __future__ import annotations

from wrt_foundation.binary.leb128 import write_unsigned
from wrt_foundation.binary.sections import ORDER
from wrt_foundation.module import CustomSection
from wrt_wast.text.annotations import PRODUCERS
from wrt_wast.text.cursor import Cursor
from wrt_wast.text.lexer import Annotation, Tokens

__all__ = ["producers_section"]

_FIELDS = ("language", "processed-by", "sdk")


def producers_section(tokens: Tokens, annotation: Annotation) -> CustomSection:
    """Return the section that an annotation stands for: `(language "name" "version")` and its like, in order.

    Raises `TextError` if it is malformed.
    """
    body = Tokens(tokens.source, tokens.filename, [*annotation.lexemes, ")"], [*annotation.starts, annotation.start])
    c = Cursor(body)
    fields: dict[str, list[tuple[str, str]]] = {}
    while c.index < len(annotation.lexemes):
        c.expect("(")
        fields.setdefault(_field(c), []).append((c.name(), c.name()))
        c.expect(")")
    data = bytearray()
    write_unsigned(data, len(fields))
    for field, values in fields.items():
        _write(data, field)
        write_unsigned(data, len(values))
        for name, version in values:
            _write(data, name)
            _write(data, version)
    return CustomSection(PRODUCERS, bytes(data), ORDER[-1].value)


def _field(c: Cursor) -> str:
    keyword = c.lexemes[c.index]
    if keyword not in _FIELDS:
        raise c.error(f"unexpected token {keyword}, expected {', '.join(_FIELDS)}")
    c.index += 1
    return keyword


def _write(out: bytearray, text: str) -> None:
    data = text.encode()
    write_unsigned(out, len(data))
    out += data
