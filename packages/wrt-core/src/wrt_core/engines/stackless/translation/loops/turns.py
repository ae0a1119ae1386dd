"""What a loop that counts does for each number, and after the last: a Python `for`, if its shape is that of one."""

from __future__ import annotations

import re
from dataclasses import replace

from wrt_core.engines.stackless.translation.knowledge.counting import Counted, Growth
from wrt_core.engines.stackless.translation.writing.source import Line, Numbers
from wrt_core.engines.stackless.translation.writing.tree import Branch, Conditional, Label, Node, Sequence, Turns

__all__ = ["turns_of"]

_STEPPED = re.compile(r"(l\d+) = \(?\1 [+-] (\w+)\)?(?: % 0x\w+| if .*)?")
_COMPUTED = re.compile(r"(s\d+) = (?:l\d+|0x[0-9a-f]+|\d+|[-+*%&|^<>() ]|if|else|or|and|not)+")


def turns_of(label: Label, body: Sequence, heads: int, loop: Counted, numbers: Numbers | None = None) -> Turns | None:
    """What a counted loop does for each of some numbers. `heads` are the lines at its head.

    If stepping its local is the last of it, that is left to Python. Other locals may be stepped after it, but nothing
    else is done: whoever looked at the locals then would see one that is not yet so far. Else it is done where it is.
    """
    if label.uses != 1:
        return None
    parts = _tested_first(label, body, heads, loop.slot) if loop.front else _tested_last(label, body, loop.slot)
    if parts is None:
        return None
    nodes, then = parts
    numbers = numbers or Numbers(loop.local, "", "", "")
    others = {f"l{local}": str(step) for local, step in loop.others.items() if not isinstance(step, Growth)}
    for index in range(len(nodes) - 1, -1, -1):
        node = nodes[index]
        found = _STEPPED.fullmatch(node.text) if isinstance(node, Line) else None
        if found is None or found[2] == f"l{loop.local}":
            break
        if found[1] == f"l{loop.local}":
            turn = Sequence([*nodes[:index], *nodes[index + 1 :]])
            stepped: list[Node] = [node]
            if loop.front:  # it may not have gone round at all; and it was at its head once more
                once = Conditional(*numbers.tests, Sequence(stepped), Sequence(), node.offset)
                stepped = [once, *body.nodes[:heads]]
            return Turns(numbers, turn, Sequence([*stepped, *then.nodes], then.falls), others)
    if not loop.sure:
        return None
    left = Sequence([*(body.nodes[:heads] if loop.front else ()), *then.nodes], then.falls)
    return Turns(replace(numbers, ahead=True), Sequence(nodes), left, others)


def _puts(node: Node, slot: str) -> bool:
    """Whether a node puts the bound in a slot: something that is computed of locals, and no more."""
    found = _COMPUTED.fullmatch(node.text) if isinstance(node, Line) else None
    return found is not None and found[1] == slot


def _tested_last(label: Label, body: Sequence, slot: str) -> tuple[list[Node], Sequence] | None:
    """What a loop does before it goes back under a condition, save to put the bound in a slot, and after it has not."""
    for index, node in enumerate(body.nodes):
        if isinstance(node, Conditional) and not node.otherwise.nodes and _goes_back(node.then.nodes, label):
            before = body.nodes[: index - 1 if index and _puts(body.nodes[index - 1], slot) else index]
            return before, Sequence(body.nodes[index + 1 :], body.falls)
    return None


def _tested_first(label: Label, body: Sequence, heads: int, slot: str) -> tuple[list[Node], Sequence] | None:
    """What a loop does if its condition holds, and if it does not: one leaves it, or the other goes back."""
    nodes = body.nodes[heads:]
    if nodes and _puts(nodes[0], slot):
        del nodes[0]
    if not nodes or not isinstance(node := nodes[0], Conditional):
        return None
    head, rest = body.nodes[:heads], nodes[1:]
    if _goes_back(node.then.nodes[-1:], label):
        return [*head, *node.then.nodes[:-1]], Sequence([*node.otherwise.nodes, *rest], body.falls)
    if _goes_back(rest[-1:], label) and not node.then.falls and not node.otherwise.nodes:
        return [*head, *rest[:-1]], Sequence(node.then.nodes, False)
    return None


def _goes_back(nodes: list[Node], label: Label) -> bool:
    return len(nodes) == 1 and isinstance(nodes[0], Branch) and nodes[0].label is label
