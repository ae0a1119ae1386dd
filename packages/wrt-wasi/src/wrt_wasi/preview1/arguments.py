"""The program's arguments: `args_get`, `args_sizes_get`."""

from __future__ import annotations

from wrt_wasi.preview1.family import Family, Guest
from wrt_wasi.preview1.guest_memory import GuestMemory
from wrt_wasi.preview1.strings import Strings, encoded

__all__ = ["Arguments"]


class Arguments(Family):
    """The arguments that the guest was granted, the program's own name first."""

    def __init__(self, guest: Guest) -> None:
        super().__init__(guest)
        self._strings = Strings(map(encoded, guest.arguments))

    def args_sizes_get(self, memory: GuestMemory, count: int, size: int) -> None:
        """Tell how many arguments there are, and how many bytes."""
        self._strings.tell_sizes(memory, count, size)

    def args_get(self, memory: GuestMemory, pointers: int, buffer: int) -> None:
        """Write the arguments."""
        self._strings.write(memory, pointers, buffer)
