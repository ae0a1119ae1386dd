"""Streams: a loop that goes through memory at equal distances, and only reads, takes what it reads from slices.

    for l1 in range(0, l6, 2):                     for l1, u0, u1 in zip(r, Da0[p0::2], Da0[p1::l4 >> 3]):
     l9 = D0_8[l2] * D0[l3] + l9      becomes       l9 = u0 * u1 + l9
     l2 = l2 + 16
     l3 = l3 + l4

Python steps a slice in a fraction of the time that it takes to step an address and look there. It is so where all that
will be read is inside the memory, and is aligned if it has to be; else, and where the loop is short, it is as it was.
What says where is not stepped then: how far it would have got, is known by the number that the loop is at.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from wrt_core.engines.stackless.translation.loops.items import INTEGER, ITEM, Item
from wrt_core.engines.stackless.translation.writing.source import Line, Numbers
from wrt_core.engines.stackless.translation.writing.tree import (
    Conditional,
    Loop,
    Node,
    Sequence,
    Stream,
    Turns,
    is_plain,
)

__all__ = ["only_computes", "streamed"]

_STEP = re.compile(r"(l\d+) = \1 \+ (\w+)")
_GIVEN = re.compile(r"([lsd]\d+|n\d*|R\[\(\)\]) = (.*)")
"""A statement that gives a variable something; the view by which f32 are rounded is one."""
_CALL = re.compile(r"\b(?!if\b|else\b|and\b|or\b|not\b|sqrt\b|fabs\b|copysign\b|[if](?:32|64)_)[\w.]+\(")
"""A call of something other than arithmetic."""
_ENTERING = 250
"""Nanoseconds that it takes to ask whether all is as it has to be."""
_SLICING = 150
"""Nanoseconds that a slice takes to make."""
_READING = 7
"""Nanoseconds that it saves to take an item from a slice."""
_STEPPING = 18
"""Nanoseconds that it saves not to step an address."""
_LEAST = 8
"""Turns that are too few in any case."""


@dataclass(slots=True)
class _Slice:
    """What one item is in all turns: a slice of a view, from what an expression gives on, by steps."""

    view: str
    start: str
    step: str


@dataclass(slots=True)
class _Streams:
    """What is made of a loop's turns. `walks` says of its variables what they begin with and are stepped by."""

    walks: dict[str, tuple[str, str]]
    stepped: dict[str, int]
    """Where a turn steps them, by the number of the node; what is stepped by Python is not among them."""
    given: set[str]
    """All that a turn gives something."""
    tests: dict[str, None] = field(default_factory=dict)
    slices: dict[tuple[Item, bool], _Slice] = field(default_factory=dict)
    """By item, and whether it is read after what says where has been stepped."""

    def replaced(self, text: str, at: int) -> str:
        """A text of the node of a number, with the variables of slices for items."""
        return ITEM.sub(lambda found: self._variable(found[0], at), text)

    def _variable(self, text: str, at: int) -> str:
        item = Item.of(text)
        assert item is not None
        walking = [each for each in item.variables if each in self.walks]
        if len(walking) != 1 or not self.given.isdisjoint(each for each in item.variables if each not in walking):
            return text
        key = item, self.stepped.get(walking[0], at) < at
        if key not in self.slices:
            made = self._slice(*key, walking[0])
            if made is None:
                return text
            self.slices[key] = made
        return f"u{list(self.slices).index(key)}"

    def _slice(self, item: Item, later: bool, walker: str) -> _Slice | None:
        """The slice for an item, which is a step further if it is `later`; what has to be so is added to the tests."""
        first, step = self.walks[walker]
        terms = [first if each == walker else each for each in item.variables] + ([step] if later else [])
        added = item.offset // item.unit + sum(int(each, 0) for each in terms if INTEGER.fullmatch(each))
        terms = [each for each in terms if not INTEGER.fullmatch(each)]
        varying = [] if step.isdigit() else [step]
        # The bits that say, of so many bytes, that they are no whole number of items.
        rest = item.width // item.unit - 1
        if item.offset % item.unit or (not varying and int(step) & rest) or (not terms and added & rest):
            return None
        self.tests.update(dict.fromkeys(varying))
        aligned = ([_sum(terms, added & rest)] if terms else []) + varying
        for each in aligned if rest else ():
            self.tests[f"not {each} & {rest}" if each.isidentifier() else f"not ({each}) & {rest}"] = None
        shift = rest.bit_length()
        return _Slice(item.view, _shifted(_sum(terms, added), shift), _shifted(step, shift))


def _sum(terms: list[str], added: int) -> str:
    """The text of a sum."""
    text = " + ".join(terms)
    if not added:
        return text or "0"
    return f"{text} {'-' if added < 0 else '+'} {abs(added)}" if text else str(added)


def _shifted(text: str, shift: int) -> str:
    """The text of a number that is shifted to the right, as tight as an atom unless it is not shifted."""
    if not shift:
        return text
    return str(int(text) >> shift) if INTEGER.fullmatch(text) else f"({text} >> {shift})"


def streamed(loop: Loop, heads: int) -> Loop:
    """Return a loop, with what it may be written as instead if it streams; `heads` are the lines at its head."""
    turns = loop.turns
    if turns is None or turns.numbers.ahead or not turns.body.falls or not is_plain(turns.then.nodes):
        return loop
    nodes = turns.body.nodes
    given: set[str] = set()
    if not all(only_computes(node, given) for node in nodes[heads:]):
        return loop
    streams = _streams_of(turns, nodes, heads, given)
    body = [*nodes[:heads], *(_replaced(node, streams, at) for at, node in enumerate(nodes[heads:], heads))]
    if not streams.slices:
        return loop
    dropped = [name for name, at in streams.stepped.items() if not _mentions(name, body, at)]
    for at in sorted((streams.stepped[name] for name in dropped), reverse=True):
        del body[at]
    least = _worthwhile(len(streams.slices), len(dropped))
    if _is_short(turns.numbers, least):
        return loop
    loop.turns = replace(turns, stream=_stream(loop.offset, turns, streams, body, dropped, least))
    return loop


def _worthwhile(slices: int, dropped: int) -> int:
    """Turns that take as long with so many slices as without, where so many variables are not stepped."""
    return max(_LEAST, (_ENTERING + _SLICING * slices) // (_READING * slices + _STEPPING * dropped))


def _is_short(numbers: Numbers, least: int) -> bool:
    """Whether numbers are known to be so few."""
    texts = numbers.first, numbers.end, numbers.step
    return all(map(INTEGER.fullmatch, texts)) and len(range(*(int(text, 0) for text in texts))) <= least


def _streams_of(turns: Turns, nodes: list[Node], heads: int, given: set[str]) -> _Streams:
    numbers = turns.numbers
    streams = _Streams({}, {}, given)
    if not numbers.step.startswith("-"):
        streams.walks[f"l{numbers.local}"] = numbers.first, numbers.step
    for at, node in enumerate(nodes[heads:], heads):
        found = _STEP.fullmatch(node.text) if isinstance(node, Line) else None
        if found is not None and turns.others.get(found[1]) == found[2]:
            streams.walks[found[1]] = found[1], found[2]
            streams.stepped[found[1]] = at
    return streams


def only_computes(node: Node, given: set[str]) -> bool:
    """Whether a node does nothing but give variables something, which are noted, and never has to be done again."""
    match node:
        case Line():
            found = _GIVEN.fullmatch(node.text)
            if found is None:
                return node.text == "pass"
            given.add(found[1])
            return node.retry is None and _CALL.search(found[2]) is None
        case Conditional():
            if node.retry is not None or _CALL.search(node.test) is not None:
                return False
            return all(only_computes(each, given) for arm in (node.then, node.otherwise) for each in arm.nodes)
        case _:
            return False


def _replaced(node: Node, streams: _Streams, at: int) -> Node:
    """A copy of the node of a number, with the variables of slices for items."""
    match node:
        case Line():
            return replace(node, text=streams.replaced(node.text, at))
        case Conditional():
            then, otherwise = (
                Sequence([_replaced(each, streams, at) for each in arm.nodes], arm.falls)
                for arm in (node.then, node.otherwise)
            )
            test, negated = streams.replaced(node.test, at), streams.replaced(node.negated, at)
            return Conditional(test, negated, then, otherwise, node.offset)
        case _:
            raise AssertionError("there is nothing else in what only computes")


def _mentions(name: str, nodes: list[Node], but: int) -> bool:
    """Whether a variable is in nodes other than the one that steps it."""
    return any(_is_in(name, node) for at, node in enumerate(nodes) if at != but)


def _is_in(name: str, node: Node) -> bool:
    if isinstance(node, Conditional):
        inner = (*node.then.nodes, *node.otherwise.nodes)
        return name in re.findall(r"\w+", node.test) or any(_is_in(name, each) for each in inner)
    return isinstance(node, Line) and name in re.findall(r"\w+", node.text)


def _stream(offset: int, turns: Turns, streams: _Streams, body: list[Node], dropped: list[str], least: int) -> Stream:
    walk, count = f"r{offset}", f"q{offset}"
    items = streams.slices.values()
    tests = [f"({count} := len({walk} := {turns.numbers.range})) > {least}", *streams.tests]
    slices: dict[str, str] = {}
    for number, each in enumerate(items):
        length = count if each.step == "1" else f"{each.step} * {count}"
        tests.append(f"(p{number} := {each.start}) + {length} <= len({each.view})")
        slices[f"u{number}"] = f"{each.view}[p{number}:{'' if each.step == '1' else f':{each.step}'}]"
    steps = {name: streams.walks[name][1] for name in dropped}
    lines: list[Node] = [
        Line(f"{name} = {name} + {count if step == '1' else f'{step} * {count}'}", offset)
        for name, step in steps.items()
    ]
    numbers: Numbers = replace(turns.numbers, walk=walk, dropped=tuple(steps.items()))
    then = Sequence([*lines, *turns.then.nodes], turns.then.falls)
    instead = Turns(numbers, Sequence(body), then, turns.others, slices)
    return Stream(" and ".join(tests), instead, Line(f"{walk} = None", offset))
