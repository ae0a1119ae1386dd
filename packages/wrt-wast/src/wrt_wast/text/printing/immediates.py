"""The immediates of plain instructions, as text: one writer a kind, chosen by the instruction table."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from wrt_foundation.immediates import Cast, Catch, Handler, MemArg
from wrt_foundation.instructions import Immediate, Instruction
from wrt_foundation.values import f32_from_bits, f64_from_bits
from wrt_wast.text.floats import DOUBLE, SINGLE, FloatFormat, format_bits
from wrt_wast.text.printing.context import Context
from wrt_wast.text.printing.identifiers import Identifiers
from wrt_wast.text.printing.types import heap_type, reference_type, results

__all__ = ["Scope", "catch", "plain"]


class Scope:
    """What an instruction may refer to besides the module's own: locals, and labels from the outermost in."""

    def __init__(self, c: Context, names: Identifiers | None = None) -> None:
        self.c = c
        self.locals = names if names is not None else Identifiers({}, 0)
        self.labels: list[str | None] = []
        self._depths: dict[str, list[int]] = {}

    def enter(self, label: str | None) -> None:
        """Begin a block; `label` is its identifier."""
        if label is not None:
            self._depths.setdefault(label, []).append(len(self.labels))
        self.labels.append(label)

    def leave(self) -> None:
        """End the innermost block."""
        label = self.labels.pop()
        if label is not None:
            self._depths[label].pop()

    def label(self, depth: int) -> str:
        """Return how an instruction refers to a label: by its identifier if that is not taken by one further in."""
        position = len(self.labels) - 1 - depth
        label = self.labels[position] if position >= 0 else None
        return label if label is not None and self._depths[label][-1] == position else str(depth)


def plain(s: Scope, instruction: Instruction, immediate: Any) -> str:
    """Return a plain instruction."""
    kinds = instruction.immediates
    if not kinds:
        return instruction.keyword
    special = _SPECIAL.get(instruction.keyword)
    if special is not None:
        words = special(s, immediate)
    elif len(kinds) == 1:
        words = [_WRITERS[kinds[0]](s, instruction, immediate)]
    else:
        words = [_WRITERS[kind](s, instruction, value) for kind, value in zip(kinds, immediate, strict=True)]
        if kinds[-1] is Immediate.FIELD:
            # A field's identifier belongs to the type before it.
            words[-1] = s.c.fields[immediate[-2]].use(immediate[-1]) if immediate[-2] in s.c.fields else words[-1]
    return " ".join([instruction.keyword, *filter(None, words)])


def catch(s: Scope, clause: Catch) -> str:
    """Return a clause of try_table."""
    tag = f" {s.c.tags.use(clause.tag)}" if clause.tag is not None else ""
    return f"({clause.kind.keyword}{tag} {s.label(clause.label)})"


def _heap_type(s: Scope, instruction: Instruction, type_: Any) -> str:
    return heap_type(s.c, type_) if instruction.keyword == "ref.null" else reference_type(s.c, type_)


def _cast(s: Scope, _: Instruction, cast: Cast) -> str:
    return f"{s.label(cast.label)} {reference_type(s.c, cast.source)} {reference_type(s.c, cast.target)}"


def _memory_argument(s: Scope, instruction: Instruction, argument: MemArg) -> str:
    words = [s.c.memories.use(argument.memory)] if argument.memory else []
    if argument.offset:
        words.append(f"offset={argument.offset}")
    if 1 << argument.align != instruction.width:
        words.append(f"align={1 << argument.align}")
    return " ".join(words)


def _handlers(s: Scope, _: Instruction, handlers: Sequence[Handler]) -> str:
    return " ".join(
        f"(on {s.c.tags.use(each.tag)} {'switch' if each.label is None else s.label(each.label)})" for each in handlers
    )


def _float(bits: int, form: FloatFormat, value: float) -> str:
    """Return the exact literal, and for people what it is about in decimal."""
    literal = format_bits(bits, form)
    return f"{literal} (;={value:.{9 if form is SINGLE else 17}g};)" if math.isfinite(value) else literal


def _vector(_: Scope, instruction: Instruction, data: bytes) -> str:
    return "i32x4 " + " ".join(f"0x{int.from_bytes(data[i : i + 4], 'little'):08x}" for i in range(0, 16, 4))


_WRITERS: dict[Immediate, Callable[[Scope, Instruction, Any], str]] = {
    Immediate.LABEL: lambda s, _, depth: s.label(depth),
    Immediate.LABELS: lambda s, _, depths: " ".join(map(s.label, depths)),
    Immediate.FUNC: lambda s, _, index: s.c.functions.use(index),
    Immediate.TYPE: lambda s, _, index: s.c.types.use(index),
    Immediate.TABLE: lambda s, _, index: s.c.tables.use(index) if index else "",
    Immediate.MEMORY: lambda s, _, index: s.c.memories.use(index) if index else "",
    Immediate.GLOBAL: lambda s, _, index: s.c.globals.use(index),
    Immediate.LOCAL: lambda s, _, index: s.locals.use(index),
    Immediate.TAG: lambda s, _, index: s.c.tags.use(index),
    Immediate.ELEM: lambda s, _, index: s.c.elements.use(index),
    Immediate.DATA: lambda s, _, index: s.c.data.use(index),
    Immediate.FIELD: lambda s, _, index: str(index),
    Immediate.COUNT: lambda s, _, count: str(count),
    Immediate.VALUE_TYPES: lambda s, _, types: results(s.c, types).lstrip() or "(result)",
    Immediate.HEAP_TYPE: _heap_type,
    Immediate.CAST: _cast,
    Immediate.MEMARG: _memory_argument,
    Immediate.LANE: lambda s, _, lane: str(lane),
    Immediate.LANES: lambda s, _, lanes: " ".join(map(str, lanes)),
    Immediate.HANDLERS: _handlers,
    Immediate.FENCE: lambda s, _, zero: "",
    Immediate.I32: lambda s, _, value: str(value),
    Immediate.I64: lambda s, _, value: str(value),
    Immediate.F32: lambda s, _, bits: _float(bits, SINGLE, f32_from_bits(bits)),
    Immediate.F64: lambda s, _, bits: _float(bits, DOUBLE, f64_from_bits(bits)),
    Immediate.V128: _vector,
}


def _indirect(s: Scope, immediate: tuple[int, int]) -> list[str]:
    type_, table = immediate
    return [s.c.tables.use(table) if table else "", f"(type {s.c.types.use(type_)})"]


def _copy(s: Scope, names: Identifiers, immediate: tuple[int, int]) -> list[str]:
    return [names.use(each) for each in immediate] if any(immediate) else []


_SPECIAL: dict[str, Callable[[Scope, Any], list[str]]] = {
    "call_indirect": _indirect,
    "return_call_indirect": _indirect,
    "memory.init": lambda s, i: [s.c.memories.use(i[1]) if i[1] else "", s.c.data.use(i[0])],
    "table.init": lambda s, i: [s.c.tables.use(i[1]) if i[1] else "", s.c.elements.use(i[0])],
    "memory.copy": lambda s, i: _copy(s, s.c.memories, i),
    "table.copy": lambda s, i: _copy(s, s.c.tables, i),
}
"""The instructions whose text has another order than their binary form."""
