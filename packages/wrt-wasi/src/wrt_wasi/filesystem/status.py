"""What is told about files, and how they are opened: `FileType`, `FileStatus`, `Entry`, `OpenMode`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

__all__ = ["Entry", "FileStatus", "FileType", "OpenMode"]


class FileType(IntEnum):
    """The types of files, by their number in preview 1 (`filetype`)."""

    UNKNOWN = 0
    BLOCK_DEVICE = 1
    CHARACTER_DEVICE = 2
    DIRECTORY = 3
    REGULAR_FILE = 4
    SOCKET_DGRAM = 5
    SOCKET_STREAM = 6
    SYMBOLIC_LINK = 7


@dataclass(frozen=True, slots=True)
class FileStatus:
    """What a file says of itself. Times are nanoseconds since 1970-01-01 UTC; `size` is in bytes."""

    type: FileType
    device: int = 0
    inode: int = 0
    links: int = 1
    size: int = 0
    accessed: int = 0
    modified: int = 0
    changed: int = 0


@dataclass(frozen=True, slots=True)
class Entry:
    """One name in a directory, and what it is a name of."""

    name: bytes
    type: FileType
    inode: int


@dataclass(frozen=True, slots=True)
class OpenMode:
    """How a name is to be opened: what the handle is for, and what may become of the file by opening it.

    `append` has every write go to the end.
    """

    read: bool = True
    write: bool = False
    create: bool = False
    exclusive: bool = False
    truncate: bool = False
    append: bool = False

    @property
    def changes(self) -> bool:
        """Whether the file, or the directory that it is in, may become another by this."""
        return self.write or self.create or self.truncate
