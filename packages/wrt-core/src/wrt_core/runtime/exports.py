"""Exports: what an instance offers, by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from wrt_foundation.errors import did_you_mean

__all__ = ["Exports", "Extern"]

Extern = Any
"""A `Func`, `Memory`, `Table`, `Global` or `Tag`."""


class Exports(Mapping[str, Extern]):
    """A read-only mapping of names to externs; names that Python can spell are attributes too.

    A mapping has attributes of its own: an export called "get", "items", "keys" or "values" is `exports["get"]`.

    As a mapping it is also what another module's imports can be given: `{"env": instance.exports}`.
    """

    __slots__ = ("_externs",)

    def __init__(self, externs: dict[str, Extern]) -> None:
        self._externs = externs

    def __getitem__(self, name: str) -> Extern:
        try:
            return self._externs[name]
        except KeyError:
            raise KeyError(f"no export {name!r}{did_you_mean(str(name), self._externs)}") from None

    def __getattr__(self, name: str) -> Extern:
        try:
            return self._externs[name]
        except KeyError:
            raise AttributeError(
                f"no export {name!r}{did_you_mean(name, self._externs)}", name=name, obj=self
            ) from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._externs)

    def __len__(self) -> int:
        return len(self._externs)

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self._externs]

    def __repr__(self) -> str:
        return f"<Exports {', '.join(self._externs)}>"
