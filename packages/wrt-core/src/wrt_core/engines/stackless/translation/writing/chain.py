"""Writing blocks that begin together, which is how compilers write a switch.

Control comes to the code behind one of them and goes on, if it does, to that behind the next. Each stretch of code is
guarded by a comparison, or is an arm of one where control leaves the chain at its end. The guards compare `br`; or, in
a switch whose cases lead to no others, the index of its table, and nothing sets `br`.
"""

from __future__ import annotations

from bisect import bisect_right
from math import inf
from typing import TYPE_CHECKING, NamedTuple

from wrt_core.engines.stackless.translation.writing.source import Line
from wrt_core.engines.stackless.translation.writing.tree import BranchTable, Label, Node

if TYPE_CHECKING:
    from wrt_core.engines.stackless.translation.writing.structured import Writer

__all__ = ["Chain"]


class _Guard(NamedTuple):
    """A line that asks whether a label is sought that has ended, of an order up to `order`; none is past `limit`."""

    line: Line
    order: int
    limit: float


def _table(nodes: list[Node]) -> BranchTable | None:
    """The table by which alone nodes are left, if they end with one."""
    if nodes and isinstance(nodes[-1], BranchTable) and all(isinstance(each, Line) for each in nodes[:-1]):
        return nodes[-1]
    return None


class Chain:
    """Blocks that begin together: what the innermost holds, then what follows each but the outermost."""

    def __init__(
        self, writer: Writer, labels: list[Label], segments: list[list[Node]], follow: frozenset[Label]
    ) -> None:
        self.writer = writer
        self.labels = labels  # by segment: what ends where the segment ends; innermost first
        self.segments = segments
        self.follow = follow
        self.sought: set[Label] = set()
        self.falls = True
        self.guards: list[_Guard] = []
        self.is_exclusive = True
        """Whether control that has been in a segment comes to no guard of another."""
        self.table = _table(segments[0])
        """What sets `br` on each way to the guards."""

    def write(self, indent: int) -> tuple[set[Label], bool]:
        lines = self.writer.source.lines
        self.sought, self.falls = self.writer.sequence(self.segments[0], indent, self._ends(0))
        end = len(lines)
        self._group(1, len(self.segments), indent)
        self._end(len(self.segments))
        if self.table is not None and self._is_switch(self.table):
            self._ask(self.table)
            assert lines[end - 1].text.startswith("br = ")
            del lines[end - 1]
            self.table = None
        return self.sought, self.falls

    def _is_switch(self, table: BranchTable) -> bool:
        """Whether all guards can ask the table's index, which nothing has changed where control comes to them."""
        if not self.is_exclusive or not table.is_ascending:
            return False
        asks = all(guard.order < table.default.order for guard in self.guards if guard.line.text.startswith("if"))
        return asks and {*table.labels, table.default}.issubset(self.labels)

    def _ask(self, table: BranchTable) -> None:
        """Have the guards ask the table's index instead of `br`."""
        orders = table.orders
        for line, order, limit in self.guards:
            keyword = line.text.partition(" ")[0]
            if keyword == "elif" and order >= min(limit, table.default.order):
                line.text = "else:"
            elif keyword != "else:":
                line.text = f"{keyword} {table.index} < {bisect_right(orders, order)}:"

    def _ends(self, index: int) -> frozenset[Label]:
        """The labels that end where a segment ends: its own, and outer ones with no code in between."""
        ends = {self.labels[index]}
        while index + 1 < len(self.segments) and not self.segments[index + 1]:
            index += 1
            ends.add(self.labels[index])
        return self.follow | ends if index + 1 == len(self.segments) else frozenset(ends)

    def _group(self, low: int, high: int, indent: int, limit: float = inf) -> set[Label]:
        """Write segments, halved under common guards: reaching one of n takes log n tests.

        What is sought where they begin has an order up to `limit`. What is sought then, and was not before, is
        returned.
        """
        source = self.writer.source
        if high - low > 3 and self.sought:
            middle = (low + high) // 2
            half = self._guard("if", middle - 2, indent, limit)
            mark = len(source.lines)
            new = self._group(low, middle, indent + 1, half)
            if len(source.lines) == mark:
                del source.lines[-1]
            elif self._is_past(new, middle):
                source.add(indent, "else:", 0)
                indent += 1
            mark = len(source.lines)
            new |= self._group(middle, high, indent, limit)
            if len(source.lines) == mark and source.lines[-1].text == "else:":
                del source.lines[-1]
            return new
        new = set()
        keyword = "if"
        for index in range(low, high):
            mark = len(source.lines)
            found, guarded = self._segment(index, indent, keyword, limit)
            if len(source.lines) > mark:
                is_past = guarded and self._is_past(found, index + 1)
                keyword = "elif" if is_past else "if"
                self.is_exclusive = self.is_exclusive and (is_past or self._is_last(index))
            new |= found
        return new

    def _is_last(self, index: int) -> bool:
        """Whether no segment after one is written."""
        return not any(self.segments[index + 1 :])

    def _guard(self, keyword: str, index: int, indent: int, limit: float) -> int:
        """Ask whether a label is sought that has ended where the one at `index` has; return the order of that."""
        order = self.labels[index].order
        source = self.writer.source
        # Control that has been in a segment may seek what is further out; it comes to the guards of the others.
        is_all = keyword == "elif" and order >= limit and self.is_exclusive
        source.add(indent, "else:" if is_all else f"{keyword} br <= {order}:", 0)
        self.guards.append(_Guard(source.lines[-1], order, limit))
        return order

    def _is_past(self, sought: set[Label], index: int) -> bool:
        """Whether control that has been in what is before a segment comes to none from there on, with what it seeks."""
        return not self.falls and sought.isdisjoint(self.labels[index - 1 : -1])

    def _segment(self, index: int, indent: int, keyword: str, limit: float) -> tuple[set[Label], bool]:
        """Write a segment; return what is newly sought, and whether it was written under a guard."""
        self._end(index)
        nodes = self.segments[index]
        if not nodes or not self.falls:
            return set(), False
        guarded = bool(self.sought)
        if guarded:
            self._guard(keyword, index - 1, indent, limit)
            indent += 1
        new, self.falls = self.writer.sequence(nodes, indent, self._ends(index))
        new = self.writer.resolve(new, indent, nodes[-1])
        self.sought |= new
        return new, guarded

    def _end(self, index: int) -> None:
        """Pass the end of the block before segment `index`."""
        ended = self.labels[index - 1]
        self.writer.passed = max(self.writer.passed, ended.order)
        if ended in self.sought:
            self.sought.discard(ended)
            self.falls = True
