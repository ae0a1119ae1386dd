"""What is asked before a loop that counts suffices, however long it is: then its range is what the loop goes through.

The loops are not run, for the longest would take hours: what their locals are after any number of turns is known.
"""

from __future__ import annotations

from random import Random

import pytest

from wrt_core.engines.stackless.translation.holding.signs import signed_range
from wrt_core.engines.stackless.translation.knowledge.counting import Counted, Growth, Step, wanted_of
from wrt_core.engines.stackless.translation.knowledge.relation import Range
from wrt_core.engines.stackless.translation.loops.entering import Entry, entry_of
from wrt_core.engines.stackless.translation.operand import constant, name
from wrt_foundation.types import I32, I64, NumType

SIGNS = {1: ("!=", "<", "<="), -1: ("!=", ">", ">=")}
STEPS = (1, 1, 1, 2, 3, 4, 8, 16, 0x1000, 0x1001)
COUNTER, OTHER, THIRD, BOUND, STEP = range(5)


def edge(random: Random, bits: int) -> int:
    whole = 1 << bits
    near = random.choice((0, 1 << 12, 1 << 20, 1 << 28, 1 << 30, 1 << 31, whole >> 1, whole))
    return (near + random.randrange(-70, 70)) % whole


class Case:
    """A loop, and what its locals are where it is entered: local 0 counts, 1 and 2 go along, 3 is a bound, 4 a step."""

    def __init__(self, random: Random) -> None:
        self.type: NumType = random.choice((I32, I32, I64))
        self.bits = 32 if self.type is I32 else 64
        self.types: list[NumType] = [self.type] * 5
        self.values = [edge(random, self.bits) for _ in range(5)]
        for local in (COUNTER, BOUND):
            if random.random() < 0.2:
                self.values[local] = 0
        if random.random() < 0.5:
            self.values[STEP] = random.choice((0, 1, 4, 0x10000))
        self.ranges: list[Range] = [self.around(random, value) for value in self.values]
        direction = random.choice((1, 1, -1))
        step: int | str = "l4" if direction > 0 and random.random() < 0.15 else direction * random.choice(STEPS)
        others: dict[int, Step] = {}
        for local in (OTHER, THIRD):
            others[local] = random.choice(
                ("l4", Growth(1), Growth(255), *(sign * each for sign in (1, -1) for each in STEPS))
            )
        if random.random() < 0.3:
            bound, self.end = constant(self.values[BOUND], self.type), self.values[BOUND]
        else:
            bound = name("l3", self.type)
            self.end = self.values[BOUND]
            if random.random() < 0.5:
                bound.local = BOUND
            else:
                bound.low, bound.high = self.ranges[BOUND]
        zeros = (self.end & -self.end).bit_length() - 1 if self.end else 3
        front = random.random() < 0.5
        sign, signed = random.choice(SIGNS[direction]), random.random() < 0.5
        self.loop = Counted(COUNTER, step, sign, signed, bound, others, min(zeros, 3), front, "")
        self.is_signed = self.type is I32 and random.random() < 0.4
        if self.is_signed and random.random() < 0.7:
            length = abs(step) if isinstance(step, int) else 1
            below = random.choice((length, length * random.randrange(1, 20), random.randrange(1, 70)))
            self.values[COUNTER] = -below % (1 << 32)
            self.ranges[COUNTER] = random.choice(
                ((self.values[COUNTER],) * 2, self.around(random, self.values[COUNTER]))
            )

    def around(self, random: Random, value: int) -> Range:
        """Numbers among which a value is known to be."""
        whole = 1 << self.bits
        return random.choice(
            ((value, value), (0, whole - 1), (value, whole - 1), (0, value), (value & ~0xFF, value | 0xFF))
        )

    def entry(self) -> tuple[Entry | None, list[int]]:
        heads = dict.fromkeys(self.loop.others, (0, (1 << self.bits) - 1))
        wanted = wanted_of(self.loop, heads, self.types, self.loop.others)
        return entry_of(self.loop, self.ranges.__getitem__, wanted, is_signed=self.is_signed), wanted

    def step_of(self, local: int) -> int:
        step = self.loop.step if local == COUNTER else self.loop.others[local]
        if isinstance(step, Growth):
            return step.most
        return self.values[STEP] if isinstance(step, str) else step

    @property
    def start(self) -> int:
        """What the variable holds that counts."""
        start, whole = self.values[COUNTER], 1 << self.bits
        return start - whole if self.is_signed and start >= whole >> 1 else start

    def names(self) -> dict[str, int]:
        return {**{f"l{local}": value for local, value in enumerate(self.values)}, "l0": self.start, "n": self.end}

    def goes_round(self, turns: int) -> bool:
        """Whether the loop goes round once more after so many turns, by the specification."""
        whole = 1 << self.bits
        a, b = (self.values[COUNTER] + turns * self.step_of(COUNTER)) % whole, self.end
        if self.loop.signed and self.loop.sign != "!=":
            a, b = (x - whole if x >= whole >> 1 else x for x in (a, b))
        return {"!=": a != b, "<": a < b, "<=": a <= b, ">": a > b, ">=": a >= b}[self.loop.sign]

    def check(self, entry: Entry, wanted: list[int]) -> int:
        """Check what the loop does if what is asked holds; return its turns."""
        names = self.names()
        numbers = eval(entry.numbers.range, names)
        turns = max(0, -((numbers.start - numbers.stop) // numbers.step))  # len() is for C's numbers
        last = (1 << self.bits) - 1
        if not self.loop.front:
            assert turns > 0
        for turn in {turn for turn in (0, 1, 2, turns // 2, turns - 2, turns - 1) if 0 <= turn < turns}:
            assert numbers[turn] == self.start + turn * self.step_of(COUNTER)
            assert not self.is_signed or -(1 << 31) <= numbers[turn] < 1 << 31
            assert self.goes_round(turn) or (turn == 0 and not self.loop.front)
        assert not self.goes_round(turns)
        for local, (low, high) in entry.known.items():
            step = 0 if local in (BOUND, STEP) else self.step_of(local)
            first = self.start if local == COUNTER else self.values[local]
            if local == COUNTER and self.is_signed:
                low, high = signed_range((low, high))
            at_heads = [first, first + step * max(turns - (not self.loop.front), 0)]
            least = -(1 << 31) if local == COUNTER and self.is_signed else 0
            most = least + last
            if (local == COUNTER and self.loop.front and not least <= at_heads[1] <= most) and (low, high) == (
                least,
                most,
            ):
                continue  # what it is when it has left its width, nobody has asked
            assert low <= min(at_heads) <= max(at_heads) <= high, local
            if local in wanted and step > 0 and not self.loop.front:
                assert high + step <= last
        return turns


@pytest.mark.parametrize("part", range(10))
def test_what_is_asked_suffices(part: int) -> None:
    held = long = below = 0
    for seed in range(part * 3000, part * 3000 + 3000):
        case = Case(Random(seed))
        entry, wanted = case.entry()
        if entry is None:
            continue
        if not entry.test or eval(entry.test, case.names()):
            held += 1
            below += case.start < 0
            try:
                long += case.check(entry, wanted) > 100_000
            except AssertionError as error:
                raise AssertionError(f"{error} {seed}: {case.loop} {case.values} {case.ranges} {entry}") from error
    assert held > 100
    assert below > 8
    assert long > 5
