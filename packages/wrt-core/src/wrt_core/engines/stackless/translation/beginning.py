"""How the rest of a function begins: with what it is given, if that is what it may expect.

It is written for numbers that are known where it begins, from code that is not in it. What is given may be a
stranger's: so it looks, and if a number is another, code goes on that expects nothing.
"""

from __future__ import annotations

from wrt_core.engines.stackless.translation.knowledge.relation import Range
from wrt_core.engines.stackless.translation.operand import WIDTH_MASK, is_integer, name
from wrt_core.engines.stackless.translation.safe_points import SafePoint
from wrt_core.engines.stackless.translation.translator import Translator
from wrt_core.engines.stackless.translation.writing.source import DEPARTED, Line, Source
from wrt_core.engines.stackless.translation.writing.tree import Node
from wrt_core.execution.activation import ActivationKind
from wrt_foundation.types import ValueType

__all__ = ["begin", "expect"]


def expect(t: Translator, offset: int) -> None:
    """Note what is known of numbers at the safe point just read, where the rest begins; forget how they came about.

    If nothing is known of locals there, nor is anything of operands.
    """
    point = t.points.get(offset)
    results = 0 if point is None else len(point.results)
    known = t.ranges.is_known
    for local in range(t.declared):
        web = t.webs.get(local, local)
        if is_integer(t.local_types[web]):
            _note(t, "values", local, t.ranges.get(web), t.local_types[web])
    items = t.stack.items
    for height, operand in enumerate(items[: len(items) - results]):
        if operand.text == f"s{height}" and is_integer(operand.type):
            items[height] = fresh = name(operand.text, operand.type)
            if known and operand.is_clean:
                fresh.low, fresh.high = operand.low, operand.high
            _note(t, "stack", height, (fresh.low, fresh.high), fresh.type)


def _note(t: Translator, what: str, number: int, found: Range, type: ValueType) -> None:
    if found[0] > 0 or found[1] < WIDTH_MASK[type]:
        t.expected.append((what, number, found))


def begin(t: Translator, source: Source, offset: int) -> tuple[SafePoint, list[Node]]:
    """Write how a function goes on at a safe point; return that, and what it does then before anything else.

    It is called with its locals' values, its operand stack, the exceptions it holds, what the call there gave (nothing,
    one value or a tuple), and the exception that it threw instead, if any.
    """
    point = (t.points if t.retries is None else t.retries)[offset]
    source.begin(("values", "stack", "held", "given", "failure"), t.form.flavour.shared)
    used = sorted({t.owner(web) for web in t.used if web < t.own_locals})
    tests = [
        f"{low} <= {what}[{number}] <= {high}"
        for what, number, (low, high) in t.expected
        if what == "stack" or number in used
    ]
    if tests:
        source.add(1, f"if not ({' and '.join(tests)}):", DEPARTED)
        source.add(2, f"rest = wary_rest({t.index}, {offset})", DEPARTED)
        source.add(2, "return rest(values, stack, held, given, failure)", DEPARTED)
    webs = dict(point.locals)
    for local in used:
        source.add(1, f"l{local} = {_held_as(t, webs.get(local, local), f'values[{local}]')}", offset)
    for height, is_number in point.slots:
        text = f"stack[{height}]"
        source.add(1, f"s{height} = {_number(text) if is_number else text}", offset)
    for number, construct in enumerate(point.held):
        source.add(1, f"e{construct} = held[{number}]", offset)
    entry: list[Node] = []
    if point.kind is ActivationKind.CALL:
        entry.append(Line("if failure is not None: raise failure", offset))
        if point.targets:
            entry.append(Line(f"{', '.join(point.targets)} = given", offset))
    return point, entry


def _held_as(t: Translator, web: int, text: str) -> str:
    """The text of a local's value in the form in which it is held."""
    if web in t.found.numbers:
        return _number(text)
    return f"({text} ^ 0x80000000) - 0x80000000" if web in t.found.signed else text


def _number(text: str) -> str:
    return f"number({text}, 'little')"
