"""A memory's views in a namespace, kept as large as the memory; see `translation.memory` for what they are."""

from __future__ import annotations

import re
import weakref
from collections.abc import Iterable
from typing import Any

from wrt_core.runtime.memory import Memory
from wrt_foundation.memory.views import Views

__all__ = ["follow", "follow_offsets"]

_BYTES = {"B": "B", "b": "b"}
_ITEMS = {"H": "H", "h": "h", "I": "I", "i": "i", "Q": "Q", "F": "f", "D": "d"}
_FORMATS = {**_BYTES, **_ITEMS}
_OFFSET = re.compile(r"([BbHhIiQFD])(a?)(\d+)_(\d+)")


class _Followed:
    """The views of one memory in one namespace; the memory holds it weakly."""

    def __init__(self, memory: Memory, index: int, names: dict[str, Any]) -> None:
        self._memory = weakref.ref(memory)
        self._index = index
        self._names = names
        self._offsets: dict[str, tuple[str, bool, int]] = {}
        self._views: Views | None = None

    def fetch(self) -> None:
        """Take the memory's present views."""
        memory = self._memory()
        if memory is None:
            return
        self._views = views = memory.views
        index = self._index
        for letter, format_ in _BYTES.items():
            self._names[f"{letter}{index}"] = views.beginning(format_, 0)
        for letter, format_ in _ITEMS.items():
            self._names[f"{letter}{index}"] = views.overlapping(format_)
            self._names[f"{letter}a{index}"] = views.beginning(format_, 0)
        for name in self._offsets:
            self._make(name)

    def add(self, name: str, letter: str, aligned: bool, offset: int) -> None:
        """Have a view that begins at an offset, from now on."""
        self._offsets[name] = letter, aligned, offset
        self._make(name)

    def _make(self, name: str) -> None:
        letter, aligned, offset = self._offsets[name]
        assert self._views is not None
        make = self._views.beginning if aligned or letter in _BYTES else self._views.overlapping
        self._names[name] = make(_FORMATS[letter], offset)


def follow(memory: Memory, index: int, names: dict[str, Any]) -> None:
    """Put a memory's views into a namespace, and new ones whenever it grows."""
    followed = _Followed(memory, index, names)
    followed.fetch()
    memory.attach(followed.fetch)
    names[_key(index)] = followed  # the memory holds it weakly; the instance keeps it


def follow_offsets(names: dict[str, Any], wanted: Iterable[str]) -> None:
    """Put those views into a namespace that code asks for by name and that begin at some offset."""
    for name in wanted:
        if name not in names:
            match = _OFFSET.fullmatch(name)
            if match is not None:
                names[_key(int(match[3]))].add(name, match[1], bool(match[2]), int(match[4]))


def _key(index: int) -> str:
    return f"__views{index}__"
