"""Returning: a branch to where a function does nothing but return, is the return; what is computed for it, returned.

while True:                         if l0 < 2:
 if l0 < 2:                          return l0
  s0 = l0            becomes        return f0(l0 - 1) + l0
  break
 s0 = f0(l0 - 1)
 s0 = s0 + l0
 break
return s0
"""

from __future__ import annotations

import re

from wrt_core.engines.stackless.translation.results import computed
from wrt_core.engines.stackless.translation.writing.source import Line
from wrt_core.engines.stackless.translation.writing.tree import (
    Block,
    Branch,
    BranchTable,
    Conditional,
    Label,
    Loop,
    Node,
    Sequence,
    Stop,
    Try,
    inside,
)

__all__ = ["returned"]

_SHORT = re.compile(r"return(?: \w+(?: [%&] 0x[0-9a-f]+)?)?")
"""What is repeated at each branch: it does nothing that a handler around the branch could see."""

_DEPTH = 100
"""Constructs inside one another: what is deeper is left as it is."""


def returned(body: Sequence) -> None:
    """Rewrite a function's tree so that it returns where it would branch to a return."""
    tables = _tables(body)
    if tables is not None:
        _Rewriter(tables).sequence(body, None)


def _tables(body: Sequence) -> set[Label] | None:
    """The labels that branch tables go to, which stay; None if the tree is too deep."""
    labels: set[Label] = set()
    work = [(body, 1)]
    while work:
        sequence, depth = work.pop()
        if depth > _DEPTH:
            return None
        for node in sequence.nodes:
            if isinstance(node, BranchTable):
                labels.update(node.labels, (node.default,))
            work += [(each, depth + 1) for each in _parts(node)]
    return labels


def _parts(node: Node) -> list[Sequence]:
    """The sequences that a node consists of, either way in which it may be written."""
    turns = node.turns if isinstance(node, Loop) else None
    either = [] if turns is None else [turns] if turns.stream is None else [turns, turns.stream.turns]
    return [*inside(node), *(each for turns in either for each in (turns.body, turns.then))]


class _Rewriter:
    """`kept` are labels that are not done without, `returns` what the ends of others have become."""

    def __init__(self, kept: set[Label]) -> None:
        self._kept = kept
        self._returns: dict[Label, Stop] = {}

    def sequence(self, sequence: Sequence, follow: Stop | None) -> None:
        """Rewrite a sequence; falling off its end arrives at `follow`, unless that is None."""
        old = sequence.nodes[:]
        sequence.nodes.clear()
        for index, node in enumerate(old):
            after = follow if index + 1 == len(old) else _short(old[index + 1])
            if not self._node(node, after, sequence.nodes):
                sequence.falls = False
                break

    def _node(self, node: Node, after: Stop | None, into: list[Node]) -> bool:
        """Rewrite a node, append it, and say whether control passes it."""
        match node:
            case Stop():
                _stop(into, node)
                return False
            case Branch() if node.label in self._returns:
                _stop(into, self._returns[node.label])
                return False
            case Conditional():
                self._conditional(node, after)
                into.append(node)
                return node.then.falls or node.otherwise.falls
            case Block() if after is not None and node.label not in self._kept:
                self._returns[node.label] = after
                self.sequence(node.body, after)
                if node.body.falls:
                    _stop(node.body.nodes, after)
                    node.body.falls = False
                *first, last = node.body.nodes
                into += first
                _stop(into, last) if isinstance(last, Stop) else into.append(last)
                return False
            case Loop() if node.turns is not None:
                for each in _parts(node):
                    self.sequence(each, None)
            case Loop() | Block():
                self.sequence(node.body, after if isinstance(node, Loop) else None)
            case Try():
                for each in _parts(node):
                    self.sequence(each, None)
        if isinstance(node, (Block, Loop)):
            node.escapes -= self._returns.keys()
        into.append(node)
        return not isinstance(node, (Branch, BranchTable))

    def _conditional(self, node: Conditional, after: Stop | None) -> None:
        arms = node.then, node.otherwise
        for arm in arms:
            self.sequence(arm, after)
        if after is not None and any(arm.falls and arm.nodes and _computes(arm.nodes[-1], after) for arm in arms):
            for arm in arms:
                if arm.falls:
                    _stop(arm.nodes, after)
                    arm.falls = False


def _short(node: Node) -> Stop | None:
    return node if isinstance(node, Stop) and _SHORT.fullmatch(node.text) else None


def _computes(node: Node, stop: Stop) -> bool:
    """Whether a node computes just what is returned then: it is one statement, and not to be done again."""
    if not isinstance(node, Line) or node.retry is not None or node.trap is not None:
        return False
    variable = stop.text.removeprefix("return ")
    return variable.isidentifier() and node.text.startswith(f"{variable} = ") and ";" not in node.text


def _stop(nodes: list[Node], stop: Stop) -> None:
    """Append what a sequence ends with, as one with the statement before it if that computes what it returns."""
    if nodes and isinstance(line := nodes[-1], Line) and _computes(line, stop):
        nodes.pop()
        _stop(nodes, Stop(f"return {line.text.partition(' = ')[2]}", line.offset))
        return
    if nodes and isinstance(line, Line) and line.retry is None:
        with_call = computed(line.text, stop.text.removeprefix("return "))
        if with_call is not None:
            nodes[-1] = Stop(f"return {with_call}", line.offset)
            return
    nodes.append(stop)
