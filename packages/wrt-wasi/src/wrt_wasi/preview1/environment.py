"""The environment: `environ_get`, `environ_sizes_get`."""

from __future__ import annotations

from wrt_foundation.errors import WrtError
from wrt_wasi.preview1.family import Family, Guest
from wrt_wasi.preview1.guest_memory import GuestMemory
from wrt_wasi.preview1.strings import Strings, encoded

__all__ = ["Environment"]


class Environment(Family):
    """The variables that the guest was granted, which need not be the host's."""

    def __init__(self, guest: Guest) -> None:
        super().__init__(guest)
        variables = guest.environment
        for name in variables:
            if not name or "=" in name:
                raise WrtError(f"not a name of a variable: {name!r}")
        self._strings = Strings(encoded(f"{name}={value}") for name, value in variables.items())

    def environ_sizes_get(self, memory: GuestMemory, count: int, size: int) -> None:
        """Tell how many variables there are, and how many bytes."""
        self._strings.tell_sizes(memory, count, size)

    def environ_get(self, memory: GuestMemory, pointers: int, buffer: int) -> None:
        """Write the variables, NAME=VALUE each."""
        self._strings.write(memory, pointers, buffer)
