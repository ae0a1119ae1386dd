"""Instruction sequences in the flat form: an instruction a line, indented by blocks."""

from __future__ import annotations

from collections.abc import Iterator

from wrt_foundation.binary import read_instructions
from wrt_foundation.binary.instructions import OPENING
from wrt_wast.text.printing.blocks import Labels, head
from wrt_wast.text.printing.immediates import Scope, plain

__all__ = ["INDENT", "flat_lines"]

INDENT = "  "
_DEEPEST = 40
"""Deeper lines are not indented further, so that the text of a deeply nested body does not grow quadratically."""


def flat_lines(s: Scope, code: bytes, names: dict[int, str], depth: int) -> Iterator[str]:
    """Yield the lines of a body's or expression's instructions, without its last `end`."""
    labels = Labels(names)
    for instruction, immediate, _ in read_instructions(code):
        keyword = instruction.keyword
        level = depth + len(s.labels)
        if instruction in OPENING:
            label, bound = labels.next()
            text = head(s, instruction, immediate, bound)
            s.enter(label)
        elif keyword in ("end", "delegate"):
            if not s.labels:
                return
            s.leave()
            level -= 1
            text = plain(s, instruction, immediate)
        else:
            level -= keyword in ("else", "catch", "catch_all")
            text = plain(s, instruction, immediate)
        yield INDENT * min(level, _DEEPEST) + text
