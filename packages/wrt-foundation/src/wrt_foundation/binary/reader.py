"""`Reader`: a position in a module's bytes, for reading sections.

As the specification's own interpreter does, sections are read without looking at their declared size,
which is compared when they have been read: so of two things that are wrong, the first is reported.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from wrt_foundation.binary.instructions import read_expression
from wrt_foundation.binary.leb128 import UNEXPECTED_END, read_unsigned, read_vector_of_unsigned
from wrt_foundation.errors import DecodeError
from wrt_foundation.limits import ImplementationLimits
from wrt_foundation.module import Expression

__all__ = ["Reader"]

_T = TypeVar("_T")


class Reader:
    """Reads `data` from `position`. Not to be shared by threads.

    Every method raises `DecodeError` with the offset in the module of what is malformed.
    """

    __slots__ = ("data", "limits", "position")

    def __init__(self, data: bytes, position: int, limits: ImplementationLimits) -> None:
        self.data = data
        self.position = position
        self.limits = limits

    def take(self, read: Callable[[bytes, int], tuple[_T, int]]) -> _T:
        """Return what `read` makes of the bytes at the position, and move past it."""
        try:
            value, self.position = read(self.data, self.position)
        except IndexError:
            raise DecodeError(UNEXPECTED_END, offset=len(self.data)) from None
        return value

    def byte(self) -> int:
        """Read one byte."""
        position = self.position
        if position >= len(self.data):
            raise DecodeError(UNEXPECTED_END, offset=len(self.data))
        self.position = position + 1
        return self.data[position]

    def unsigned(self, bits: int = 32) -> int:
        """Read an unsigned number of at most `bits` bits."""
        value, self.position = read_unsigned(self.data, self.position, bits)
        return value

    def size(self) -> int:
        """Read the size of something that takes as many bytes, or more, of what is left of `data`.

        What can't be there is refused before anything is allocated for it.
        """
        start = self.position
        size = self.unsigned()
        left = len(self.data) - self.position
        if size > left:
            # The specification's interpreter counts the first byte of the number itself among what is left.
            message = "length out of bounds" if size > len(self.data) - start else UNEXPECTED_END
            raise DecodeError(message, offset=start)
        return size

    def count(self, what: str, limit: int) -> int:
        """Read the length of a vector; its elements are one byte or more each.

        More than the implementation's `limit` are refused, by an error that names them as `what`.
        """
        start = self.position
        count = self.size()
        if count > limit:
            raise DecodeError(f"too many {what}: {count}, the limit is {limit}", offset=start)
        return count

    def vector(self, read: Callable[[Reader], _T], what: str, limit: int) -> list[_T]:
        """Read a vector, each element by `read`; `what` and `limit` are as in `count`."""
        return [read(self) for _ in range(self.count(what, limit))]

    def indices(self, what: str, limit: int) -> list[int]:
        """Read a vector of indices; `what` and `limit` are as in `count`."""
        count = self.count(what, limit)
        numbers, self.position = read_vector_of_unsigned(self.data, self.position, count)
        return numbers

    def bytes(self) -> bytes:
        """Read a vector of bytes."""
        size = self.size()
        start = self.position
        self.position = start + size
        return self.data[start : start + size]

    def name(self) -> str:
        """Read a name: a vector of bytes in UTF-8."""
        start = self.position
        encoded = self.bytes()
        try:
            return encoded.decode()
        except UnicodeDecodeError as error:
            raise DecodeError("malformed UTF-8 encoding", offset=start) from error

    def expression(self) -> Expression:
        """Read a constant expression: its extent only, for what it may hold is the validator's business."""
        start = self.position
        self.position = read_expression(self.data, start)
        return Expression(self.data[start : self.position], start)
