"""Filling: a loop that does nothing but store the same at equal distances, or copy, is one assignment to a slice.

Compilers write several stores for one turn of such a loop; side by side, they are one. It is so where all of it is
inside the memory, and nothing is read that was written before; else the loop goes through it, up to the store that
traps. What is metered pays for all turns at once, if it can: fuel is the same either way.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from struct import pack

from wrt_core.engines.stackless.translation.loops.items import NUMBER, Item
from wrt_core.engines.stackless.translation.operand import LITERAL
from wrt_core.engines.stackless.translation.safe_points import Meter
from wrt_core.engines.stackless.translation.writing.source import Line
from wrt_core.engines.stackless.translation.writing.tree import Conditional, Loop, Node, Sequence, Turns, is_plain

__all__ = ["filled"]

_INTEGER = re.compile(NUMBER)
_SUM = re.compile(r"(l\d+) = (l\d+) \+ (l\d+)")
_STEP = re.compile(r"(l\d+) = \1 [+-] \w+")
_FORMAT = {"D": "d"}
"""The formats of views that are not called by them."""

_WORTHWHILE = 8
"""Turns that take as long as to prepare a slice."""

_LONGEST = 1 << 22
"""Bytes that are stored at once at most: the host needs as many for it, and a pause has to wait."""


@dataclass(frozen=True, slots=True)
class _Stored:
    """What one turn stores side by side: so many bytes from an item on, that are a pattern or are at another item."""

    item: Item
    width: int
    pattern: bytes
    source: Item | None


def _stored(statements: Iterable[str]) -> _Stored | None:
    """What some statements store; None if it is not all alike and side by side."""
    pairs: list[tuple[Item, bytes | Item]] = []
    for statement in statements:
        target, _, value = statement.partition(" = ")
        item = _item(target)
        given = None if item is None else (_item(value) or _bytes_of(item, value))
        if item is None or given is None or not item.is_like(pairs[0][0] if pairs else item):
            return None
        pairs.append((item, given))
    if not pairs:
        return None
    if any(isinstance(given, Item) for _, given in pairs):
        return _copied(pairs)
    pairs.sort(key=lambda pair: pair[0].offset)
    if not _is_together([item for item, _ in pairs]):
        return None
    pattern = b"".join(given for _, given in pairs if isinstance(given, bytes))
    return _Stored(pairs[0][0], len(pattern), pattern, None)


def _item(text: str) -> Item | None:
    """The item that a text is, if it is one that can be stored with others at once."""
    item = Item.of(text)
    return item if item is not None and item.letter in "BHIQD" and len(item.variables) == 1 else None


def _copied(pairs: list[tuple[Item, bytes | Item]]) -> _Stored | None:
    """What is stored if it is copied. That goes upwards, or a turn might read what it has written."""
    targets, sources = [item for item, _ in pairs], [given for _, given in pairs if isinstance(given, Item)]
    first = sources[0]
    if len(sources) < len(pairs) or first.letter != targets[0].letter or not all(map(first.is_like, sources)):
        return None
    if not _is_together(targets) or not _is_together(sources):
        return None
    return _Stored(targets[0], len(pairs) * first.width, b"", first)


def _is_together(items: list[Item]) -> bool:
    """Whether each item begins where the one before ends."""
    return all(before.offset + before.width == item.offset for before, item in pairwise(items))


def _bytes_of(item: Item, value: str) -> bytes | None:
    """What a constant is in memory."""
    if item.letter == "D":
        return pack("<d", float(value)) if LITERAL.fullmatch(value) else None
    return int(value, 0).to_bytes(item.width, "little") if _INTEGER.fullmatch(value) else None


@dataclass(frozen=True, slots=True)
class _Walk:
    """What a variable is in the first turn, and by what it is stepped each turn."""

    first: str
    step: str

    def after(self, turns: str) -> str:
        """What it is after so many turns."""
        return f"{self.first} + {turns}" if self.step == "1" else f"{self.first} + {self.step} * {turns}"


@dataclass(frozen=True, slots=True)
class _Sweep:
    """A whole loop at once: a statement, and on what conditions; `r` is the range that the loop goes through."""

    fits: str
    statement: str


@dataclass(frozen=True, slots=True)
class _Turn:
    """What a turn does: it adds a variable to one that walks, for each of the `sums`; stores; and steps the `stepped`.

    `walks` are of all variables that it gives something.
    """

    sums: tuple[str, ...]
    stores: tuple[str, ...]
    stepped: tuple[str, ...]
    walks: dict[str, _Walk]

    @classmethod
    def of(cls, turns: Turns, statements: list[str]) -> _Turn | None:
        """What these statements do in a turn; None if it is anything else."""
        known = {name: _Walk(name, step) for name, step in turns.others.items()}
        walks = {f"l{turns.numbers.local}": _Walk(turns.numbers.first, turns.numbers.step)}
        end = len(statements)
        while end and (step := _STEP.fullmatch(statements[end - 1])) is not None and step[1] in known:
            walks[step[1]] = known[step[1]]
            end -= 1
        begin = 0
        while begin < end and (found := _SUM.fullmatch(statements[begin])) is not None:
            name, *added = found.groups()
            base, along = sorted(added, key=walks.__contains__)
            if base in known or base in walks or along not in walks or name in known or name in walks:
                return None
            walks[name] = _Walk(f"{base} + {walks[along].first}", walks[along].step)
            begin += 1
        if any(name in re.findall(r"l\d+", walk.step) for walk in walks.values() for name in walks):
            return None
        sums = tuple(statement.partition(" ")[0] for statement in statements[:begin])
        stepped = tuple(statement.partition(" ")[0] for statement in statements[end:])
        return cls(sums, tuple(statements[begin:end]), stepped, walks)


def filled(loop: Loop, heads: int, meter: Meter | None) -> Node:
    """Return a loop, or a node that is the same and assigns a slice where it can; `heads` are the lines at its head."""
    turns = loop.turns
    if turns is None or not turns.body.falls or not is_plain(turns.then.nodes):
        return loop
    nodes = turns.body.nodes[heads:]
    turn = _Turn.of(turns, [node.text for node in nodes if isinstance(node, Line)])
    stored = None if turn is None or not all(isinstance(node, Line) for node in nodes) else _stored(turn.stores)
    sweep = None if turn is None or stored is None else _sweep(stored, turn.walks)
    if turn is None or stored is None or sweep is None:
        return loop
    lines = [sweep.statement, *(f"{name} = {turn.walks[name].after('(len(r) - 1)')}" for name in turn.sums)]
    lines += [f"{name} = {turn.walks[name].after('len(r)')}" for name in turn.stepped]
    lines.append(f"l{turns.numbers.local} = r[-1]")
    least, most = _WORTHWHILE * stored.item.width // stored.width, _LONGEST // stored.width
    test = f"{least} < len(r := {turns.numbers.range}) <= {most:#x} and {sweep.fits}"
    if meter is not None:
        test += f" and F - {meter.cost} * len(r) >= P"
        lines.append(f"F -= {meter.cost} * len(r)")
    then = [*(Line(text, loop.offset) for text in lines), *turns.then.nodes]
    instead = Sequence(then, turns.then.falls)
    return Conditional(test, f"not ({test})", instead, Sequence([loop], loop.body.falls), loop.offset)


def _sweep(stored: _Stored, walks: dict[str, _Walk]) -> _Sweep | None:
    """How a loop is done at once that stores this each turn, by how its variables walk; None if it can't be."""
    item, source, width = stored.item, stored.source, stored.width
    walk = walks.get(item.variables[0])
    if walk is None or walk.step.startswith("-"):
        return None
    if not walk.step.isdigit() or int(walk.step) * item.unit != width:
        return _spaced(stored, walk) if source is None else None
    long = "len(r)" if width == 1 else f"{width} * len(r)"
    fits = _fitting("p", walk, item, long)
    if source is None:
        return _Sweep(fits, f"B{item.memory}[p:p + {long}] = {_repeated(stored.pattern)}")
    read = walks.get(source.variables[0])
    if read is None or read.step != walk.step or source.unit != item.unit:
        return None
    fits += f" and {_fitting('q', read, source, long)}"
    if item.memory == source.memory:  # what is written must not be read any more
        fits += f" and (p <= q or q + {long} <= p)"
    return _Sweep(fits, f"B{item.memory}[p:p + {long}] = B{source.memory}[q:q + {long}]")


def _fitting(variable: str, walk: _Walk, item: Item, long: str) -> str:
    """The condition that so many bytes from an item on are in its memory; it puts in a variable where that begins."""
    first = walk.first if item.unit == 1 else f"({walk.first}) * {item.unit}"
    if item.offset:
        first = f"{first} {'-' if item.offset < 0 else '+'} {abs(item.offset)}"
    return f"({variable} := {first}) <= len(B{item.memory}) - {long}"


def _repeated(pattern: bytes) -> str:
    """A pattern once for each of `r`, written short."""
    size = next(size for size in (1, 2, 4, 8, len(pattern)) if pattern == pattern[:size] * (len(pattern) // size))
    times = len(pattern) // size
    return f"{pattern[:size]!r} * {'len(r)' if times == 1 else f'({times} * len(r))'}"


def _spaced(stored: _Stored, walk: _Walk) -> _Sweep | None:
    """How the same is stored at distances, by a view that has slices: one with items at every byte has none."""
    item = stored.item
    if stored.width != item.width or item.unit != item.width or item.offset < 0:
        return None
    view = f"{item.view}{f'_{item.offset}' if item.offset else ''}"
    given = _repeated(stored.pattern)
    given = given if item.width == 1 else f"memoryview({given}).cast('{_FORMAT.get(item.letter, item.letter)}')"
    fits = f"{walk.after('(len(r) - 1)')} < len({view})"
    return _Sweep(fits, f"{view}[{walk.first}:{walk.after('len(r)')}:{walk.step}] = {given}")
