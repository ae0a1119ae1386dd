"""Alignment: which numbers are known to be multiples of two, four or eight, so that steps of as much arrive at them.

What says so is how a number was come by: constants, shifts to the left, sums of such, and locals that hold one. What a
local holds where ways meet, at the head of a loop or the end of a construct, is known when all has been read that it is
given on any of them. So what is found out refers to such junctions, and they are solved at the end; see `induction`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["MOST", "Alignment", "Junction", "Locals", "known", "least", "of_constant", "zeros_of"]

MOST = 3
"""Zero bits that matter: compilers unroll loops by up to eight, and step over up to eight bytes."""

Junction = int
"""A local where ways meet, numbered in the order of reading."""

_NONE: frozenset[Junction] = frozenset()


@dataclass(frozen=True, slots=True)
class Alignment:
    """How many of a number's last bits are zero: at least `zeros`, or as few as in the worst of `junctions`."""

    zeros: int
    junctions: frozenset[Junction] = _NONE


_KNOWN = (None, Alignment(1), Alignment(2), Alignment(3))


def known(zeros: int) -> Alignment | None:
    """The alignment of what has so many zero bits in any case; None is that of what may have none."""
    return _KNOWN[min(zeros, MOST)]


def of_constant(value: int) -> Alignment | None:
    """The alignment of a constant."""
    return known((value & -value).bit_length() - 1 if value else MOST)


def least(a: Alignment | None, b: Alignment | None) -> Alignment | None:
    """The alignment of a sum, and of whatever else has the zeros that both have."""
    if a is None or b is None:
        return None
    if not a.junctions and not b.junctions:
        return a if a.zeros < b.zeros else b
    return Alignment(min(a.zeros, b.zeros), a.junctions | b.junctions)


@dataclass(slots=True)
class _Scope:
    """A construct that is open: what its locals hold now, what they were given in it, and its junctions if it loops."""

    loops: bool
    values: dict[int, Alignment | None] = field(default_factory=dict)
    given: dict[int, set[Alignment | None]] = field(default_factory=dict)
    junctions: dict[int, Junction] = field(default_factory=dict)


class Locals:
    """What is known of the locals of a function while it is read."""

    _DEPTH = 100
    """Constructs inside one another: past it nothing is found out, for looking through them would take its time."""

    def __init__(self, params: int) -> None:
        self._params = params
        self._scopes = [_Scope(False)]
        self._too_deep = False
        self._junctions: list[set[Alignment | None]] = []

    def solve(self) -> dict[Junction, int]:
        """Return how many zeros there are at each junction, if there are any."""
        return {} if self._too_deep else _solved(self._junctions)

    def get(self, local: int) -> Alignment | None:
        """What is known of a local here."""
        if self._too_deep:
            return None
        scopes = self._scopes
        found = None
        depth = len(scopes) - 1
        while depth >= 0:
            scope = scopes[depth]
            if local in scope.values:
                found = scope.values[local]
                break
            if scope.loops:
                found = self._at_head(depth, local)
                break
            depth -= 1
        else:
            found = None if local < self._params else _KNOWN[MOST]  # callers give anything, and what is not given is 0
        scopes[-1].values[local] = found
        return found

    def give(self, local: int, alignment: Alignment | None) -> None:
        """A local is given something."""
        scope = self._scopes[-1]
        scope.values[local] = alignment
        scope.given.setdefault(local, set()).add(alignment)

    def open(self, loops: bool) -> None:
        """A construct begins."""
        self._scopes.append(_Scope(loops))
        self._too_deep = self._too_deep or len(self._scopes) > self._DEPTH

    def arm(self, entered: bool) -> None:
        """Another arm of the construct begins: entered as the construct was, or from anywhere in it."""
        scope = self._scopes[-1]
        scope.values = {} if entered else dict.fromkeys(scope.given)

    def close(self) -> None:
        """The construct ends."""
        ended = self._scopes.pop()
        scope = self._scopes[-1]
        for local, junction in ended.junctions.items():
            self._junctions[junction].update(ended.given.get(local, ()))
        for local, given in ended.given.items():
            before = self.get(local)
            scope.given.setdefault(local, set()).update(given)
            # Whichever way it ended, a local holds what it held before or has been given since.
            scope.values[local] = None if None in given or before is None else self._junction({*given, before})

    def _at_head(self, depth: int, local: int) -> Alignment | None:
        """What is known of a local at the head of the loop at a depth, if it is given nothing else in the loop."""
        scopes = self._scopes
        inner, self._scopes = scopes, scopes[:depth]
        before = self.get(local)
        self._scopes = inner
        if before is None:
            found = None
        else:
            scopes[depth].junctions[local] = len(self._junctions)
            found = self._junction({before})
        scopes[depth].values.setdefault(local, found)
        return found

    def _junction(self, given: set[Alignment | None]) -> Alignment | None:
        self._junctions.append(given)
        return Alignment(MOST, frozenset((len(self._junctions) - 1,)))


def zeros_of(alignment: Alignment | None, solution: Mapping[Junction, int]) -> int:
    """How many last bits of a number are zero, by what there is at junctions."""
    if alignment is None:
        return 0
    return min(alignment.zeros, *(solution.get(each, 0) for each in alignment.junctions), MOST)


def _solved(junctions: list[set[Alignment | None]]) -> dict[Junction, int]:
    """Return how many zeros there are at each junction.

    All are taken to be aligned at first. One that is given what is not has less, and then those that are given it,
    until all agree: none changes more often than there are bits that matter.
    """
    zeros = dict.fromkeys(range(len(junctions)), MOST)
    takers: list[list[Junction]] = [[] for _ in junctions]
    for junction, given in enumerate(junctions):
        for alignment in given:
            for source in alignment.junctions if alignment is not None else ():
                takers[source].append(junction)

    work = list(range(len(junctions)))
    while work:
        junction = work.pop()
        found = min(zeros_of(each, zeros) for each in junctions[junction])
        if found < zeros[junction]:
            zeros[junction] = found
            work.extend(takers[junction])
    return {junction: each for junction, each in zeros.items() if each}
