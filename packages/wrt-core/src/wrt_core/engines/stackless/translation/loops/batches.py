"""Batches: a loop that is watched over and does next to nothing each turn is asked for many turns whether it may go on.

    for l0 in range(l0, 0, -1):               it7 = iter(z7 := range(l0, 0, -1))
     F -= 5                                   if len(z7) > 40:
     if F < P: stop(5)                         for many7 in batches(len(z7)):
     l1 = l1 + l0                  becomes      if F - 5 * many7 < P: break
                                                F -= 5 * many7
                                                for l0 in islice(it7, many7):
                                                 l1 = l1 + l0
                                              for l0 in it7:
                                               …

Where it may not, or can't pay for all of a batch, it goes on turn by turn, and so stops where it always would. Nothing
in a batch may trap, so that fuel is the same, too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain, repeat

from wrt_core.engines.stackless.translation.loops.items import INTEGER
from wrt_core.engines.stackless.translation.loops.streams import only_computes
from wrt_core.engines.stackless.translation.safe_points import Meter
from wrt_core.engines.stackless.translation.writing.source import Line
from wrt_core.engines.stackless.translation.writing.tree import Batch, Conditional, Loop, Node, Turns

__all__ = ["batches", "in_batches"]

_TURNS = 256
"""Turns of a batch: a pause that is asked for waits for so many at most."""

_FEW = 40
"""Turns for which it is not worth it."""

_LONGEST = 12
"""Statements and conditions of a turn: where there are more, to ask takes little of its time."""

_MOST = (1 << 31) - 1
"""So many numbers of a range Python can count on any machine."""

_MAY_TRAP = re.compile(r"(?<!R)\[|\w\(|(?:%|//?)(?! ?\d)(?!/)")
"""What reads memory, calls, or divides by what may be zero."""


def batches(count: int) -> Iterator[int]:
    """Return how many turns there are in each batch of so many; for translated code."""
    return chain(repeat(_TURNS, count // _TURNS), (count % _TURNS,))


def in_batches(loop: Loop, heads: int, meter: Meter | None) -> Loop:
    """Return a loop, with how it may go in batches if it may; `heads` are the lines at its head, which pay or ask."""
    if loop.turns is not None:
        loop.turns = _batched(loop.turns, heads, meter, loop.offset)
        if loop.turns.stream is not None:
            loop.turns.stream.turns = _batched(loop.turns.stream.turns, heads, meter, loop.offset)
    return loop


def _batched(turns: Turns, heads: int, meter: Meter | None, offset: int) -> Turns:
    nodes = turns.body.nodes[heads:]
    if not all(only_computes(node, set()) for node in nodes) or _is_long(turns.numbers.end):
        return turns
    texts = list(_texts(nodes))
    if len(texts) > _LONGEST or any(map(_MAY_TRAP.search, texts)):
        return turns
    many = f"many{offset}"
    cost = "" if meter is None else f"{meter.cost} * {many}"
    lines = [f"if F - {cost} < P: break", f"F -= {cost}"] if cost else ["if P: break"]
    first = [Line(text, offset) for text in lines]
    return replace(turns, batch=Batch(f"it{offset}", many, f"z{offset}", _FEW, first, nodes))


def _is_long(end: str) -> bool:
    """Whether numbers go on to a constant that is so large that Python might not count them; variables are small."""
    return INTEGER.fullmatch(end) is not None and int(end, 0) > _MOST


def _texts(nodes: list[Node]) -> Iterator[str]:
    """The statements and conditions of nodes that only compute."""
    for node in nodes:
        if isinstance(node, Conditional):
            yield node.test
            yield from _texts(node.then.nodes)
            yield from _texts(node.otherwise.nodes)
        elif isinstance(node, Line):
            yield node.text
