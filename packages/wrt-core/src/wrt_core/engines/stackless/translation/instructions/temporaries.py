"""Temporaries: a local that is set once and read once, soon after, need not be one.

Compilers that do not optimise put the result of each instruction in a local of its own, and so an expression is a
sequence of statements. Here it becomes one again: what is given to such a local is computed where the local is read,
if nothing between could tell. It must do nothing but read, and trap as a load does; what is between are instructions
that compute, load and store, and of none with another effect does a reading pass. That two loads trap in another order
can't be told, but by which of them is named if both do.

The instructions keep their offsets, and what is left out costs the fuel that it did. A temporary is read before the
next safe point, so nobody who goes on from one needs it; who looks at it there finds what it was before.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from wrt_core.engines.stackless.translation.instructions.kinds import (
    BLOCK,
    COMPUTING,
    GET,
    GLOBAL_GET,
    GLOBAL_SET,
    LOADS,
    NOP,
    PARTIAL,
    SELECT,
    SET,
    STORES,
    TEE,
    Instructions,
)
from wrt_core.engines.stackless.translation.steps import Steps
from wrt_foundation.instructions import Instruction

__all__ = ["folded"]

_GIVING = COMPUTING | LOADS | PARTIAL
_ACTING = STORES | {GLOBAL_SET}

_LONGEST = 64
"""Instructions of an expression that is moved: whoever translates longer ones cuts them anyway."""

_STEP = 512
"""Instructions that are read in one step."""

_WAITING = 16
"""Temporaries that wait to be read at one time."""


@dataclass(slots=True)
class _Value:
    """A value on the operand stack; `code` gives it, and has not been written yet if it is not empty."""

    code: Instructions
    locals: frozenset[int] = frozenset()
    """The locals that it reads."""
    reads: bool = False
    """Whether it reads a memory or a global."""
    traps: bool = False
    """Whether it may trap, and not as a load does."""


class _Folder:
    """Reads instructions in order, and writes them as they are to be.

    What is on its stack is younger than all that waits, for nothing is made to wait while something is on the stack.
    """

    def __init__(self, temporary: frozenset[int]) -> None:
        self.written: Instructions = []
        self._temporary = temporary
        self._stack: list[_Value] = []
        self._waiting: dict[int, tuple[_Value, int]] = {}

    def read(self, instruction: Instruction, immediate: object, offset: int) -> None:
        """Read an instruction."""
        each = instruction, immediate, offset
        if instruction is GET:
            assert isinstance(immediate, int)
            self._get(immediate, offset)
        elif instruction is SET:
            assert isinstance(immediate, int)
            self._set(immediate, offset)
        elif instruction is NOP:
            self.written.append(each)
        elif instruction is BLOCK and not isinstance(immediate, int):  # without parameters: what waits may be in it
            self._write()
            self._stack = []
            self.written.append(each)
        elif instruction is GLOBAL_GET:
            self._stack.append(_Value([each], reads=True))
        elif instruction is SELECT:
            self._give(each, 3)
        elif instruction in _GIVING:
            assert instruction.operands is not None
            self._give(each, len(instruction.operands))
        elif instruction in _ACTING:
            self._act(each, len(instruction.operands or (None,)))
        else:
            self.end()
            self.written.append(each)

    def end(self) -> None:
        """Write all that has not been: control may come from elsewhere, or go there."""
        self._evaluate(lambda _: True)
        self._write()
        self._stack = []

    def _get(self, local: int, offset: int) -> None:
        if local not in self._waiting:
            self._stack.append(_Value([(GET, local, offset)], frozenset((local,))))
            return
        value, setting = self._waiting.pop(local)
        value.code += [(NOP, None, setting), (NOP, None, offset)]
        self._stack.append(value)

    def _set(self, local: int, offset: int) -> None:
        (value,) = self._taken(1)
        may_wait = value.code and not value.traps and not self._stack and len(self._waiting) < _WAITING
        if local in self._temporary and may_wait:
            self._waiting[local] = value, offset
            return
        self._evaluate(lambda other: local in other.locals)
        self._write([value])
        self.written.append((SET, local, offset))

    def _give(self, each: tuple[Instruction, object, int], count: int) -> None:
        operands = self._taken(count)
        if each[0] in PARTIAL:
            self._evaluate(lambda other: other.reads)
        if not all(value.code for value in operands):  # some is on the stack already
            self._write(operands)
            self.written.append(each)
            self._stack.append(_Value([]))
            return
        self._stack.append(
            _Value(
                [*(one for value in operands for one in value.code), each],
                frozenset().union(*(value.locals for value in operands)),
                each[0] in LOADS or any(value.reads for value in operands),
                each[0] in PARTIAL or any(value.traps for value in operands),
            )
        )
        if len(self._stack[-1].code) > _LONGEST:
            self._write()

    def _act(self, each: tuple[Instruction, object, int], count: int) -> None:
        operands = self._taken(count)
        self._evaluate(lambda other: other.reads)
        self._write(operands)
        self.written.append(each)

    def _taken(self, count: int) -> list[_Value]:
        """Pop values, the deepest first; below all that is known there are some that have been written."""
        known = self._stack[max(len(self._stack) - count, 0) :]
        del self._stack[len(self._stack) - len(known) :]
        return [*(_Value([]) for _ in range(count - len(known))), *known]

    def _evaluate(self, chosen: Callable[[_Value], bool]) -> None:
        """Give those temporaries that wait their values now, by what they are."""
        for local, (value, offset) in list(self._waiting.items()):
            if chosen(value):
                del self._waiting[local]
                self.written += [*value.code, (SET, local, offset)]

    def _write(self, above: list[_Value] | None = None) -> None:
        """Write what is on the stack, and what was just popped from above it."""
        for value in (*self._stack, *(above or ())):
            self.written += value.code
        self._stack = [_Value([]) for _ in self._stack]


def folded(instructions: Instructions, params: int) -> Steps[Instructions]:
    """Return a function's instructions without its temporaries; it has that many parameters."""
    sets: Counter[object] = Counter()
    gets: Counter[object] = Counter()
    for instruction, immediate, _ in instructions:
        if instruction is GET:
            gets[immediate] += 1
        elif instruction is SET:
            sets[immediate] += 1
        elif instruction is TEE:
            sets[immediate] += 2
    once = [local for local, count in sets.items() if count == 1 and gets[local] == 1]
    temporary = frozenset(local for local in once if isinstance(local, int) and local >= params)
    if not temporary:
        return instructions
    folder = _Folder(temporary)
    for number, each in enumerate(instructions, 1):
        if not number % _STEP:
            yield
        folder.read(*each)
    folder.end()
    return folder.written
