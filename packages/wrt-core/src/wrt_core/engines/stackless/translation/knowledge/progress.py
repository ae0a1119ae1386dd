"""Progress: what locals have become since the head of the innermost loop: what one was there, and so much more.

Compilers copy a local before they step it, step another that they copy back, or step it in each arm of a condition. On
the way back to the loop's head all that comes to the same: it has been stepped, by the same each time round.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from wrt_core.engines.stackless.translation.operand import Operand
from wrt_core.engines.stackless.translation.writing.tree import Label

__all__ = ["Moved", "Progress"]

Moved = tuple[int, int]
"""A local, and how much is added to what it was at the head of the loop."""

_WIDTH = 48
"""Locals that are followed where a construct may be left: each way out asks for all."""

_State = dict[int, Moved | None]


@dataclass(slots=True)
class _Scope:
    """A construct that is open."""

    label: Label
    loop: int | None
    """Its offset, if it is a loop."""
    values: _State = field(default_factory=dict)
    """What locals have become, as far as they were given something in it; None if that is anything."""
    leaving: _State | None = None
    """The same wherever there is a branch to its end; None if there is none."""
    first: _State | None = None
    """The same at the end of the first arm of an `if`, if that falls."""
    lost: bool = False
    """Whether so many were given something that it is not followed."""


class Progress:
    """Follows the locals of a function while it is read; `loops` says which of them each loop gives something."""

    def __init__(self, loops: Mapping[int, frozenset[int]]) -> None:
        self._loops = loops
        self._scopes = [_Scope(Label(), None)]
        self._open = 0
        """How many loops are open."""

    def get(self, local: int) -> Moved | None:
        """What a local has become."""
        return self._outside(local, len(self._scopes))

    def _outside(self, local: int, depth: int) -> Moved | None:
        """What a local is outside of the construct at a depth."""
        for scope in reversed(self._scopes[:depth]):
            if local in scope.values:
                return scope.values[local]
            if scope.loop is not None:
                break
        return local, 0

    def of(self, operand: Operand) -> Moved | None:
        """What an operand is, by what a local was at the head of the loop."""
        if operand.grown is not None and operand.grown == (operand.text, 0) and operand.text[0] == "l":
            return self.get(int(operand.text[1:]))
        if operand.parts is not None and isinstance(operand.parts[1], int) and operand.parts[0][0] == "l":
            base = self.get(int(operand.parts[0][1:]))
            return None if base is None else (base[0], base[1] + operand.parts[1])
        return None

    def give(self, local: int, value: Operand) -> None:
        """A local is given a value, which was not masked yet."""
        if self._open:
            self._scopes[-1].values[local] = self.of(value)

    def open(self, label: Label, offset: int) -> None:
        """A construct begins."""
        self._scopes.append(_Scope(label, offset if label.loop else None))
        self._open += label.loop

    def branch(self, label: Label) -> None:
        """A branch to the end of an open block is read."""
        if not self._open or label.loop:
            return
        state: _State = {}
        for depth in range(len(self._scopes) - 1, 0, -1):
            scope = self._scopes[depth]
            for local in scope.values:
                state.setdefault(local, scope.values[local])
            if scope.loop is not None:  # out of a loop, what it gives something is anything
                state.update(dict.fromkeys(self._loops.get(scope.loop, ())))
            if scope.label is label:
                scope.lost = scope.lost or len(state) > _WIDTH
                scope.leaving = state if scope.leaving is None else self._met([scope.leaving, state], depth)
                return

    def strides(self, label: Label, given: Collection[int]) -> dict[int, int]:
        """By how much each local is stepped on a way back to the head of a loop, if it always is."""
        if self._innermost() is not label:
            return {}
        moved = {local: self.get(local) for local in given}
        return {local: each[1] for local, each in moved.items() if each is not None and each[0] == local and each[1]}

    def _innermost(self) -> Label | None:
        return next((scope.label for scope in reversed(self._scopes) if scope.loop is not None), None)

    def arm(self, falls: bool) -> None:
        """The second arm of an `if` begins; the first one may come to its end if it `falls`."""
        scope = self._scopes[-1]
        scope.first = scope.values if falls else None
        scope.values = {}

    def close(self, falls: bool, arms: int) -> None:
        """The construct ends, an `if` after one arm or two; its last arm may come to its end if it `falls`."""
        ended = self._scopes.pop()
        if ended.loop is not None:
            self._open -= 1
            self._scopes[-1].values.update(dict.fromkeys(self._loops.get(ended.loop, ())))
            return
        if not self._open:
            return
        depth = len(self._scopes)
        if ended.lost:
            self._scopes[-1].values.update(dict.fromkeys((*ended.values, *(ended.leaving or ()), *(ended.first or ()))))
            return
        ways = [ended.values] if falls else []
        if arms == 2 and ended.first is not None:
            ways.append(ended.first)
        if ended.leaving is not None:
            ways.append(ended.leaving)
        if arms == 1:
            ways.append({})
        self._scopes[-1].values.update(self._met(ways, depth))

    def _met(self, ways: list[_State], depth: int) -> _State:
        """What all ways agree on; what is not in one of them is there what it is outside of the construct."""
        met: _State = {}
        for local in {local for way in ways for local in way}:
            found = {way[local] if local in way else self._outside(local, depth) for way in ways}
            met[local] = found.pop() if len(found) == 1 else None
        return met
