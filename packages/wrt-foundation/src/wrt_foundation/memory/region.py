"""Region: bytes that one owner holds from a memory provider, in one place for as long as it holds them."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any

from wrt_foundation.memory.callbacks import hold_callback
from wrt_foundation.memory.errors import BudgetMisuse, MemoryClosed
from wrt_foundation.memory.overlapping import overlapping

if TYPE_CHECKING:
    from typing_extensions import Buffer

    from wrt_foundation.memory.budget import Charge
    from wrt_foundation.memory.provider import MemoryProvider

__all__ = ["Lease", "Region"]


class Lease:
    """What a provider has on its books for one region; it lasts as long as views keep the bytes mapped."""

    __slots__ = ("charge", "meter", "owner", "reservation", "size")

    def __init__(self, owner: str, charge: Charge, meter: Charge) -> None:
        self.owner = owner
        self.charge = charge
        self.meter = meter
        self.size = 0
        self.reservation = 0


class Region:
    """A reservation of bytes of which the first `size` are held, and charged to the owner's budget.

    Made by `MemoryProvider.allocate`; a context manager that releases itself. It grows in place: its bytes never
    move. It belongs to whoever allocated it, who must not grow it in two threads at once; the rest is thread-safe.
    A region that is dropped without `release` comes off the books when the last view of it is gone.
    """

    __slots__ = (
        "__weakref__",
        "_base",
        "_evicted",
        "_exporter",
        "_finalizer",
        "_forget",
        "_lease",
        "_lent",
        "_released",
        "_watcher",
        "provider",
    )

    def __init__(self, provider: MemoryProvider, exporter: Buffer, lease: Lease) -> None:
        """For the provider: `exporter` owns the bytes of the reservation and of the provider's margins around it.

        Raises `BufferError`, `TypeError` or `ValueError` if it is not what `MemoryProvider.reserve` promises.
        """
        self.provider = provider
        self._exporter = exporter
        self._lease = lease
        self._released = self._evicted = False
        self._watcher: Callable[[], Callable[[], object] | None] | None = None
        whole = self.whole()
        if whole.readonly or whole.nbytes < lease.reservation + 2 * provider.margin:
            raise ValueError("the buffer is read-only" if whole.readonly else "the buffer is too short")
        self._base = whole[provider.margin : provider.margin + lease.reservation]
        lent: dict[int, weakref.ref[memoryview[Any]]] = {}
        self._lent = lent
        self._forget: Callable[[weakref.ref[memoryview[Any]]], object] = lambda ref: lent.pop(id(ref), None)
        # Views keep the exporter alive and not the region: the bytes are in use until the exporter goes. (A bytearray,
        # say, takes no weak references: then it is the region that counts.)
        watched: object = exporter if getattr(type(exporter), "__weakrefoffset__", 0) else self
        self._finalizer = weakref.finalize(watched, provider._lapse, lease)
        self._finalizer.atexit = False

    @property
    def owner(self) -> str:
        """The owner's name."""
        return self._lease.owner

    @property
    def size(self) -> int:
        """Bytes held: the owner's part is `[0, size)`."""
        return self._lease.size

    @property
    def reservation(self) -> int:
        """Bytes of address space behind the region: how far it can grow."""
        return self._lease.reservation

    @property
    def released(self) -> bool:
        """True once released: nothing of it can be read then."""
        return self._released

    @property
    def exporter(self) -> Buffer:
        """The object that owns the bytes, as `MemoryProvider.reserve` returned it."""
        return self._exporter

    # --- for the owner -------------------------------------------------------------------------------------

    @property
    def view(self) -> memoryview:
        """A new view of the bytes held, writable if the provider lets it be; released together with the region."""
        return self.lend(0, self.size)

    def lend(self, start: int, stop: int, format: str = "B") -> memoryview[Any]:  # noqa: A002 - memoryview's own word
        """Return a new view of the bytes `[start, stop)`, cast to `format`; released together with the region.

        It is writable if the provider lets it be. Raises `MemoryClosed` once released, `ValueError` outside of the
        bytes held, what `memoryview.cast` raises, and what the provider refuses with.
        """
        self._require(start, stop)
        cast: memoryview[Any] = self._base[start:stop].cast(format)  # type: ignore[call-overload]
        return self._note(self.provider.lend(cast))

    def lend_overlapping(self, start: int, stop: int, format: str) -> memoryview[Any]:  # noqa: A002
        """Return a new view of the bytes `[start, stop)` with an item of `format` at every byte.

        It is for engines, which index it and nothing else: what is made of it (a slice, an array) does not keep the
        bytes mapped. See `overlapping`; the rest is as for `lend`.
        """
        self._require(start, stop)
        return self._note(self.provider.lend(overlapping(self._base, start, stop, format)))

    def _require(self, start: int, stop: int) -> None:
        if self._released:
            raise MemoryClosed("the memory is closed")
        if not 0 <= start <= stop <= self._lease.size:
            raise ValueError(f"[{start}, {stop}) is not within a region of {self._lease.size} bytes")

    def _note(self, view: memoryview[Any]) -> memoryview[Any]:
        """Keep in mind that a view has to be released with the region."""
        ref = weakref.ref(view, self._forget)
        self._lent[id(ref)] = ref
        return view

    def grow(self, size: int) -> None:
        """Hold `size` bytes from now on; the new ones read as zero, the old ones stay where and what they are.

        Raises `AllocationFailed` past the reservation or where the provider refuses, `BudgetExceeded` where the
        owner's budget does, `ValueError` for less than is held, `MemoryClosed` once released. After an error
        nothing has changed.
        """
        if self._released:
            raise MemoryClosed("the memory is closed")
        if size < self.size:
            raise ValueError(f"a region does not shrink: {size} is less than {self.size} bytes")
        if size > self.size:
            self.provider._grow(self, self._lease, size)

    def watch(self, callback: Callable[[], object]) -> None:
        """Have `callback` called first when the region is released, by whomever. One callback a region.

        A bound method is held weakly.
        """
        self._watcher = hold_callback(callback)

    def release(self) -> None:
        """Give the bytes back: every lent view raises `ValueError` from now on.

        Views that others made of lent ones (a slice, a numpy array) can't be released from here. They stay
        safe to use and find nothing: the bytes are cleared, and unmapped when the last of those views is gone.
        Raises `BudgetMisuse` the second time; what the provider refuses with, and then it is not released; and what the
        provider finds wrong (`MemoryCorrupted`), after the region is released all the same.
        """
        if not self._released:
            self.provider.dismiss(self)
        if not self._end():
            if not self._evicted:
                raise BudgetMisuse(f"a memory region of {self.owner!r} was released already")
            self._evicted = False

    def __enter__(self) -> Region:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._released:
            self.provider.dismiss(self)
            self._end()

    # --- for the budget and the provider -------------------------------------------------------------------

    def evict(self) -> None:
        """Release the region over its owner's head, because the budget that pays for it is closed.

        The owner's own `release`, if it is still to come, is in order then.
        """
        if self._end():
            self._evicted = True

    def _end(self) -> bool:
        with self.provider._lock:
            if self._released:
                return False
            self._released = True
        watcher = None if self._watcher is None else self._watcher()
        try:
            if watcher is not None:
                watcher()
        finally:
            for ref in list(self._lent.values()):
                view = ref()
                if view is not None:
                    _let_go(view)
            try:
                self.provider.free(self)
            finally:
                self._finalizer()
        return True

    def whole(self) -> memoryview:
        """Return a new view of the whole reservation with the provider's margins; release it before `unmap`."""
        return memoryview(self._exporter).cast("B")

    def unmap(self) -> bool:
        """Close the object that owns the bytes, once the region is released; False if somebody still looks at them.

        False too where the object has no `close`: then only the last reference frees it.
        """
        _let_go(self._base)
        close = getattr(self._exporter, "close", None)
        if close is None:
            return False
        try:
            close()
        except BufferError:
            return False
        return True

    def clear(self, filler: int = 0) -> None:
        """Overwrite all bytes held with `filler`."""
        block = bytes([filler]) * min(self.size, 1 << 20)
        with self.whole() as whole:
            first, end = self.provider.margin, self.provider.margin + self.size
            for start in range(first, end, len(block) or 1):
                stop = min(start + len(block), end)
                whole[start:stop] = block[: stop - start]

    def __repr__(self) -> str:
        state = "released" if self._released else f"{self.size} of {self.reservation} bytes"
        return f"<Region of {self.owner!r}: {state}>"


def _let_go(view: memoryview[Any]) -> None:
    try:
        view.release()
    except BufferError:
        # Somebody looks at the bytes through this view. What he has stays safe: it keeps them mapped.
        return
