"""The bytes of a snapshot, piece by piece: fixed-width little-endian numbers, and lengths before what they measure."""

from __future__ import annotations

from collections.abc import Callable
from struct import Struct
from typing import Any, TypeVar

from wrt_foundation.errors import SnapshotError

__all__ = ["Reader", "Writer"]

_T = TypeVar("_T")
_U8, _U32, _U64, _F64 = Struct("<B"), Struct("<I"), Struct("<Q"), Struct("<d")

TEXT_LIMIT = 1 << 20
"""Bytes of one name."""


class Writer:
    """Appends to what will be the snapshot."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []

    def u8(self, value: int) -> None:
        """Write a byte."""
        self._pack(_U8, value)

    def u32(self, value: int) -> None:
        """Write a number of 32 bits."""
        self._pack(_U32, value)

    def u64(self, value: int) -> None:
        """Write a number of 64 bits."""
        self._pack(_U64, value)

    def _pack(self, form: Struct, value: int) -> None:
        if not 0 <= value < 1 << 8 * form.size:
            raise SnapshotError(f"a snapshot can't hold the number {value:#x} where {8 * form.size} bits are for it")
        self.parts.append(form.pack(value))

    def f64(self, value: float) -> None:
        """Write a float."""
        self.parts.append(_F64.pack(value))

    def blob(self, value: bytes) -> None:
        """Write bytes, their length first."""
        self.u64(len(value))
        self.parts.append(value)

    def text(self, value: str) -> None:
        """Write text in UTF-8."""
        data = value.encode()
        if len(data) > TEXT_LIMIT:
            raise SnapshotError(f"a name of {len(data)} bytes is longer than a snapshot can hold")
        self.blob(data)

    def optional(self, value: _T | None, write: Callable[[_T], None]) -> None:
        """Write whether there is a value, and it."""
        self.u8(value is not None)
        if value is not None:
            write(value)

    def several(self, values: Any, write: Callable[[Any], None]) -> None:
        """Write how many values there are, and each."""
        self.u32(len(values))
        for each in values:
            write(each)


class Reader:
    """Takes a snapshot's bytes apart; raises `SnapshotError` for what `Writer` does not write."""

    def __init__(self, data: bytes | memoryview) -> None:
        self._data = memoryview(data)
        self._at = 0

    @property
    def left(self) -> int:
        """The bytes that are not read yet."""
        return len(self._data) - self._at

    def take(self, count: int) -> memoryview:
        """Take that many bytes."""
        if count > self.left:
            raise SnapshotError(
                f"the snapshot ends in the middle: {count} bytes are to come, and {self.left} are there"
            )
        self._at += count
        return self._data[self._at - count : self._at]

    def u8(self) -> int:
        """Take a byte."""
        return int(self.take(1)[0])

    def flag(self) -> bool:
        """Take a byte that is 0 or 1."""
        value = self.u8()
        if value > 1:
            raise SnapshotError(f"the snapshot is malformed: {value} is neither yes nor no")
        return bool(value)

    def u32(self) -> int:
        """Take a number of 32 bits."""
        return int(_U32.unpack(self.take(4))[0])

    def u64(self) -> int:
        """Take a number of 64 bits."""
        return int(_U64.unpack(self.take(8))[0])

    def f64(self) -> float:
        """Take a float."""
        return float(_F64.unpack(self.take(8))[0])

    def blob(self) -> bytes:
        """Take bytes that have their length before them."""
        return bytes(self.take(self.u64()))

    def text(self) -> str:
        """Take text."""
        length = self.u64()
        if length > TEXT_LIMIT:
            raise SnapshotError(f"the snapshot is malformed: a name of {length} bytes")
        try:
            return str(self.take(length), "utf-8")
        except UnicodeDecodeError:
            raise SnapshotError("the snapshot is malformed: a name is not UTF-8") from None

    def optional(self, read: Callable[[], _T]) -> _T | None:
        """Take a value if there is one."""
        return read() if self.flag() else None

    def several(self, read: Callable[[], _T]) -> list[_T]:
        """Take values that have their number before them."""
        count = self.u32()
        if count > self.left:  # each takes a byte at least, so nothing is made for a number that is a lie
            raise SnapshotError(f"the snapshot ends in the middle: {count} things are to come in {self.left} bytes")
        return [read() for _ in range(count)]

    def end(self) -> None:
        """Require that all is read."""
        if self.left:
            raise SnapshotError(f"the snapshot is malformed: {self.left} bytes too many")
