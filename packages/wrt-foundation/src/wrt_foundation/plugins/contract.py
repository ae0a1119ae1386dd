"""Contracts: what the thing that a plugin hands over has to be."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

__all__ = ["ANYTHING", "Contract"]

T = TypeVar("T")


@dataclass(frozen=True)
class Contract(Generic[T]):
    """What a kind's plugins must hand over; checked each time one is picked.

    `wanted` completes the sentence "it must be …"; `fits` answers whether a thing is that.
    """

    wanted: str
    fits: Callable[[object], bool]

    @staticmethod
    def subclass_of(base: Callable[..., T]) -> Contract[type[T]]:
        """Return the contract that only subclasses of the class `base` meet; for a Protocol, look-alikes do too."""
        cls: Any = base
        return Contract(
            f"a subclass of {_full_name(cls)}", lambda thing: isinstance(thing, type) and issubclass(thing, cls)
        )

    @staticmethod
    def instance_of(base: Callable[..., T]) -> Contract[T]:
        """Return the contract that only instances of the class `base` meet; for a Protocol, look-alikes do too."""
        cls: Any = base
        return Contract(f"an instance of {_full_name(cls)}", lambda thing: isinstance(thing, cls))

    def complaint(self, thing: object) -> str | None:
        """Return what is wrong with `thing`, or None if it fits."""
        try:
            if self.fits(thing):
                return None
        except Exception as error:  # noqa: BLE001 - `thing` is a stranger's; its __instancecheck__ may do anything
            return f"it must be {self.wanted}, and asking it raised {type(error).__name__}: {error}"
        described = _full_name(thing) if isinstance(thing, type) else f"an instance of {_full_name(type(thing))}"
        return f"it must be {self.wanted}, not {described}"


ANYTHING: Contract[Any] = Contract("something", lambda thing: thing is not None)
"""The contract of a registry that was not given one: a plugin has to hand over something."""


def _full_name(cls: Any) -> str:
    return f"{cls.__module__}.{cls.__qualname__}"
