"""Type uses: `(type x)`, spelled out, or both (specification, section 6.6.4 "Type Uses")."""

from __future__ import annotations

from wrt_foundation.types import FuncType
from wrt_wast.text.context import Context
from wrt_wast.text.spaces import Space
from wrt_wast.text.types import function_signature

__all__ = ["block_type_use", "type_use"]

_EMPTY = FuncType()


def type_use(c: Context, space: Space | None = None) -> int:
    """Read a type use and return the type's index; parameters' identifiers are bound in `space`.

    A type that is only spelled out is looked up, or added to the module. One that is given both ways
    must agree with itself.
    """
    index, at, function = _parts(c, space)
    if index is None:
        return c.function_type(function)
    if function != _EMPTY:
        _agree(c, index, function, at)
    return index


def block_type_use(c: Context) -> tuple[int | None, FuncType]:
    """Read a block's type: the index if one is given, and what is spelled out."""
    index, at, function = _parts(c, None)
    if index is not None and function != _EMPTY:
        _agree(c, index, function, at)
    return index, function


def _parts(c: Context, space: Space | None) -> tuple[int | None, int, FuncType]:
    index, at = None, c.index
    if c.open("type"):
        at = c.index
        index = c.spaces.types.index(c)
        c.expect(")")
    if c.lexemes[c.index] != "(":
        return index, at, _EMPTY
    function = function_signature(c, space)
    if c.lexemes[c.index] == "(" and c.lexemes[c.index + 1] in ("type", "param"):
        raise c.unexpected("the type, then parameters, then results", c.index + 1)
    return index, at, function


def _agree(c: Context, index: int, function: FuncType, at: int) -> None:
    if index >= len(c.subtypes):
        raise c.error(f"unknown type {index}", at)
    declared = c.subtypes[index].composite
    if not isinstance(declared, FuncType):
        raise c.error(f"inline function type: type {index} is not a function type", at)
    if declared != function:
        raise c.error(f"inline function type: type {index} is {declared}, not {function}", at)
