"""Values in journals: what JSON can say of them, exactly.

Numbers are their bits as an unsigned integer, floats too; a vector is 32 hexadecimal digits. Of references, null is
null; {"func": n} is a function of the guest's index space; {"host": n} an object of the host's, which the guest hands
on and never looks into, numbered as they appear; {"i31": n} an unboxed scalar. Others are not recorded.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from wrt_core.recording.errors import RecordingError
from wrt_core.runtime.aggregates import I31, Array, Struct
from wrt_core.runtime.continuation import Continuation
from wrt_core.runtime.function import Func
from wrt_core.runtime.references import membership
from wrt_foundation.traps import WasmException
from wrt_foundation.types import NumType, RefType, ValueType
from wrt_foundation.values import f32_bits, f32_from_bits, f64_bits, f64_from_bits

__all__ = ["HostObject", "References", "Value", "same"]

Value = Any
"""What stands in the journal for a value: an int, a str, None, or a dict of one item."""

_BITS = {NumType.I32: 32, NumType.I64: 64, NumType.F32: 32, NumType.F64: 64}
_EXPONENT_AND_FRACTION = {NumType.F32: (0x7F80_0000, 0x007F_FFFF), NumType.F64: (0x7FF << 52, (1 << 52) - 1)}


class HostObject:
    """Stands in a replay for an object of the host's that the guest refers to."""


class References:
    """The references of one guest, each under a number for as long as the journal lasts.

    `functions` is the guest's index space of functions, once there is one.
    """

    def __init__(self) -> None:
        self.functions: Sequence[Func] = ()
        self._indices: dict[int, int] | None = None
        self._objects: dict[int, Any] = {}
        self._numbers: dict[int, int] = {}

    def dump(self, type_: ValueType, value: Any) -> Value:
        """Return what the journal says of a value in the engines' representation.

        Raises `RecordingError` for a reference that can't be recorded.
        """
        match type_:
            case NumType.I32 | NumType.I64:
                return int(value)  # translated code may hold a condition as a bool
            case NumType.F32:
                return f32_bits(value)
            case NumType.F64:
                return f64_bits(value)
            case NumType.V128:
                return bytes(value).hex()
        return self._reference(value)

    def dump_all(self, types: Sequence[ValueType], values: Sequence[Any]) -> list[Value]:
        """Return what the journal says of several values."""
        return [self.dump(type_, value) for type_, value in zip(types, values, strict=True)]

    def load(self, type_: ValueType, value: Value) -> Any:
        """Return the value that the journal speaks of. Raises `ValueError` if it is none of the type."""
        if isinstance(type_, RefType):
            found = self._referred(value)
            if not membership(type_)(found):
                raise ValueError(f"{value!r} is no {type_}")
            return found
        if type_ is NumType.V128:
            if not isinstance(value, str) or len(value) != 32:
                raise ValueError(f"{value!r} is no {type_}")
            return bytes.fromhex(value)
        if type(value) is not int or not 0 <= value < 1 << _BITS[type_]:
            raise ValueError(f"{value!r} is no {type_}")
        if type_ is NumType.F32:
            return f32_from_bits(value)
        return f64_from_bits(value) if type_ is NumType.F64 else value

    def load_all(self, types: Sequence[ValueType], values: Sequence[Value]) -> list[Any]:
        """Return the values that the journal speaks of. Raises `ValueError` if they are not of the types."""
        if len(types) != len(values):
            raise ValueError(f"{len(values)} values where {len(types)} are expected")
        return [self.load(type_, value) for type_, value in zip(types, values, strict=True)]

    def index(self, func: Func) -> int | None:
        """Return the index of a function in the guest's space, None if it is not in it."""
        if self._indices is None or len(self._indices) != len(self.functions):
            self._indices = {id(each): index for index, each in enumerate(self.functions)}
        return self._indices.get(id(func))

    def _reference(self, value: Any) -> Value:
        if value is None:
            return None
        if isinstance(value, Func):
            index = self.index(value)
            if index is None:
                raise RecordingError(f"{value!r} passes, which is no function of the guest; it can't be recorded")
            return {"func": index}
        if type(value) is I31:
            return {"i31": value & 0x7FFF_FFFF}
        if isinstance(value, (Struct, Array, Continuation, WasmException)):
            noun = type(value).__name__
            raise RecordingError(f"a reference to a {noun} passes between guest and host; it can't be recorded")
        number = self._numbers.setdefault(id(value), len(self._numbers))
        self._objects[number] = value  # kept, so that nobody else gets its id
        return {"host": number}

    def _referred(self, value: Value) -> Any:
        if value is None:
            return None
        if isinstance(value, dict) and len(value) == 1:
            ((kind, number),) = value.items()
            if type(number) is int and number >= 0:
                if kind == "func" and number < len(self.functions):
                    return self.functions[number]
                if kind == "i31" and number <= 0x7FFF_FFFF:
                    return I31(number)
                if kind == "host":
                    return self._host_object(number)
        raise ValueError(f"{value!r} is no reference")

    def _host_object(self, number: int) -> Any:
        if number not in self._objects:
            made = self._objects[number] = HostObject()
            self._numbers[id(made)] = number
        return self._objects[number]


def same(type_: ValueType, one: Value, other: Value) -> bool:
    """Say whether two values are the same as far as the specification tells: NaNs may differ in their bits."""
    if one == other:
        return True
    if type_ is NumType.F32 or type_ is NumType.F64:
        exponent, fraction = _EXPONENT_AND_FRACTION[type_]
        return all(bits & exponent == exponent and bits & fraction for bits in (one, other))
    return False
