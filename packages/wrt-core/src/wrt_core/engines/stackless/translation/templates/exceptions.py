"""Templates of exception handling: an exception is a Python exception, and an `exnref` that very object."""

from __future__ import annotations

from wrt_core.engines.stackless.translation.frame import Frame
from wrt_core.engines.stackless.translation.operand import TRAPS
from wrt_core.engines.stackless.translation.templates.control import return_text
from wrt_core.engines.stackless.translation.templates.landings import held, landed
from wrt_core.engines.stackless.translation.translator import Translator, template
from wrt_core.engines.stackless.translation.writing.source import Line
from wrt_core.engines.stackless.translation.writing.tree import (
    Branch,
    Clause,
    Conditional,
    Label,
    Node,
    Sequence,
    Stop,
    Try,
)
from wrt_foundation.immediates import BlockType, Catch, CatchKind
from wrt_foundation.instructions import Instruction
from wrt_foundation.types import FuncType, ValueType


@template("try_table")
def try_table(t: Translator, instruction: Instruction, immediates: tuple[BlockType, tuple[Catch, ...]]) -> None:
    type_, catches = immediates
    clauses = [_clause(t, catch) for catch in catches]  # their labels count from outside
    frame = t.open("try_table", type_, Label())

    def finish(body: Sequence) -> Sequence:
        if clauses:
            body = Sequence([Try(body, clauses, frame.offset)], body.falls)
        return body if frame.landing is None else landed(frame, body, Sequence(_handlers(frame, clauses), False))

    frame.finish = finish


def tag_parameters(t: Translator, tag: int) -> tuple[ValueType, ...]:
    """The types of a tag's payload."""
    composite = t.module.tags[tag].composite
    assert isinstance(composite, FuncType)
    return composite.params


def _clause(t: Translator, catch: Catch) -> Clause:
    """What a catch does: put the payload where the label wants it, and branch."""
    frame = t.frames[-1 - catch.label]
    parts = []
    if catch.tag is not None and tag_parameters(t, catch.tag):
        parts.append("*e.values")
    if catch.kind in (CatchKind.CATCH_REF, CatchKind.CATCH_ALL_REF):
        # Without the traceback, which would keep frames alive, this one among them, and grow with each new throw.
        parts.append("e.with_traceback(None)")
    test = None if catch.tag is None else f"e.tag is x{catch.tag}"
    arity = len(frame.branch_types)
    nodes: list[Node]
    if frame is t.frames[0]:
        slots = [f"s{index}" for index in range(arity)]
        nodes = [Stop(return_text(slots), t.offset)]
    else:
        slots = [f"s{frame.height + index}" for index in range(arity)]
        t.escape(frame.label)
        nodes = [Branch(frame.label, t.offset)]
    if slots:
        nodes.insert(0, Line(f"{', '.join(slots)}, = {', '.join(parts)},", t.offset))
    return Clause(test, Sequence(nodes, False))


def _handlers(frame: Frame, clauses: list[Clause]) -> list[Node]:
    """The clauses as code that runs where what was delegated lands."""
    nodes: list[Node] = [Line(f"e = {held(frame)}", frame.offset)]
    for clause in clauses:
        if clause.test is None:
            return nodes + clause.body.nodes
        nodes.append(Conditional(clause.test, f"not {clause.test}", clause.body, Sequence(), frame.offset))
    return [*nodes, Stop("raise e", frame.offset)]


@template("throw")
def throw(t: Translator, instruction: Instruction, tag: int) -> None:
    values = t.pop_many(len(tag_parameters(t, tag)))
    effects = TRAPS
    for value in values:
        effects |= value.effects
    t.stack.before(effects)
    payload = "".join(f"{value.text}, " for value in values)
    t.stop(Stop(f"raise WasmException(x{tag}, ({payload.rstrip()}))", t.offset))


@template("throw_ref")
def throw_ref(t: Translator, instruction: Instruction, _: None) -> None:
    exception = t.pop()
    t.stack.before(exception.effects | TRAPS)
    t.stop(Stop(f"raise thrown({exception.text})", t.offset))
