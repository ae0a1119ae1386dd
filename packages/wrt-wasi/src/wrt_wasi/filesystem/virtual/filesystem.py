"""`VirtualFilesystem`: a tree of files in memory, filled by the embedder, given to guests, and looked at afterwards."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Union

from wrt_foundation.errors import WrtError
from wrt_wasi.filesystem.status import FileType
from wrt_wasi.filesystem.virtual.directory import VirtualDirectory
from wrt_wasi.filesystem.virtual.node import Node, Volume

__all__ = ["CAPACITY", "Contents", "VirtualFilesystem"]

CAPACITY = 256 << 20
"""The most bytes that a virtual filesystem takes unless told otherwise: 256 MiB."""

Contents = Mapping[str, Union[bytes, str, "Contents"]]
"""What is in a directory, by name: a file's bytes, or text as UTF-8, or the contents of another directory."""


class VirtualFilesystem:
    """A tree in memory that behaves as a disk does: directories, hard and symbolic links, times, and an end of room.

    ``VirtualFilesystem({"in.txt": b"…", "lib": {"a.py": "…"}})``; then ``root()`` is a directory for a guest, and
    ``files()`` are all files that there are. Names in a path may be given at once, as in ``{"lib/a.py": "…"}``.
    `capacity` is in bytes, with some for every name and node; guests get ENOSPC past it, and contents that do not fit
    raise `OSError`. Times come from `clock`, in nanoseconds since 1970-01-01 UTC. Raises `WrtError` for names that no
    file can have. Guests that run in several threads need one each.
    """

    def __init__(
        self, contents: Contents | None = None, *, capacity: int = CAPACITY, clock: Callable[[], int] = time.time_ns
    ) -> None:
        self._volume = Volume(capacity, clock)
        self._root = Node(self._volume, FileType.DIRECTORY)
        self._root.links = 1  # nobody's entry, and never removed
        if contents is not None:
            self._fill(self._root, contents)

    @classmethod
    def copy_of(cls, path: str | os.PathLike[str], *, capacity: int = CAPACITY) -> VirtualFilesystem:
        """Return a copy of a directory of the host, of its files and directories: for guests to do as they like.

        Symbolic links, devices and the like are left out.
        """
        copy = cls(capacity=capacity)
        for folder, _, names in os.walk(path):
            below = Path(folder).relative_to(path).parts
            copy._fill(copy._root, {"/".join(below): {}} if below else {})
            for name in names:
                file = Path(folder, name)
                if file.is_file() and not file.is_symlink():
                    copy._fill(copy._root, {"/".join((*below, name)): file.read_bytes()})
        return copy

    @property
    def used(self) -> int:
        """How many bytes are taken."""
        return self._volume.used

    def use_clock(self, clock: Callable[[], int]) -> None:
        """Take times from `clock` from now on."""
        self._volume.clock = clock

    def root(self) -> VirtualDirectory:
        """Return a handle of the root."""
        return VirtualDirectory(self._root)

    def files(self) -> dict[str, bytes]:
        """Return what is in every regular file, by its path from the root, with hard links under each of their names.

        Names that are not UTF-8 are decoded as Python does file names.
        """
        return {"/".join(map(os.fsdecode, path)): bytes(node.data) for path, node in self._walk()}

    def _walk(self) -> Iterator[tuple[tuple[bytes, ...], Node]]:
        pending: list[tuple[tuple[bytes, ...], Node]] = [((), self._root)]
        while pending:
            path, node = pending.pop()
            if node.type is FileType.REGULAR_FILE:
                yield path, node
            pending += (((*path, name), child) for name, child in sorted(node.children.items(), reverse=True))

    def _fill(self, root: Node, contents: Contents) -> None:
        pending: list[tuple[Node, Contents]] = [(root, contents)]
        while pending:
            node, wanted = pending.pop()
            for path, content in wanted.items():
                *parents, name = map(_name, path.split("/"))
                directory = node
                for parent in parents:
                    directory = self._child(directory, parent, FileType.DIRECTORY)
                if isinstance(content, Mapping):
                    pending.append((self._child(directory, name, FileType.DIRECTORY), content))
                else:
                    data = content.encode() if isinstance(content, str) else bytes(content)
                    file = self._child(directory, name, FileType.REGULAR_FILE)
                    file.resize(0)
                    file.write(data, 0)

    def _child(self, directory: Node, name: bytes, type_: FileType) -> Node:
        node = directory.children.get(name)
        if node is None:
            node = Node(self._volume, type_)
            directory.add(name, node)
        elif node.type is not type_:
            raise WrtError(f"{os.fsdecode(name)!r} can't be a file and a directory")
        return node


def _name(text: str) -> bytes:
    name = os.fsencode(text)
    if name in (b"", b".", b"..") or b"\0" in name:
        raise WrtError(f"no file can be called {text!r}")
    return name
