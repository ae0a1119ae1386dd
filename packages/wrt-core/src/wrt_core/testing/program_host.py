"""The host of random programs: what they import, with the log of what they did."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

from wrt_core.runtime.tag import Tag
from wrt_foundation.types import I32, FuncType

__all__ = ["HostFailure", "ProgramHost"]

_CHOICES = (0, 0, 0, 0, 0, 0, 1, 1, 2, 3, 4)
_MOST_CHOICES = 60
_MOST_LOGGED = 2_000


class HostFailure(Exception):
    """A host function's own."""


class ProgramHost:
    """What programs import. The same seed chooses the same; `state` is all that it goes on from, to be moved along."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.tag = Tag(FuncType((I32,)))
        self.entries: list[int] = []
        self.choices = 0

    @property
    def state(self) -> tuple[object, list[int], int]:
        """What it has chosen and logged so far."""
        return self.random.getstate(), self.entries, self.choices

    @state.setter
    def state(self, state: tuple[Any, list[int], int]) -> None:
        random, self.entries, self.choices = state
        self.random.setstate(random)

    def functions(self) -> dict[str, Callable[..., Any]]:
        """The functions, by name."""
        return {"log": self.log, "pass": self.pass_, "raise": self.raise_, "choose": self.choose}

    def imports(self) -> dict[str, dict[str, Any]]:
        """All that programs import."""
        return {"env": {**self.functions(), "tag": self.tag}}

    def log(self, value: int) -> None:
        """Note a value."""
        if len(self.entries) > _MOST_LOGGED:
            raise HostFailure("logged too much")
        self.entries.append(value)

    def pass_(self, value: int) -> int:
        """Give back the value."""
        return value

    def raise_(self, value: int) -> int:
        """Fail in the way that the value says."""
        self.log(value)
        match value:
            case 0:
                raise HostFailure("asked to")
            case 1:
                raise self.tag.exception(7)
            case 2:
                raise IndexError("the host's")
            case 3:
                raise ZeroDivisionError("the host's")
        return value

    def choose(self) -> int:
        """Say where control goes."""
        self.choices += 1
        if self.choices > _MOST_CHOICES:
            raise HostFailure("chose too often")
        return self.random.choice(_CHOICES)
