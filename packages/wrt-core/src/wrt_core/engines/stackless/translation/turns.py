"""What a loop that counts does for each number, and after the last: a Python `for`, if its shape is that of one."""

from __future__ import annotations

import re
from dataclasses import dataclass

from wrt_core.engines.stackless.translation.counting import Counted
from wrt_core.engines.stackless.translation.source import Line, Numbers
from wrt_core.engines.stackless.translation.tree import Branch, Conditional, Label, Node, Sequence, Turns

__all__ = ["turns_of"]

_STEPPED = re.compile(r"(l\d+) = \(?\1 [+-] (\w+)\)?(?: % 0x\w+)?")


def turns_of(label: Label, body: Sequence, heads: int, loop: Counted, numbers: Numbers | None = None) -> Turns | None:
    """What a counted loop does for each of some numbers, if stepping its local is the last of it.

    Other locals may be stepped after it, but nothing else is done: whoever looked at the locals then would see one that
    is not yet so far.
    `heads` are the lines at its head.
    """
    if label.uses != 1:
        return None
    parts = _tested_last(label, body) if not loop.front else _tested_first(label, body, heads, loop.front)
    if parts is None:
        return None
    nodes, then = parts
    for index in range(len(nodes) - 1, -1, -1):
        node = nodes[index]
        found = _STEPPED.fullmatch(node.text) if isinstance(node, Line) else None
        if found is None or found[2] == f"l{loop.local}":
            return None
        if found[1] == f"l{loop.local}":
            turn = Sequence([*nodes[:index], *nodes[index + 1 :]])
            stepped: list[Node] = [node]
            if loop.front:  # it may not have gone round at all; and it was at its head once more
                once = Conditional(*then.tests, Sequence(stepped), Sequence(), node.offset)
                stepped = [once, *body.nodes[:heads]]
            return Turns(
                numbers or Numbers(loop.local, "", "", ""), turn, Sequence([*stepped, *then.nodes], then.falls)
            )
    return None


@dataclass(frozen=True, slots=True)
class _Then:
    """What a loop does when it has gone round for the last time, and the texts by which it is known whether it has."""

    nodes: list[Node]
    falls: bool
    tests: tuple[str, str] = ("", "")


def _tested_last(label: Label, body: Sequence) -> tuple[list[Node], _Then] | None:
    """What a loop does before it goes back under a condition, and after it has not."""
    for index, node in enumerate(body.nodes):
        if isinstance(node, Conditional) and not node.otherwise.nodes and _goes_back(node.then.nodes, label):
            return body.nodes[:index], _Then(body.nodes[index + 1 :], body.falls)
    return None


def _tested_first(label: Label, body: Sequence, heads: int, front: str) -> tuple[list[Node], _Then] | None:
    """What a loop does if its condition holds, and if it does not: one leaves it, or the other goes back."""
    head, rest = body.nodes[:heads], body.nodes[heads + 1 :]
    node = body.nodes[heads] if len(body.nodes) > heads else None
    if not isinstance(node, Conditional) or node.test != front:
        return None
    if _goes_back(node.then.nodes[-1:], label):
        then = _Then([*node.otherwise.nodes, *rest], body.falls, (node.test, node.negated))
        return [*head, *node.then.nodes[:-1]], then
    if _goes_back(rest[-1:], label) and not node.then.falls and not node.otherwise.nodes:
        return [*head, *rest[:-1]], _Then(node.then.nodes, False, (node.negated, node.test))
    return None


def _goes_back(nodes: list[Node], label: Label) -> bool:
    return len(nodes) == 1 and isinstance(nodes[0], Branch) and nodes[0].label is label
