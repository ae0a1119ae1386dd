"""Liveness: which locals will still be read where control may come from several places.

That is at the labels of constructs: at the head of a loop, at the end of all others. A set of locals is a number here,
with a bit for each.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from wrt_core.engines.stackless.translation.instructions.kinds import (
    ASSIGNING,
    BLOCK,
    BR,
    BR_IF,
    BR_TABLE,
    ELSE,
    END,
    GET,
    IF,
    LEAVING,
    LOOP,
    UNCLEAR,
    Instructions,
)
from wrt_foundation.instructions import Instruction

__all__ = ["CONSTRUCTS", "WORK", "Construct", "constructs_of", "locals_in", "revived"]

WORK = 40
"""How many steps for each instruction are worth it: constructs are asked for all that they give something."""

_DEPTH = 8
"""Loops inside one another that are worth it."""

CONSTRUCTS = frozenset((BLOCK, LOOP, IF))
"""Those that are followed begin with one of these."""


def locals_in(mask: int) -> Iterator[int]:
    """Yield the locals of a set."""
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low


@dataclass(slots=True)
class Construct:
    """A construct: what is given something in it, and what is alive at its label: at a loop's head, or at the end."""

    instruction: Instruction
    given: int = 0
    alive: int = 0


def constructs_of(instructions: Instructions) -> dict[int, Construct] | None:
    """All constructs, by where their instructions are in the order; each end is there too.

    None if they can't be followed, nothing is given anything twice, or so many are deep inside that it is not worth it.
    """
    found: dict[int, Construct] = {}
    open_ = [Construct(BLOCK)]
    given = several = depth = 0
    for place, (instruction, immediate, _) in enumerate(instructions):
        if instruction in ASSIGNING:
            assert isinstance(immediate, int)
            several |= given & 1 << immediate
            given |= 1 << immediate
            open_[-1].given |= 1 << immediate
            depth += len(open_)
        elif instruction in CONSTRUCTS:
            found[place] = Construct(instruction)
            open_.append(found[place])
        elif instruction is END and len(open_) > 1:
            found[place] = ended = open_.pop()
            open_[-1].given |= ended.given
        elif instruction in UNCLEAR:
            return None
    return found if several and depth <= WORK * len(instructions) else None


def revived(instructions: Instructions, constructs: dict[int, Construct]) -> bool:
    """Find what is alive at the labels; say whether it was found.

    What is alive at the heads of loops is so for ways back, too, which come first when one goes backwards. So it is
    done again until they agree: once more for each loop around another.
    """
    heads = [each for each in constructs.values() if each.instruction is LOOP]
    for _ in range(_DEPTH):
        before = [head.alive for head in heads]
        _revive(instructions, constructs)
        if [head.alive for head in heads] == before:
            return True
    return False


def _revive(instructions: Instructions, constructs: dict[int, Construct]) -> None:
    """Go backwards once."""
    alive = 0
    labels: list[Construct] = []
    others: list[int | None] = []
    for place in range(len(instructions) - 1, -1, -1):
        instruction, immediate, _ = instructions[place]
        if instruction in ASSIGNING:
            assert isinstance(immediate, int)
            alive &= ~(1 << immediate)
        elif instruction is GET:
            assert isinstance(immediate, int)
            alive |= 1 << immediate
        elif instruction is END and place in constructs:
            construct = constructs[place]
            if construct.instruction is not LOOP:
                construct.alive = alive
            labels.append(construct)
            others.append(None)
        elif instruction is ELSE:
            others[-1], alive = alive, labels[-1].alive
        elif instruction in CONSTRUCTS:
            construct, other = labels.pop(), others.pop()
            if instruction is LOOP:
                construct.alive = alive
            elif instruction is IF:
                alive |= construct.alive if other is None else other
        elif instruction in (BR, BR_IF, BR_TABLE):
            depths = immediate if isinstance(immediate, tuple) else (immediate,)
            alive = alive if instruction is BR_IF else 0
            for depth in set(depths):
                alive |= labels[-1 - depth].alive if depth < len(labels) else 0
        elif instruction in LEAVING:
            alive = 0
