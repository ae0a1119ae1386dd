"""Events: how observers are told, at no cost to those whom nobody observes.

Whoever makes an event happen asks the manager for it once, when set up, and keeps the answer::

    self._loaded = manager.event("wrt_module_loaded")  # None when nobody listens
    …
    if self._loaded is not None:
        self._loaded(module=module)

An observer that is added later is therefore not heard by what was set up before.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable
from typing import NamedTuple

__all__ = ["Event", "Listener", "PluginWarning"]


class PluginWarning(UserWarning):
    """A plugin, or the choice of plugins, is not right; work goes on without it."""


class Listener(NamedTuple):
    """One who listens to one event: its name for messages, its function, and the facts that it asks for."""

    name: str
    function: Callable[..., object]
    facts: tuple[str, ...]


class Event:
    """One event and those who listen. Calling it tells each of them; it returns nothing and raises nothing.

    A listener that raises is named in a `PluginWarning` and not told of this event again: to observe must
    not change what is observed. Thread-safe as far as the listeners are.
    """

    __slots__ = ("_listeners", "_trace", "name")

    def __init__(self, name: str, listeners: Iterable[Listener], trace: Callable[..., object] | None = None) -> None:
        self.name = name
        self._listeners = tuple(listeners)
        self._trace = trace

    def __call__(self, **facts: object) -> None:
        # Listeners are called directly, not through pluggy: each on its own, so that one who raises does not
        # keep the news from the others, and those who came after set-up are not told by accident.
        for listener in self._listeners:
            if self._trace is not None:
                self._trace(self.name, "->", listener.name, facts)
            try:
                listener.function(*[facts[fact] for fact in listener.facts])
            except Exception as error:  # noqa: BLE001 - a stranger's code
                # Replaced, not changed: another thread may be telling the others just now.
                self._listeners = tuple(other for other in self._listeners if other is not listener)
                message = f"the observer {listener.name!r} is left out of {self.name}: {type(error).__name__}: {error}"
                warnings.warn(PluginWarning(message), stacklevel=2)
