"""Reloads: what is loaded again, with nothing between that could have changed it, is in a local still.

Compilers that do not optimise keep variables in memory, and load them anew for each expression, from an address that is
a local and a constant. What was loaded from there into a local, or stored there from one, is read from that local, as
long as it has it, nothing was stored but at other constants from the same local, and control came the same way.

It can't trap, for the access before did not; and it costs the fuel that it did. Of a memory that is shared, all that is
loaded is loaded.
"""

from __future__ import annotations

from dataclasses import dataclass

from wrt_core.engines.stackless.translation.kinds import (
    BLOCK,
    BR_IF,
    CLOSING,
    COMPUTING,
    CONST,
    DROP,
    ELSE,
    GET,
    GLOBAL_GET,
    IF,
    LOADS,
    NOP,
    OPENING,
    SELECT,
    SET,
    STORED,
    STORES,
    TEE,
    Instructions,
)
from wrt_foundation.immediates import MemArg
from wrt_foundation.instructions import Instruction

__all__ = ["remembered"]

_CALM = COMPUTING | LOADS | {BR_IF, DROP, GET, GLOBAL_GET, NOP, SELECT}

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


class _Memory:
    """What is known of what is in memory: which local has it."""

    def __init__(self) -> None:
        self._known: dict[_Place, int] = {}
        self._otherwise: list[dict[_Place, int]] = []

    def find(self, place: _Place) -> int | None:
        """The local that has what is at a place."""
        return self._known.get(place)

    def give(self, local: int) -> None:
        """A local is given something else."""
        self._known = {place: holder for place, holder in self._known.items() if local not in (place.base, holder)}

    def hold(self, place: _Place, local: int) -> None:
        """What is at a place is in a local."""
        if len(self._known) < _FACTS:
            self._known[place] = local

    def store(self, base: int, offset: int, width: int) -> None:
        """Bytes are stored, so far from where a local says."""
        self._known = {
            place: holder for place, holder in self._known.items() if not place.overlaps(base, offset, width)
        }

    def forget(self) -> None:
        """Anything may have been stored."""
        self._known = {}

    def open(self, instruction: Instruction) -> None:
        """A construct begins."""
        if instruction not in (BLOCK, IF):
            self.forget()
        self._otherwise.append(self._known if instruction is IF else {})

    def otherwise(self) -> None:
        """The other arm of a construct begins."""
        self._known = self._otherwise[-1] if self._otherwise else {}

    def close(self) -> None:
        """A construct ends, where control may come from elsewhere."""
        if self._otherwise:
            self._otherwise.pop()
        self.forget()


def remembered(instructions: Instructions) -> Instructions:
    """Return a function's instructions without those that load what a local still has."""
    memory = _Memory()
    written: Instructions = []
    last: list[tuple[Instruction, object]] = []  # the last instructions that did anything
    for instruction, immediate, offset in instructions:
        local = immediate if isinstance(immediate, int) else None
        each = instruction, immediate, offset
        if instruction in LOADS:
            assert isinstance(immediate, MemArg)
            place = _place(last, 1, immediate, instruction)
            found = None if place is None else memory.find(place)
            if found is not None:
                written[-1] = NOP, None, written[-1][2]
                last.pop()
                each = GET, found, offset
        elif instruction in (SET, TEE):
            assert local is not None
            memory.give(local)
            if last and last[-1][0] in LOADS:
                assert isinstance(last[-1][1], MemArg)
                place = _place(last, 2, last[-1][1], last[-1][0])
                if place is not None and place.base != local:
                    memory.hold(place, local)
        elif instruction in STORES:
            assert isinstance(immediate, MemArg)
            _store(memory, last, immediate, instruction)
        elif instruction in OPENING:
            memory.open(instruction)
        elif instruction is ELSE:
            memory.otherwise()
        elif instruction in CLOSING:
            memory.close()
        elif instruction not in _CALM:
            memory.forget()
        written.append(each)
        if each[0] is not NOP:
            last = [*last[-1:], each[:2]]
    return written


def _place(last: list[tuple[Instruction, object]], back: int, argument: MemArg, loading: Instruction) -> _Place | None:
    """The place that a load from a local is of, which was read so many instructions ago."""
    if len(last) < back or last[-back][0] is not GET or argument.memory:
        return None
    base = last[-back][1]
    assert isinstance(base, int)
    return _Place(base, argument.offset, loading)


def _store(memory: _Memory, last: list[tuple[Instruction, object]], argument: MemArg, instruction: Instruction) -> None:
    """Note what is stored, and where, if the last instructions are the local that says so, and what gives the value."""
    if len(last) < 2 or last[0][0] is not GET or argument.memory or (last[1][0] is not GET and last[1][0] not in CONST):
        memory.forget()
        return
    base = last[0][1]
    assert isinstance(base, int)
    memory.store(base, argument.offset, instruction.width)
    if last[1][0] is GET and instruction in STORED:
        assert isinstance(last[1][1], int)
        memory.hold(_Place(base, argument.offset, STORED[instruction]), last[1][1])
