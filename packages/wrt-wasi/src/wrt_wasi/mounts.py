"""`Mount`, and what else an embedder may give as a directory."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from wrt_wasi.filesystem.directory import Directory
from wrt_wasi.filesystem.guarded import GuardedDirectory, Permits
from wrt_wasi.filesystem.host import HostDirectory
from wrt_wasi.filesystem.read_only import ReadOnlyDirectory
from wrt_wasi.filesystem.virtual import VirtualFilesystem
from wrt_wasi.filesystem.virtual.filesystem import Contents
from wrt_wasi.preview1.clocks import Clock, Clocks

__all__ = ["Mount", "Mountable", "mounted"]


@dataclass(frozen=True)
class Mount:
    """A directory for a guest, which may change what is in it unless it is `read_only`.

    `directory` is a path of the host, or a tree in memory. Of what is in a directory of the host, `permits(operation,
    path)` is asked for each use, if it is given; see `GuardedDirectory`.
    """

    directory: str | os.PathLike[str] | VirtualFilesystem | Contents
    read_only: bool = False
    permits: Permits | None = None


Mountable = str | os.PathLike[str] | VirtualFilesystem | Contents | Mount | Directory
"""A path of the host, a tree in memory or its contents, either of them as a `Mount`, or a `Directory`."""


def mounted(given: Mountable, clocks: Clocks) -> Directory:
    """Open what is given. New trees in memory take their times from the guest's clocks."""
    if isinstance(given, Mount):
        opened = mounted(given.directory, clocks)
        if given.permits is not None and isinstance(given.directory, (str, os.PathLike)):
            opened = GuardedDirectory(opened, os.path.realpath(given.directory), given.permits)
        return ReadOnlyDirectory(opened) if given.read_only else opened
    if isinstance(given, Directory):
        return given
    if isinstance(given, VirtualFilesystem):
        return given.root()
    if isinstance(given, Mapping):
        return VirtualFilesystem(given, clock=lambda: clocks.now(Clock.REALTIME)).root()
    return HostDirectory.at(given)
