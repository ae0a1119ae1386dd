"""Reading instructions in order, past those that can't be reached."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from wrt_core.engines.stackless.translation.instructions.kinds import CLOSING, DIVIDING, LOOP, OPENING
from wrt_core.engines.stackless.translation.translator import Translator
from wrt_foundation.instructions import Instruction

__all__ = ["in_loops", "reached"]


def in_loops(
    instructions: Iterable[tuple[Instruction, object, int]],
) -> Iterator[tuple[Instruction, object, int, list[int]]]:
    """Yield the instructions, each with the offsets of the loops that it is in or begins, as they are just then."""
    loops: list[int] = []
    open_: list[bool] = []
    for instruction, immediate, offset in instructions:
        if instruction in OPENING:
            open_.append(instruction is LOOP)
            if open_[-1]:
                loops.append(offset)
        yield instruction, immediate, offset, loops
        if instruction in CLOSING and open_ and open_.pop():
            loops.pop()


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
            if instruction not in CLOSING and instruction not in DIVIDING:
                continue
        yield each
