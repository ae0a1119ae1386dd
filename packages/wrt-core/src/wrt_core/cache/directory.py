"""Where the cache is, and whether nobody else may write there."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

from wrt_foundation.errors import WrtError

__all__ = ["UnsafeCacheDirectory", "check", "default_directory", "make", "ours_alone"]


class UnsafeCacheDirectory(WrtError):
    """A cache directory that somebody else could put code into; it is not used."""


def default_directory() -> Path:
    """Return the user's own place for caches: by the platform's rules, with "wrt" at the end."""
    home = Path.home()
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local") / "wrt" / "Cache"
    if sys.platform == "darwin":
        return home / "Library" / "Caches" / "wrt"
    # A relative path there is invalid, says the XDG specification, and to be ignored.
    named = Path(os.environ.get("XDG_CACHE_HOME", ""))
    return (named if named.is_absolute() else home / ".cache") / "wrt"


def check(directory: Path) -> None:
    """Raise `UnsafeCacheDirectory` for a directory that is not this user's alone, and `OSError` if there is none."""
    status = directory.stat()
    if not stat.S_ISDIR(status.st_mode):
        raise UnsafeCacheDirectory(f"the cache directory {directory} is no directory")
    if not ours_alone(status):
        raise UnsafeCacheDirectory(
            f"the cache directory {directory} is not yours alone, so others could run code as you;"
            f" to mend it: chmod 700 it, or name another with WRT_CACHE"
        )


def make(directory: Path) -> None:
    """Make the directory, for its owner alone, if it is not there; raises what `check` raises."""
    try:
        check(directory)
    except FileNotFoundError:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        check(directory)


def ours_alone(status: os.stat_result) -> bool:
    """Say whether this user owns a file or directory, and nobody else may write to it.

    On Windows, the profile that the default directory is in is protected, and modes say nothing.
    """
    if sys.platform == "win32":
        return True
    return status.st_uid == os.geteuid() and not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
