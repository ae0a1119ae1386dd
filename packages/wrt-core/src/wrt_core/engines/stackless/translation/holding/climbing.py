"""Climbing: locals that go by equal steps from a negative constant up to zero, where the loop ends, or past it.

Compilers have loops do so that go round a fixed number of times: to look for zero takes an instruction less, and what
is added to make an address of such a number is a constant anyway. Held as unsigned numbers they would be large ones, of
which each sum wraps; as signed ones they are small. A first reading votes, a second uses the result.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from wrt_core.engines.stackless.translation.knowledge.counting import LONGEST, Counted, Step
from wrt_core.engines.stackless.translation.operand import SIGN, Operand
from wrt_core.engines.stackless.translation.translator import Translator
from wrt_foundation.types import I32

__all__ = ["TAKEN", "given", "held_climbing", "used", "vote"]

TAKEN = -1
"""A use for which it must be unsigned, which each use is until something else is known of it."""
_SAME = 1
"""A use for which it need not be."""
_NEGATIVE = 1
"""Being given a negative constant."""
_OTHER = -1000
"""Being given what is no step."""


def vote(t: Translator, local: int, weight: int) -> None:
    """Note how a local is used here, if it is climbing."""
    if local in t.climbing:
        t.votes.climbs[local, t.loops[-1] if t.loops else None] += weight


def used(t: Translator, operand: Operand) -> None:
    """Note that an operand is used for what takes signed numbers as well as unsigned ones."""
    if operand.local is not None:
        vote(t, operand.local, _SAME)


def given(t: Translator, local: int, value: Operand, step: Step | None) -> None:
    """Note what a local is given: itself and a step, if that is one."""
    if value.type is not I32:
        return
    if value.value is None:
        vote(t, local, 0 if isinstance(step, int) and 0 < step <= LONGEST else _OTHER)
    elif value.value % (2 * SIGN[I32]) >= SIGN[I32]:
        t.climbing.add(local)
        t.votes.climbs[local, None] += _NEGATIVE  # wherever that is: what it was before does not matter
    else:
        t.climbing.discard(local)


def held_climbing(
    t: Translator,
    counted: Mapping[int, Counted],
    heads: Collection[tuple[int, int]],
    loops: Mapping[int, Collection[int]],
) -> frozenset[int]:
    """The locals that are to hold signed numbers since they climb, by the votes of a reading.

    What they are at the heads of those of the `loops` that step them must be known, for which `heads` are the points.
    They may be what a loop counts, and must have no other part in it.
    """
    total: dict[int, int] = {}
    for (local, loop), votes in t.votes.climbs.items():
        stepped = loop is not None and local in loops.get(loop, ())
        total[local] = total.get(local, 0) + (_OTHER if stepped and (loop, local) not in heads else votes)
    barred = {local for loop in counted.values() for local in loop.locals - {loop.local}}
    own = range(len(t.type.params), t.own_locals)
    return frozenset(local for local, votes in total.items() if votes > 0 and local in own and local not in barred)
