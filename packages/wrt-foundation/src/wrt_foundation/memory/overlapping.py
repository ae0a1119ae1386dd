"""Overlapping views: an item at every byte, so that an address needs neither be aligned nor divided.

The buffer protocol lets items be nearer to one another than they are long, but `memoryview.cast` makes no such view.
The C API does (`PyMemoryView_FromBuffer`, in the stable one since Python 3.11), and `ctypes` calls it. Where there is
no such thing, an object with the same manners chooses among views that do not overlap.
"""

from __future__ import annotations

import sys
import weakref
from functools import cache
from struct import calcsize
from typing import Any

try:
    import ctypes
except ImportError:  # built without it
    ctypes = None  # type: ignore[assignment]

__all__ = ["Interleaved", "overlapping"]


class Interleaved:
    """Views that begin at each byte of an item, as one: the item at a byte is in the view that its remainder says."""

    __slots__ = ("__weakref__", "_shift", "_views")

    def __init__(self, views: tuple[memoryview[Any], ...]) -> None:
        self._views = views
        self._shift = len(views).bit_length() - 1

    def __len__(self) -> int:
        return sum(map(len, self._views))

    def __getitem__(self, index: int) -> Any:
        return self._views[index % len(self._views)][index >> self._shift]

    def __setitem__(self, index: int, value: float) -> None:
        self._views[index % len(self._views)][index >> self._shift] = value

    def toreadonly(self) -> Interleaved:
        """The same, not to be written."""
        return Interleaved(tuple(view.toreadonly() for view in self._views))

    def release(self) -> None:
        """Release the views."""
        for view in self._views:
            view.release()


def overlapping(base: memoryview, start: int, stop: int, format: str) -> Any:  # noqa: A002 - memoryview's own word
    """Return a view of the bytes `[start, stop)` with an item of `format` at each byte where a whole one begins.

    `base` is writable, contiguous and of bytes, and stays where it is. The view keeps it alive. But what others make of
    the view (a slice, an array) does not: nobody may make anything of it. Past the end it raises `IndexError`.
    """
    width = calcsize(format)
    count = stop - start - width + 1
    if count <= 0:
        return base[:0].cast(format)  # type: ignore[call-overload]
    if not _is_possible():
        return Interleaved(
            tuple(
                base[first : first + (stop - first) // width * width].cast(format)  # type: ignore[call-overload]
                for first in range(start, start + width)
            )
        )
    return _made(base, start, count, width, format)


def _keep(base: memoryview) -> None:
    """What was kept until now need be no longer."""


if ctypes is not None:

    class _Buffer(ctypes.Structure):
        """`Py_buffer`, of the C API."""

        _fields_ = (
            ("buf", ctypes.c_void_p),
            ("obj", ctypes.c_void_p),
            ("len", ctypes.c_ssize_t),
            ("itemsize", ctypes.c_ssize_t),
            ("readonly", ctypes.c_int),
            ("ndim", ctypes.c_int),
            ("format", ctypes.c_char_p),
            ("shape", ctypes.POINTER(ctypes.c_ssize_t)),
            ("strides", ctypes.POINTER(ctypes.c_ssize_t)),
            ("suboffsets", ctypes.c_void_p),
            ("internal", ctypes.c_void_p),
        )

    @cache
    def _format(name: str) -> ctypes.c_char_p:
        """A format as C wants it, which lives as long as any view of it may: for ever."""
        return ctypes.c_char_p(name.encode())

    @cache
    def _maker() -> Any:
        make = ctypes.PYFUNCTYPE(ctypes.py_object, ctypes.POINTER(_Buffer))
        return make(("PyMemoryView_FromBuffer", ctypes.pythonapi))


def _made(base: memoryview, start: int, count: int, width: int, format: str) -> memoryview[Any]:  # noqa: A002
    address = ctypes.addressof(ctypes.c_char.from_buffer(base)) + start
    shape, strides = (ctypes.c_ssize_t * 1)(count), (ctypes.c_ssize_t * 1)(1)
    buffer = _Buffer(address, None, count * width, width, 0, 1, _format(format), shape, strides, None, None)
    view: memoryview[Any] = _maker()(ctypes.byref(buffer))  # it copies shape and strides, and keeps nothing alive
    weakref.finalize(view, _keep, base).atexit = False
    return view


@cache
def _is_possible() -> bool:
    """Whether this Python makes such views, by making one and looking."""
    if sys.implementation.name != "cpython" or ctypes is None:
        return False
    try:
        with _made(memoryview(bytearray(range(9))), 1, 6, calcsize("H"), "H") as view:
            view[2] = 0x1234
            return [view[0], view[2], view[3], len(view)] == [0x0201, 0x1234, 0x0512, 6]
    except (AttributeError, TypeError, ValueError, BufferError, OSError):
        return False
