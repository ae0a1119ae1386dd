"""Lists of strings as guests get them: arguments, and the variables of the environment."""

from __future__ import annotations

from collections.abc import Iterable

from wrt_foundation.errors import WrtError
from wrt_wasi.preview1.errno import Errno, Refused
from wrt_wasi.preview1.guest_memory import GuestMemory

__all__ = ["Strings", "encoded"]


def encoded(text: str | bytes) -> bytes:
    """Return `text` as a guest gets it: UTF-8, with the bytes that Python could not decode as they were.

    Raises `WrtError` for text that holds a zero, which ends a string, or half a surrogate pair.
    """
    try:
        data = text.encode("utf-8", "surrogateescape") if isinstance(text, str) else bytes(text)
    except UnicodeEncodeError as error:
        raise WrtError(f"not text that a guest could get: {text!r}") from error
    if 0 in data:
        raise WrtError(f"a zero byte can't be in an argument or a variable: {text!r}")
    return data


class Strings:
    """A list of strings, each ended by a zero, with a table of pointers to them."""

    def __init__(self, strings: Iterable[bytes]) -> None:
        self._strings = [string + b"\0" for string in strings]
        self._size = sum(map(len, self._strings))

    def tell_sizes(self, memory: GuestMemory, count: int, size: int) -> None:
        """Write the number of strings to `count` and that of their bytes, zeros included, to `size`."""
        memory.write_u32(count, len(self._strings))
        memory.write_u32(size, self._size)

    def write(self, memory: GuestMemory, pointers: int, buffer: int) -> None:
        """Write the strings one after the other to `buffer`, and where each begins to `pointers`."""
        if buffer + self._size > 1 << 32:
            raise Refused(Errno.FAULT)
        table, at = bytearray(), buffer
        for string in self._strings:
            table += at.to_bytes(4, "little")
            at += len(string)
        # Both ranges before either is written.
        memory.require(buffer, self._size)
        memory.write(pointers, bytes(table))
        memory.write(buffer, b"".join(self._strings))
