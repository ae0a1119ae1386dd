"""Reads the arguments and expected results of scripts."""

from __future__ import annotations

from wrt_foundation.types import F32, F64, I32, I64, V128, AbstractHeapType, NumType
from wrt_wast.script.values import (
    Argument,
    Constant,
    Either,
    HostReference,
    NanClass,
    NanPattern,
    NullReference,
    ReferencePattern,
    Result,
    VectorPattern,
)
from wrt_wast.text.constants import SHAPES, float_bits, integer, vector
from wrt_wast.text.cursor import Cursor
from wrt_wast.text.floats import DOUBLE, SINGLE, FloatFormat
from wrt_wast.text.keywords import HEAP_TYPES

__all__ = ["argument", "result"]

_INTEGERS = {"i32.const": (I32, 32, 0xFFFF_FFFF), "i64.const": (I64, 64, 0xFFFF_FFFF_FFFF_FFFF)}
_FLOATS = {"f32.const": (F32, SINGLE), "f64.const": (F64, DOUBLE)}
_NANS = {kind.value: kind for kind in NanClass}
_LANES: dict[int, NumType] = {32: F32, 64: F64}
_HIERARCHIES = frozenset({"any", "eq", "i31", "struct", "array", "func", "extern", "exn", "cont"})


def argument(c: Cursor) -> Argument:
    """Read an argument of an invocation."""
    found = _value(c)
    if found is None:
        raise c.unexpected("an argument such as (i32.const 0)", c.index + 1 if c.lexemes[c.index] == "(" else None)
    return found


def result(c: Cursor) -> Result:
    """Read an expected result."""
    if c.open("either"):
        choices = []
        while not c.take(")"):
            choices.append(_single_result(c))
        return Either(tuple(choices))
    return _single_result(c)


def _single_result(c: Cursor) -> Result:
    found = _nan(c) or _value(c) or _reference_pattern(c)
    if found is None:
        raise c.unexpected("a result such as (i32.const 0)", c.index + 1 if c.lexemes[c.index] == "(" else None)
    return found


def _value(c: Cursor) -> Constant | NullReference | HostReference | None:
    """Read a number, vector, null or host reference, if one comes next."""
    lexemes, index = c.lexemes, c.index
    if lexemes[index] != "(":
        return None
    keyword = lexemes[index + 1]
    found: Constant | NullReference | HostReference
    if keyword in _INTEGERS:
        type_, bits, mask = _INTEGERS[keyword]
        c.index = index + 2
        found = Constant(type_, integer(c, bits) & mask)
    elif keyword in _FLOATS:
        type_, form = _FLOATS[keyword]
        c.index = index + 2
        found = Constant(type_, float_bits(c, form))
    elif keyword == "v128.const":
        c.index = index + 2
        found = Constant(V128, vector(c))
    elif keyword == "ref.null":
        c.index = index + 2
        found = NullReference(_heap(c))
    elif keyword in ("ref.extern", "ref.host") and lexemes[index + 2] != ")":
        c.index = index + 2
        found = HostReference(c.unsigned(32), internal=keyword == "ref.host")
    else:
        return None
    c.expect(")")
    return found


def _heap(c: Cursor) -> AbstractHeapType | None:
    lexeme = c.lexemes[c.index]
    if lexeme == ")":
        return None
    if lexeme not in HEAP_TYPES:
        raise c.unexpected("an abstract heap type")
    c.index += 1
    return HEAP_TYPES[lexeme]


def _nan(c: Cursor) -> NanPattern | VectorPattern | None:
    """Read a float or a vector of floats that is given by classes of NaNs, if one comes next."""
    lexemes, index = c.lexemes, c.index
    keyword = lexemes[index + 1]
    if lexemes[index] != "(":
        return None
    if keyword in _FLOATS and lexemes[index + 2] in _NANS:
        c.index = index + 3
        c.expect(")")
        return NanPattern(_FLOATS[keyword][0], _NANS[lexemes[index + 2]])
    if keyword != "v128.const":
        return None
    lanes, form = SHAPES.get(lexemes[index + 2], (0, 0))
    if not isinstance(form, FloatFormat) or not any(
        lexeme in _NANS for lexeme in lexemes[index + 3 : index + 3 + lanes]
    ):
        return None
    c.index = index + 3
    found: list[int | NanClass] = []
    for _ in range(lanes):
        kind = _NANS.get(lexemes[c.index])
        if kind is None:
            found.append(float_bits(c, form))
        else:
            found.append(kind)
            c.index += 1
    c.expect(")")
    return VectorPattern(_LANES[form.width], tuple(found))


def _reference_pattern(c: Cursor) -> ReferencePattern | None:
    """Read a pattern such as `(ref.struct)`, if one comes next."""
    keyword = c.lexemes[c.index + 1]
    kind = keyword.removeprefix("ref.")
    if c.lexemes[c.index] != "(" or kind == keyword or kind not in _HIERARCHIES:
        return None
    c.index += 2
    # Not in the specification's own grammar, but wasmtime's tests name functions by their index.
    index = c.unsigned(32) if kind == "func" and c.is_natural() else None
    c.expect(")")
    return ReferencePattern(kind, index)
