"""The rest of a function: what is left to do from a safe point on, as a tree of its own.

It is the rest of the innermost sequence, then what follows the construct around that, and so on. A loop that the
safe point is in is first finished in this turn and then, should it go round again, entered whole:

    loop $l … (here) … end    becomes    block $out  block $again … end  loop $l … end  end

where in the rest of the turn, `$again` takes the place of `$l`, and falling off its end leaves `$out`. Before the loop
goes what is done wherever it is entered.
"""

from __future__ import annotations

from dataclasses import dataclass

from wrt_core.engines.stackless.translation.writing.source import Line
from wrt_core.engines.stackless.translation.writing.tree import (
    Block,
    Branch,
    BranchTable,
    Clause,
    Conditional,
    Label,
    Loop,
    Node,
    Sequence,
    Stop,
    Try,
    inside,
)

__all__ = ["rest"]


@dataclass(slots=True)
class _Place:
    """A node in a sequence, and the node that the sequence belongs to; the body belongs to none."""

    sequence: Sequence
    index: int
    around: _Place | None


def rest(body: Sequence, point: Line, entry: list[Node], whole: bool) -> Sequence:
    """Return what is left of `body` at the line `point`, after `entry`; with the line itself if `whole`."""
    place = _find(body, point)
    nodes = [*entry, *place.sequence.nodes[place.index + (not whole) :]]
    falls = place.sequence.falls
    while place.around is not None:
        inner, place = place, place.around
        node = place.sequence.nodes[place.index]
        at_head = whole and inner.index == 0 and inner.sequence.nodes[0] is point
        nodes, falls = _leave(node, nodes, falls, place, entry if at_head else None)
        if falls:
            nodes += place.sequence.nodes[place.index + 1 :]
            falls = place.sequence.falls
    result = Sequence(nodes, falls)
    _number(result)
    return result


def _leave(
    node: Node, nodes: list[Node], falls: bool, place: _Place, head: list[Node] | None
) -> tuple[list[Node], bool]:
    """What is left of `node`, `nodes` being what is left inside of it; and whether it falls.

    `head` is not None if that is all there is in it, but for those first nodes.
    """
    after = place.index + 1 < len(place.sequence.nodes) or place.sequence.falls
    match node:
        case Conditional():
            return nodes, falls
        case Block():
            if not falls and not _branches(nodes, node.label):
                return nodes, False
            return [Block(node.label, Sequence(nodes, falls), node.offset, _around(place))], after
        case Loop() if head is not None:
            return [*head, *node.entry, node], node.body.falls
        case Loop():
            again = Label()
            nodes = _redirected(nodes, node.label, again)
            if not _branches(nodes, again):
                return nodes, falls
            out, escapes = Label(), _around(place) | {node.label}
            if falls:
                nodes.append(Branch(out, node.offset))
            turn = Block(again, Sequence(nodes, False), node.offset, escapes | {out})
            whole = [turn, *node.entry, node]
            if not falls:
                return whole, node.body.falls
            return [Block(out, Sequence(whole, node.body.falls), node.offset, escapes)], True
        case Try():
            return [Try(Sequence(nodes, falls), node.clauses, node.offset)], after and (
                falls or any(clause.body.falls for clause in node.clauses)
            )
    raise AssertionError(f"nothing is inside of {node}")


def _find(body: Sequence, point: Line) -> _Place:
    work: list[tuple[Sequence, _Place | None]] = [(body, None)]
    while work:
        sequence, around = work.pop()
        for index, node in enumerate(sequence.nodes):
            if node is point:
                return _Place(sequence, index, around)
            if parts := inside(node):
                place = _Place(sequence, index, around)
                work += [(each, place) for each in parts]
    raise AssertionError("a safe point is in its function")


def _around(place: _Place) -> frozenset[Label]:
    """The labels of all constructs that a place is in: more than what is branched to, which does no harm."""
    labels: set[Label] = set()
    around: _Place | None = place.around
    while around is not None:
        node = around.sequence.nodes[around.index]
        if isinstance(node, (Block, Loop)):
            labels.add(node.label)
        around = around.around
    return frozenset(labels)


def _branches(nodes: list[Node], label: Label) -> bool:
    """Whether any of the nodes branches to `label`."""
    work = [nodes]
    while work:
        for node in work.pop():
            if isinstance(node, Branch):
                if node.label is label:
                    return True
            elif isinstance(node, BranchTable):
                if node.default is label or label in node.labels:
                    return True
            else:
                work += [each.nodes for each in inside(node)]
    return False


def _redirected(nodes: list[Node], old: Label, new: Label) -> list[Node]:
    """A copy of nodes whose branches to `old` go to `new`.

    The constructs in it get labels of their own: the loop that they are copied from follows, and each has its order.
    """
    result: list[Node] = []
    work = [(nodes, result)]
    renamed = {old: new}

    def copied(sequence: Sequence) -> Sequence:
        copy = Sequence([], sequence.falls)
        work.append((sequence.nodes, copy.nodes))
        return copy

    def label_of(label: Label) -> Label:
        return renamed.get(label, label)

    def own(label: Label) -> Label:
        made = renamed[label] = Label(label.loop, uses=label.uses)
        return made

    def escapes_of(escapes: frozenset[Label]) -> frozenset[Label]:
        return frozenset(map(label_of, escapes))

    while work:
        source, target = work.pop()
        for node in source:
            match node:
                case Branch():
                    target.append(Branch(label_of(node.label), node.offset))
                case BranchTable():
                    labels = [label_of(each) for each in node.labels]
                    target.append(BranchTable(node.index, labels, label_of(node.default), node.offset))
                case Conditional():
                    then, otherwise = copied(node.then), copied(node.otherwise)
                    target.append(Conditional(node.test, node.negated, then, otherwise, node.offset))
                case Block():
                    target.append(Block(own(node.label), copied(node.body), node.offset, escapes_of(node.escapes)))
                case Loop():
                    target.append(Loop(own(node.label), copied(node.body), node.offset, escapes_of(node.escapes)))
                case Try():
                    clauses = [Clause(each.test, copied(each.body)) for each in node.clauses]
                    target.append(Try(copied(node.body), clauses, node.offset))
                case Line() | Stop():
                    target.append(node)
    return result


def _number(body: Sequence) -> None:
    """Number the labels anew, in the order in which their constructs end."""
    order = 0
    work: list[tuple[list[Node], int, Label | None]] = [(body.nodes, 0, None)]
    while work:
        nodes, index, label = work.pop()
        if index == len(nodes):
            if label is not None:
                order += 1
                label.order = order
            continue
        work.append((nodes, index + 1, label))
        node = nodes[index]
        own = node.label if isinstance(node, (Block, Loop)) else None
        work += [(sequence.nodes, 0, own) for sequence in reversed(inside(node))]
