"""The family that serves any other's functions by saying that there are none."""

from __future__ import annotations

from collections.abc import Callable
from typing import NoReturn

from wrt_wasi.preview1.errno import Errno, Refused
from wrt_wasi.preview1.family import Family
from wrt_wasi.preview1.signatures import SIGNATURES

__all__ = ["Unsupported"]


class Unsupported(Family):
    """Answers ENOSYS to every call that has an answer, so to all but `proc_exit`.

    For guests that ask for functions which they can do without: where nobody serves them, such a guest does not link.
    """

    def __getattr__(self, name: str) -> Callable[..., NoReturn]:
        if name not in SIGNATURES or not SIGNATURES[name].results:
            raise AttributeError(name)
        return _refuse


def _refuse(*_: object) -> NoReturn:
    raise Refused(Errno.NOSYS)
