"""Standard streams: what a guest has open as 0, 1 and 2."""

from __future__ import annotations

from wrt_wasi.preview1.descriptor import Descriptor
from wrt_wasi.preview1.family import Family, Guest
from wrt_wasi.preview1.rights import STREAM, Right
from wrt_wasi.streams.standard import source_of, target_of

__all__ = ["Stdio"]


class Stdio(Family):
    """Opens the streams that the guest was given; what it does with them is as with all that is open."""

    def __init__(self, guest: Guest) -> None:
        super().__init__(guest)
        read, write = STREAM & ~Right.FD_WRITE, STREAM & ~Right.FD_READ
        guest.descriptors.place(0, Descriptor(source_of(guest.stdin), read))
        guest.descriptors.place(1, Descriptor(target_of(guest.stdout), write))
        guest.descriptors.place(2, Descriptor(target_of(guest.stderr, error=True), write))
