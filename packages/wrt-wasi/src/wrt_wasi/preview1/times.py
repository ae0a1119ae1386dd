"""Which times of a file are to be set, and to what (preview 1, `fstflags`)."""

from __future__ import annotations

from collections.abc import Callable

from wrt_wasi.preview1.errno import Errno, Refused
from wrt_wasi.preview1.errors import size

__all__ = ["chosen_times"]

_ACCESSED, _ACCESSED_NOW, _MODIFIED, _MODIFIED_NOW = 1, 2, 4, 8


def chosen_times(accessed: int, modified: int, flags: int, now: Callable[[], int]) -> tuple[int | None, int | None]:
    """Return both times in nanoseconds, None for one that stays. EINVAL where `flags` say two things of one."""
    if flags & ~0xF or (flags & 3) == 3 or (flags & 12) == 12:
        raise Refused(Errno.INVAL)
    moment = now() if flags & (_ACCESSED_NOW | _MODIFIED_NOW) else 0
    return (
        moment if flags & _ACCESSED_NOW else size(accessed) if flags & _ACCESSED else None,
        moment if flags & _MODIFIED_NOW else size(modified) if flags & _MODIFIED else None,
    )
