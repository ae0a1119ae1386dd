"""Comparing results with what a script expects: by type, then bit by bit."""

from __future__ import annotations

from typing import Any

from wrt_foundation.subtyping import top_of
from wrt_foundation.types import F32, F64, I32, I64, V128, AbstractHeapType, NumType, RefType, ValueType
from wrt_foundation.values import f32_bits, f64_bits
from wrt_wast.execution.references import HostObject, reference_matches
from wrt_wast.script.values import (
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
from wrt_wast.text.floats import DOUBLE, SINGLE, FloatFormat, format_bits

__all__ = ["matches", "shown_result", "shown_value"]

_FORMATS: dict[NumType, FloatFormat] = {F32: SINGLE, F64: DOUBLE}


def matches(expected: Result, type_: ValueType, value: Any) -> bool:
    """Say whether `value`, of the closed type and in the engines' representation, is what is expected."""
    match expected:
        case Constant():
            return type_ is expected.type and _bits(type_, value) == expected.bits
        case NanPattern():
            return type_ is expected.type and _is_nan(_bits(type_, value), expected.kind, _FORMATS[expected.type])
        case VectorPattern():
            return type_ is V128 and _vector_matches(expected, value)
        case Either():
            return any(matches(choice, type_, value) for choice in expected.choices)
    if not isinstance(type_, RefType):
        return False
    top = top_of(type_.heap)
    match expected:
        case NullReference():
            return value is None and (expected.heap is None or top is top_of(expected.heap))
        case HostReference():
            hierarchy = AbstractHeapType.ANY if expected.internal else AbstractHeapType.EXTERN
            return top is hierarchy and value == HostObject(expected.number)
        case ReferencePattern():
            return value is not None and reference_matches(expected, top, value)


def _bits(type_: NumType, value: Any) -> Any:
    if type_ is F32:
        return f32_bits(value)
    return f64_bits(value) if type_ is F64 else value


def _is_nan(bits: int, kind: NanClass, form: FloatFormat) -> bool:
    magnitude = bits & ~form.sign
    if kind is NanClass.CANONICAL:
        return magnitude == form.infinity | form.canonical
    return magnitude & (form.infinity | form.canonical) == form.infinity | form.canonical


def _vector_matches(expected: VectorPattern, value: bytes) -> bool:
    form = _FORMATS[expected.lane]
    size = form.width // 8
    for index, lane in enumerate(expected.lanes):
        bits = int.from_bytes(value[index * size : (index + 1) * size], "little")
        if not (_is_nan(bits, lane, form) if isinstance(lane, NanClass) else bits == lane):
            return False
    return True


def shown_value(type_: ValueType, value: Any) -> str:
    """Return a value as a script would write it, floats with their exact bits."""
    if type_ is I32 or type_ is I64:
        bits = type_.bits
        return f"({type_}.const {value - (1 << bits) if value >> (bits - 1) else value})"
    if type_ is F32 or type_ is F64:
        return _shown_float(type_, _bits(type_, value))
    if type_ is V128:
        return shown_result(Constant(V128, bytes(value)))
    if value is None:
        return f"(ref.null {top_of(type_.heap)})" if isinstance(type_, RefType) else "(ref.null)"
    if isinstance(value, HostObject):
        return f"(ref.extern {value.number})"
    return f"{type_} {value!r}"


def _shown_float(type_: NumType, bits: int) -> str:
    literal = format_bits(bits, _FORMATS[type_])
    return f"({type_}.const {literal})"


def shown_result(expected: Result) -> str:
    """Return an expected result as scripts write it."""
    match expected:
        case Constant(type=NumType.V128, bits=bytes() as data):
            lanes = " ".join(f"0x{int.from_bytes(data[i : i + 4], 'little'):08x}" for i in range(0, 16, 4))
            return f"(v128.const i32x4 {lanes})"
        case Constant(bits=int() as bits):
            if expected.type in _FORMATS:
                return _shown_float(expected.type, bits)
            return shown_value(expected.type, bits)
        case NanPattern():
            return f"({expected.type}.const {expected.kind.value})"
        case VectorPattern():
            form = _FORMATS[expected.lane]
            lanes = " ".join(e.value if isinstance(e, NanClass) else format_bits(e, form) for e in expected.lanes)
            return f"(v128.const {expected.lane}x{128 // form.width} {lanes})"
        case NullReference():
            return "(ref.null)" if expected.heap is None else f"(ref.null {expected.heap})"
        case HostReference():
            return f"(ref.{'host' if expected.internal else 'extern'} {expected.number})"
        case ReferencePattern():
            return f"(ref.{expected.kind})" if expected.index is None else f"(ref.{expected.kind} {expected.index})"
        case Either():
            return f"(either {' '.join(map(shown_result, expected.choices))})"
        case _:
            return repr(expected)
