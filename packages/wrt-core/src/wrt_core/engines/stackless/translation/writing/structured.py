"""Writing a tree as structured Python.

Python has `if`, `while`, `break` and `continue`, and no branch that leaves several constructs at once.
A branch is written as the cheapest of:

* nothing, where control arrives at its target by falling through: code that must not run on that path
  goes into the other arm of the `if`;
* `continue` or `break`, where the innermost Python loop is the target's loop or ends where the target
  is. A block that several branches leave becomes a loop that runs once, if none of its branches needs
  to pass that loop;
* otherwise `br = n`, n the label's order, and every stretch of code between here and the label runs
  only `if br <= m`, m the order of the last label that ended before it. Orders grow in the order in
  which labels end, so one variable serves all labels, nested ones included. A table's index may do
  instead of `br`, see `chain`.
"""

from __future__ import annotations

import re
from itertools import zip_longest

from wrt_core.engines.stackless.translation.operand import named
from wrt_core.engines.stackless.translation.writing.chain import Chain
from wrt_core.engines.stackless.translation.writing.source import BLOCK_LIMIT, Line, Source, TooDeep
from wrt_core.engines.stackless.translation.writing.tree import (
    Batch,
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
    Turns,
)

__all__ = ["write_structured"]

_RECURSION_LIMIT = 120
"""Nested nodes: past it the writer's own recursion would matter, and Python's limits are near anyway."""

_NO_LABELS: frozenset[Label] = frozenset()


class _PythonLoop:
    """A `while` statement being written: whose head `continue` reaches, and which labels `break` reaches."""

    __slots__ = ("exits", "header", "is_left", "outer", "pending")

    def __init__(self, outer: _PythonLoop | None, header: Label | None, exits: frozenset[Label]) -> None:
        self.outer = outer
        self.header = header
        self.exits = exits
        self.pending: set[Label] = set()  # labels that are sought past this loop, through `br` and `break`
        self.is_left = False  # whether there is a `break` before its end


class Writer:
    """Writes nodes to `source`. Methods return the labels being sought where the node ends, and whether it falls."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.loop: _PythonLoop | None = None
        self.blocks = 0  # Python's own count of nested loops and try statements
        self.depth = 0
        self.home: dict[Label, _PythonLoop | None] = {}

    def sequence(self, nodes: list[Node], indent: int, follow: frozenset[Label]) -> tuple[set[Label], bool]:
        """Write `nodes`. `follow` are the labels that falling off their end arrives at."""
        self.depth += 1
        if self.depth > _RECURSION_LIMIT:
            raise TooDeep
        start = len(self.source.lines)
        sought: set[Label] = set()
        falls = True
        arrives = False  # whether some path already reached the end, past the nodes that remain
        index, count = 0, len(nodes)
        entered = 0  # levels of indentation that guards and arms around the rest have added
        while index < count:
            node = nodes[index]
            index += 1
            here = indent + entered
            last = index == count
            if isinstance(node, Line):
                self.source.take(here, node)
                continue
            if isinstance(node, Conditional) and not last:
                new, falls, inside = self._conditional(node, here, follow)
                if inside is not None:  # the rest goes into the arm that falls
                    sought |= new
                    entered += inside
                    arrives, falls = arrives or falls, True
                    continue
            else:
                new, falls = self._node(node, here, follow if last else _NO_LABELS)
            new = self.resolve(new, here, node)
            sought |= new
            if not falls:
                break
            if new and not last:
                self._guard(nodes[index], here)
                entered += 1
        if len(self.source.lines) == start:
            self.source.add(indent, "pass", 0)
        self._close(indent)
        self.depth -= 1
        return sought, falls or arrives

    def _close(self, indent: int) -> None:
        """Give a body to a guard or arm that was opened and got none."""
        last = self.source.lines[-1]
        if last.text.endswith(":") and last.indent >= indent:
            self.source.add(last.indent + 1, "pass", last.offset)

    def _guard(self, node: Node, indent: int) -> None:
        self.source.add(indent, f"if br <= {self.passed}:", getattr(node, "offset", 0))

    passed = 0
    """The order of the last label that ended before the line being written."""

    def resolve(self, sought: set[Label], indent: int, node: Node) -> set[Label]:
        """Turn into jumps, after `node`, what is sought and can be jumped to from here."""
        loop = self.loop
        if not sought or loop is None:
            return sought
        offset = getattr(node, "offset", 0)
        rest: set[Label] = set()
        leaving: list[int] = []
        for label in sought:
            if label is loop.header:
                self.source.add(indent, f"if br == {label.order}: continue", offset)
            elif label in loop.exits:
                leaving.append(label.order)
            elif self._is_outside(label):
                leaving.append(label.order)
                loop.pending.add(label)
            else:
                rest.add(label)
        if leaving:
            # Labels outside the loop end after every label inside it: one comparison tells them apart.
            self.source.add(indent, f"if br >= {min(leaving)}: break", offset)
            loop.is_left = True
        return rest

    def _is_outside(self, label: Label) -> bool:
        """Whether going to `label` leaves the innermost Python loop."""
        return label.loop or self.home.get(label) is not self.loop

    def _node(self, node: Node, indent: int, follow: frozenset[Label]) -> tuple[set[Label], bool]:
        match node:
            case Branch():
                return self._branch(node, indent, follow)
            case Stop():
                self.source.add(indent, node.text, node.offset)
                return set(), False
            case Conditional():
                sought, falls, _ = self._conditional(node, indent, follow, whole=True)
                return sought, falls
            case Block():
                return self._block(node, indent, follow)
            case Loop():
                return self._loop(node, indent, follow)
            case BranchTable():
                return self._branch_table(node, indent, follow)
            case Try():
                return self._try(node, indent, follow)
            case Line():
                self.source.take(indent, node)
                return set(), True

    def _branch(self, node: Branch, indent: int, follow: frozenset[Label]) -> tuple[set[Label], bool]:
        label, loop = node.label, self.loop
        if label in follow:
            return set(), True
        if loop is not None and label is loop.header:
            self.source.add(indent, "continue", node.offset)
            return set(), False
        if loop is not None and label in loop.exits:
            self.source.add(indent, "break", node.offset)
            loop.is_left = True
            return set(), False
        self.source.add(indent, f"br = {label.order}", node.offset)
        if loop is not None and self._is_outside(label):
            loop.pending.add(label)
            self.source.add(indent, "break", node.offset)
            loop.is_left = True
            return set(), False
        return {label}, False

    def _branch_table(self, node: BranchTable, indent: int, follow: frozenset[Label]) -> tuple[set[Label], bool]:
        orders = node.orders
        if len(orders) == 1:
            self.source.add(indent, f"br = {node.default.order} if ({node.index}) else {orders[0]}", node.offset)
        elif node.index.isidentifier() and orders == list(range(orders[0], orders[0] + len(orders))):
            text = f"{node.index} + {orders[0]} if {node.index} < {len(orders)} else {node.default.order}"
            self.source.add(indent, f"br = {text}", node.offset)
        else:
            table = f"({', '.join(map(str, orders))})"
            index, first = named(node.index)
            text = f"{table}[{index}] if {first} < {len(orders)} else {node.default.order}"
            self.source.add(indent, f"br = {text}", node.offset)
        return {*node.labels, node.default}, False

    def _if(self, indent: int, test: str, node: Conditional) -> None:
        self.source.add(indent, f"if {test}:", node.offset)
        self.source.lines[-1].retry = node.retry

    def _arm(self, arm: Sequence, indent: int, follow: frozenset[Label], passed: int) -> tuple[set[Label], bool]:
        """Write an arm of a conditional before which the label of order `passed` was the last to end.

        The other arm may have been written already: the labels in it are none of this one's, whatever their orders.
        """
        others, self.passed = self.passed, passed
        result = self.sequence(arm.nodes, indent, follow)
        self.passed = max(others, self.passed)
        return result

    def _conditional(
        self, node: Conditional, indent: int, follow: frozenset[Label], whole: bool = False
    ) -> tuple[set[Label], bool, int | None]:
        """Write an `if`. Unless `whole`, code follows it in its sequence.

        The third result is None if that code follows the statement, else how many levels deeper it is
        to be written: it belongs to the arm that falls, since the other one goes elsewhere.
        """
        test, then, negated, otherwise = node.test, node.then, node.negated, node.otherwise
        passed = self.passed
        if then.falls and not otherwise.falls:
            test, then, negated, otherwise = negated, otherwise, test, then
        source = self.source
        if not whole and then.falls:  # both arms reach what follows
            self._if(indent, test if then.nodes else negated, node)
            sought: set[Label] = set()
            if then.nodes:
                sought |= self._arm(then, indent + 1, _NO_LABELS, passed)[0]
                if otherwise.nodes:
                    source.add(indent, "else:", node.offset)
            if otherwise.nodes or not then.nodes:
                sought |= self._arm(otherwise, indent + 1, _NO_LABELS, passed)[0]
            return sought, True, None
        # From here on `then` goes elsewhere, or nothing follows.
        mark = len(source.lines)
        self._if(indent, test, node)
        sought, falls = self._arm(then, indent + 1, follow, passed)
        if whole:
            if otherwise.nodes:
                if all(line.text == "pass" for line in source.lines[mark + 1 :]):
                    del source.lines[mark:]
                    self._if(indent, negated, node)
                else:
                    source.add(indent, "else:", node.offset)
                more, also = self._arm(otherwise, indent + 1, follow, passed)
                return sought | more, falls or also, None
            return sought, True, None
        if not falls and not sought:  # `then` jumps: what follows needs no else
            inside = 0
        elif all(line.text == "pass" for line in source.lines[mark + 1 :]):
            del source.lines[mark:]
            self._if(indent, negated, node)
            inside = 1
        else:
            source.add(indent, "else:", node.offset)
            inside = 1
        if otherwise.nodes:
            more, also = self._arm(otherwise, indent + inside, _NO_LABELS, passed)
            sought |= more
            if more:
                self.source.add(indent + inside, f"if br <= {self.passed}:", node.offset)
                inside += 1
        return sought, falls, inside

    def _block(self, node: Block, indent: int, follow: frozenset[Label]) -> tuple[set[Label], bool]:
        # A chain of blocks that begin together is how compilers write a switch: taken as one, without recursion.
        labels, segments = [node.label], [node.body.nodes]
        while segments[-1] and isinstance(first := segments[-1][0], Block):
            labels.append(first.label)
            segments[-1] = segments[-1][1:]
            segments.append(first.body.nodes)
        switch = any(isinstance(n, BranchTable) for n in segments[-1][-1:])
        plain = self._ends_in_loop(node) or (switch and len(labels) > 1)
        if self.blocks < BLOCK_LIMIT - 4 and node.escapes <= follow and not plain:
            return self._once(node, indent, follow)
        labels.reverse()
        segments.reverse()
        for label in labels:
            self.home[label] = self.loop
        start = len(self.source.lines)
        chain = Chain(self, labels, segments, follow)
        result = chain.write(indent)
        if chain.table is None:
            self._reset(start, indent)
        return result

    @staticmethod
    def _ends_in_loop(node: Block) -> bool:
        """Whether leaving the loop that the block ends with is all that branches to the block's end do."""
        *before, last = node.body.nodes
        return isinstance(last, Loop) and all(
            isinstance(each, Line) or (isinstance(each, (Block, Loop)) and node.label not in each.escapes)
            for each in before
        )

    def _reset(self, start: int, indent: int) -> None:
        """Clear `br` before line `start` if guards follow it that could see an old value."""
        if any(line.text.startswith("if br ") for line in self.source.lines[start:]):
            self._clear(start, indent)

    def _clear(self, start: int, indent: int) -> None:
        lines = self.source.lines
        if lines[start].text != "br = 0":
            lines.insert(start, Line("br = 0", lines[start].offset, None, indent))

    def _once(self, node: Block, indent: int, follow: frozenset[Label]) -> tuple[set[Label], bool]:
        """Write a block as a loop that runs once: every branch to its end is a `break`."""
        self.home[node.label] = self.loop
        return self._python_loop(None, node.label, node.body.nodes, indent, follow | {node.label}, node.offset)

    def _loop(self, node: Loop, indent: int, follow: frozenset[Label]) -> tuple[set[Label], bool]:
        if node.turns is None:
            return self._python_loop(node.label, node.label, node.body.nodes, indent, follow, node.offset)
        stream = node.turns.stream
        if stream is None:
            return self._turns(node, node.turns, indent, follow)
        passed = self.passed
        self.source.add(indent, f"if {stream.test}:", node.offset)
        sought, falls = self._turns(node, stream.turns, indent + 1, follow)
        self.passed, ended = passed, self.passed
        self.source.add(indent, "else:", node.offset)
        self.source.take(indent + 1, stream.otherwise)
        more, also = self._turns(node, node.turns, indent + 1, follow)
        self.passed = max(ended, self.passed)
        self.source.counted[node.offset] = stream.turns.numbers
        return sought | more, falls or also

    def _batches(self, turns: Turns, batch: Batch, indent: int, offset: int) -> None:
        # One more loop inside another than there is without: below the limit of all, there is room for it.
        add, walk = self.source.add, turns.numbers.walk or batch.numbers
        add(indent, f"{batch.iterator} = {turns.source if turns.slices else f'iter({walk} := {turns.source})'}", offset)
        add(indent, f"if len({walk}) > {batch.few}:", offset)
        add(indent + 1, f"for {batch.many} in batches(len({walk})):", offset)
        for line in batch.first:
            self.source.take(indent + 2, line)
        add(indent + 2, f"for {turns.variables} in islice({batch.iterator}, {batch.many}):", offset)
        self.sequence(batch.nodes, indent + 3, _NO_LABELS)

    def _turns(self, node: Loop, turns: Turns, indent: int, follow: frozenset[Label]) -> tuple[set[Label], bool]:
        if turns.batch is not None:
            self._batches(turns, turns.batch, indent, node.offset)
        return self._python_loop(node.label, node.label, turns.body.nodes, indent, follow, node.offset, turns)

    def _python_loop(
        self,
        header: Label | None,
        label: Label,
        nodes: list[Node],
        indent: int,
        exits: frozenset[Label],
        offset: int,
        turns: Turns | None = None,
    ) -> tuple[set[Label], bool]:
        if self.blocks >= BLOCK_LIMIT:
            raise TooDeep
        source = self.source
        if turns is None:
            source.add(indent, "while True:", offset)
        else:
            through = turns.source if turns.batch is None else turns.batch.iterator
            source.add(indent, f"for {turns.variables} in {through}:", offset)
        if header is not None:
            source.lines[-1].head = offset
        if turns is not None:
            source.counted[offset] = turns.numbers
        loop = _PythonLoop(self.loop, header, exits)
        self.loop = loop
        self.blocks += 1
        start = len(source.lines)
        sought, falls = self.sequence(nodes, indent + 1, exits if turns is None else _NO_LABELS)
        if turns is not None:  # its end is no way out
            sought = self.resolve(sought, indent + 1, nodes[-1]) if sought else sought
        elif falls or sought:
            source.add(indent + 1, "break", offset)
        self.blocks -= 1
        self.loop = loop.outer
        leaves = loop.is_left or (turns is None and (falls or bool(sought)))
        pending = sought | loop.pending
        if any(line.text.startswith("if br ") for line in source.lines[start:]):
            self._clear(start, indent + 1)
        pending -= exits
        if turns is not None:
            mark = len(source.lines)
            source.add(indent, "else:", offset)
            more, falls = self.sequence(turns.then.nodes, indent + 1, exits)
            if all(line.text == "pass" for line in source.lines[mark + 1 :]):
                del source.lines[mark:]
            pending |= more
            leaves = falls or leaves
        elif header is None and not loop.is_left:
            self._unwrap(start, indent, leaves)
        self.passed = max(self.passed, label.order)
        return pending, leaves

    def _unwrap(self, start: int, indent: int, leaves: bool) -> None:
        """Take away the loop around the lines from `start` on, which nothing leaves but its last line, if any."""
        lines = self.source.lines
        if leaves:
            del lines[-1]
        for line in lines[start:]:
            line.indent -= 1
        del lines[start - 1]
        self._close(indent)

    def _try(self, node: Try, indent: int, follow: frozenset[Label]) -> tuple[set[Label], bool]:
        if self.blocks + 3 > BLOCK_LIMIT:
            raise TooDeep
        source = self.source
        source.add(indent, "try:", node.offset)
        self.blocks += 2
        sought, falls = self.sequence(node.body.nodes, indent + 1, follow)
        source.add(indent, "except WasmException as e:", node.offset)
        keyword = "if"
        for clause in node.clauses:
            if clause.test is not None:
                source.add(indent + 1, f"{keyword} {clause.test}:", node.offset)
            elif keyword == "elif":
                source.add(indent + 1, "else:", node.offset)
            arm = indent + 1 if clause.test is None and keyword == "if" else indent + 2
            more, also = self.sequence(clause.body.nodes, arm, follow)
            sought |= more
            falls = falls or also
            keyword = "elif"
            if clause.test is None:
                break
        else:
            source.add(indent + 1, "else: raise" if node.clauses else "raise", node.offset)
        self.blocks -= 2
        return sought, falls


def write_structured(body: Sequence, source: Source, indent: int = 1) -> None:
    """Write a function's tree to `source`. Raises `TooDeep` where Python's nesting limits forbid it."""
    start = len(source.lines)
    Writer(source).sequence(body.nodes, indent, _NO_LABELS)
    if not any(_ASKED.match(line.text) for line in source.lines[start:]):
        _forget(source.lines, start)


_ASKED = re.compile(r"(el)?if br ")


def _forget(lines: list[Line], start: int) -> None:
    """Leave out what sets `br` in the lines from `start` on, none of which asks for it."""
    kept = lines[start:]
    del lines[start:]
    for line, after in zip_longest(kept, kept[1:]):
        if not line.text.startswith("br = "):
            lines.append(line)
        elif lines[-1].indent < line.indent and (after is None or after.indent < line.indent):  # alone in its block
            line.text = "pass"
            lines.append(line)
