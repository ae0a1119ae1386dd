"""Reading instructions in order, past those that can't be reached."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from wrt_core.engines.stackless.translation.translator import Translator
from wrt_foundation.instructions import BY_NAME, Instruction

__all__ = ["CLOSING", "OPENING", "reached"]

_DIVIDING = frozenset(BY_NAME[each] for each in ("else", "catch", "catch_all"))
CLOSING = frozenset(BY_NAME[each] for each in ("end", "delegate"))
OPENING = frozenset(BY_NAME[each] for each in ("block", "loop", "if", "try_table", "try"))


def reached(
    t: Translator, instructions: Iterable[tuple[Instruction, object, int]]
) -> Iterator[tuple[Instruction, object, int]]:
    """Yield the instructions that are to be translated, as long as the last one was before the next is asked for.

    Code that can't be reached is not translated; only what closes its construct matters.
    """
    skipped = 0
    for each in instructions:
        if not t.reachable:
            instruction = each[0]
            if instruction in OPENING:
                skipped += 1
                continue
            if skipped:
                skipped -= instruction in CLOSING
                continue
            if instruction not in CLOSING and instruction not in _DIVIDING:
                continue
        yield each
