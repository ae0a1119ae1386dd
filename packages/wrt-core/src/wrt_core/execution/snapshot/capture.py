"""Capture: an execution becomes plain data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wrt_core.execution.activation import ActivationKind
from wrt_core.execution.snapshot.graph import Graph
from wrt_core.execution.snapshot.model import Saved, SavedCall, SavedFrame
from wrt_core.execution.state import State
from wrt_foundation.errors import ExecutionError, SnapshotError
from wrt_foundation.types import EXNREF, NumType, ValueType

if TYPE_CHECKING:
    from wrt_core.execution.execution import Execution

__all__ = ["REFERENCE", "captured", "result_code", "values_of"]

REFERENCE = 0
"""What stands for a result that is a reference, where only its kind is told; numbers have their type's code."""


def result_code(type_: ValueType) -> int:
    """Return what stands for a result's type."""
    return type_.value if isinstance(type_, NumType) else REFERENCE


def captured(execution: Execution, graph: Graph) -> Saved:
    """Return an execution as data, with what of the store `graph` reaches from it. The turn to run it is the caller's.

    Raises `ExecutionError` for one that has trapped or waits for a host function, `SnapshotError` for what can't be
    saved, saying where it is.
    """
    func, runner = execution.func, execution._runner
    assert runner is not None
    if execution.state is State.TRAPPED:
        raise ExecutionError("the execution has ended with an error: there is nothing to save or copy but that error")
    if execution._waiting is not None:
        waited = _waited(execution)
        raise ExecutionError(
            f"the execution waits for {waited}: what that does is the host's, and can't be saved or copied"
        )
    assert func.instance is not None
    graph.add(func.instance)
    results = func.function_type.results
    types, values = (results, values_of(execution._values, results)) if execution.state is State.FINISHED else ((), ())
    frames = []
    for activation in execution._stack:
        instance = activation.instance
        graph.add(instance)
        name = instance.module.function_name(activation.function)
        shape = runner.shape(instance, activation.function, activation.kind, activation.offset)
        packed = graph.pack(
            (*shape.locals, *shape.stack, *[EXNREF] * shape.held),
            (*activation.locals, *activation.stack, *activation.held),
            f"a local or an operand of {name or activation.function} @ {activation.offset:#x}",
        )
        frames.append((instance, activation, name, packed))
        if activation is execution._stack[-1] and activation.kind is ActivationKind.CALL:
            given, thrown = execution._answer
            if thrown is not None:
                raise SnapshotError("a host function is to raise an error, which is the host's: it can't be saved")
            types, values = shape.results, values_of(given, shape.results)
    answer = graph.pack(types, values, "what the call gives")
    graph.close()
    for instance in graph.order:
        if instance.guard is not None:
            instance.guard.require_snapshot(live=graph.live)
    modules, instances, objects = graph.saved()
    return Saved(
        modules,
        instances,
        objects,
        [
            SavedFrame(graph.number(instance), each.function, name, each.kind, each.offset, packed)
            for instance, each, name, packed in frames
        ],
        SavedCall(
            (graph.number(func.instance), func.index),
            execution.state,
            execution.reason,
            execution._watch.fuel,
            execution._fuel_given,
            execution._needed,
            execution._time_left,
            tuple(map(result_code, results)),
            answer,
        ),
        graph.host_objects,
    )


def values_of(raw: Any, types: tuple[ValueType, ...]) -> tuple[Any, ...]:
    """Return as a tuple what a call has given: no value, one, or a tuple of several."""
    return () if not types else (raw,) if len(types) == 1 else tuple(raw)


def _waited(execution: Execution) -> str:
    """What the host function is called that an execution waits for, if the instruction tells."""
    innermost = execution._stack[-1]
    module = innermost.instance.module
    code = module.module.binary[innermost.offset :][:_CALL_SIZE]
    if not code or code[0] != _CALL:
        return "a host function"
    index, shift = 0, 0
    for byte in code[1:]:
        index |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            break
    return f"the host function {module.function_name(index) or index}"


_CALL, _CALL_SIZE = 0x10, 6
"""The instruction `call`, and the most bytes that it and the function's index take."""
