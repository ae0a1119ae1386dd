"""Ranges: between which numbers a local is, where it is read.

What is known comes from what a local is given, and from conditions that were passed on the way. Where ways meet, it is
what all of them agree on. What a local is at the head of a loop is known only when the loop has been read. So the first
reading takes everything for possible there; what it finds on the ways back is true then, and a second reading uses it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from wrt_core.engines.stackless.translation.knowledge.alignment import Junction
from wrt_core.engines.stackless.translation.knowledge.counting import Counted, Passed, Step, counted
from wrt_core.engines.stackless.translation.knowledge.induction import End, ends_of, induced
from wrt_core.engines.stackless.translation.knowledge.progress import Progress
from wrt_core.engines.stackless.translation.knowledge.relation import Range, Relation, facts_of, opposite
from wrt_core.engines.stackless.translation.operand import SUM, WIDTH_MASK, Operand, is_integer
from wrt_core.engines.stackless.translation.writing.tree import Label
from wrt_foundation.types import ValueType

__all__ = ["Point", "Ranges"]

Point = tuple[int, int]
"""The head of a loop, by the loop's offset, and a local."""

_DEPTH = 100
"""Constructs inside one another: past it nothing is found out, for looking through them would take its time."""

_WIDTH = 48
"""Locals that a loop gives something: of one with more nothing is found out, since each way back asks for all."""


def _hull(a: Range, b: Range) -> Range:
    return min(a[0], b[0]), max(a[1], b[1])


@dataclass(slots=True)
class _Meeting:
    """What locals are where ways meet: between which numbers, on the ways that tell, and how many do."""

    ways: int = 0
    found: dict[int, Range] = field(default_factory=dict)
    told: Counter[int] = field(default_factory=Counter)

    def add(self, way: Mapping[int, Range]) -> None:
        """Another way comes here, on which locals are between these numbers."""
        self.ways += 1
        for local, each in way.items():
            self.found[local] = _hull(self.found[local], each) if local in self.found else each
            self.told[local] += 1

    def of(self, local: int, otherwise: Range) -> Range:
        """What a local is that is something else on the ways that do not tell."""
        if self.told[local] == self.ways:
            return self.found[local]
        return _hull(self.found[local], otherwise) if local in self.found else otherwise


@dataclass(slots=True, eq=False)
class _Loop:
    """What is found out of the locals that a loop gives something."""

    offset: int
    entering: dict[int, Range] = field(default_factory=dict)
    returning: dict[int, Range] = field(default_factory=dict)
    given: dict[int, Range] = field(default_factory=dict)
    """All that a local is given in it: at its head, a local is what it came with or one of these."""
    steps: dict[int, Step | None] = field(default_factory=dict)
    """What is added to a local, if that is all that is done to it, and once each time round at most."""
    ends: dict[int, list[End]] = field(default_factory=dict)
    """Where a local's steps end, for ways back that say so."""
    ways: int = 0
    """How many ways back there are."""
    back: Passed | None = None
    """What holds where the last of them is taken."""
    front: Passed | None = None
    """What holds where it goes on, of the condition that it begins with."""
    guarded: set[int] = field(default_factory=set)
    """The locals that are stepped only where they are not zero."""
    strides: dict[int, int] = field(default_factory=dict)
    """By how much a local is stepped each time round, if it always is."""


@dataclass(slots=True, eq=False)
class _Scope:
    """A construct that is open."""

    label: Label
    loop: _Loop | None = None
    hopes: list[Point] = field(default_factory=list)
    """What is hoped at the head of a loop."""
    condition: Relation | None = None
    """What holds in the first arm of an `if`."""
    values: dict[int, Range] = field(default_factory=dict)
    """What its locals are now, as far as they were looked at."""
    given: dict[int, Range] = field(default_factory=dict)
    """All that they have been given in it."""
    meeting: _Meeting = field(default_factory=_Meeting)
    """What is known at its end, of all that was given something on a way to it, and some more."""
    turning: list[int] = field(default_factory=list)
    """Of a loop, all that it gives something: in a turn before, if not yet in this."""
    is_lost: bool = False
    """Whether so many were that it is not followed."""
    first: dict[int, Range] | None = None
    """What its locals were at the end of the first arm, if that falls."""


class Ranges:
    """What is known of the locals of a function while it is read. `loops` says which locals each loop gives something.

    `solution` is what an earlier reading has found at the heads of loops, `given` all that locals are given in them.
    `hopes` are points at which a local is hoped not to be negative: that it is so is taken for true, and `deceived` has
    those for which it was not seen to be. If there are any, what has been read is worth nothing. A local that `grows`
    may be past its width: what is said of it is what its variable holds, up to `SUM`.
    """

    def __init__(
        self,
        types: list[ValueType],
        params: int,
        loops: Mapping[int, frozenset[int]],
        solution: Mapping[Point, Range] | None = None,
        given: Mapping[Point, Range] | None = None,
        hopes: frozenset[Point] = frozenset(),
        grows: Callable[[int], bool] = lambda _: False,
    ) -> None:
        self._types = types
        self._params = params
        self._own = len(types)
        self.loops = loops
        """The locals that each loop gives something."""
        self._solution = solution
        self._given = given or {}
        self._grows = grows
        self._hopes = hopes
        self.deceived: set[Point] = set()
        self._scopes = [_Scope(Label())]
        self._found: list[_Loop] = []
        self._progress = Progress(loops if solution is None else {})
        self._assumed: Relation | None = None
        self._unknown = False

    def give_up(self) -> None:
        """From here on nothing is known: control comes to where no branch is seen."""
        self._unknown = True
        self.deceived |= self._hopes

    def _is_past(self, local: int, number: int) -> bool:
        """Whether a number is past a local's width: it climbs, then, see there, and no other number says as much."""
        return number > WIDTH_MASK[self._types[local]]

    def _any(self, local: int) -> Range:
        return 0, SUM if self._grows(local) else WIDTH_MASK[self._types[local]]

    def get(self, local: int) -> Range:
        """Between which numbers a local is here, in its canonical form."""
        if self._unknown:
            return self._any(local)
        values = self._scopes[-1].values
        found = values.get(local)
        if found is None:
            for scope in reversed(self._scopes):
                found = scope.values.get(local)
                if found is not None:
                    break
            else:
                found = (0, WIDTH_MASK[self._types[local]] if local < self._params else 0)
            values[local] = found
        return found

    def give(self, local: int, value: Operand, step: Step | None, given: Operand, grown: bool = False) -> None:
        """A local is given a canonical value, which is the local itself and `step` if that is not None.

        `given` is the value before it was masked. It is left as that if it has `grown`.
        """
        scope = self._scopes[-1]
        found = self._any(local) if grown else (value.low, value.high)
        innermost = self._innermost() if step is not None and self._solution is None else None
        if innermost is not None and self.get(local)[0] > 0:
            innermost.guarded.add(local)
        scope.values[local] = found
        scope.given[local] = _hull(scope.given[local], found) if local in scope.given else found
        if self._solution is None:
            self._progress.give(local, given)
            for outer in reversed(self._scopes):
                if outer.loop is not None:
                    outer.loop.steps[local] = None if local in outer.loop.steps else step
                    step = None  # loops around this one do it more than once

    def _innermost(self) -> _Loop | None:
        return next((scope.loop for scope in reversed(self._scopes) if scope.loop is not None), None)

    def narrow(self, relation: Relation | None) -> None:
        """From here on, a relation holds."""
        if relation is not None and not self._unknown:
            self._scopes[-1].values.update(self._narrowed(relation))

    def _narrowed(self, relation: Relation | None) -> dict[int, Range]:
        narrowed: dict[int, Range] = {}
        for local, (low, high) in facts_of(relation):
            least, most = narrowed.get(local) or self.get(local)
            if max(low, least) <= min(high, most):  # else nothing comes here
                narrowed[local] = max(low, least), min(high, most)
        return narrowed

    def assume(self, relation: Relation | None) -> None:
        """The next branch is taken where a relation holds."""
        self._assumed = relation

    def branch(self, label: Label) -> None:
        """A branch to a label is read."""
        if self._unknown:
            return
        assumed, self._assumed = self._assumed, None
        scope = next((each for each in reversed(self._scopes) if each.label is label), None)
        if scope is None:
            return
        narrowed = self._narrowed(assumed)
        for point in scope.hopes if label.loop else ():
            self._hope(point, narrowed.get(point[1]) or self.get(point[1]))
        if self._solution is None:
            self._progress.branch(label)
        if scope.loop is not None:
            self._back(scope.loop, label, narrowed, assumed)
        else:
            self._leave(scope, narrowed)

    def _leave(self, scope: _Scope, narrowed: dict[int, Range]) -> None:
        """Note what locals are that were given something on the way from where a construct begins to its end."""
        inside = [(*each.given, *each.turning) for each in self._scopes[self._scopes.index(scope) :]]
        scope.is_lost = scope.is_lost or sum(map(len, inside)) > _WIDTH
        if scope.is_lost:
            return
        scope.meeting.add({local: self.get(local) for given in inside for local in given} | narrowed)

    def begin(self, relation: Relation | None) -> None:
        """The loop that was just opened begins with a condition; a relation holds where it goes on."""
        loop = self._scopes[-1].loop
        if loop is not None:
            loop.front = self._passed(relation)

    def _passed(self, relation: Relation | None) -> Passed | None:
        """A relation that holds here, with what its numbers are by what there was at the head of the loop."""
        return None if relation is None else Passed.of(relation, self._progress)

    def _back(self, loop: _Loop, label: Label, narrowed: dict[int, Range], assumed: Relation | None) -> None:
        loop.ways += 1
        loop.back = self._passed(assumed)
        loop.strides = self._progress.strides(label, loop.entering)
        for local in loop.entering:
            found = narrowed.get(local) or self.get(local)
            loop.returning[local] = _hull(loop.returning[local], found) if local in loop.returning else found
        for local, end in ends_of(assumed, loop.entering.keys()):
            loop.ends.setdefault(local, []).append(end)

    def open(self, label: Label, offset: int, condition: Relation | None = None) -> None:
        """A construct begins; `condition` holds in it, or in its first arm."""
        scope = _Scope(label, condition=condition)
        if len(self._scopes) > _DEPTH:
            self.give_up()
        if label.loop and not self._unknown:
            given = [local for local in self.loops.get(offset, ()) if is_integer(self._types[local])]
            solution = self._solution
            if solution is None:
                scope.loop = _Loop(offset)
                if len(given) <= _WIDTH:
                    scope.loop.entering = {local: self.get(local) for local in given}
                    self._found.append(scope.loop)
                solution = {}
            scope.values = {local: self._at_head((offset, local), solution) for local in given}
            scope.turning = given
            scope.hopes = [point for local in given if (point := (offset, local)) in self._hopes]
            for point in scope.hopes:
                self._hope(point, self.get(point[1]))
                low, high = scope.values[point[1]]
                scope.values[point[1]] = low, min(high, self._positive(point[1]))
        self._scopes.append(scope)
        if self._solution is None:
            self._progress.open(label, offset)
        self.narrow(condition)

    def _positive(self, local: int) -> int:
        return WIDTH_MASK[self._types[local]] >> 1

    def _hope(self, point: Point, found: Range) -> None:
        """A local comes to a point as something: it is hoped to be no negative number."""
        if found[1] > self._positive(point[1]):
            self.deceived.add(point)

    def hoping(self, locals_: Collection[int], solution: Mapping[Point, Range]) -> frozenset[Point]:
        """Return the points at which of some locals it is not known that they are not negative."""
        return frozenset(
            (loop.offset, local)
            for loop in ([] if self._unknown else self._found)
            for local in loop.entering.keys() & locals_
            if (solution.get((loop.offset, local)) or self._any(local))[1] > self._positive(local)
        )

    def _at_head(self, point: Point, solution: Mapping[Point, Range]) -> Range:
        """What is known of a local at the head of a loop that is about to be entered."""
        if self._grows(point[1]):
            return self._any(point[1])
        low, high = solution.get(point) or self._any(point[1])
        if point not in self._given:
            return low, high
        if self._is_past(point[1], high):
            return low, high
        least, most = _hull(self.get(point[1]), self._given[point])
        return max(low, least), min(high, most)

    def arm(self, falls: bool) -> None:
        """The second arm of an `if` begins; the first one may come to its end if it `falls`."""
        scope = self._scopes[-1]
        if self._solution is None:
            self._progress.arm(falls)
        scope.first = scope.values if falls else None
        scope.values = {}
        self.narrow(opposite(scope.condition))

    def close(self, falls: bool, arms: int) -> None:
        """The construct ends, an `if` after one arm or two; its last arm may come to its end if it `falls`."""
        ended = self._scopes[-1]
        if self._solution is None:
            self._progress.close(falls, arms)
        if self._unknown:
            self._scopes.pop()
            return
        meeting = ended.meeting
        if falls:
            meeting.add(ended.values)
        if arms == 2 and ended.first is not None:
            meeting.add(ended.first)
        self._scopes.pop()
        if ended.loop is not None:
            ended.loop.given = ended.given
        scope = self._scopes[-1]
        if arms == 1:  # the other way is past it
            meeting.add(self._narrowed(opposite(ended.condition)))
        if not meeting.ways:
            ended.is_lost = True
        for local, given in ended.given.items():
            before = self.get(local)  # what was not given it on a way, is that there
            scope.values[local] = _hull(before, given) if ended.is_lost else meeting.of(local, before)
            scope.given[local] = _hull(scope.given[local], given) if local in scope.given else given
        if not ended.is_lost:
            for local, found in meeting.found.items():
                if local not in ended.given and meeting.told[local] == meeting.ways:
                    scope.values[local] = found

    @property
    def is_known(self) -> bool:
        """Whether anything is known here."""
        return not self._unknown

    def at_head(self, offset: int, local: int) -> Range:
        """What is known of a local at the head of the loop at an offset."""
        return (self._solution or {}).get((offset, local)) or self._any(local)

    def know(self, known: Mapping[int, Range]) -> None:
        """From here on, locals are between these numbers, too."""
        for local, (low, high) in known.items():
            least, most = self.get(local)
            met = max(low, least), min(high, most)
            self._scopes[-1].values[local] = (low, high) if self._is_past(local, high) else met

    def counted(self, zeros: Mapping[Junction, int]) -> dict[int, Counted]:
        """Return how the loops count that do, by their offsets; `zeros` as for `solve`."""
        found: dict[int, Counted] = {}
        for loop in [] if self._unknown else self._found:
            if loop.ways == 1:
                each = counted(loop.back, loop.front, loop.entering, loop.steps, loop.strides, self._own, zeros)
                if each is not None:
                    found[loop.offset] = each
        return found

    def given(self) -> dict[Point, Range]:
        """Return all that locals are given in loops, as far as it is not anything."""
        given = ((loop.offset, loop.given) for loop in ([] if self._unknown else self._found))
        each = (((offset, local), found) for offset, several in given for local, found in several.items())
        return {point: found for point, found in each if found != self._any(point[1])}

    def solve(self, zeros: Mapping[Junction, int]) -> dict[Point, Range]:
        """Return what the locals that loops give something are at the loops' heads, as far as it is known.

        `zeros` are those at the junctions of locals, see `alignment`.
        """
        solution: dict[Point, Range] = {}
        for loop in [] if self._unknown else self._found:
            for local, entering in loop.entering.items():
                low, high = _hull(entering, loop.returning.get(local, entering))
                least, most = _hull(entering, loop.given.get(local, entering))
                found = max(low, least), min(high, most)
                step, ends = loop.steps.get(local), loop.ends.get(local, [])
                if isinstance(step, int) and len(ends) == loop.ways:
                    found = induced(found, entering, step, ends, zeros)
                if found != self._any(local):
                    solution[loop.offset, local] = found
        return solution

    def climbing(self, solution: Mapping[Point, Range]) -> dict[Point, Range]:
        """Return what locals are at the heads of loops where they climb from a negative number to zero, or past it.

        That is told in numbers past their width. What the `solution` tells as well is left out.
        """
        found: dict[Point, Range] = {}
        for loop in [] if self._unknown else self._found:
            for local, (low, high) in loop.entering.items():
                past = WIDTH_MASK[self._types[local]] + 1
                if low == high >= past // 2:
                    most = self._climbed(loop, local, low, past)
                    point = loop.offset, local
                    if most is not None and (point not in solution or solution[point][0] < past // 2):
                        found[point] = low, past + most
        return found

    @staticmethod
    def _climbed(loop: _Loop, local: int, start: int, past: int) -> int | None:
        """How far a local is at the head of a loop, if it is stepped to zero, or comes back as no negative number."""
        step, returning = loop.steps.get(local), loop.returning.get(local)
        if local in loop.guarded and isinstance(step, int) and step > 0 and (past - start) % step == 0:
            return 0
        return returning[1] if returning is not None and returning[1] < past // 2 else None
