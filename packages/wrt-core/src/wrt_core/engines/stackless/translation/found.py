"""What a first reading of a function finds out for a second."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from wrt_core.engines.stackless.translation.climbing import held_climbing
from wrt_core.engines.stackless.translation.counting import Counted
from wrt_core.engines.stackless.translation.ranges import Point
from wrt_core.engines.stackless.translation.relation import Range
from wrt_core.engines.stackless.translation.signs import held_signed
from wrt_core.engines.stackless.translation.sums import held_as_sums
from wrt_core.engines.stackless.translation.translator import Translator
from wrt_core.engines.stackless.translation.turns import turns_of
from wrt_core.engines.stackless.translation.vector_numbers import held_as_numbers

__all__ = ["Found"]


@dataclass(frozen=True, slots=True)
class Found:
    """What a first reading finds out for a second; see `Translator` and `Ranges` for what it means."""

    numbers: frozenset[int] = frozenset()
    ranges: dict[Point, Range] = field(default_factory=dict)
    given: dict[Point, Range] = field(default_factory=dict)
    hopes: frozenset[Point] = frozenset()
    counted: dict[int, Counted] = field(default_factory=dict)
    turning: frozenset[int] = frozenset()
    signed: frozenset[int] = frozenset()
    summed: frozenset[int] = frozenset()
    quiet: frozenset[int] = frozenset()
    negative: frozenset[int] = frozenset()
    addressed: frozenset[int] = frozenset()
    growing: dict[int, frozenset[int]] = field(default_factory=dict)

    @property
    def is_new(self) -> bool:
        """Whether a second reading would know more than the first."""
        return replace(self, negative=frozenset(), addressed=frozenset(), growing={}) != Found()

    @classmethod
    def by(cls, translator: Translator) -> Found:
        """What a reading has found."""
        zeros = translator.locals.solve()
        counted = translator.ranges.counted(zeros)
        turning = [offset for offset, loop in counted.items() if turns_of(*translator.closed[offset], loop) is not None]
        ranges = translator.ranges.solve(zeros)
        climbing = translator.ranges.climbing(ranges)
        heads = ranges.keys() | climbing.keys() | {(offset, loop.local) for offset, loop in counted.items()}
        climb = held_climbing(translator, counted, heads, translator.ranges.loops)
        signed = held_signed(translator, counted) | climb
        ranges |= {point: found for point, found in climbing.items() if point[1] in climb}
        divided = translator.divided | {each.source for each in translator.kin if each.local in translator.divided}
        return cls(
            numbers=held_as_numbers(translator),
            ranges=ranges,
            given=translator.ranges.given(),
            hopes=translator.ranges.hoping(divided, ranges),
            counted=counted,
            turning=frozenset(turning),
            signed=signed,
            summed=held_as_sums(translator, counted) - signed,
            quiet=frozenset(local for local in translator.loaded if not translator.exact[local]),
            negative=frozenset(translator.ventures.negative),
            addressed=frozenset(translator.addressed),
            growing=translator.growing,
        )
