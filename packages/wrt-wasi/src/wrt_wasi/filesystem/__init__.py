"""What guests' directories and files are made of: one contract, and what implements it.

Reading order: `status` (what is told about a file), `file` and `directory` (the contract), `read_only` (a directory
that can't be changed, around any other), `guarded` (one of which a policy says what may be done), then `host`
(directories of the host) and `virtual` (trees in memory).

Objects here know names, never paths: a `Directory` is a handle, and takes the name of one entry. Everything raises
`OSError` with an `errno` of POSIX; what becomes of it is for who calls.
"""

from __future__ import annotations

from wrt_wasi.filesystem.directory import Directory
from wrt_wasi.filesystem.file import File
from wrt_wasi.filesystem.host import HostDirectory
from wrt_wasi.filesystem.read_only import ReadOnlyDirectory
from wrt_wasi.filesystem.status import Entry, FileStatus, FileType, OpenMode
from wrt_wasi.filesystem.virtual import VirtualFilesystem

__all__ = [
    "Directory",
    "Entry",
    "File",
    "FileStatus",
    "FileType",
    "HostDirectory",
    "OpenMode",
    "ReadOnlyDirectory",
    "VirtualFilesystem",
]
