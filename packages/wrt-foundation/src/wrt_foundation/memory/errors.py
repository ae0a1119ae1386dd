"""What goes wrong with memory on the host's side; what a guest meets is a `Trap`."""

from __future__ import annotations

from wrt_foundation.errors import WrtError

__all__ = ["AllocationFailed", "BudgetMisuse", "MemoryClosed", "MemoryCorrupted", "MemoryLeaked", "UnsupportedHost"]


class AllocationFailed(WrtError):
    """A memory provider could not, or would not, give the bytes; nothing was taken.

    `owner` names who asked, `requested` is the size in bytes that was asked for.
    """

    def __init__(self, message: str, *, owner: str, requested: int) -> None:
        super().__init__(message)
        self.owner = owner
        self.requested = requested


class BudgetMisuse(WrtError):
    """A budget or a handle on one was used against its rules: released twice, or used after it was closed."""


class MemoryClosed(WrtError, ValueError):
    """A memory was used after it was closed; a `ValueError` too, as a closed file raises one."""


class MemoryCorrupted(WrtError):
    """Bytes that no guest may reach were overwritten.

    `owner` names whose region it is; `offset` is the first such byte, counted from the region's first one
    (negative in front of it).
    """

    def __init__(self, message: str, *, owner: str, offset: int) -> None:
        super().__init__(message)
        self.owner = owner
        self.offset = offset


class MemoryLeaked(WrtError):
    """Regions are still held where none should be. `leaks` are the bytes held, by owner."""

    def __init__(self, message: str, *, leaks: dict[str, int]) -> None:
        super().__init__(message)
        self.leaks = leaks


class UnsupportedHost(WrtError):
    """The machine that WRT runs on lacks something that it cannot do without."""
