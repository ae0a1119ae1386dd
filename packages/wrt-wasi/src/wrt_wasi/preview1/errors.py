"""What Python raises, as error codes that guests get."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from wrt_wasi.preview1.errno import Errno, Refused, refusal

__all__ = ["host_errors", "signed", "size"]

_MAXIMUM = (1 << 63) - 1


@contextmanager
def host_errors() -> Iterator[None]:
    """Turn `OSError` into what the guest is told, and a number that the system does not take into EINVAL."""
    try:
        yield
    except OSError as error:
        raise refusal(error) from error
    except OverflowError as error:
        raise Refused(Errno.INVAL) from error


def size(value: int) -> int:
    """Return a size or an offset in a file. Preview 1 has 64 bits for it; systems have 63, and one for the sign."""
    if value > _MAXIMUM:
        raise Refused(Errno.INVAL)
    return value


def signed(value: int) -> int:
    """Return the signed number that 64 bits mean."""
    return value - (1 << 64) if value > _MAXIMUM else value
