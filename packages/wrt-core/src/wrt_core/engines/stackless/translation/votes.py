"""Votes: what a first reading of a function counts, by which a second goes."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple

__all__ = ["Kin", "Votes"]


class Kin(NamedTuple):
    """Two locals of which one is given what is made of the other: they hold the same kind of number, or that costs."""

    local: int
    source: int
    is_stepped: bool
    around: tuple[int, ...]
    """The loops around."""


@dataclass(slots=True)
class Votes:
    """How much cheaper it would be if locals held what they do in another form, each seen by one module.

    Where it is told by loop, that is the innermost one.
    """

    numbers: Counter[int] = field(default_factory=Counter)
    """Those of type v128, if they held numbers; see `vector_numbers`."""
    signs: Counter[int] = field(default_factory=Counter)
    """Those of type i32, if they held signed numbers; see `signs`."""
    kin: list[Kin] = field(default_factory=list)
    """Which of these were given what is made of which."""
    climbs: Counter[tuple[int, int | None]] = field(default_factory=Counter)
    """Those that climb, if they held signed numbers, by local and loop; see `climbing`."""
    sums: Counter[tuple[int, int | None]] = field(default_factory=Counter)
    """Those that are added to, if they might grow past their width, by local and loop; see `sums`."""
    loaded: set[int] = field(default_factory=set)
    """The locals of type f32 that were given what was loaded."""
    exact: Counter[int] = field(default_factory=Counter)
    """How often a local of type f32 is used where it matters which NaN it is."""
