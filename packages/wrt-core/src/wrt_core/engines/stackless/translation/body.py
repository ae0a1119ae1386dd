"""A function's body as it is read: its instructions, and what is known of them before."""

from __future__ import annotations

from dataclasses import dataclass

from wrt_core.engines.stackless.translation.instructions.kinds import (
    ASSIGNING,
    CALL,
    CLOSING,
    LOOP,
    OPENING,
    Instructions,
)
from wrt_core.engines.stackless.translation.instructions.reloads import remembered
from wrt_core.engines.stackless.translation.instructions.temporaries import folded
from wrt_core.engines.stackless.translation.instructions.webs import Webs, webs_of
from wrt_core.engines.stackless.translation.reading import in_loops
from wrt_core.engines.stackless.translation.steps import Steps, done
from wrt_core.engines.stackless.translation.templates.in_place.base_case import BaseCase
from wrt_core.validation import ValidatedModule
from wrt_foundation.binary.instructions import read_instructions
from wrt_foundation.canonical import close
from wrt_foundation.module import Code
from wrt_foundation.types import ValueType

__all__ = ["Body"]


@dataclass(frozen=True, slots=True)
class Body:
    """A function's body: its instructions, and which locals it gives something, in all and in each loop.

    If its locals are in several webs, the instructions name these; `types` are those of both, the first `declared`.
    `recursing` are the loops in which it calls itself, and `base_case` where it need not.
    """

    code: Code
    types: list[ValueType]
    declared: int
    webs: Webs | None
    instructions: Instructions
    loops: dict[int, frozenset[int]]
    assigned: frozenset[int]
    recursing: frozenset[int]
    base_case: BaseCase | None
    places: dict[int, frozenset[str]]

    @classmethod
    def of(cls, module: ValidatedModule, index: int) -> Body:
        """The body of the function at `index`, which must be one that the module defines."""
        return done(cls.reading(module, index))

    @classmethod
    def reading(cls, module: ValidatedModule, index: int) -> Steps[Body]:
        """Read the body of a function in steps; see `of`."""
        code = module.code(index)
        instructions = list(read_instructions(code.code, code.offset))
        yield
        if not any(memory.shared for memory in module.memories):
            instructions = remembered(instructions)
            yield
            instructions = yield from folded(instructions, len(module.function_types[index].params))
        yield
        types: list[ValueType] = list(module.function_types[index].params)
        for count, each in code.locals:
            types += [close(each, module.types)] * count
        declared = len(types)
        calls = [tuple(loops) for each, callee, _, loops in in_loops(instructions) if each is CALL and callee == index]
        base_case = BaseCase.of(instructions, calls, module.function_types[index])
        yield
        webs = webs_of(instructions, types)
        yield
        if webs is not None:
            instructions = webs.instructions
            types += [types[local] for local in webs.owners]
        loops, assigned = _assigned(instructions)
        if webs is not None:
            owners = {webs.owner(web) for web in assigned}
            assigned = frozenset(web for web in range(len(types)) if webs.owner(web) in owners)
        recursing, places = frozenset(loop for each in calls for loop in each), {} if webs is None else webs.places()
        return cls(code, types, declared, webs, instructions, loops, assigned, recursing, base_case, places)

    def loops_around(self, offset: int) -> frozenset[int]:
        """The loops that the instruction at an offset is in, or begins."""
        return next(frozenset(loops) for _, _, at, loops in in_loops(self.instructions) if at >= offset)


def _assigned(instructions: Instructions) -> tuple[dict[int, frozenset[int]], frozenset[int]]:
    """The locals that each loop gives something, by its offset, and all that the function does."""
    loops: dict[int, frozenset[int]] = {}
    open_: list[tuple[int | None, set[int]]] = [(None, set())]
    for instruction, immediate, offset in instructions:
        if instruction in ASSIGNING:
            assert isinstance(immediate, int)
            open_[-1][1].add(immediate)
        elif instruction in OPENING:
            if instruction is LOOP:
                open_.append((offset, set()))
            else:
                open_.append((None, open_[-1][1]))
        elif instruction in CLOSING and len(open_) > 1:
            loop, assigned = open_.pop()
            if loop is not None:
                loops[loop] = frozenset(assigned)
                open_[-1][1].update(assigned)
    return loops, frozenset(open_[0][1])
