"""`Family`: some functions of preview 1 that are served together, by a plugin of the kind `wrt.wasi_families`.

A family of your own::

    class Dice(Family):
        def random_get(self, memory, buffer, length):
            memory.write(buffer, bytes([4]) * length)  # chosen by a fair roll

Which functions a family is asked for is in `signatures.FAMILIES`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wrt_wasi.preview1.descriptor import Descriptors
from wrt_wasi.preview1.waiting import Patience

if TYPE_CHECKING:
    import socket

    from wrt_wasi.mounts import Mountable
    from wrt_wasi.preview1.clocks import Clocks
    from wrt_wasi.streams.standard import Source, Target

__all__ = ["Family", "FamilyFactory", "Guest"]


@dataclass(frozen=True, eq=False)
class Guest:
    """What the families that serve one guest have in common: what it was given, and what it has open.

    What was given is as `Wasi` takes it. `descriptors` is where families meet: one opens, another reads. `patience`
    knows whether a call may make its thread wait. All of it is the guest's alone, and as thread-safe as the guest.
    """

    arguments: Sequence[str | bytes]
    environment: Mapping[str, str]
    directories: Mapping[str, Mountable]
    listeners: Sequence[socket.socket]
    stdin: Source
    stdout: Target
    stderr: Target
    clocks: Clocks
    random: Callable[[int], bytes]
    descriptors: Descriptors
    patience: Patience


class Family:
    """Serves one guest each function of preview 1 that one of its methods is named after.

    Such a method takes a `GuestMemory` and the guest's arguments as unsigned integers. It returns nothing, or raises
    `Refused` with the error code that the guest gets, `Waiting` before it would wait, or `Exit`. What the guest is to
    have open from the beginning is opened by the constructor, in `guest.descriptors`, which closes it.
    """

    def __init__(self, guest: Guest) -> None:
        self.guest = guest

    def close(self) -> None:
        """Let go of what is held besides descriptors, when the guest is done with. Twice does nothing."""


FamilyFactory = Callable[[Guest], Family]
"""What a plugin of `wrt.wasi_families` hands over: a `Family` subclass, or another callable that makes one."""
