"""A memory's views in a namespace, kept as large as the memory; see `translation.templates.memory` for what is what."""

from __future__ import annotations

import re
import weakref
from collections.abc import Iterable
from threading import RLock
from typing import Any

from wrt_core.runtime.memory import Memory

__all__ = ["follow", "provide"]

_FORMATS = {"B": "B", "b": "b", "H": "H", "h": "h", "I": "I", "i": "i", "Q": "Q", "F": "f", "D": "d"}
_NAME = re.compile(r"([BbHhIiQFD])(a?)(\d+)(?:_(\d+))?")


class _Followed:
    """The views of one memory that code in one namespace asks for; the memory holds it weakly."""

    def __init__(self, memory: Memory, names: dict[str, Any]) -> None:
        self._memory = weakref.ref(memory)
        self._names = names
        self._wanted: dict[str, tuple[str, bool, int]] = {}
        self._views = memory.views
        self._lock = RLock()
        """Held while views are made: one thread may come upon new code while another lets the memory grow.

        Re-entrant, for a signal's handler or a finalizer may run the guest in the midst of it.
        """

    def fetch(self) -> None:
        """Take the memory's present views."""
        memory = self._memory()
        if memory is not None:
            with self._lock:
                self._views = memory.views
                for name in list(self._wanted):
                    self._make(name)

    def add(self, name: str, letter: str, spaced: bool, offset: int) -> None:
        """Have a view from now on: from an offset on an item at every byte or, `spaced`, one after the other."""
        with self._lock:
            self._wanted[name] = _FORMATS[letter], spaced or letter in "Bb", offset
            self._make(name)

    def _make(self, name: str) -> None:
        format_, spaced, offset = self._wanted[name]
        views = None
        while views is not self._views:  # it may have grown in the midst of it
            views = self._views
            self._names[name] = (views.beginning if spaced else views.overlapping)(format_, offset)


def follow(memory: Memory, index: int, names: dict[str, Any]) -> None:
    """Keep views of a memory in a namespace, those that `provide` is asked for, and new ones whenever it grows."""
    followed = names[_key(index)] = _Followed(memory, names)  # the memory holds it weakly; the instance keeps it
    memory.attach(followed.fetch)


def provide(names: dict[str, Any], wanted: Iterable[str]) -> None:
    """Put those views into a namespace that code asks for by name."""
    for name in wanted:
        if name not in names:
            match = _NAME.fullmatch(name)
            if match is not None:
                names[_key(int(match[3]))].add(name, match[1], bool(match[2]), int(match[4] or 0))


def _key(index: int) -> str:
    return f"__views{index}__"
