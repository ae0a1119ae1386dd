"""What embedders may give as standard streams, and the file that guests get for it."""

from __future__ import annotations

import sys
from enum import Enum
from io import BytesIO, TextIOBase
from typing import BinaryIO, Final, Literal, TextIO, cast

from wrt_wasi.filesystem.file import File
from wrt_wasi.streams.stream import Stream, TextStream

__all__ = ["INHERIT", "Inherit", "Source", "Target", "source_of", "target_of"]


class Inherit(Enum):
    """The type of `INHERIT`."""

    INHERIT = "inherit"


INHERIT: Final = Inherit.INHERIT
"""The host's own stream: `sys.stdin`, `sys.stdout` or `sys.stderr`, as it is when the guest is made."""

Source = BinaryIO | TextIO | bytes | str | File | Literal[Inherit.INHERIT] | None
"""What an input may be: a file object, bytes, text (as UTF-8), a `File`, the host's own, or nothing at all."""

Target = BinaryIO | TextIO | File | Literal[Inherit.INHERIT] | None
"""What an output may be: a file object, a `File` such as `Capture`, the host's own, or nobody."""


def source_of(given: Source) -> File:
    """Return the file that a guest reads."""
    if isinstance(given, (str, bytes, bytearray, memoryview)):
        return Stream(BytesIO(given.encode() if isinstance(given, str) else bytes(given)))
    return _file(cast("TextIO", sys.stdin) if given is INHERIT else given)


def target_of(given: Target, *, error: bool = False) -> File:
    """Return the file that a guest writes; `error` says which of the host's streams is inherited."""
    return _file((sys.stderr if error else sys.stdout) if given is INHERIT else given)


def _file(given: BinaryIO | TextIO | File | None) -> File:
    if given is None or isinstance(given, File):
        return Stream(None) if given is None else given
    if isinstance(given, TextIOBase):
        binary = getattr(given, "buffer", None)
        if binary is None:
            return TextStream(cast("TextIO", given))
        if given.writable():
            given.flush()  # what the host has said comes before what the guest says
        return Stream(cast("BinaryIO", binary))
    return Stream(cast("BinaryIO", given))
