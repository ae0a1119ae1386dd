"""Instruction sequences in the folded form: operands inside of the instruction that takes them.

A sequence becomes trees from left to right: an instruction takes from the end of what is there as many
values as it has operands, if they stand there side by side. Nothing changes its place, so the text
means the same instructions whatever the types are.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from wrt_foundation.binary import read_instructions
from wrt_foundation.binary.instructions import OPENING
from wrt_foundation.immediates import BlockType
from wrt_foundation.instructions import Instruction
from wrt_wast.text.printing.arity import Arity, arity_of
from wrt_wast.text.printing.blocks import Labels, head
from wrt_wast.text.printing.flat import INDENT
from wrt_wast.text.printing.immediates import Scope, plain

__all__ = ["folded_lines"]

_WIDTH = 100
"""Trees up to this width are written on one line."""
_DEEPEST = 40


class _Tree:
    """An instruction or a clause with what is inside; `values` is how many values it leaves for others to take."""

    __slots__ = ("children", "text", "values", "width")

    def __init__(self, text: str, children: list[_Tree], values: int = 0) -> None:
        self.text = text
        self.children = children
        self.values = values
        self.width: int = len(text) + 2 + sum(child.width + 1 for child in children)


class _Block:
    """A block that is being read: its trees so far, and those of the clauses before."""

    __slots__ = ("clauses", "condition", "head", "items", "keyword", "kind", "label", "values")

    def __init__(self, kind: str, head_: str, condition: list[_Tree], label: int, values: int) -> None:
        self.kind = kind
        self.head = head_
        self.keyword = {"if": "then", "try": "do"}.get(kind, "")
        self.condition = condition
        self.clauses: list[_Tree] = []
        self.items: list[_Tree] = []
        self.label = label
        self.values = values

    def close_clause(self, next_keyword: str) -> None:
        """End the clause that is being read, and begin another."""
        self.clauses.append(_Tree(self.keyword, self.items))
        self.keyword, self.items = next_keyword, []

    def tree(self) -> _Tree:
        """Return the whole block."""
        if not self.keyword:
            return _Tree(self.head, self.items, self.values)
        clauses = [*self.clauses, _Tree(self.keyword, self.items)]
        return _Tree(self.head, [*self.condition, *clauses], self.values)


def folded_lines(s: Scope, code: bytes, names: dict[int, str], depth: int, returned: int) -> Iterator[str]:
    """Yield the lines of a body's or expression's instructions, without its last `end`.

    `returned` is how many results the function has.
    """
    labels = Labels(names)
    blocks: list[_Block] = []
    items: list[_Tree] = []

    def label_arity(outwards: int) -> int:
        return blocks[-1 - outwards].label if outwards < len(blocks) else returned if outwards == len(blocks) else 0

    for instruction, immediate, _ in read_instructions(code):
        keyword = instruction.keyword
        into = blocks[-1].items if blocks else items
        if instruction in OPENING:
            label, bound = labels.next()
            text = head(s, instruction, immediate, bound)
            params, values = _block_arity(s, instruction, immediate)
            condition = _take(into, 1) if keyword == "if" else []
            # What the block takes as its parameters is no longer there for others.
            for taken in _last(into, params):
                taken.values = 0
            blocks.append(_Block(keyword, text, condition, params if keyword == "loop" else values, values))
            s.enter(label)
        elif keyword in ("end", "delegate"):
            if not blocks:
                break
            block = blocks.pop()
            s.leave()
            if keyword == "delegate":
                block.close_clause(plain(s, instruction, immediate))
            (blocks[-1].items if blocks else items).append(block.tree())
        elif keyword in ("else", "catch", "catch_all"):
            blocks[-1].close_clause(plain(s, instruction, immediate))
        else:
            operands, values = arity_of(s.c, instruction, immediate, label_arity, returned)
            into.append(_Tree(plain(s, instruction, immediate), _take(into, operands), values))
    for tree in items:
        yield from _written(tree, depth)


def _block_arity(s: Scope, instruction: Instruction, immediate: Any) -> Arity:
    type_: BlockType = immediate[0] if instruction.keyword == "try_table" else immediate
    if isinstance(type_, int):
        function = s.c.function_type(type_)
        return (len(function.params), len(function.results)) if function is not None else (0, 0)
    return 0, int(type_ is not None)


def _last(items: list[_Tree], count: int) -> list[_Tree]:
    """Return the last trees that leave values, side by side, up to `count` values in all."""
    start, found = len(items), 0
    while start and items[start - 1].values and found + items[start - 1].values <= count:
        start -= 1
        found += items[start].values
    return items[start:]


def _take(items: list[_Tree], count: int) -> list[_Tree]:
    taken = _last(items, count)
    if taken:
        del items[-len(taken) :]
    return taken


def _written(root: _Tree, depth: int) -> Iterator[str]:
    """Yield a tree's lines. Trees may be deep, so what is still to be written is kept on a stack."""
    pending: list[tuple[_Tree | None, int]] = [(root, depth)]
    line = ""
    while pending:
        tree, level = pending.pop()
        if tree is None:
            # A closing parenthesis goes to the end of the line that came last.
            line += ")"
            continue
        if line:
            yield line
        margin = INDENT * min(level, _DEEPEST)
        if tree.width <= _WIDTH:
            line = margin + _in_one_line(tree)
            continue
        line = f"{margin}({tree.text}"
        pending.append((None, level))
        pending.extend((child, level + 1) for child in reversed(tree.children))
    if line:
        yield line


def _in_one_line(root: _Tree) -> str:
    parts: list[str] = []
    pending: list[_Tree | str] = [root]
    while pending:
        tree = pending.pop()
        if isinstance(tree, str):
            parts.append(tree)
            continue
        parts.append(f"({tree.text}")
        pending.append(")")
        for child in reversed(tree.children):
            pending.append(child)
            pending.append(" ")
    return "".join(parts)
