"""Fingerprint: which Python, and which WRT, the contents of a cache are good for."""

from __future__ import annotations

import hashlib
import marshal
import os
import sys
from collections.abc import Iterator
from functools import cache
from importlib.util import MAGIC_NUMBER

import wrt_core
import wrt_foundation

__all__ = ["SIZE", "fingerprint"]

SIZE = 16
"""Bytes of a fingerprint."""


@cache
def fingerprint() -> bytes | None:
    """Return a digest of this Python and of WRT's own source; None where the source can't be read.

    All of foundation's and core's source is in it, 3 ms of reading and hashing in each process: a version number would
    be free and would have to be raised by hand, and a template that was changed without it would run old code.
    """
    digest = hashlib.blake2b(digest_size=SIZE)
    python = (sys.implementation.cache_tag, sys.version, sys.flags.optimize, MAGIC_NUMBER, marshal.version)
    digest.update(repr(python).encode())
    try:
        for package in (wrt_foundation, wrt_core):
            for folder in package.__path__:
                for name, source in _sources(folder):
                    digest.update(f"\0{package.__name__} {name} {len(source)}\0".encode())
                    digest.update(source)
    except OSError:
        return None  # imported from an archive, say
    return digest.digest()


def _sources(folder: str, prefix: str = "") -> Iterator[tuple[str, bytes]]:
    with os.scandir(folder) as entries:
        ordered = sorted(entries, key=lambda entry: entry.name)
    for entry in ordered:
        if entry.is_dir():
            yield from _sources(entry.path, f"{prefix}{entry.name}/")
        elif entry.name.endswith(".py"):
            with open(entry.path, "rb", buffering=0) as file:  # noqa: PTH123 - a Path for each of 200 files costs a third
                yield prefix + entry.name, file.read()
