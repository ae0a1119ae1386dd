"""Trees of files in memory, which no file of the host has to do with."""

from __future__ import annotations

from wrt_wasi.filesystem.virtual.filesystem import VirtualFilesystem

__all__ = ["VirtualFilesystem"]
