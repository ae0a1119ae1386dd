"""Linear memory: the bytes of one WebAssembly memory (specification, section 4.2.8 "Memory Instances")."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from contextlib import ExitStack
from types import TracebackType
from typing import TYPE_CHECKING, NoReturn
from weakref import ref

from wrt_foundation.errors import BudgetExceeded, CapabilityDenied, ValidationError
from wrt_foundation.memory.basic import default_provider
from wrt_foundation.memory.budget import Budget
from wrt_foundation.memory.callbacks import hold_callback
from wrt_foundation.memory.errors import AllocationFailed, MemoryClosed, UnsupportedHost
from wrt_foundation.memory.provider import MemoryProvider
from wrt_foundation.memory.region import Region
from wrt_foundation.memory.views import Views
from wrt_foundation.traps import Trap, TrapCode
from wrt_foundation.types import PAGE_SIZE

if TYPE_CHECKING:
    from typing_extensions import Buffer

__all__ = ["LinearMemory"]

_FILL_BLOCK = 1 << 20  # Bytes: filling copies such a block over and over, so a large fill needs little memory itself.


class LinearMemory:
    """Bytes that grow by whole pages, in place: a base address and a view, once had, stay good.

    Sizes are in pages where the specification's are (`size`, `minimum`, `maximum`, `grow`), else in bytes. It
    belongs to whoever made it: close it, or drop it, to give the memory back. Any object that takes buffers takes
    `memory.view`; from Python 3.12 on `memory` itself will do.

    Thread-safe: growth and closing happen one at a time, and accesses race with one another as in any
    shared memory. An access outside of the memory raises `Trap` with "out of bounds memory access" and
    changes nothing; one after `close` raises `MemoryClosed`.
    """

    __slots__ = (
        "__weakref__",
        "_length",
        "_listeners",
        "_lock",
        "_most",
        "_region",
        "_view",
        "_views",
        "address_bits",
        "maximum",
        "minimum",
        "page_size",
        "refused",
        "shared",
    )

    def __init__(
        self,
        minimum: int,
        maximum: int | None = None,
        *,
        page_size: int = PAGE_SIZE,
        address_bits: int = 32,
        shared: bool = False,
        provider: MemoryProvider | None = None,
        owner: Budget | str = "anonymous",
    ) -> None:
        """Allocate a memory of `minimum` pages, all zero, that can grow to `maximum` pages, None for no bound.

        The arguments are those of the memory's type: `page_size` is 65536 or 1, `address_bits` 32 or 64. The bytes
        come from `provider`, a basic one unless given, and are charged to `owner`, see `MemoryProvider.allocate`.

        A reservation that the host has no room for is made smaller, and growth beyond it fails. Raises
        `ValidationError` for a type that is not valid, `AllocationFailed` or `BudgetExceeded` if the minimum can't
        be had, and `UnsupportedHost` on big-endian machines: typed views of memory would read numbers backwards.
        """
        if sys.byteorder != "little":
            raise UnsupportedHost("WebAssembly's memory is little-endian, and this machine is not")
        most = _most_pages(minimum, maximum, page_size, address_bits)
        if shared and maximum is None:
            raise ValidationError("shared memory must have maximum")
        self.minimum = minimum
        self.maximum = maximum
        self.page_size = page_size
        self.address_bits = address_bits
        self.shared = shared
        self._most = most
        self.refused: Callable[[AllocationFailed | BudgetExceeded], object] | None = None
        """Called with what a growth is refused for, before that fails; what it raises, `grow` raises."""
        self._lock = threading.RLock()
        self._listeners: dict[object, Callable[[], Callable[[], object] | None]] = {}
        provider = default_provider() if provider is None else provider
        self._region = provider.allocate(minimum * page_size, most * page_size, owner=owner)
        try:
            if self._region.view.readonly:
                message = "a guest's memory is written, and its provider's is only read"
                raise CapabilityDenied(message, kind="memory", object=self._region.owner, operation="write")
        except BaseException:
            self._region.evict()
            raise
        self._region.watch(self._mark_closed)
        self._resized()

    # --- size ----------------------------------------------------------------------------------------------

    @property
    def size(self) -> int:
        """The size in pages, as of `memory.size`."""
        length = self._length
        if length < 0:  # Checked here and not by a call: guests ask for their size in loops.
            self._refuse()
        return length // self.page_size

    @property
    def byte_length(self) -> int:
        """The size in bytes."""
        self._require_open()
        return self._length

    def grow(self, pages: int) -> int:
        """Add `pages` pages of zeros and return the size before, in pages, or -1 if the memory can't grow so far.

        It can't past its maximum, its address space, its reservation, or what its provider and its owner's budget
        grant; the specification lets growth fail for any reason (section 4.6, "Growing memories"). Raises
        `ValueError` for a negative number.
        """
        if pages < 0:
            raise ValueError(f"a memory does not shrink: {pages} pages")
        with self._lock:
            before = self.size
            if pages == 0:
                return before
            if pages > self._most - before:
                return -1
            try:
                self._region.grow((before + pages) * self.page_size)
            except (AllocationFailed, BudgetExceeded) as error:
                if self.refused is not None:
                    self.refused(error)
                return -1
            self._resized()
            self._tell()
            return before

    def attach(self, callback: Callable[[], object]) -> Callable[[], None]:
        """Have `callback()` called after each growth, before `grow` returns; return a function that ends this.

        For those who keep views, to fetch new ones. A bound method is held weakly: watching a memory keeps nobody
        alive. It is called in the thread that grows the memory, and one at a time.
        """

        def forget(_: object = None) -> None:
            memory = this()
            if memory is not None:
                memory._listeners.pop(key, None)

        key, this = object(), ref(self)
        self._listeners[key] = hold_callback(callback, forget)
        return forget

    # --- access --------------------------------------------------------------------------------------------

    def read(self, address: int, length: int) -> bytes:
        """Return the `length` bytes from `address` on."""
        end = address + length
        if address < 0 or length < 0 or end > self._length:
            self._refuse()
        return self._view[address:end].tobytes()

    def write(self, address: int, data: Buffer) -> None:
        """Write the bytes of `data`, anything with a contiguous buffer, from `address` on."""
        if not isinstance(data, (bytes, bytearray)):
            data = memoryview(data).cast("B")
        end = address + len(data)
        if address < 0 or end > self._length:
            self._refuse()
        self._view[address:end] = data

    def fill(self, address: int, value: int, length: int) -> None:
        """Write the low byte of `value` `length` times from `address` on, as `memory.fill` does."""
        end = address + length
        if address < 0 or length < 0 or end > self._length:
            self._refuse()
        block = bytes([value & 0xFF]) * min(length, _FILL_BLOCK)
        view = self._view
        while address + _FILL_BLOCK <= end:
            view[address : address + _FILL_BLOCK] = block
            address += _FILL_BLOCK
        view[address:end] = block[: end - address]

    def copy(self, destination: int, source: int, length: int, *, origin: LinearMemory | None = None) -> None:
        """Copy `length` bytes from `source` to `destination`, as `memory.copy` does; the two ranges may overlap.

        The bytes come from the memory `origin`, this one unless given.
        """
        origin = self if origin is None else origin
        if source < 0 or length < 0 or source + length > origin._length:
            origin._refuse()
        if destination < 0 or destination + length > self._length:
            self._refuse()
        # memoryview moves overlapping ranges as if through a buffer in between.
        self._view[destination : destination + length] = origin._view[source : source + length]

    def init(self, destination: int, source: int, length: int, data: Buffer) -> None:
        """Copy `length` bytes of the data segment `data`, from its byte `source` on, as `memory.init` does."""
        segment = memoryview(data).cast("B")
        if source < 0 or length < 0 or source + length > len(segment):
            raise Trap(TrapCode.MEMORY_OUT_OF_BOUNDS)
        if destination < 0 or destination + length > self._length:
            self._refuse()
        self._view[destination : destination + length] = segment[source : source + length]

    # --- views ---------------------------------------------------------------------------------------------

    @property
    def view(self) -> memoryview:
        """A new writable view of the memory at its present size.

        It stays good when the memory grows, and as long as it was. After `close` it raises `ValueError`.
        What is made of it (a slice, a numpy array) outlives `close` and is cleared by it, see `Region.release`.
        """
        self._require_open()
        return self._region.view

    @property
    def views(self) -> Views:
        """The typed views that engines access memory through, at the memory's present size; see `Views`."""
        self._require_open()
        return self._views

    def __buffer__(self, flags: int, /) -> memoryview:
        """The buffer protocol, as of Python 3.12 (PEP 688)."""
        return self.view

    @property
    def region(self) -> Region:
        """The region that the bytes are in, for those who need to know how far the memory can grow."""
        return self._region

    # --- the end -------------------------------------------------------------------------------------------

    @property
    def closed(self) -> bool:
        """True after `close`, or when the budget that paid for the memory was closed."""
        return self._length < 0

    def close(self) -> None:
        """Give the memory back. Closing twice does nothing."""
        with self._lock:
            if self._length >= 0:
                self._region.release()

    def __enter__(self) -> LinearMemory:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        if self.closed:
            return "<LinearMemory, closed>"
        maximum = "no maximum" if self.maximum is None else f"at most {self.maximum}"
        return f"<LinearMemory of {self.size} pages, {maximum}>"

    # --- within --------------------------------------------------------------------------------------------

    def _require_open(self) -> None:
        if self._length < 0:
            raise MemoryClosed("the memory is closed")

    def _resized(self) -> None:
        # The views first: who sees the new length in another thread must not slice the old view, which would
        # silently give less than was asked for.
        self._view = self._region.view
        self._views = Views(self._region)
        self._length = self._region.size

    def _mark_closed(self) -> None:
        with self._lock:
            self._length = -1  # No access passes its check any more; the check costs nothing more than before.

    def _tell(self) -> None:
        callbacks = [holder() for holder in list(self._listeners.values())]
        # The stack calls each of them, last in, first out, whatever the others raise.
        with ExitStack() as stack:
            for callback in reversed(callbacks):
                if callback is not None:
                    stack.callback(callback)

    def _refuse(self) -> NoReturn:
        self._require_open()
        raise Trap(TrapCode.MEMORY_OUT_OF_BOUNDS)


def _most_pages(minimum: int, maximum: int | None, page_size: int, address_bits: int) -> int:
    """Check the numbers of a memory type and return the most pages that such a memory can have."""
    if page_size not in (1, PAGE_SIZE):
        raise ValidationError("invalid custom page size")
    if address_bits not in (32, 64):
        raise ValueError(f"memory addresses have 32 or 64 bits, not {address_bits}")
    # A size in pages has to fit an address, and -1 is the answer of a growth that failed.
    space = min((1 << address_bits) // page_size, (1 << address_bits) - 1)
    if minimum < 0 or max(minimum, maximum or 0) > space:
        raise ValidationError(f"memory size must be at most {space} pages")
    if maximum is not None and minimum > maximum:
        raise ValidationError("size minimum must not be greater than maximum")
    return space if maximum is None else maximum
