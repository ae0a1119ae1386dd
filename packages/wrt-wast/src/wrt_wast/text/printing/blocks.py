"""The heads of blocks, as text: what the flat and the folded form have in common."""

from __future__ import annotations

from typing import Any

from wrt_foundation.immediates import BlockType
from wrt_foundation.instructions import Instruction
from wrt_wast.text.printing.identifiers import spelled
from wrt_wast.text.printing.immediates import Scope, catch
from wrt_wast.text.printing.types import signature, value_type
from wrt_wast.text.strings import quote

__all__ = ["Labels", "block_type", "head"]


class Labels:
    """Hands out the names of a body's blocks in their order."""

    def __init__(self, names: dict[int, str]) -> None:
        self._names = names
        self._count = 0

    def next(self) -> tuple[str | None, str]:
        """Return the next block's identifier, and what follows its keyword, with a space before it."""
        name = self._names.get(self._count)
        self._count += 1
        if name is None:
            return None, ""
        # An empty name is no identifier.
        return (spelled(name), f" {spelled(name)}") if name else (None, f" (@name {quote(name)})")


def block_type(s: Scope, type_: BlockType) -> str:
    """Return a block's type, with a space before it."""
    if type_ is None:
        return ""
    if isinstance(type_, int):
        function = s.c.function_type(type_)
        return f" (type {s.c.types.use(type_)}){signature(s.c, function) if function is not None else ''}"
    return f" (result {value_type(s.c, type_)})"


def head(s: Scope, instruction: Instruction, immediate: Any, bound: str) -> str:
    """Return a block's keyword, identifier, type and catch clauses; its own label must not be in scope yet."""
    if instruction.keyword == "try_table":
        type_, catches = immediate
        return " ".join([f"try_table{bound}{block_type(s, type_)}", *(catch(s, each) for each in catches)])
    return f"{instruction.keyword}{bound}{block_type(s, immediate)}"
