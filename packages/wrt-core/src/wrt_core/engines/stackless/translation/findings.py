"""Findings: what a first reading of a function, once it is over, tells a second; the votes are counted here."""

from __future__ import annotations

from wrt_core.engines.stackless.translation.found import Found
from wrt_core.engines.stackless.translation.holding.climbing import held_climbing
from wrt_core.engines.stackless.translation.holding.signs import held_signed
from wrt_core.engines.stackless.translation.holding.sums import held_as_sums
from wrt_core.engines.stackless.translation.loops.turns import turns_of
from wrt_core.engines.stackless.translation.templates.vector_numbers import held_as_numbers
from wrt_core.engines.stackless.translation.translator import Translator

__all__ = ["findings"]


def findings(translator: Translator) -> Found:
    """Return what a first reading has found."""
    zeros = translator.locals.solve()
    counted = translator.ranges.counted(zeros)
    turning = [offset for offset, loop in counted.items() if turns_of(*translator.closed[offset], loop) is not None]
    ranges = translator.ranges.solve(zeros)
    climbing = translator.ranges.climbing(ranges)
    heads = ranges.keys() | climbing.keys() | {(offset, loop.local) for offset, loop in counted.items()}
    climb = held_climbing(translator, counted, heads, translator.ranges.loops)
    signed = held_signed(translator, counted) | climb
    ranges |= {point: found for point, found in climbing.items() if point[1] in climb}
    divided = translator.divided | {each.source for each in translator.votes.kin if each.local in translator.divided}
    return Found(
        numbers=held_as_numbers(translator),
        ranges=ranges,
        given=translator.ranges.given(),
        hopes=translator.ranges.hoping(divided, ranges),
        counted=counted,
        turning=frozenset(turning),
        signed=signed,
        summed=held_as_sums(translator, counted) - signed,
        quiet=frozenset(local for local in translator.votes.loaded if not translator.votes.exact[local]),
        negative=frozenset(translator.ventures.negative),
        addressed=frozenset(translator.addressed),
        growing=translator.growing,
    )
