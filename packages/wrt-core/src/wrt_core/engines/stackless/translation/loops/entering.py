"""Entering a loop that counts: what is asked before, what is true in it then, and the numbers that it goes through."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

from wrt_core.engines.stackless.translation.knowledge.counting import LONGEST, Counted, Growth
from wrt_core.engines.stackless.translation.knowledge.relation import Range
from wrt_core.engines.stackless.translation.operand import SIGN, WIDTH_MASK, Operand, constant
from wrt_core.engines.stackless.translation.writing.source import Numbers

__all__ = ["Entry", "entry_of"]

_SMALL = 1 << 30
"""Locals begin below that and get twice as far at most: numbers of one of Python's digits are compared quickly."""

_FEW = 4
"""Turns that take as long as to make a range."""

_BOUND = -1
"""In place of a local, what a loop ends at, if that is an expression: it is evaluated before the loop."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What is to be asked before a loop, nothing if `test` is empty; what locals are in it then, and its numbers.

    `bound` is the statement that evaluates what it ends at, if there has to be one.
    """

    bound: str
    test: str
    known: dict[int, Range]
    numbers: Numbers


class _Asked:
    """What must hold where a loop is entered: what is known to needs no asking."""

    def __init__(
        self, at_entry: Callable[[int], Range], bound: Operand, variable: str, is_signed: bool = False
    ) -> None:
        self.is_signed = is_signed
        self._at_entry = at_entry
        self._bound = bound.low, bound.high
        self._variable = variable
        self.tests: list[str] = []
        self.known: dict[int, Range] = {}
        self.possible = True

    def at_entry(self, local: int) -> Range:
        """What is known of a local."""
        return self._bound if local == _BOUND else self._at_entry(local)

    def name(self, local: int) -> str:
        """The variable of a local."""
        return self._variable if local == _BOUND else f"l{local}"

    def within(self, local: int, low: int, high: int) -> Range:
        """Ask that a local be between two numbers; return what it can be then."""
        least, most = self.known.get(local) or self.at_entry(local)
        name = self.name(local)
        if least < low:
            self.tests.append(f"{name} > {low - 1}" if low < 2 else f"{name} >= {low}")
        if most > high:
            self.tests.append(f"{name} < {high + 1:#x}")
        found = self.known[local] = max(least, low), min(most, high)
        self.possible = self.possible and found[0] <= found[1]
        return found

    def less(self, a: str, less: Range, b: str, more: Range, strictly: bool) -> None:
        """Ask that one number be less than another, or equal unless `strictly`."""
        if less[1] < more[0] + (not strictly):
            return
        if less[0] >= more[1] + (not strictly):
            self.possible = False
        self.tests.append(f"{a} {'<' if strictly else '<='} {b}")


def entry_of(
    loop: Counted,
    at_entry: Callable[[int], Range],
    wanted: Collection[int],
    variable: str = "n",
    is_signed: bool = False,
) -> Entry | None:
    """What must hold where a loop is entered that it may be written as a `for`, and its `wanted` locals not masked.

    `at_entry` says what a local is there; `variable` is for the bound; that which counts may hold a signed number. None
    if that can't be, or is not worth it.
    """
    if isinstance(loop.step, int) and abs(loop.step) > LONGEST:
        return None
    asked = _Asked(at_entry, loop.bound, variable, is_signed)
    signs, written = (("!=", "<", "<="), _upwards) if _is_upwards(loop) else (("!=", ">", ">="), _downwards)
    found = written(loop, asked, wanted) if loop.sign in signs else None
    if found is None or not asked.possible:
        return None
    least, most = asked.known[loop.local]
    if most - least < _FEW * (abs(loop.step) if isinstance(loop.step, int) else 1):
        return None
    computed = asked.known.pop(_BOUND, None) is not None
    bound = f"{variable} = {loop.bound.text}" if computed else ""
    return Entry(bound, " and ".join(asked.tests), asked.known, found)


def _is_upwards(loop: Counted) -> bool:
    return isinstance(loop.step, str) or loop.step > 0


def _most(loop: Counted, wanted: Collection[int]) -> int:
    """How far the local that counts may get, so that none that is wanted makes more than is small on the way."""
    steps = [loop.others[local] for local in wanted]
    longest = max(
        (1, *(each.most if isinstance(each, Growth) else each for each in steps if not isinstance(each, str)))
    )
    return min((_SMALL // longest - 1) * (abs(loop.step) if isinstance(loop.step, int) else 1), _SMALL)


def _upwards(loop: Counted, asked: _Asked, wanted: Collection[int]) -> Numbers | None:
    local, step, bound = loop.local, loop.step, loop.bound
    inclusive = loop.sign == "<="
    start, end = asked.at_entry(local), _bound_of(loop)
    if asked.is_signed:
        climbing = _signed(loop, start, end)
        if climbing is None:
            return None
        start, end = climbing
    first = constant(start[0], bound.type).text if start[0] == start[1] else f"l{local}"
    most = _most(loop, wanted)
    if isinstance(step, str):
        if loop.sign == "!=":
            return None
        asked.within(int(step[1:]), 1, _SMALL - 1)
    length, longest = (step, step) if isinstance(step, int) else (1, _SMALL)
    if end is None:
        key = _BOUND if bound.local is None else bound.local
        last = asked.name(key)
        ends = asked.within(key, 0, most - 1)
    else:
        furthest = (SIGN if loop.signed else WIDTH_MASK)[bound.type] - longest - inclusive
        if end <= min(start[0], 0) or (end > most and start[0] != start[1]) or (end > furthest and loop.sign != "!="):
            return None
        last = constant(end, bound.type).text
        ends = end, end
    if loop.front:
        if loop.signed:
            start = asked.within(local, 0, SIGN[bound.type] - 1)
        # Where it is zero to begin with it does not go round at all.
        if bound.value == 0 and loop.sign == "!=" and start[0] >= 0:
            start = asked.within(local, 1, WIDTH_MASK[bound.type])
        if loop.sign == "!=":
            asked.less(first, start, last, ends, False)
    else:
        asked.less(first, start, last, ends, not inclusive)
    distance = last if first == "0" else f"({last} - {first})"
    if loop.sign == "!=" and length > 1 and not _divides(length, start, ends, loop.zeros):
        asked.tests.append(f"{distance} % {length} == 0")
    times = distance if step == 1 and not inclusive else f"({distance} // {step} + 1)"
    _others(loop, asked, wanted, times, (ends[1] - start[0]) // length + 1, (ends[0] - start[1]) // longest)
    highest = ends[1] - (not inclusive)
    past = 2 * SIGN[bound.type] if start[0] < 0 else 0  # it climbs, see there
    asked.known[local] = start[0] + past, past + (max(highest + longest, start[1]) if loop.front else highest)
    if inclusive:
        last = f"{last} + 1" if end is None else constant(end + 1, bound.type).text
    return Numbers(local, first, last, str(step))


def _signed(loop: Counted, start: Range, end: int | None) -> tuple[Range, int | None] | None:
    """From where to where a loop counts up by signed numbers; None if its own may be others."""
    half = SIGN[loop.bound.type]
    if start[1] < half:
        return (start, end) if end is None or end + (loop.sign == "<=") <= half else None
    first = start[0] - 2 * half
    if start[0] != start[1] or not isinstance(loop.step, int):
        return None
    if loop.sign == "!=":
        return (first, first), end if end is None or end < half else end - 2 * half
    if loop.front or (not loop.signed and (first + loop.step < 0 or (end is not None and end >= half))):
        return None  # as an unsigned number, it is past any bound before it has got to zero
    return (first, first), end


def _divides(length: int, start: Range, ends: Range, zeros: int) -> bool:
    """Whether steps of a length are known to lead from the start to the very end, which has so many zero bits."""
    if start[0] != start[1]:
        return False
    if ends[0] == ends[1]:
        return (ends[0] - start[0]) % length == 0
    return (1 << zeros) % length == 0 and start[0] % length == 0


def _bound_of(loop: Counted) -> int | None:
    """The number that the loop ends at, if it is always the same; what ends at zero on the way up has wrapped."""
    value = loop.bound.value
    if value is None:
        return None
    half, whole = SIGN[loop.bound.type], WIDTH_MASK[loop.bound.type] + 1
    value %= whole
    if loop.signed:
        return value - whole if value >= half else value
    return whole if value == 0 and loop.sign == "!=" and _is_upwards(loop) else value


def _downwards(loop: Counted, asked: _Asked, wanted: Collection[int]) -> Numbers | None:
    local, bound = loop.local, loop.bound
    assert isinstance(loop.step, int)
    length = -loop.step
    inclusive = loop.sign == ">="
    wraps = not loop.signed and loop.sign != "!="
    most = _most(loop, wanted)
    if asked.is_signed and asked.at_entry(local)[1] >= SIGN[bound.type]:
        return None
    first = f"l{local}"
    end = _bound_of(loop)
    if end is None:
        if wraps and (inclusive or length > 1):
            return None
        key = _BOUND if bound.local is None else bound.local
        name = asked.name(key)
        low, high = asked.within(key, 0, most - 1)
        last, ends = f"{name}{' - 1' if inclusive else ''}", (low - inclusive, high - inclusive)
        distance = f"({first} - {name}{' + 1' if inclusive else ''})"
    else:
        end -= inclusive
        if end < -1 or (wraps and end < length - 1):
            return None
        last, ends = constant(end, bound.type).text, (end, end)
        distance = first if end == 0 else f"({first} - {last})" if end > 0 else f"({first} + 1)"
    if loop.front:
        start = asked.within(local, max(ends[0], 0) if loop.sign == "!=" else 0, most - 1)
        if end is None and loop.sign == "!=":
            asked.less(last, ends, first, start, False)
    else:
        start = asked.within(local, ends[0] + 1, most - 1)
        if end is None:
            asked.less(last, ends, first, start, True)
    if loop.sign == "!=" and length > 1:
        asked.tests.append(f"{distance} % {length} == 0")
    times = distance if length == 1 else f"({distance} // {length} + 1)"
    _others(loop, asked, wanted, times, (start[1] - ends[0]) // length + 1, (start[0] - ends[1]) // length)
    if loop.front:
        least = ends[0] if loop.sign == "!=" else ends[0] - length + 1
        asked.known[local] = (min(least, start[0]), start[1]) if least >= 0 else (0, WIDTH_MASK[bound.type])
    else:
        asked.known[local] = ends[0] + (length if loop.sign == "!=" else 1), start[1]
    return Numbers(local, first, last, str(loop.step))


def _others(loop: Counted, asked: _Asked, wanted: Collection[int], times: str, longest: int, shortest: int) -> None:
    """Ask that the wanted locals stay small, or positive, when stepped so many `times`.

    That is `longest` at most, and `shortest` at least. What can't stay positive is not asked of.
    """
    for local in wanted:
        step = loop.others[local]
        if isinstance(step, str):
            asked.within(int(step[1:]), 0, _SMALL - 1)
            asked.within(local, 0, _SMALL - 1)
            asked.tests.append(f"{step} * {times} < {_SMALL:#x}")
            asked.known[local] = 0, 2 * _SMALL - 1
        elif isinstance(step, Growth) or step > 0:
            if (step.most if isinstance(step, Growth) else step) * longest > _SMALL:
                continue
            asked.within(local, 0, _SMALL - 1)
            last = 0 if loop.front or isinstance(step, Growth) else step  # which is after the last of its turns
            asked.known[local] = asked.at_entry(local)[0], 2 * _SMALL - 1 - last
        elif not loop.front:  # there, it is as low where the loop leaves as where it goes on
            low, high = asked.at_entry(local)
            if high < -step * max(shortest, 1):
                continue
            if low < -step * longest:
                asked.tests.append(f"l{local} >= {times if step == -1 else f'{-step} * {times}'}")
            asked.known[local] = -step, high
