"""Filling: a loop that does nothing but store the same at equal distances is one assignment to a slice.

It is so where all of it is inside the memory; else the loop goes through it, up to the store that traps. What is
metered pays for all turns at once, if it can: fuel is the same either way.
"""

from __future__ import annotations

import re

from wrt_core.engines.stackless.translation.safe_points import Meter
from wrt_core.engines.stackless.translation.source import Line, Numbers
from wrt_core.engines.stackless.translation.tree import Branch, Conditional, Loop, Node, Sequence, Stop

__all__ = ["filled"]

_STORE = re.compile(r"([BHIQ])(a?)(\d+(?:_\d+)?)\[(l\d+)\] = (\d+|0x[0-9a-f]+)")
_STEP = re.compile(r"(l\d+) = \1 [+-] \w+")
_WIDTH = {"B": 1, "H": 2, "I": 4, "Q": 8}

_WORTHWHILE = 8
"""Turns that take as long as to prepare a slice."""

_LONGEST = 1 << 22
"""Bytes that are stored at once at most: the host needs as many for it, and a pause has to wait."""


def filled(loop: Loop, heads: int, meter: Meter | None) -> Node:
    """Return a loop, or a node that is the same and assigns a slice where it can; `heads` are the lines at its head."""
    turns = loop.turns
    if turns is None or not turns.body.falls or len(turns.body.nodes) <= heads or not _is_plain(turns.then.nodes):
        return loop
    stores, *steps = turns.body.nodes[heads:]
    found = _STORE.fullmatch(stores.text) if isinstance(stores, Line) else None
    if found is None:
        return loop
    along: dict[str, str] = {}
    for node in steps:
        step = _STEP.fullmatch(node.text) if isinstance(node, Line) else None
        if step is None or step[1] not in turns.others:
            return loop
        along[step[1]] = turns.others[step[1]]
    target = _target(found, turns.numbers, along)
    if target is None:
        return loop
    return _either(loop, turns.numbers, along, *target, _LONGEST // _WIDTH[found[1]], meter)


def _target(found: re.Match[str], numbers: Numbers, along: dict[str, str]) -> tuple[str, str, str] | None:
    """The statement that fills, the condition that it can, and its range, of which `r` is to be a variable."""
    letter, spaced, view, index, value = found.groups()
    width = _WIDTH[letter]
    if index == f"l{numbers.local}":
        step, places = numbers.step, numbers.range
    elif index in along:
        step = along[index]
        times = f"len({numbers.range})" if step == "1" else f"{step} * len({numbers.range})"
        places = f"range({index}, {index} + {times}{'' if step == '1' else f', {step}'})"
    else:
        return None
    if step.startswith("-"):
        return None
    pattern = int(value, 0).to_bytes(width, "little")
    if letter == "B" or spaced:
        source = f"{pattern!r} * len(r)"
        source = source if letter == "B" else f"memoryview({source}).cast('{letter}')"
        return (
            f"{letter}{spaced}{view}[r.start:r.stop:r.step] = {source}",
            f"r[-1] < len({letter}{spaced}{view})",
            places,
        )
    if step != str(width):  # an item at every byte: its view has no slices, but what it is of has
        return None
    return f"B{view}[r.start:r[-1] + {width}] = {pattern!r} * len(r)", f"r[-1] + {width} <= len(B{view})", places


def _either(
    loop: Loop,
    numbers: Numbers,
    along: dict[str, str],
    fill: str,
    fits: str,
    places: str,
    most: int,
    meter: Meter | None,
) -> Conditional:
    assert loop.turns is not None
    lines = [fill, *(f"{name} = {name} + {'' if step == '1' else f'{step} * '}len(r)" for name, step in along.items())]
    lines.append(f"l{numbers.local} = {'r' if places == numbers.range else numbers.range}[-1]")
    test = f"{_WORTHWHILE} < len(r := {places}) <= {most:#x} and {fits}"
    if meter is not None:
        test += f" and F[0] - {meter.cost} * len(r) >= P[0]"
        lines.append(f"F[0] = F[0] - {meter.cost} * len(r)")
    then = [*(Line(text, loop.offset) for text in lines), *loop.turns.then.nodes]
    falls = loop.turns.then.falls
    return Conditional(test, f"not ({test})", Sequence(then, falls), Sequence([loop], loop.body.falls), loop.offset)


def _is_plain(nodes: list[Node]) -> bool:
    """Whether nodes may be written twice: they have no labels."""
    return all(
        isinstance(node, (Line, Branch, Stop))
        or (isinstance(node, Conditional) and _is_plain(node.then.nodes) and _is_plain(node.otherwise.nodes))
        for node in nodes
    )
