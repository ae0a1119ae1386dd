"""Directories and files of the host, by descriptors."""

from __future__ import annotations

from wrt_wasi.filesystem.host.directory import HostDirectory
from wrt_wasi.filesystem.host.file import HostFile

__all__ = ["HostDirectory", "HostFile"]
