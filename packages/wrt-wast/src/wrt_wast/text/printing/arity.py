"""How many operands an instruction takes and how many results it gives, as far as folding wants to know.

A wrong answer would cost beauty, never truth: whatever is folded, the instructions keep their order. So
a module that is not valid may be printed too; where it refers to nothing, nothing is counted.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from wrt_foundation.instructions import Instruction
from wrt_foundation.types import ContType, FuncType, StructType
from wrt_wast.text.printing.context import Context

__all__ = ["Arity", "arity_of"]

Arity = tuple[int, int]

_FIXED = """
unreachable 0 0, drop 1 0, select 3 1, local.get 0 1, local.set 1 0, local.tee 1 1, global.get 0 1, global.set 1 0,
table.get 1 1, table.set 2 0, table.grow 2 1, table.fill 3 0, table.copy 3 0, memory.copy 3 0,
ref.null 0 1, ref.is_null 1 1, ref.func 0 1, ref.as_non_null 1 1, throw_ref 1 0, rethrow 0 0,
struct.new_default 0 1, struct.get 1 1, struct.get_s 1 1, struct.get_u 1 1, struct.set 2 0,
array.new 2 1, array.new_default 1 1, array.new_data 2 1, array.new_elem 2 1, array.get 2 1, array.get_s 2 1,
array.get_u 2 1, array.set 3 0, array.fill 4 0, array.copy 5 0, array.init_data 4 0, array.init_elem 4 0,
ref.test 1 1, ref.cast 1 1, any.convert_extern 1 1, extern.convert_any 1 1,
struct.new_default_desc 1 1, ref.get_desc 1 1, ref.cast_desc_eq 2 1, cont.new 1 1
"""
_ARITIES: dict[str, Arity] = {
    keyword: (int(operands), int(given)) for keyword, operands, given in (row.split() for row in _FIXED.split(","))
}


def arity_of(c: Context, instruction: Instruction, immediate: Any, label: Callable[[int], int], returned: int) -> Arity:
    """Return the arity of a plain instruction. `label(n)` is that of a label, `returned` that of the function."""
    if instruction.operands is not None and instruction.results is not None:
        return len(instruction.operands), len(instruction.results)
    fixed = _ARITIES.get(instruction.keyword)
    if fixed is not None:
        return fixed
    special = _SPECIAL.get(instruction.keyword)
    return special(c, immediate, label, returned) if special is not None else (0, 0)


def _function(function: FuncType | None, more: int = 0) -> Arity:
    return (len(function.params) + more, len(function.results)) if function is not None else (0, 0)


def _continued(c: Context, index: int) -> FuncType | None:
    """Return the function type of a continuation type."""
    composite = c.subtypes[index].composite if index < len(c.subtypes) else None
    if isinstance(composite, ContType) and isinstance(composite.function, int):
        return c.function_type(composite.function)
    return None


def _fields(c: Context, index: int) -> int:
    composite = c.subtypes[index].composite if index < len(c.subtypes) else None
    return len(composite.fields) if isinstance(composite, StructType) else 0


def _payload(c: Context, tag: int) -> int:
    return _function(c.type_of_tag(tag))[0]


def _bound(c: Context, types: tuple[int, int]) -> Arity:
    before, after = (_function(_continued(c, each))[0] for each in types)
    return max(before - after, 0) + 1, 1


_Special = Callable[[Context, Any, Callable[[int], int], int], Arity]

_SPECIAL: dict[str, _Special] = {
    "br": lambda c, i, label, _: (label(i), 0),
    "br_if": lambda c, i, label, _: (label(i) + 1, label(i)),
    "br_table": lambda c, i, label, _: (label(i[-1]) + 1, 0),
    "return": lambda c, i, label, returned: (returned, 0),
    "call": lambda c, i, *_: _function(c.type_of_function(i)),
    "call_indirect": lambda c, i, *_: _function(c.function_type(i[0]), 1),
    "call_ref": lambda c, i, *_: _function(c.function_type(i), 1),
    "return_call": lambda c, i, *_: (_function(c.type_of_function(i))[0], 0),
    "return_call_indirect": lambda c, i, *_: (_function(c.function_type(i[0]), 1)[0], 0),
    "return_call_ref": lambda c, i, *_: (_function(c.function_type(i), 1)[0], 0),
    "throw": lambda c, i, *_: (_payload(c, i), 0),
    "br_on_null": lambda c, i, label, _: (label(i) + 1, label(i) + 1),
    "br_on_non_null": lambda c, i, label, _: (label(i), max(label(i) - 1, 0)),
    "br_on_cast": lambda c, i, label, _: (label(i.label), label(i.label)),
    "br_on_cast_fail": lambda c, i, label, _: (label(i.label), label(i.label)),
    "br_on_cast_desc_eq": lambda c, i, label, _: (label(i.label) + 1, label(i.label)),
    "br_on_cast_desc_eq_fail": lambda c, i, label, _: (label(i.label) + 1, label(i.label)),
    "struct.new": lambda c, i, *_: (_fields(c, i), 1),
    "struct.new_desc": lambda c, i, *_: (_fields(c, i) + 1, 1),
    "array.new_fixed": lambda c, i, *_: (i[1], 1),
    "cont.bind": lambda c, i, *_: _bound(c, i),
    "suspend": lambda c, i, *_: _function(c.type_of_tag(i)),
    "resume": lambda c, i, *_: _function(_continued(c, i[0]), 1),
    "resume_throw": lambda c, i, *_: (_payload(c, i[1]) + 1, _function(_continued(c, i[0]))[1]),
    "resume_throw_ref": lambda c, i, *_: (2, _function(_continued(c, i[0]))[1]),
    "switch": lambda c, i, *_: (max(_function(_continued(c, i[0]))[0], 1), 0),
}
