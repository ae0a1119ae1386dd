"""Reloads: what is loaded again, with nothing between that could have changed it, is in a local still.

Compilers that do not optimise keep variables in memory, and load them anew for each expression, from an address that is
a local and a constant. What was loaded from there into a local, or stored there from one, is read from that local, as
long as it has it, nothing was stored but at other constants from the same local, and control came the same way.

It can't trap, for the access before did not; and it costs the fuel that it did. Of a memory that is shared, all that is
loaded is loaded.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from wrt_core.engines.stackless.translation.instructions.kinds import (
    ASSIGNING,
    BR,
    BR_IF,
    BR_TABLE,
    CLOSING,
    COMPUTING,
    CONST,
    DROP,
    ELSE,
    GET,
    GLOBAL_GET,
    IF,
    LEAVING,
    LOADS,
    LOOP,
    NOP,
    OPENING,
    PARTIAL,
    SELECT,
    STORED,
    STORES,
    UNCLEAR,
    Instructions,
)
from wrt_foundation.immediates import MemArg
from wrt_foundation.instructions import Instruction

__all__ = ["remembered"]

_SIMPLE = CONST | {GET}
_CALM = COMPUTING | PARTIAL | LOADS | {DROP, GET, GLOBAL_GET, NOP, SELECT}

_FACTS = 64
"""Places in memory of which it is known what is there, at most."""


@dataclass(frozen=True, slots=True)
class _Place:
    """Where something is in memory: so many bytes from what a local says, as an instruction loads it."""

    base: int
    offset: int
    loading: Instruction

    def overlaps(self, base: int, offset: int, width: int) -> bool:
        """Whether it might have a byte in common with others. From two locals, one may come to the same place."""
        return self.base != base or (self.offset < offset + width and offset < self.offset + self.loading.width)


_Known = dict[_Place, int]
"""What is known of what is in memory: which local has it."""


def _agreed(a: _Known | None, b: _Known | None) -> _Known | None:
    """What is known where control comes from two places; None is known where it does not come from."""
    if a is None or b is None:
        return b if a is None else a
    return {place: local for place, local in a.items() if b.get(place) == local}


@dataclass(slots=True)
class _Scope:
    """A construct that is open."""

    opening: Instruction
    otherwise: _Known | None
    """What is known where its other arm begins."""
    leaving: _Known | None = None
    """What is known wherever there is a branch to its end."""


class _Memory:
    """What is known of memory, from one instruction to the next."""

    def __init__(self) -> None:
        self.known: _Known | None = {}
        self._scopes: list[_Scope] = []

    def keep(self, kept: Callable[[_Place, int], bool]) -> None:
        """Forget all else."""
        self.known = self.known and {place: local for place, local in self.known.items() if kept(place, local)}

    def give(self, local: int) -> None:
        """A local is given something else."""
        self.keep(lambda place, holder: local not in (place.base, holder))

    def hold(self, place: _Place, local: int) -> None:
        """What is at a place is in a local."""
        if self.known is not None and len(self.known) < _FACTS:
            self.known = {**self.known, place: local}

    def forget(self) -> None:
        """Anything may have been stored."""
        self.keep(lambda place, holder: False)

    def open(self, opening: Instruction) -> None:
        """A construct begins; control comes back to the head of a loop from anywhere in it."""
        if opening is LOOP:
            self.forget()
        self._scopes.append(_Scope(opening, self.known if opening is IF else None))

    def branch(self, *depths: int) -> None:
        """Control may go to labels."""
        for depth in depths:
            if depth < len(self._scopes) and (scope := self._scopes[-1 - depth]).opening is not LOOP:
                scope.leaving = _agreed(scope.leaving, self.known)

    def otherwise(self) -> None:
        """The other arm of an `if` begins."""
        self.branch(0)
        scope = self._scopes[-1]
        self.known, scope.otherwise = scope.otherwise, None

    def close(self) -> None:
        """A construct ends."""
        if self._scopes:
            scope = self._scopes.pop()
            self.known = _agreed(_agreed(self.known, scope.otherwise), scope.leaving)


def remembered(instructions: Instructions) -> Instructions:
    """Return a function's instructions without those that load what a local still has."""
    if any(instruction in UNCLEAR for instruction, _, _ in instructions):
        return instructions
    memory = _Memory()
    written: Instructions = []
    last: list[tuple[Instruction, object]] = []  # the last instructions that did anything
    for instruction, immediate, offset in instructions:
        each = instruction, immediate, offset
        if instruction in LOADS:
            assert isinstance(immediate, MemArg)
            place = _place(last, 1, immediate, instruction)
            found = None if place is None or memory.known is None else memory.known.get(place)
            if found is not None:
                getting = next(at for at in reversed(range(len(written))) if written[at][0] is not NOP)
                written[getting] = NOP, None, written[getting][2]
                last.pop()
                each = GET, found, offset
        elif instruction in ASSIGNING:
            assert isinstance(immediate, int)
            _assign(memory, last, immediate)
        elif instruction in STORES:
            assert isinstance(immediate, MemArg)
            _store(memory, last, immediate, instruction)
        else:
            _control(memory, instruction, immediate)
        written.append(each)
        if each[0] is not NOP:
            last = [*last[-1:], each[:2]]
    return written


def _control(memory: _Memory, instruction: Instruction, immediate: object) -> None:
    """Note what an instruction does to control, or to memory."""
    if instruction in OPENING:
        memory.open(instruction)
    elif instruction is ELSE:
        memory.otherwise()
    elif instruction in CLOSING:
        memory.close()
    elif instruction in (BR, BR_IF, BR_TABLE):
        memory.branch(*(immediate if isinstance(immediate, tuple) else (immediate,)))
    elif instruction not in _CALM and instruction not in LEAVING:
        memory.forget()
    if instruction in (BR, BR_TABLE) or instruction in LEAVING:
        memory.known = None


def _assign(memory: _Memory, last: list[tuple[Instruction, object]], local: int) -> None:
    """Note that a local is given something, and what that is if the last instruction has loaded it."""
    memory.give(local)
    if last and last[-1][0] in LOADS:
        assert isinstance(last[-1][1], MemArg)
        place = _place(last, 2, last[-1][1], last[-1][0])
        if place is not None and place.base != local:
            memory.hold(place, local)


def _place(last: list[tuple[Instruction, object]], back: int, argument: MemArg, loading: Instruction) -> _Place | None:
    """The place that a load from a local is of, which was read so many instructions ago."""
    if len(last) < back or last[-back][0] is not GET or argument.memory:
        return None
    base = last[-back][1]
    assert isinstance(base, int)
    return _Place(base, argument.offset, loading)


def _store(memory: _Memory, last: list[tuple[Instruction, object]], argument: MemArg, instruction: Instruction) -> None:
    """Note what is stored, and where, if the last instructions are the local that says so, and what gives the value."""
    if len(last) < 2 or last[0][0] is not GET or argument.memory or last[1][0] not in _SIMPLE:
        memory.forget()
        return
    base, given = last[0][1], last[1][1]
    assert isinstance(base, int)
    memory.keep(lambda place, _: not place.overlaps(base, argument.offset, instruction.width))
    if last[1][0] is GET and instruction in STORED:
        assert isinstance(given, int)
        memory.hold(_Place(base, argument.offset, STORED[instruction]), given)
