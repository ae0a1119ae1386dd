"""Watching a memory: what the host reads from it and writes to it while it is the host's turn.

Host functions mostly `read` and `write`, and then each access is noted as it happens, which costs nothing that grows
with the memory. Who takes a view of it may write at any time, unseen; from then on the memory is compared with a copy,
each time the host had its turn.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from wrt_core.recording.events import Event, Grown, Read, Written
from wrt_core.runtime.memory import Memory
from wrt_foundation.memory.linear_memory import LinearMemory

if TYPE_CHECKING:
    from typing_extensions import Buffer

    from wrt_foundation.memory.region import Region
    from wrt_foundation.memory.views import Views

__all__ = ["MemoryWatch"]

_PAGE = 1 << 16
_BLOCK = 1 << 8
"""Bytes: what is compared at a time, first roughly, then finely."""


class MemoryWatch:
    """What the host does to one memory, told to `note` as it does it; `exposed` if it may do it unseen.

    `begin` and `end` enclose the host's turn. Outside of it nothing is noted: then the guest runs.
    """

    def __init__(self, memory: Memory, index: int, note: Callable[[Event], None], *, exposed: bool) -> None:
        self.memory = memory
        self.index = index
        self._note = note
        self._turn = False
        self._exposed = exposed
        self._copy: bytearray | None = None
        if type(memory) is Memory:
            _WATCHES[memory] = self
            # The object itself must be what tells: the guest and the host have it already.
            memory.__class__ = _WatchedMemory
        else:  # somebody's own kind of memory, whose methods are its own
            self._exposed = True

    def begin(self, *, empty: bool = False) -> None:
        """The host's turn begins. With `empty`, the memory counts as if it had been all zeros then."""
        self._turn = True
        if self._exposed:
            self._copy = bytearray(self.memory.byte_length) if empty else bytearray(self._content())

    def end(self) -> None:
        """The host's turn ends: tell what it has written unseen."""
        copy, self._copy = self._copy, None
        if copy is not None:
            for address, data in _differences(copy, self._content()):
                self._note(Written(self.index, address, data))
        self._turn = False

    def close(self) -> None:
        """Watch no more."""
        self._turn = False
        if _WATCHES.pop(self.memory, None) is not None:
            self.memory.__class__ = Memory

    def _content(self) -> memoryview:
        return LinearMemory.view.fget(self.memory)  # type: ignore[attr-defined, no-any-return]

    def expose(self, *, always: bool = False) -> None:
        """Somebody takes a view: the host, if it is its turn, or in any case `always`."""
        if not self._exposed and (self._turn or always):
            self._exposed = True
            if self._turn:
                self._copy = bytearray(self._content())

    def read(self, address: int, data: bytes) -> None:
        """The host has read bytes; what differs from the copy is its own writing, which the guest has not seen."""
        if self._turn and data and (self._copy is None or self._copy[address : address + len(data)] == data):
            self._note(Read(self.index, address, data))

    def write(self, address: int, length: int) -> None:
        """The host has written bytes."""
        if self._turn and length:
            data = bytes(self._content()[address : address + length])
            if self._copy is not None:
                self._copy[address : address + length] = data
            self._note(Written(self.index, address, data))

    def grow(self, grow: Callable[[int], int], pages: int) -> int:
        """The host lets the memory grow. Engines fetch their views anew meanwhile: that is not the host's doing."""
        if not self._turn:
            return grow(pages)
        self._turn = False
        try:
            before = grow(pages)
        finally:
            self._turn = True
        if before >= 0 and pages:
            if self._copy is not None:
                self._copy.extend(bytes(pages * self.memory.page_size))
            self._note(Grown(self.index, pages))
        return before


_WATCHES: WeakKeyDictionary[Memory, MemoryWatch] = WeakKeyDictionary()


class _WatchedMemory(Memory):
    """A memory that tells its watch what is done to it."""

    __slots__ = ()

    def read(self, address: int, length: int) -> bytes:
        data = super().read(address, length)
        _WATCHES[self].read(address, data)
        return data

    def write(self, address: int, data: Buffer) -> None:
        super().write(address, data)
        _WATCHES[self].write(address, memoryview(data).nbytes)

    def fill(self, address: int, value: int, length: int) -> None:
        super().fill(address, value, length)
        _WATCHES[self].write(address, length)

    def copy(self, destination: int, source: int, length: int, *, origin: LinearMemory | None = None) -> None:
        super().copy(destination, source, length, origin=origin)
        _WATCHES[self].write(destination, length)

    def init(self, destination: int, source: int, length: int, data: Buffer) -> None:
        super().init(destination, source, length, data)
        _WATCHES[self].write(destination, length)

    def grow(self, pages: int) -> int:
        return _WATCHES[self].grow(super().grow, pages)

    def attach(self, callback: Callable[[], object]) -> Callable[[], None]:
        # Who wants to hear of growth keeps views; the engine has said so before the memory was watched.
        _WATCHES[self].expose(always=True)
        return super().attach(callback)

    @property
    def view(self) -> memoryview:
        _WATCHES[self].expose()
        return super().view

    @property
    def views(self) -> Views:
        _WATCHES[self].expose()
        return super().views

    @property
    def region(self) -> Region:
        _WATCHES[self].expose()
        return super().region


def _differences(before: bytearray, after: memoryview) -> Iterator[tuple[int, bytes]]:
    """Return where `after` is other than `before`, in runs of whole blocks that begin and end with a difference."""
    old = memoryview(before)
    run: tuple[int, int] | None = None
    for page in range(0, len(after), _PAGE):
        if old[page : page + _PAGE].tobytes() == after[page : page + _PAGE].tobytes():
            continue
        for start in range(page, min(page + _PAGE, len(after)), _BLOCK):
            end = min(start + _BLOCK, len(after))
            if old[start:end].tobytes() == after[start:end].tobytes():
                continue
            if run is not None and run[1] == start:
                run = run[0], end
            else:
                if run is not None:
                    yield _trimmed(old, after, *run)
                run = start, end
    if run is not None:
        yield _trimmed(old, after, *run)


def _trimmed(before: memoryview, after: Any, start: int, end: int) -> tuple[int, bytes]:
    while before[start] == after[start]:
        start += 1
    while before[end - 1] == after[end - 1]:
        end -= 1
    return start, bytes(after[start:end])
