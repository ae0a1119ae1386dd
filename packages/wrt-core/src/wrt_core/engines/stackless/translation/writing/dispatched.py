"""Writing a tree as a flat loop over numbered blocks, `pc` saying which one runs next.

Slower than the structured form, but it nests no deeper than the logarithm of the number of blocks,
whatever the tree does, and nothing here recurses over the tree.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from wrt_core.engines.stackless.translation.writing.source import Line, Source
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
)

__all__ = ["write_dispatched"]


@dataclass(slots=True)
class _Region:
    """The blocks that one `Try` covers: where its clauses go, and the region around it (0 is none)."""

    outer: int
    handlers: list[tuple[Clause, int]] = field(default_factory=list)


class _Flattener:
    """Turns nodes into blocks; a stack of tasks takes the place of recursion."""

    def __init__(self) -> None:
        self.blocks: list[list[Line]] = []
        self.regions: list[_Region] = [_Region(0)]
        self.region_of: list[int] = []
        self.target: dict[Label, int] = {}
        self.heads: dict[int, int] = {}
        self.current: list[Line] | None = None
        self.region = 0
        self.tasks: list[Callable[[], None]] = []

    def new(self) -> int:
        self.blocks.append([])
        self.region_of.append(self.region)
        return len(self.blocks) - 1

    def start(self, block: int) -> None:
        self.current = self.blocks[block]
        self.region_of[block] = self.region

    def goto(self, block: int, offset: int) -> None:
        if self.current is not None:
            self.current.append(Line(f"pc = {block}", offset))
            self.current = None

    def then(self, *tasks: Callable[[], None]) -> None:
        self.tasks.extend(reversed(tasks))

    def nodes(self, sequence: Sequence) -> Callable[[], None]:
        return lambda: self.tasks.extend(self._task(node) for node in reversed(sequence.nodes))

    def _task(self, node: Node) -> Callable[[], None]:
        return lambda: self.node(node)

    def run(self, body: Sequence) -> None:
        self.start(self.new())
        self.then(self.nodes(body))
        while self.tasks:
            self.tasks.pop()()

    def node(self, node: Node) -> None:
        if self.current is None:
            return
        match node:
            case Line():
                self.current.append(node)
            case Stop(text, offset):
                self.current.append(Line(text, offset))
                self.current = None
            case Branch(label, offset):
                self.goto(self.target[label], offset)
            case BranchTable():
                self._branch_table(node)
            case Conditional():
                self._conditional(node)
            case Block(label, body, offset):
                after = self.target[label] = self.new()
                self.then(self.nodes(body), lambda: self.goto(after, offset), lambda: self.start(after))
            case Loop(label, body, offset):
                head = self.target[label] = self.new()
                self.goto(head, offset)
                self.start(head)
                self.heads[head] = offset
                self.then(self.nodes(body))
            case Try():
                self._try(node)

    def _branch_table(self, node: BranchTable) -> None:
        assert self.current is not None
        targets = [self.target[label] for label in node.labels]
        default = self.target[node.default]
        text = f"pc = ({', '.join(map(str, targets))},)[w] if (w := {node.index}) < {len(targets)} else {default}"
        self.current.append(Line(text, node.offset))
        self.current = None

    def _conditional(self, node: Conditional) -> None:
        assert self.current is not None
        then, otherwise, after = self.new(), self.new(), self.new()
        # The test may be a conditional expression itself.
        line = Line(f"pc = {then} if ({node.test}) else {otherwise}", node.offset)
        line.retry = node.retry
        self.current.append(line)
        self.current = None
        self.then(
            lambda: self.start(then),
            self.nodes(node.then),
            lambda: self.goto(after, node.offset),
            lambda: self.start(otherwise),
            self.nodes(node.otherwise),
            lambda: self.goto(after, node.offset),
            lambda: self.start(after),
        )

    def _try(self, node: Try) -> None:
        outer = self.region
        region = _Region(outer)
        self.regions.append(region)
        inner = len(self.regions) - 1
        after = self.new()
        tasks: list[Callable[[], None]] = [self.nodes(node.body), lambda: self.goto(after, node.offset)]
        tasks.append(lambda: self._enter(outer))
        for clause in node.clauses:
            handler = self.new()
            region.handlers.append((clause, handler))
            tasks.append(lambda handler=handler: self.start(handler))  # type: ignore[misc]
            tasks.append(self.nodes(clause.body))
            tasks.append(lambda: self.goto(after, node.offset))
        tasks.append(lambda: self.start(after))
        self._enter(inner)
        body = self.new()
        self.goto(body, node.offset)
        self.start(body)
        self.then(*tasks)

    def _enter(self, region: int) -> None:
        self.region = region


def write_dispatched(body: Sequence, source: Source) -> None:
    """Write a function's tree to `source`."""
    flat = _Flattener()
    flat.run(body)
    source.blocks = flat.heads
    source.add(1, "pc = 0", 0)
    source.add(1, "while True:", 0)
    indent = 2
    protected = len(flat.regions) > 1
    if protected:
        source.add(2, "try:", 0)
        source.add(3, "while True:", 0)
        indent = 4
    _tree(source, flat.blocks, 0, len(flat.blocks), indent)
    if protected:
        _handlers(source, flat)


def _tree(source: Source, blocks: list[list[Line]], low: int, high: int, indent: int) -> None:
    """Write the blocks `low` to `high` under a binary search for `pc`."""
    if high - low == 1:
        lines = blocks[low] or [Line("pass", 0)]
        for line in lines:
            source.take(indent, line)
        return
    middle = (low + high) // 2
    source.add(indent, f"if pc < {middle}:", 0)
    _tree(source, blocks, low, middle, indent + 1)
    source.add(indent, "else:", 0)
    _tree(source, blocks, middle, high, indent + 1)


def _handlers(source: Source, flat: _Flattener) -> None:
    """Write what happens to an exception: the regions around the block that was running, innermost first."""
    source.add(2, "except WasmException as error:", 0)
    source.add(3, "e = error", 0)  # which the handlers read when Python has left this clause
    source.add(3, f"r = ({', '.join(map(str, flat.region_of))},)[pc]", 0)
    for number in range(len(flat.regions) - 1, 0, -1):
        region = flat.regions[number]
        source.add(3, f"if r == {number}:", 0)
        for clause, handler in region.handlers:
            test = "True" if clause.test is None else clause.test
            source.add(4, f"if {test}:", 0)
            source.add(5, f"pc = {handler}", 0)
            source.add(5, "continue", 0)
        source.add(4, f"r = {region.outer}", 0)
    source.add(3, "raise", 0)
