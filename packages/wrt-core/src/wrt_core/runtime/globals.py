"""Globals: one variable or constant each (specification, section 4.2.9)."""

from __future__ import annotations

from typing import Any

from wrt_core.runtime.conversion import from_host, to_host
from wrt_core.runtime.to_host import Converter
from wrt_foundation.errors import WrtError
from wrt_foundation.types import GlobalType

__all__ = ["Global"]


class Global:
    """A global instance; read and set it through `value`.

    `raw` is the value in the engines' representation, which compiled code reads and writes. The type must be closed.
    """

    __slots__ = ("__weakref__", "_from", "_to", "raw", "type")

    def __init__(self, type_: GlobalType, value: object) -> None:
        self._set(type_)
        self.raw: Any = self._from(value)

    @classmethod
    def of_raw(cls, type_: GlobalType, raw: Any) -> Global:
        """Make a global of a value in the engines' representation; for engines."""
        made = cls.__new__(cls)
        made._set(type_)
        made.raw = raw
        return made

    def _set(self, type_: GlobalType) -> None:
        self.type = type_
        self._from: Converter = from_host(type_.value)
        self._to: Converter = to_host(type_.value)

    @property
    def value(self) -> Any:
        """The value. Setting it raises `WrtError` for a constant, and `TypeError` for a value of another type."""
        return self._to(self.raw)

    @value.setter
    def value(self, value: object) -> None:
        if not self.type.mutable:
            raise WrtError("global is immutable")
        self.raw = self._from(value)

    def pass_through(self, inward: Converter, outward: Converter) -> None:
        """Have what the host sets pass `inward`, and what it gets pass `outward`; for whoever keeps guests apart."""
        take, give = self._from, self._to
        self._from = lambda value: inward(take(value))
        self._to = lambda value: outward(give(value))

    def __repr__(self) -> str:
        return f"<Global {'mut ' if self.type.mutable else ''}{self.type.value} {self.raw!r}>"
