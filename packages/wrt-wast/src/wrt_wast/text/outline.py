"""The outline of a module: its fields, found before any is read, so that identifiers may be used before they are bound.

Every field's identifier is bound here, in the order of the text; so is the order of imports checked.
"""

from __future__ import annotations

from dataclasses import dataclass

from wrt_wast.text.context import Context
from wrt_wast.text.lexer import END
from wrt_wast.text.spaces import Space

__all__ = ["Field", "outline"]


@dataclass(slots=True)
class Field:
    """A field of a module: its keyword, the token after its identifier, and its index in its index space.

    `end` is the token after its closing parenthesis.
    """

    keyword: str
    start: int
    body: int
    index: int
    end: int


_IMPORTABLE = {"func": "function", "table": "table", "memory": "memory", "global": "global", "tag": "tag"}


def _space(c: Context, keyword: str) -> Space | None:
    spaces = c.spaces
    return {
        "func": spaces.functions,
        "table": spaces.tables,
        "memory": spaces.memories,
        "global": spaces.globals,
        "tag": spaces.tags,
        "elem": spaces.elements,
        "data": spaces.data,
        "type": spaces.types,
    }.get(keyword)


_FIELDS = ("func", "table", "memory", "global", "tag", "elem", "data", "type", "rec", "import", "export", "start")
_OTHERS = ("rec", "import", "export", "start")


def outline(c: Context) -> list[Field]:
    """Return the fields from the next token on, up to a parenthesis that closes none of them."""
    fields: list[Field] = []
    defined: str | None = None
    while c.lexemes[c.index] == "(":
        start = c.index
        keyword = c.lexemes[start + 1]
        c.index = start + 2
        space = _space(c, keyword)
        if space is None and keyword not in _OTHERS:
            c.index = start + 1
            raise c.unexpected("a module field such as func, type or memory", known=_FIELDS)
        index = space.bind(c) if space is not None else 0
        body = c.index
        imports = keyword == "import"
        if imports:
            _bind_import(c)
        elif keyword == "rec":
            index = _bind_group(c)
        elif keyword in _IMPORTABLE:
            imports = _imports_inline(c)
            _bind_inline_segment(c, keyword)
        if imports and defined is not None:
            raise c.error(f"import after {defined}", start)
        if not imports and defined is None:
            defined = _IMPORTABLE.get(keyword)
        c.index = body
        c.skip_form()
        fields.append(Field(keyword, start, body, index, c.index))
    return fields


def _bind_import(c: Context) -> None:
    """Bind the identifier in `(import "module" "name" (kind $id …))`; what is wrong is found on reading it."""
    lexemes, index = c.lexemes, c.index
    if lexemes[index][0] == '"' and lexemes[index + 1][0] == '"' and lexemes[index + 2] == "(":
        keyword = lexemes[index + 3]
        space = _space(c, keyword)
        if space is not None and keyword in _IMPORTABLE:
            c.index = index + 4
            space.bind(c)


def _bind_group(c: Context) -> int:
    """Bind the types of a recursive group; return the index of the first."""
    first = c.spaces.types.count
    while c.open("type"):
        c.spaces.types.bind(c)
        c.skip_form()
    return first


def _imports_inline(c: Context) -> bool:
    while c.open("export"):
        c.skip_form()
    return c.lexemes[c.index] == "(" and c.lexemes[c.index + 1] == "import"


def _bind_inline_segment(c: Context, keyword: str) -> None:
    """Count the segment that a table or memory may define within itself; it has no identifier."""
    if keyword not in ("table", "memory"):
        return
    space, segment = (c.spaces.elements, "elem") if keyword == "table" else (c.spaces.data, "data")
    while c.lexemes[c.index] not in (")", END):
        if c.open(segment):
            space.count += 1
            return
        if c.take("("):
            c.skip_form()
        else:
            c.index += 1
