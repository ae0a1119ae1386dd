"""Templates of stack switching: what a coroutine wants done with stacks it yields, to `stack_switching`.

Code that runs in no continuation can resume one, but has nothing to suspend: a suspension there is unhandled.
"""

from __future__ import annotations

from wrt_core.engines.stackless.translation.operand import (
    ATOM,
    CALLS,
    CONDITIONAL,
    NOTHING,
    READS,
    TRAPS,
    Operand,
    name,
)
from wrt_core.engines.stackless.translation.templates.exceptions import tag_parameters
from wrt_core.engines.stackless.translation.templates.references import or_null
from wrt_core.engines.stackless.translation.translator import Translator, template
from wrt_core.engines.stackless.translation.writing.source import Line
from wrt_core.engines.stackless.translation.writing.tree import Branch, Conditional, Node, Sequence, Stop
from wrt_foundation.canonical import DefinedType
from wrt_foundation.immediates import Handler
from wrt_foundation.instructions import Instruction
from wrt_foundation.types import ContType, FuncType, RefType, ValueType

__all__: list[str] = []


def _function_type(type_: DefinedType) -> FuncType:
    """The function type of a continuation type."""
    composite = type_.composite
    assert isinstance(composite, ContType)
    assert isinstance(composite.function, DefinedType)
    assert isinstance(composite.function.composite, FuncType)
    return composite.function.composite


def _tuple(texts: list[str]) -> str:
    return f"({''.join(f'{text}, ' for text in texts).rstrip()})"


@template("cont.new")
def new(t: Translator, instruction: Instruction, index: int) -> None:
    (func,) = t.pop_simple()
    text = or_null(f"Continuation(y{index}, {func.text})", func, "null_function")
    t.combine(text, CONDITIONAL, RefType(False, t.module.types[index]), (func,), effects=TRAPS)


@template("cont.bind")
def bind(t: Translator, instruction: Instruction, immediates: tuple[int, int]) -> None:
    source, target = (t.module.types[index] for index in immediates)
    count = len(_function_type(source).params) - len(_function_type(target).params)
    *values, continuation = operands = t.pop_many(count + 1)
    text = f"bind({_tuple([each.text for each in values])}, {continuation.text}, y{immediates[1]})"
    # It uses up the continuation, which others may refer to.
    t.combine(text, ATOM, RefType(False, target), operands, effects=CALLS)


def _ask(t: Translator, text: str, results: tuple[ValueType, ...], operands: list[Operand]) -> None:
    """Ask for what only makes sense in a continuation."""
    if t.variant.is_coroutine:
        t.call(f"(yield {text})", results, CALLS)
        return
    effects = READS | TRAPS
    for operand in operands:
        effects |= operand.effects
    t.stack.before(effects)
    t.stop(Stop(f"raise unhandled({text})", t.offset))


@template("suspend")
def suspend(t: Translator, instruction: Instruction, tag: int) -> None:
    type_ = t.module.tags[tag].composite
    assert isinstance(type_, FuncType)
    values = t.pop_many(len(type_.params))
    _ask(t, f"(suspend, x{tag}, {_tuple([each.text for each in values])})", type_.results, values)


@template("switch")
def switch(t: Translator, instruction: Instruction, immediates: tuple[int, int]) -> None:
    index, tag = immediates
    params = _function_type(t.module.types[index]).params
    back = _continuation_of(params[-1])
    *values, continuation = operands = t.pop_many(len(params))
    texts = _tuple([each.text for each in values])
    text = f"(switch, x{tag}, use({texts}, {continuation.text}), {_type(t, back)})"
    _ask(t, text, _function_type(back).params, operands)


def _continuation_of(type_: ValueType) -> DefinedType:
    """The type of the continuation that a label or parameter takes."""
    assert isinstance(type_, RefType)
    assert isinstance(type_.heap, DefinedType)
    return type_.heap


def _type(t: Translator, type_: DefinedType) -> str:
    return f"y{t.module.types.index(type_)}"


@template("resume")
def resume(t: Translator, instruction: Instruction, immediates: tuple[int, tuple[Handler, ...]]) -> None:
    index, handlers = immediates
    *values, continuation = operands = t.pop_many(len(_function_type(t.module.types[index]).params) + 1)
    _resume(t, index, handlers, f"{_tuple([each.text for each in values])}, {continuation.text}", operands, "None")


@template("resume_throw")
def resume_throw(t: Translator, instruction: Instruction, immediates: tuple[int, int, tuple[Handler, ...]]) -> None:
    index, tag, handlers = immediates
    # Python evaluates the continuation first.
    *values, continuation = operands = t.pop_unordered(len(tag_parameters(t, tag)) + 1)
    exception = f"WasmException(x{tag}, {_tuple([each.text for each in values])})"
    _resume(t, index, handlers, f"(), {continuation.text}", operands, exception)


@template("resume_throw_ref")
def resume_throw_ref(t: Translator, instruction: Instruction, immediates: tuple[int, tuple[Handler, ...]]) -> None:
    index, handlers = immediates
    exception, continuation = operands = t.pop_unordered(2)
    _resume(t, index, handlers, f"(), {continuation.text}", operands, f"thrown({exception.text})")


def _resume(
    t: Translator,
    index: int,
    handlers: tuple[Handler, ...],
    what: str,
    operands: list[Operand],
    exception: str,
) -> None:
    """Resume, then branch to the label of the handler that took over, or push the results."""
    results = _function_type(t.module.types[index]).results
    labels = [each for each in handlers if each.label is not None]
    clauses = [
        f"(x{tag}, {number}, {_type(t, _label_type(t, depth))})" for number, (tag, depth) in enumerate(labels, 1)
    ]
    switches = [f"x{tag}" for tag, depth in handlers if depth is None]
    how = f"use({what}), ({_tuple(clauses)}, {_tuple(switches)}), {exception}"
    effects = CALLS
    for operand in operands:
        effects |= operand.effects
    text = f"(yield (resume, {how}))" if t.variant.is_coroutine else f"run({how})"
    if not labels:
        t.call(f"{text}[1]", results, CALLS)
        return
    t.statement(f"h, r = {text}", effects, frozenset(("r",)))
    for number, (_, depth) in enumerate(labels, 1):
        _hand_over(t, number, depth)
    if len(results) == 1:
        t.push(name("r", results[0]))
    elif results:
        t.call("r", results, NOTHING)


def _label_type(t: Translator, depth: int | None) -> DefinedType:
    assert depth is not None
    return _continuation_of(t.frames[-1 - depth].branch_types[-1])


def _hand_over(t: Translator, number: int, depth: int | None) -> None:
    """Branch to a label with what its handler gives, if it is the one that took over."""
    assert depth is not None
    frame = t.frames[-1 - depth]
    arity = len(frame.branch_types)
    nodes: list[Node]
    if frame is t.frames[0]:
        nodes = [Stop("return r" if arity > 1 else "return r[0]", t.offset)]
    else:
        t.escape(frame.label)
        slots = "".join(f"s{frame.height + index}, " for index in range(arity))
        nodes = [Line(f"{slots.rstrip()} = r", t.offset), Branch(frame.label, t.offset)]
    t.append(Conditional(f"h == {number}", f"h != {number}", Sequence(nodes, False), Sequence(), t.offset))
