"""Translating one function: its body's instructions become a Python code object."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from types import CodeType
from typing import Any

from wrt_core.engines.stackless.translation.beginning import begin, expect
from wrt_core.engines.stackless.translation.body import Body
from wrt_core.engines.stackless.translation.findings import findings
from wrt_core.engines.stackless.translation.found import Found
from wrt_core.engines.stackless.translation.frame import Frame
from wrt_core.engines.stackless.translation.knowledge.alignment import Locals
from wrt_core.engines.stackless.translation.knowledge.ranges import Ranges
from wrt_core.engines.stackless.translation.reading import reached
from wrt_core.engines.stackless.translation.returning import returned
from wrt_core.engines.stackless.translation.safe_points import Exit, SafePoint, checks
from wrt_core.engines.stackless.translation.steps import Steps, done
from wrt_core.engines.stackless.translation.templates import (  # the templates register themselves
    aggregates,
    atomics,
    calls,
    casts,
    comparisons,
    continuations,
    control,
    descriptors,
    division,
    exceptions,
    floats,
    integers,
    legacy_exceptions,
    loops,
    memory,
    references,
    shifts,
    tables,
    tail_calls,
    variables,
    vector_memory,
    vector_numbers,
    vectors,
    wide,
)
from wrt_core.engines.stackless.translation.translator import TEMPLATES, Translator
from wrt_core.engines.stackless.translation.variant import STRIDE, Flavour, Form
from wrt_core.engines.stackless.translation.ventures import EVERYWHERE, WAITING
from wrt_core.engines.stackless.translation.writing.dispatched import write_dispatched
from wrt_core.engines.stackless.translation.writing.resumption import rest
from wrt_core.engines.stackless.translation.writing.source import (
    DEPARTED,
    ENTRY,
    NOWHERE,
    Line,
    Numbers,
    Source,
    TooDeep,
)
from wrt_core.engines.stackless.translation.writing.structured import write_structured
from wrt_core.engines.stackless.translation.writing.tree import Label, Loop, Sequence
from wrt_core.execution.activation import ActivationKind
from wrt_core.validation import ValidatedModule
from wrt_foundation.printable import printable
from wrt_foundation.traps import TrapCode
from wrt_foundation.types import NumType

__all__ = ["Translation", "reading", "retries_of", "translate", "translating"]

TEMPLATE_MODULES = (
    aggregates,
    atomics,
    calls,
    casts,
    comparisons,
    continuations,
    control,
    descriptors,
    exceptions,
    floats,
    division,
    integers,
    legacy_exceptions,
    loops,
    memory,
    references,
    shifts,
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
    on a line means where it is not memory out of bounds. `constants` belong in the namespace. `heads` has the
    offsets of loops, by the line that begins the Python loop or, if the function is in dispatched form, by the value
    of `pc` that does. `counted` are the numbers of loops that are a `for`, by offset. `retries` has the offset from
    which the function is done again if an address on a line is too large. `exits` are its safe points by offset, and
    `numbers` its locals that are vectors held as numbers. What is watched, and may be paused, keeps what its first
    reading has `found`.
    """

    code: CodeType
    offsets: tuple[int, ...]
    traps: dict[int, TrapCode]
    constants: dict[str, Any]
    source: str
    heads: dict[int, int]
    dispatched: bool
    counted: dict[int, Numbers]
    retries: dict[int, int] = field(default_factory=dict)
    exits: dict[int, Exit] = field(default_factory=dict)
    numbers: frozenset[int] = frozenset()
    found: Found | None = None


_ZERO = {NumType.I32: "0", NumType.I64: "0", NumType.F32: "0.0", NumType.F64: "0.0", NumType.V128: "ZERO"}


_PLAIN = Form()

_STEP = 64
"""Instructions that are read in one step."""


def translate(module: ValidatedModule, index: int, *, form: Form = _PLAIN) -> Translation:
    """Translate the function at `index` at once, as `translating` does."""
    return done(translating(module, index, form=form))


def translating(
    module: ValidatedModule,
    index: int,
    write: Callable[[Sequence, Source], None] = write_structured,
    filename: str = "<wasm>",
    form: Form = _PLAIN,
    may_suspend: Callable[[int], bool] = lambda _: True,
    found: Found | None = None,
) -> Steps[Translation]:
    """Translate the function at `index`, which must be one that the module defines, in steps.

    `write` is the form to try first; the dispatched form takes over where it would nest too deep. For coroutines,
    `may_suspend` says whether calls of a function need its coroutine. What a reading of the whole function has `found`
    is true of its rest, too.
    """
    source, translator, found = yield from _translated(module, index, write, form, may_suspend, found)
    python = translator.written(source.render())
    yield
    unit = compile(python, filename, "exec", dont_inherit=True)
    code = _function_in(_function_in(unit) if form.flavour.shared else unit)
    name = printable(module.function_name(index) or f"function {index}")
    code = code.replace(co_name=name, co_qualname=name)
    return Translation(
        code,
        tuple(line.offset for line in source.lines),
        {number: line.trap for number, line in enumerate(source.lines, 1) if line.trap is not None},
        translator.constants,
        python,
        source.heads,
        source.blocks is not None,
        {offset: _written(each, translator) for offset, each in source.counted.items()},
        {number: line.retry for number, line in enumerate(source.lines, 1) if line.retry is not None},
        _exits(translator, translator.points),
        translator.found.numbers,
        None if form.flavour is Flavour.PLAIN or form.resumed is not None else found,
    )


def _exits(translator: Translator, points: dict[int, SafePoint]) -> dict[int, Exit]:
    """What is told of some safe points when all is read."""
    written = translator.written
    return {at: Exit(each.kind, tuple(map(written, each.stack)), each.held) for at, each in points.items()}


def _function_in(code: CodeType) -> CodeType:
    """The code of the function that other code defines."""
    return next(each for each in code.co_consts if isinstance(each, CodeType))


def _written(numbers: Numbers, translator: Translator) -> Numbers:
    first, end, step = map(translator.written, (numbers.first, numbers.end, numbers.step))
    dropped = tuple((translator.written(name), translator.written(step)) for name, step in numbers.dropped)
    return Numbers(translator.owner(numbers.local), first, end, step, numbers.ahead, numbers.walk, dropped)


def retries_of(
    module: ValidatedModule, index: int, form: Form, may_suspend: Callable[[int], bool], found: Found | None = None
) -> dict[int, Exit]:
    """Return from where the statements of a translation are done again that stand on something ventured, by offset.

    It may be known what its first reading has `found`.
    """
    translator, _ = done(_read(module, index, form, may_suspend, found, retried=True))
    assert translator.retries is not None
    return _exits(translator, translator.retries)


def _read(
    module: ValidatedModule,
    index: int,
    form: Form,
    may_suspend: Callable[[int], bool],
    found: Found | None = None,
    retried: bool = False,
) -> Steps[tuple[Translator, Found]]:
    """Read a function until nothing new is found; return that reading, and what those before it have found."""
    body = yield from Body.reading(module, index)
    yield
    if found is None:
        translator = yield from reading(module, index, form, may_suspend, body, retried=retried)
        found = findings(translator)
        if found.is_new:
            translator = yield from reading(module, index, form, may_suspend, body, found, retried)
    else:
        known = found if found.is_new else None
        translator = yield from reading(module, index, form, may_suspend, body, known, retried)
    while (broken := translator.ventures.broken) or translator.ranges.deceived:
        form = replace(form, wary=form.wary | broken)
        found = replace(found, hopes=found.hopes - translator.ranges.deceived)
        translator = yield from reading(module, index, form, may_suspend, body, found, retried)
    return translator, found


def reading(
    module: ValidatedModule,
    index: int,
    form: Form,
    may_suspend: Callable[[int], bool],
    body: Body,
    found: Found | None = None,
    retried: bool = False,
) -> Steps[Translator]:
    """Read a function's instructions into a tree, knowing what an earlier reading has found.

    If `retried`, note what statements are done again from.
    """
    type_ = module.function_types[index]
    local_types = list(body.types)
    translator = Translator(module, index, form, may_suspend, type_, local_types, found)
    translator.declared = body.declared
    if body.webs is not None:
        translator.places, translator.owner, translator.written = body.places, body.webs.owner, body.webs.written
    translator.locals = Locals(len(type_.params))
    if retried:
        translator.retries = {}
    translator.assigned, translator.recursing = body.assigned, body.recursing
    translator.base_case = body.base_case
    known = () if found is None else (found.ranges, found.given, found.hopes, translator.grows)
    translator.ranges = Ranges(local_types, len(type_.params), body.loops, *known)
    if form.resumed is not None and form.wary == EVERYWHERE:  # the locals may be anything where it begins
        translator.ranges.give_up()
    translator.frames.append(Frame("function", Label(), (), type_.results, 0, translator.body, body.code.offset))
    templates = TEMPLATES
    meters, ventures, stack = translator.meters, translator.ventures, translator.stack
    again = form.resumed if form.retried else None
    begins = None if form.retried else form.resumed
    if begins is not None:
        translator.reentered = body.loops_around(begins)
    changes = [] if body.webs is None else body.webs.changes
    changed = 0
    for number, (instruction, immediate, position) in enumerate(reached(translator, body.instructions), 1):
        if not number % _STEP:
            yield
        translator.offset = position
        while changed < len(changes) and changes[changed][0] < position:
            translator.webs[changes[changed][1]] = changes[changed][2]
            changed += 1
        if meters:
            meters[-1].cost += 1
        if ventures.possible:
            mark, nodes = ventures.mark, translator.sequence.nodes
            stale = mark is None or nodes is not mark.nodes or len(nodes) != mark.count
            if stale or (ventures.pending and instruction not in WAITING):
                ventures.begin(position, nodes, stack)
        elif position == again:
            translator.begin_again()
        templates[instruction](translator, instruction, immediate)
        if position == begins:
            expect(translator, position)
    return translator


def _translated(
    module: ValidatedModule,
    index: int,
    write: Callable[[Sequence, Source], None],
    form: Form,
    may_suspend: Callable[[int], bool],
    found: Found | None,
) -> Steps[tuple[Source, Translator, Found]]:
    translator, found = yield from _read(module, index, form, may_suspend, found)
    yield
    source = Source()
    if translator.entry_meter is not None:
        translator.entry_meter.write()
    if form.decided and translator.base_case is not None and not translator.head.uses:
        translator.base_case.skip(translator.body)
    body = _whole(translator, source) if form.resumed is None else _rest(translator, source, form.resumed)
    returned(body)
    start = len(source.lines)
    try:
        write(body, source)
    except TooDeep:
        del source.lines[start:]
        source.counted.clear()
        write_dispatched(body, source)
    if any(line.retry is not None for line in source.lines):
        _retrying(source, start, index)
    return source, translator, found


def _retrying(source: Source, start: int, index: int) -> None:
    """Have lines from one on done again, as far as that is to be, where an address is too large, or what is stored."""
    for line in source.lines[start:]:
        line.indent += 1
    source.lines.insert(start, Line("try:", ENTRY, None, 1))
    # Another function's error has come through here if it was not raised in this one, or it is the guest's own trap.
    source.add(1, "except (IndexError, ValueError) as error:", DEPARTED)
    source.add(2, f"again = retry_at({index}, error, locals())", DEPARTED)
    source.add(2, "if again is None: raise", DEPARTED)
    # As in a detour: a plain call. Outside of the handler, what it raises has nothing to do with this error.
    source.add(1, "return again[0](again[1], again[2], again[3], None, None)", DEPARTED)


def _whole(translator: Translator, source: Source) -> Sequence:
    """Write how the function begins, and return what it does then."""
    _enter(translator, source)
    zeros = [Line(text, 0) for text in _zeros(translator)]
    check = checks(translator.form.flavour, ENTRY, translator.entry_meter)
    if translator.head.uses:  # a tail call of itself starts over, with its locals zero again
        return _headed(translator, [*check, *zeros])
    for line in (*check, *zeros):
        source.add(1, line.text, line.offset)
    return translator.body


def _headed(translator: Translator, first: list[Line]) -> Sequence:
    """The body as a loop that a tail call of itself goes round."""
    body = translator.body
    translator.head.order = translator.next_order()
    return Sequence([Loop(translator.head, Sequence([*first, *body.nodes], body.falls), ENTRY)], False)


def _enter(translator: Translator, source: Source) -> None:
    """Write the lines that begin a function, by its variant."""
    variant = translator.variant
    names = [f"l{index}" for index in range(len(translator.type.params))]
    depth = ["d"] if variant.is_coroutine else []
    source.begin([*(["t"] if variant.is_tail else names), *depth], translator.form.flavour.shared)
    if variant.is_tail and names:
        source.add(1, f"_, _, {', '.join(names)} = t", ENTRY)
    if variant.is_coroutine:
        # Yielded, and not entered, it starts over with nothing above it.
        again = (
            f"coroutines[functions[{translator.index}]]"
            if translator.form.flavour is not Flavour.PLAIN
            else (f"coroutine_of(functions[{translator.index}])")
        )
        source.add(1, f"if not d % {STRIDE}: return (yield {again}({', '.join((*names, 'd + 1'))}))", NOWHERE)


def _rest(translator: Translator, source: Source, offset: int) -> Sequence:
    """Write how a function goes on at a safe point, and return what it does then."""
    point, entry = begin(translator, source, offset)
    body = translator.body
    if translator.head.uses:
        meter = checks(translator.form.flavour, ENTRY, translator.entry_meter)
        body = _headed(translator, [*meter, *(Line(text, 0) for text in _zeros(translator))])
    return rest(body, point.node, entry, point.kind is ActivationKind.LOOP)


def _zeros(translator: Translator) -> list[str]:
    """The statements that set the locals that the function uses, parameters aside, to their defaults."""
    zeros: dict[str, list[str]] = {}
    for index in sorted(translator.used):
        if len(translator.type.params) <= index < translator.declared:
            type_ = translator.local_types[index]
            zero = _ZERO[type_] if isinstance(type_, NumType) else "None"
            zero = "0" if index in translator.found.numbers else zero
            zeros.setdefault(zero, []).append(f"l{index}")
    return [f"{' = '.join(names)} = {zero}" for zero, names in zeros.items()]
