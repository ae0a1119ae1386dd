"""Translating one function: its body's instructions become a Python code object."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import CodeType
from typing import Any

from wrt_core.engines.stackless.translation import (  # the templates register themselves
    aggregates,
    atomics,
    calls,
    casts,
    continuations,
    control,
    descriptors,
    exceptions,
    floats,
    integers,
    legacy_exceptions,
    memory,
    references,
    tables,
    tail_calls,
    variables,
    vector_memory,
    vector_numbers,
    vectors,
    wide,
)
from wrt_core.engines.stackless.translation.dispatched import write_dispatched
from wrt_core.engines.stackless.translation.source import NOWHERE, Line, Source, TooDeep
from wrt_core.engines.stackless.translation.structured import write_structured
from wrt_core.engines.stackless.translation.translator import TEMPLATES, Frame, Translator
from wrt_core.engines.stackless.translation.tree import Label, Loop, Node, Sequence
from wrt_core.engines.stackless.translation.variant import STRIDE, Variant
from wrt_core.engines.stackless.translation.vector_numbers import held_as_numbers
from wrt_core.validation import ValidatedModule
from wrt_foundation.binary.instructions import read_instructions
from wrt_foundation.canonical import close
from wrt_foundation.instructions import BY_NAME
from wrt_foundation.traps import TrapCode
from wrt_foundation.types import NumType, ValueType

__all__ = ["Translation", "translate"]

TEMPLATE_MODULES = (
    aggregates,
    atomics,
    calls,
    casts,
    continuations,
    control,
    descriptors,
    exceptions,
    floats,
    integers,
    legacy_exceptions,
    memory,
    references,
    tables,
    tail_calls,
    variables,
    vector_memory,
    vector_numbers,
    vectors,
    wide,
)


@dataclass(frozen=True, slots=True)
class Translation:
    """One translated function.

    `code` is the function's code object; its globals are an instance's namespace. `offsets` has, for
    each line of the source from 1, the wasm offset that the line came from; `traps` what an IndexError
    on a line means where it is not memory out of bounds. `constants` belong in the namespace.
    """

    code: CodeType
    offsets: tuple[int, ...]
    traps: dict[int, TrapCode]
    constants: dict[str, Any]
    source: str


_ZERO = {NumType.I32: "0", NumType.I64: "0", NumType.F32: "0.0", NumType.F64: "0.0", NumType.V128: "ZERO"}
_DIVIDING = frozenset(BY_NAME[each] for each in ("else", "catch", "catch_all"))
_CLOSING = frozenset(BY_NAME[each] for each in ("end", "delegate"))
_OPENING = frozenset(BY_NAME[each] for each in ("block", "loop", "if", "try_table", "try"))
_ASSIGNING = frozenset((BY_NAME["local.set"], BY_NAME["local.tee"]))


def translate(
    module: ValidatedModule,
    index: int,
    write: Callable[[Sequence, Source], None] = write_structured,
    filename: str = "<wasm>",
    variant: Variant = Variant.CODE,
    may_suspend: Callable[[int], bool] = lambda _: True,
) -> Translation:
    """Translate the function at `index`, which must be one that the module defines.

    `write` is the form to try first; the dispatched form takes over where it would nest too deep. For coroutines,
    `may_suspend` says whether calls of a function need its coroutine.
    """
    translator = read(module, index, variant, may_suspend)
    if numbers := held_as_numbers(translator):
        translator = read(module, index, variant, may_suspend, numbers)
    source = _render(translator, write)
    python = source.render()
    unit = compile(python, filename, "exec", dont_inherit=True)
    code = next(each for each in unit.co_consts if isinstance(each, CodeType))
    name = module.function_name(index) or f"function {index}"
    code = code.replace(co_name=name, co_qualname=name)
    return Translation(
        code,
        tuple(line.offset for line in source.lines),
        {number: line.trap for number, line in enumerate(source.lines, 1) if line.trap is not None},
        translator.constants,
        python,
    )


def read(
    module: ValidatedModule,
    index: int,
    variant: Variant,
    may_suspend: Callable[[int], bool],
    numbers: frozenset[int] = frozenset(),
) -> Translator:
    """Read a function's instructions into a tree; see `Translator.numbers`."""
    imported = len(module.function_types) - len(module.module.codes)
    body = module.module.codes[index - imported]
    type_ = module.function_types[index]
    local_types: list[ValueType] = list(type_.params)
    for count, each in body.locals:
        local_types += [close(each, module.types)] * count
    translator = Translator(module, index, variant, may_suspend, type_, local_types)
    translator.numbers = numbers
    instructions = list(read_instructions(body.code, body.offset))
    translator.assigned = frozenset(
        immediate for instruction, immediate, _ in instructions if instruction in _ASSIGNING
    )
    translator.frames.append(Frame("function", Label(), (), type_.results, 0, translator.body, body.offset))
    templates = TEMPLATES
    skipped = 0
    for instruction, immediate, position in instructions:
        if not translator.reachable:
            # Code that can't be reached is not translated; only what closes its construct matters.
            if instruction in _OPENING:
                skipped += 1
                continue
            if skipped:
                skipped -= instruction in _CLOSING
                continue
            if instruction not in _CLOSING and instruction not in _DIVIDING:
                continue
        translator.offset = position
        templates[instruction](translator, instruction, immediate)
    return translator


def _render(translator: Translator, write: Callable[[Sequence, Source], None]) -> Source:
    source = Source()
    _enter(translator, source)
    zeros = _zeros(translator)
    if translator.head.uses:  # a tail call of itself starts over, with its locals zero again
        nodes: list[Node] = [*(Line(text, 0) for text in zeros), *translator.body.nodes]
        translator.head.order = translator.next_order()
        translator.body = Sequence([Loop(translator.head, Sequence(nodes, translator.body.falls), 0)], False)
    else:
        for text in zeros:
            source.add(1, text, 0)
    start = len(source.lines)
    try:
        write(translator.body, source)
    except TooDeep:
        del source.lines[start:]
        write_dispatched(translator.body, source)
    return source


def _enter(translator: Translator, source: Source) -> None:
    """Write the lines that begin a function, by its variant."""
    variant = translator.variant
    names = [f"l{index}" for index in range(len(translator.type.params))]
    depth = ["d"] if variant.is_coroutine else []
    source.add(0, f"def f({', '.join([*(['t'] if variant.is_tail else names), *depth])}):", 0)
    if variant.is_tail and names:
        source.add(1, f"_, _, {', '.join(names)} = t", 0)
    if variant.is_coroutine:
        # Yielded, and not entered, it starts over with nothing above it.
        again = f"coroutine_of(functions[{translator.index}])({', '.join((*names, 'd + 1'))})"
        source.add(1, f"if not d % {STRIDE}: return (yield {again})", NOWHERE)


def _zeros(translator: Translator) -> list[str]:
    """The statements that set the locals that the function uses, parameters aside, to their defaults."""
    zeros: dict[str, list[str]] = {}
    for index in sorted(translator.used):
        if index >= len(translator.type.params):
            type_ = translator.local_types[index]
            zero = _ZERO[type_] if isinstance(type_, NumType) else "None"
            zero = "0" if index in translator.numbers else zero
            zeros.setdefault(zero, []).append(f"l{index}")
    return [f"{' = '.join(names)} = {zero}" for zero, names in zeros.items()]
