"""Operations on memory that a provider may be allowed, and the mask that says which it is."""

from __future__ import annotations

from enum import Flag, auto

__all__ = ["MemoryOperation"]


class MemoryOperation(Flag):
    """What may be done with a provider's memory; masks are made with `|`."""

    READ = auto()
    """Look at the bytes of a region."""
    WRITE = auto()
    """Change them."""
    ALLOCATE = auto()
    """Get regions, and have them grow."""
    DEALLOCATE = auto()
    """Give regions back before whoever holds them is gone."""
    DELEGATE = auto()
    """Hand on some of all this, as a provider of its own."""

    NONE = 0
    ALL = READ | WRITE | ALLOCATE | DEALLOCATE | DELEGATE
