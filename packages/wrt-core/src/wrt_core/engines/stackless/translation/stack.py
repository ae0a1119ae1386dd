"""The operand stack at translation time: what is pending, and what must be evaluated before what.

Pending operands are evaluated where they are used, later than where wasm evaluates them. That is right
as long as nothing in between could tell the difference; `before` finds the operands for which it could
and moves them into slots, the Python variables `s0`, `s1` … by stack height.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from wrt_core.engines.stackless.translation.operand import (
    CALLS,
    NOTHING,
    READS,
    TRAPS,
    VENTURES,
    Operand,
    is_integer,
    last_fault,
    name,
    numbered,
)
from wrt_foundation.types import ValueType

__all__ = ["WRITES", "OperandStack", "assignment", "moves_of"]

WRITES = 8
"""A statement's effect: it changes memory, a table or a global."""

_LOCAL = re.compile(r"[l@]\d+")

_SIZE_LIMIT = 40
"""Operators in one expression: past it, Python's parser and compiler would meet their nesting limits."""

_PENDING_LIMIT = 32
"""Pending operands at one time: bounds the work of `before`, which looks at each."""


def _conflict(operand: Operand, effects: int, writes: frozenset[str] | set[str]) -> bool:
    if not operand.reads.isdisjoint(writes):
        return True
    mine = operand.effects
    if mine & VENTURES:
        return True
    if mine == NOTHING or effects == NOTHING:
        return False
    if effects & (WRITES | CALLS):
        return True
    if effects & TRAPS and mine & (TRAPS | CALLS):
        return True
    return bool(effects & READS and mine & CALLS)


class OperandStack:
    """Operands by height.

    `emit(text, fault, effects, writes)` appends a statement that may trap at that offset to the code.
    """

    __slots__ = ("_emit", "settled", "items")

    def __init__(self, emit: Callable[[str, int | None, int, frozenset[str]], None]) -> None:
        self.items: list[Operand] = []
        self.settled = 0
        """Operands below this height are slots or constants: nothing disturbs them."""
        self._emit = emit

    def __len__(self) -> int:
        return len(self.items)

    def push(self, operand: Operand) -> None:
        """Push an operand; one that has grown too large is evaluated into its slot."""
        items = self.items
        items.append(operand)
        height = len(items)
        if operand.size > _SIZE_LIMIT:
            self.spill(height - 1)
        elif height - self.settled > _PENDING_LIMIT:
            self.spill(self.settled)
            self.settled += 1

    def pop(self) -> Operand:
        """Pop the topmost operand."""
        operand = self.items.pop()
        if self.settled > len(self.items):
            self.settled = len(self.items)
        return operand

    def cut(self, height: int) -> None:
        """Drop everything above `height`."""
        del self.items[height:]
        self.settled = min(self.settled, height)

    def acts(self) -> bool:
        """Say whether anything that is pending does more than to give a value, or to trap."""
        return any(operand.effects & (CALLS | WRITES) for operand in self.items[self.settled :])

    def before(self, effects: int, writes: frozenset[str] | set[str] = frozenset()) -> None:
        """Evaluate what must come before a statement that has these effects and writes these variables."""
        chosen: list[int] = []
        written = set(writes)
        items = self.items
        for height in range(len(items) - 1, self.settled - 1, -1):
            operand = items[height]
            if _conflict(operand, effects, written):
                # What is evaluated now has effects of its own on what lies below it.
                chosen.append(height)
                effects |= operand.effects
                written.add(f"s{height}")
        for height in reversed(chosen):
            self._assign(height)

    def spill(self, height: int) -> None:
        """Evaluate the operand at `height` into its slot, after everything below that must come before it."""
        operand = self.items[height]
        above = self.items[height:]
        del self.items[height:]
        self.before(operand.effects, {f"s{height}"})
        self.items.extend(above)
        self._assign(height)

    def settle(self, stable: Callable[[Operand], bool]) -> None:
        """Evaluate all that is pending into slots, save what is `stable` and free of effects."""
        for height in range(self.settled, len(self.items)):
            operand = self.items[height]
            if operand.effects != NOTHING or not stable(operand):
                self._assign(height)
        self.settled = len(self.items)

    def _assign(self, height: int) -> None:
        operand = self.items[height]
        slot = f"s{height}"
        if slot in (operand.text, operand.number):
            return
        if operand.number is not None:
            self._emit(f"{slot} = {operand.number}", operand.fault, operand.effects, frozenset((slot,)))
            self.items[height] = numbered(slot)
            return
        value = operand.clean() if is_integer(operand.type) else operand
        self._emit(f"{slot} = {value.text}", operand.fault, operand.effects, frozenset((slot,)))
        self.items[height] = name(slot, operand.type)
        self.items[height].temper, self.items[height].alignment = operand.temper, operand.alignment
        self.items[height].low, self.items[height].high = value.low, value.high
        if operand.effects == NOTHING:
            self.items[height].origin = value

    def secure(self) -> None:
        """Evaluate into slots all that locals alone do not determine."""
        for height, operand in enumerate(self.items):
            if operand.effects != NOTHING or any(_LOCAL.fullmatch(each) is None for each in operand.reads):
                self._assign(height)

    def place(self, types: tuple[ValueType, ...], height: int) -> None:
        """Pop as many operands as `types` and assign them to the slots from `height` on, together."""
        count = len(types)
        if not count:
            return
        values = self.items[-count:]
        self.cut(len(self.items) - count)
        effects = TRAPS
        for operand in values:
            effects |= operand.effects
        self.before(effects)
        moves = moves_of(values, height)
        if not moves:
            return
        # One tuple assignment: the right-hand sides are evaluated in order, before any slot changes.
        self._emit(assignment(moves), last_fault(values), effects, frozenset(slot for slot, _ in moves))


def moves_of(operands: list[Operand], height: int) -> list[tuple[str, str]]:
    """What to assign to which slot so that the slots from `height` on hold `operands`."""
    moves: list[tuple[str, str]] = []
    for index, operand in enumerate(operands):
        slot = f"s{height + index}"
        if operand.text != slot:
            value = operand.clean() if is_integer(operand.type) else operand
            moves.append((slot, value.text))
    return moves


def assignment(moves: list[tuple[str, str]]) -> str:
    """One statement for moves that happen together."""
    return f"{', '.join(slot for slot, _ in moves)} = {', '.join(text for _, text in moves)}"
