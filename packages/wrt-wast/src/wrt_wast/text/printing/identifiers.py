"""Names → identifiers: unique ones, in as few characters as they need."""

from __future__ import annotations

import re
from collections.abc import Mapping

from wrt_wast.text.strings import quote

__all__ = ["Identifiers", "spelled"]

_PLAIN = re.compile(r"[0-9A-Za-z!#$%&'*+\-./:<=>?@\\^_`|~]+")


def spelled(name: str) -> str:
    """Return the identifier of a name that is not empty, quoted if it must be."""
    return f"${name}" if _PLAIN.fullmatch(name) else f"${quote(name)}"


class Identifiers:
    """The identifiers of one index space.

    A name that is empty, or that another index has too, can't be an identifier; then something like it is,
    and a `@name` annotation says what the name is.
    """

    def __init__(self, names: Mapping[int, str], count: int) -> None:
        self._used: dict[int, str] = {}
        self._annotations: dict[int, str] = {}
        taken: set[str] = set()
        for index in sorted(names):
            if index >= count:
                continue
            name = unique = names[index]
            if not name or name in taken:
                unique = f"{name}#{index}"
                while unique in taken:
                    unique += "#"
                self._annotations[index] = f"(@name {quote(name)})"
            taken.add(unique)
            self._used[index] = spelled(unique)

    def __bool__(self) -> bool:
        return bool(self._used)

    def has(self, index: int) -> bool:
        """Say whether an index has an identifier."""
        return index in self._used

    def use(self, index: int) -> str:
        """Return how something refers to an index."""
        return self._used.get(index) or str(index)

    def bind(self, index: int) -> str:
        """Return what follows the keyword where an index is bound, with a space before: at least its number."""
        identifier = self._used.get(index)
        if identifier is None:
            return f" (;{index};)"
        annotation = self._annotations.get(index)
        return f" {identifier} {annotation}" if annotation else f" {identifier}"

    def bind_local(self, index: int) -> str:
        """Return the same for a parameter, local or field: nothing if there is no identifier."""
        return self.bind(index) if index in self._used else ""
