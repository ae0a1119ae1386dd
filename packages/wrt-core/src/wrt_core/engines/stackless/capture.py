"""Capture: reading a guest's stack off the traceback of what interrupted it."""

from __future__ import annotations

from collections.abc import Mapping
from types import FrameType, TracebackType
from typing import Any

from wrt_core.engines.stackless.compiled import INSTANCE, MARK, Compiled, compiled_of
from wrt_core.engines.stackless.stubs import STUB
from wrt_core.engines.stackless.translation.safe_points import Exit
from wrt_core.engines.stackless.translation.variant import Form
from wrt_core.engines.stackless.translation.writing.source import DEPARTED, ENTRY
from wrt_core.execution.activation import Activation, ActivationKind, local_types
from wrt_core.execution.interruption import Interruption
from wrt_core.runtime.instance import Instance
from wrt_foundation.errors import ExecutionError
from wrt_foundation.types import NumType, ValueType

__all__ = ["activation_at", "activation_before", "captured", "is_capturable"]

_ZERO: dict[ValueType, Any] = {
    NumType.I32: 0,
    NumType.I64: 0,
    NumType.F32: 0.0,
    NumType.F64: 0.0,
    NumType.V128: bytes(16),
}


def is_capturable(frame: FrameType | None, outside: FrameType) -> bool:
    """Say whether there are only guest's frames from `frame` to `outside`, its caller some calls up."""
    while frame is not outside:
        if frame is None or MARK not in frame.f_globals or frame.f_code.co_flags & _COROUTINE:
            return False
        frame = frame.f_back
    return True


_BITS: dict[ValueType, int] = {NumType.I32: 32, NumType.I64: 64}

_COROUTINE = 0x20
"""The flag of generators' code: what runs in a continuation is on a stack that is not all Python's own."""


def captured(stop: Interruption) -> list[Activation]:
    """Return the activations in the traceback of what has interrupted them, innermost last.

    Only the guest's frames may be in it, save where it begins and where it ends. Raises `ExecutionError` if they are in
    a state that can't be captured.
    """
    trace = stop.__traceback__
    entries: list[tuple[Compiled, TracebackType]] = []
    entering: FrameType | None = None
    left = False
    while trace is not None:
        frame = trace.tb_frame
        if MARK not in frame.f_globals:
            left = bool(entries)
        elif left or frame.f_code.co_flags & _COROUTINE:
            raise ExecutionError("a host function that is called in a continuation can't answer later")
        elif isinstance(compiled := frame.f_globals[MARK], Compiled):
            entries.append((compiled, trace))
        elif frame.f_code.co_filename == STUB:
            entering = frame
        trace = trace.tb_next
    stack: list[Activation] = []
    for number, (compiled, entry) in enumerate(entries, 1):
        activation = _activation(compiled, entry, stop.at if number == len(entries) else None)
        if activation is not None:
            stack.append(activation)
    if stop.entered is not None:
        assert entering is not None
        variables = {f"l{name[1:]}": value for name, value in entering.f_locals.items() if name[0] == "a"}
        stack.append(_entry(*stop.entered, variables))
    return stack


def _entry(instance: Instance, index: int, variables: Mapping[str, Any]) -> Activation:
    """The activation of a function that is about to begin, by its parameters' variables."""
    compiled = compiled_of(instance)
    assert compiled is not None
    parameters = compiled.module.function_types[index].params
    values = tuple([_local(variables, number, each) for number, each in enumerate(parameters)])
    return Activation(instance, index, ActivationKind.ENTRY, compiled.first_offset(index), values)


def _activation(compiled: Compiled, entry: TracebackType, at: int | None) -> Activation | None:
    frame = entry.tb_frame
    found = compiled.find(frame.f_code)
    if found is None:
        raise ExecutionError("a function that runs is not known any more")
    index, form, translation = found
    offset = translation.offsets[entry.tb_lineno - 1] if at is None else at
    if offset == DEPARTED:
        return None
    variables: Mapping[str, Any] = frame.f_locals
    if offset == ENTRY:
        if "t" in variables and "l0" not in variables:  # a tail call's arguments, not yet taken apart
            variables = {f"l{number}": value for number, value in enumerate(variables["t"][2:])}
        return _entry(frame.f_globals[INSTANCE], index, variables)
    numbers = translation.counted.get(offset)
    if numbers is not None:
        if at is not None:  # it was told of on the way back, before it took the next number
            variables = {**variables, f"l{numbers.local}": numbers.next(frame.f_globals, variables)}
        variables = numbers.stepped(frame.f_globals, variables)
    return activation_at(frame.f_globals, index, form, offset, variables)


def activation_at(
    names: dict[str, Any], index: int, form: Form, offset: int, variables: Mapping[str, Any]
) -> Activation:
    """Return the activation of a function that is at a safe point other than its entry, by its code's variables.

    `names` are the code's globals. Raises `ExecutionError` if it can't be left there.
    """
    compiled: Compiled = names[MARK]
    translation = compiled.translation(index, form)
    way = translation.exits.get(offset)
    if way is None:
        raise ExecutionError(f"function {index} can't be left at offset {offset:#x}")
    return _left_at(names, index, way, translation.numbers, offset, variables)


def activation_before(
    names: dict[str, Any], index: int, form: Form, offset: int, variables: Mapping[str, Any]
) -> Activation:
    """Return the activation of a function that is to be done again from an instruction, by its code's variables.

    Raises `IndexError` if what it is about to compute with is read from where no memory is.
    """
    compiled: Compiled = names[MARK]
    way, numbers = compiled.retries(index, form)[offset], compiled.translation(index, form).numbers
    return _left_at(names, index, way, numbers, offset, variables)


def _left_at(
    names: dict[str, Any],
    index: int,
    way: Exit,
    numbers: frozenset[int],
    offset: int,
    variables: Mapping[str, Any],
) -> Activation:
    instance = names[INSTANCE]
    types = local_types(names[MARK].module, index)
    values = tuple([_local(variables, number, each, number in numbers) for number, each in enumerate(types)])
    values_of = dict(variables)
    stack = tuple([_canonical(eval(text, names, values_of)) for text in way.stack])
    held = tuple([variables[f"e{construct}"] for construct in way.held])
    return Activation(instance, index, way.kind, offset, values, stack, held)


def _local(variables: Mapping[str, Any], index: int, type_: ValueType, is_number: bool = False) -> Any:
    name = f"l{index}"
    if name not in variables:  # the function does not use it, so it has the value that it began with
        return _ZERO.get(type_)
    value = variables[name]
    if is_number:
        return value.to_bytes(16, "little")
    if type_ in _BITS:  # it may be held as a signed number, or have grown past its width
        return int(value) % (1 << _BITS[type_])
    return _canonical(value)


def _canonical(value: Any) -> Any:
    return int(value) if isinstance(value, bool) else value
