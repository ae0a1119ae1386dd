"""What a first reading of a function finds out for a second."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from wrt_core.engines.stackless.translation.knowledge.counting import Counted
from wrt_core.engines.stackless.translation.knowledge.ranges import Point
from wrt_core.engines.stackless.translation.knowledge.relation import Range

__all__ = ["Found"]


@dataclass(frozen=True, slots=True)
class Found:
    """What a first reading finds out for a second. Loops are known by their offsets; nothing, if there was none yet."""

    numbers: frozenset[int] = frozenset()
    """The locals of type v128 that hold numbers; the others hold bytes."""
    ranges: dict[Point, Range] = field(default_factory=dict)
    """Between which numbers locals are where paths meet; this and the next two are for `Ranges`."""
    given: dict[Point, Range] = field(default_factory=dict)
    hopes: frozenset[Point] = frozenset()
    counted: dict[int, Counted] = field(default_factory=dict)
    """How loops count that do."""
    turning: frozenset[int] = frozenset()
    """Those of them that do nothing but count at their ends."""
    signed: frozenset[int] = frozenset()
    """The locals of type i32 that hold signed numbers."""
    summed: frozenset[int] = frozenset()
    """The locals that may have grown past their width."""
    quiet: frozenset[int] = frozenset()
    """The locals of type f32 of which it does not matter which NaN they are, if they are one."""
    negative: frozenset[int] = frozenset()
    """The locals that are known to be below zero at times, of which no address is ventured."""
    addressed: frozenset[int] = frozenset()
    """The locals that an address is made of."""
    growing: dict[int, frozenset[int]] = field(default_factory=dict)
    """Those that are seen to get what leaves their width where loops end."""

    @property
    def is_new(self) -> bool:
        """Whether a second reading would know more than the first."""
        return replace(self, negative=frozenset(), addressed=frozenset(), growing={}) != Found()
