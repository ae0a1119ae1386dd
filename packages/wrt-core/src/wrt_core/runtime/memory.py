"""Memories (specification, section 4.2.8): linear memory with a type."""

from __future__ import annotations

from wrt_core.runtime.waiting import WaitingList, WaitResult
from wrt_foundation.memory.budget import Budget
from wrt_foundation.memory.linear_memory import LinearMemory
from wrt_foundation.memory.provider import MemoryProvider
from wrt_foundation.traps import Trap, TrapCode
from wrt_foundation.types import I32, I64, Limits, MemoryType

__all__ = ["Memory"]


class Memory(LinearMemory):
    """A memory instance: what `LinearMemory` offers, made of a memory type, and importable.

    `Memory(MemoryType(Limits(1, 10)))` makes one to share between guests, with `shared=True` between threads.
    See `LinearMemory` for the rest.

    `atomics` is the lock that atomic instructions hold while they change a shared memory.
    """

    __slots__ = ("_waiting", "atomics")

    def __init__(
        self, type_: MemoryType, *, provider: MemoryProvider | None = None, owner: Budget | str = "anonymous"
    ) -> None:
        self._waiting = WaitingList()
        self.atomics = self._waiting.lock
        super().__init__(
            type_.limits.minimum,
            type_.limits.maximum,
            page_size=type_.page_size,
            address_bits=64 if type_.address is I64 else 32,
            shared=type_.shared,
            provider=provider,
            owner=owner,
        )

    @property
    def type(self) -> MemoryType:
        """The type as of now: its minimum is the present size (specification, section 3.7.3)."""
        address = I64 if self.address_bits == 64 else I32
        return MemoryType(Limits(self.size, self.maximum), address, self.shared, self.page_size)

    def wait(self, address: int, expected: int, timeout: int = -1, *, width: int = 4) -> WaitResult:
        """Wait for `notify` at `address` if the `width` bytes there are `expected`, as `memory.atomic.wait32` does.

        `timeout` is in nanoseconds, for ever if negative; `width` is 4 or 8. Other threads run meanwhile. Raises `Trap`
        with "unaligned atomic", "expected shared memory" or "out of bounds memory access", in this order, and
        `MemoryClosed` when the memory is closed.
        """
        self._check_atomic(address, width)
        if not self.shared:
            raise Trap(TrapCode.EXPECTED_SHARED_MEMORY)
        self._check_bounds(address, width)
        words, index = self.views["I" if width == 4 else "Q"][0], address // width
        wanted = expected & ((1 << 8 * width) - 1)
        result = self._waiting.wait(address, lambda: bool(words[index] == wanted), timeout)
        self._require_open()
        return result

    def notify(self, address: int, count: int = 0xFFFF_FFFF) -> int:
        """Wake at most `count` of the threads that wait at `address`, and return how many, as `memory.atomic.notify`.

        Nobody waits in a memory that is not shared. Raises `Trap` as `wait` does.
        """
        self._check_atomic(address, 4)
        self._check_bounds(address, 4)
        return self._waiting.notify(address, count)

    def _check_atomic(self, address: int, width: int) -> None:
        if address % width:
            raise Trap(TrapCode.UNALIGNED_ATOMIC)

    def _check_bounds(self, address: int, width: int) -> None:
        if address < 0 or address + width > self._length:
            self._refuse()

    def _mark_closed(self) -> None:
        super()._mark_closed()
        self._waiting.wake_all()
