"""Locking a file between processes; the system lets go of the lock of a process that dies."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["locked"]

if sys.platform == "win32":
    import msvcrt

    _FAR = 1 << 30
    """Windows locks bytes against reading too: one that no file of ours has."""

    def _try(descriptor: int, shared: bool) -> bool:
        import os

        os.lseek(descriptor, _FAR, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    def _release(descriptor: int) -> None:
        import os

        os.lseek(descriptor, _FAR, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    # flock and not lockf: a lock of the open file, which a second sink in the same process does not share, and which
    # closing another descriptor of the file does not lose.
    def _try(descriptor: int, shared: bool) -> bool:
        try:
            fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _release(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_UN)


@contextmanager
def locked(descriptor: int, *, shared: bool = False, timeout: float = 10.0) -> Iterator[None]:
    """Hold the lock of an open file within the `with` block; `shared` with others who only read.

    Raises `TimeoutError` if somebody else holds it for `timeout` seconds, and `OSError` if the file can't be locked.
    """
    if not _try(descriptor, shared):
        deadline = time.monotonic() + timeout
        pause = 0.0005
        while not _try(descriptor, shared):
            if time.monotonic() > deadline:
                raise TimeoutError(f"another process has held the audit log for {timeout:g} seconds")
            time.sleep(pause)
            pause = min(2 * pause, 0.02)
    try:
        yield
    finally:
        _release(descriptor)
