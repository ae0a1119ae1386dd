"""The file system: the directories that a guest was given, and all that it does with what is in them."""

from __future__ import annotations

from wrt_foundation.errors import WrtError
from wrt_wasi.mounts import mounted
from wrt_wasi.preview1.directories import Directories
from wrt_wasi.preview1.family import Guest
from wrt_wasi.preview1.files import Files
from wrt_wasi.preview1.paths import Paths

__all__ = ["Filesystem"]


class Filesystem(Files, Directories, Paths):
    """Opens the directories that the guest was given, from the first number behind the standard streams on."""

    def __init__(self, guest: Guest) -> None:
        super().__init__(guest)
        for path, given in guest.directories.items():
            guest.descriptors.preopen(_guest_path(path), mounted(given, guest.clocks))


def _guest_path(path: str) -> bytes:
    try:
        name = path.encode()
    except UnicodeEncodeError as error:
        raise WrtError(f"not a path that a guest could get: {path!r}") from error
    if not name or b"\0" in name:
        raise WrtError(f"not a path that a guest could get: {path!r}")
    return name
