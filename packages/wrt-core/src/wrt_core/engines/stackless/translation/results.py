"""Results: what a call or an arm gives is computed with, or put in a local, where it is given, if nobody can tell."""

from __future__ import annotations

import re

from wrt_core.engines.stackless.translation.translator import Translator
from wrt_core.engines.stackless.translation.writing.source import Line
from wrt_core.engines.stackless.translation.writing.tree import Conditional

__all__ = ["computed", "redirect"]

_LONGEST = 80
"""Characters of an expression: statements are not to grow without end."""

_CALL = re.compile(r"(s\d+) = (f\d+\(.*\))")
_HARMLESS = re.compile(r"(?:[ls]\d+|% 0x[0-9a-f]+|0x[0-9a-f]+|\d+|[-+*&|^<>() ])+")
"""Arithmetic of locals and slots, which a call does not change, and which can't trap."""


def computed(call: str, text: str) -> str | None:
    """An expression with a call's result in it, as one with the call in it; None if it had better stay two statements.

    `call` is the statement that puts the result in a slot. The slot must not be needed again.
    """
    found = _CALL.fullmatch(call)
    if found is None or len(text) > _LONGEST or not _HARMLESS.fullmatch(text):
        return None
    first, *rest = re.split(rf"\b{found[1]}\b", text)
    return f"{first}{found[2]}{rest[0]}" if len(rest) == 1 else None


def redirect(t: Translator, text: str, variable: str, writes: frozenset[str]) -> bool:
    """Have what was just written put its only result in a local, or what is computed of it, which was popped.

    Say whether that can be.
    """
    nodes = t.sequence.nodes
    if nodes and isinstance(node := nodes[-1], Conditional):
        return text == f"s{len(t.stack)}" and _redirect_arms(t, node, text, variable, writes)
    line = t.resulted
    if line is None or not nodes or nodes[-1] is not line:
        return False
    slot, _, given = line.text.partition(" = ")
    if text != slot:  # what goes on from here wants the result itself
        if t.form.resumed is not None or (found := computed(line.text, text)) is None:
            return False
        given = found
    if not _is_free(t, writes | {slot}):
        return False
    line.text = f"{variable} = {given}"
    _redirected(t, [line], variable)
    return True


def _redirect_arms(t: Translator, node: Conditional, slot: str, variable: str, writes: frozenset[str]) -> bool:
    """Have the arms just written put their only result in a local, if that can be."""
    lines: list[Line] = []
    work = [node.then, node.otherwise]
    while work:
        arm = work.pop()
        if not arm.falls:
            continue
        last = arm.nodes[-1] if arm.nodes else None
        if isinstance(last, Conditional):
            work += last.then, last.otherwise
        elif isinstance(last, Line) and last.text.startswith(f"{slot} = ") and ";" not in last.text:
            lines.append(last)
        else:
            return False
    if not lines or not _is_free(t, writes | {slot}):
        return False
    for line in lines:
        line.text = variable + line.text[len(slot) :]
    _redirected(t, lines, variable)
    return True


def _is_free(t: Translator, variables: frozenset[str]) -> bool:
    """Whether nothing that is pending reads any of some variables."""
    return all(variables.isdisjoint(operand.reads) for operand in t.stack.items)


def _redirected(t: Translator, lines: list[Line], variable: str) -> None:
    t.resulted = None
    t.ventures.forget()
    for line in lines:
        point = t.points.get(line.offset)
        if point is not None and point.node is line:
            point.targets = (variable,)
