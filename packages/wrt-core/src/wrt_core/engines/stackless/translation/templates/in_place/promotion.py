"""Promotion of indirect calls: where it is known what a table has, and that is small, it is done in place.

    c = C0_0[l1 & 3]                    if l1 & 3 < 2:
    l2 = c(l2, l1)           becomes     if l1 & 3 < 1: l2 = l2 + l1
                                         else: l2 = l2 - l1
                                        else: …

It is known of a table that is settled, and filled by segments with constant offsets. What an index may mean besides,
null, other types, what is past the end, is called as ever, and traps. Compilers know this as indirect call promotion;
they ask a profile where we ask the table.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from weakref import WeakKeyDictionary

from wrt_core.engines.stackless.translation.instructions.kinds import END, EQ, GET, LESS
from wrt_core.engines.stackless.translation.operand import Operand, constant
from wrt_core.engines.stackless.translation.templates.in_place.inlining import Leaf, inlined, leaf, placed
from wrt_core.engines.stackless.translation.templates.in_place.tolls import instead
from wrt_core.engines.stackless.translation.translator import TEMPLATES, Translator
from wrt_core.validation import ValidatedModule
from wrt_foundation.binary.instructions import read_instructions
from wrt_foundation.canonical import DefinedType
from wrt_foundation.instructions import BY_NAME, Instruction
from wrt_foundation.module import ElementSegment, Expression, Mode
from wrt_foundation.types import I32, ExternKind, FuncType, NumType

__all__ = ["promoted"]

_ALL = 8
"""Elements, if an index can mean no others: they are found by halves."""
_AMONG_OTHERS = 4
"""Elements, if it can: they are asked for one by one, which soon takes as long as the call."""
_INSTRUCTIONS = 64
"""Of all these functions together: each call repeats their text."""
_CALLS = 64
"""Calls in one function: more would make its translation many times as long."""

_CONST, _REF_FUNC = BY_NAME["i32.const"], BY_NAME["ref.func"]

_Elements = dict[int, int]
"""Functions by the elements of a table that refer to them."""

_TABLES: WeakKeyDictionary[ValidatedModule, dict[int, dict[DefinedType, _Elements]]] = WeakKeyDictionary()


def _elements(module: ValidatedModule, table: int, type_: DefinedType) -> _Elements:
    """What a settled table has of a type, if that is known."""
    known = _TABLES.setdefault(module, {})
    if table not in known:
        known[table] = {}
        for element, function in _filled(module, table).items():
            known[table].setdefault(module.functions[function], {})[element] = function
    return known[table].get(type_, {})


def _filled(module: ValidatedModule, table: int) -> _Elements:
    """What segments put into a table; nothing if that can't be told.

    A segment may not fit, and the functions of what is no instance then be in a table of somebody else's already.
    """
    found: _Elements = {}
    if any(each.kind is ExternKind.TABLE for each in module.module.imports):
        return {}
    for segment in module.module.elements:
        if segment.mode is not Mode.ACTIVE or segment.table != table:
            continue
        offset = None if segment.offset is None else _only(segment.offset, _CONST)
        if offset is None:
            return {}
        for element, function in enumerate(_referred(segment), offset):
            found.pop(element, None)
            if function is not None:
                found[element] = function
    return found


def _referred(segment: ElementSegment) -> list[int | None]:
    """The functions that a segment refers to; None for null, and for what is not known."""
    return [*segment.functions, *(_only(each, _REF_FUNC) for each in segment.expressions)]


def _only(expression: Expression, wanted: Instruction) -> int | None:
    """The immediate of a constant expression that is one instruction and no more; None if it is another."""
    (first, immediate, _), (second, _, _), *_ = read_instructions(expression.code, expression.offset)
    return immediate if first is wanted and second is END else None


def _small(t: Translator, type_index: int, table: int, index: Operand) -> tuple[_Elements, bool]:
    """The elements that an index may mean, if all of the type are small, and whether it can mean no others."""
    elements = _elements(t.module, table, t.module.types[type_index])
    if index.high - index.low < _ALL:
        elements = {each: elements[each] for each in range(index.low, index.high + 1) if each in elements}
        are_all = len(elements) == index.high - index.low + 1
    else:
        are_all = False
    leaves = [leaf(t.module, each) for each in elements.values()] if len(elements) <= _ALL else []
    instructions = sum(_INSTRUCTIONS if each is None else len(each.instructions) for each in leaves)
    is_small = instructions < _INSTRUCTIONS and (are_all or len(elements) <= _AMONG_OTHERS)
    return (elements if leaves and is_small else {}), are_all


def promoted(t: Translator, type_index: int, table: int, call: Callable[[], None]) -> bool:
    """Translate an indirect call through a settled table as what is done in place, if that can be.

    `call` makes the call after all. As with what is inlined, not in what is left of a function after a pause.
    """
    type_ = t.module.types[type_index].composite
    assert isinstance(type_, FuncType)
    types = tuple(each for each in (*type_.params, I32) if isinstance(each, NumType))
    if t.form.resumed is not None or len(types) <= len(type_.params):
        return False
    elements, are_all = _small(t, type_index, table, t.stack.items[-1])
    if not elements or t.promoted == _CALLS:
        return False
    t.promoted += 1
    arguments = placed(t, (table, type_index), Leaf(FuncType(types), types, (), frozenset()))
    base = t.inlined[table, type_index]

    def get(*numbers: int) -> None:
        for number in numbers:
            operand = arguments.get(number)
            if operand is None:
                TEMPLATES[GET](t, GET, base + number)
            elif operand.local is None:
                t.push(replace(operand))
            else:  # each time it is a use, on which a first reading votes
                TEMPLATES[GET](t, GET, operand.local)

    def test(instruction: Instruction, element: int) -> None:
        get(len(type_.params))
        t.push(constant(element, I32))
        TEMPLATES[instruction](t, instruction, None)

    def act(element: int) -> None:
        get(*range(len(type_.params)))
        inlined(t, elements[element])

    def choose(among: Sequence[int]) -> None:
        if len(among) == 1:
            act(among[0])
            return
        middle = len(among) // 2
        test(LESS, among[middle])
        instead(t, type_, lambda: choose(among[:middle]), lambda: choose(among[middle:]))

    def try_each(among: Sequence[int]) -> None:
        if not among:
            get(*range(len(types)))
            call()
            return
        test(EQ, among[0])
        instead(t, type_, lambda: act(among[0]), lambda: try_each(among[1:]))

    with t.inside():
        (choose if are_all else try_each)(sorted(elements))
    return True
