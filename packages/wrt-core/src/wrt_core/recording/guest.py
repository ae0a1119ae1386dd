"""What recorder and replayer both want of a guest: its stack, its state, functions for it to call."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Any

from wrt_core.recording.events import Stack
from wrt_core.recording.values import References
from wrt_core.runtime.function import Func
from wrt_core.runtime.instance import Instance
from wrt_core.runtime.memory import Memory
from wrt_core.validation import ValidatedModule
from wrt_foundation.canonical import DefinedType
from wrt_foundation.memory.linear_memory import LinearMemory
from wrt_foundation.traps import Frame
from wrt_foundation.types import FuncType, RefType

__all__ = ["final_state", "frames_of", "own_function", "several", "stack_of"]

_DEPTH = 20
"""Frames of a stack that are kept."""
_BLOCK = 1 << 20


def stack_of(instance: Instance | None) -> Stack:
    """Return the frames of a guest that runs in this thread, innermost first; none if its engine can't tell."""
    if instance is None or instance.engine is None:
        return ()
    return tuple([(frame.function, frame.offset) for frame in instance.engine.backtrace(instance)[:_DEPTH]])


def frames_of(module: ValidatedModule, stack: Stack) -> tuple[Frame, ...]:
    """Return frames with the names that the module has for them."""
    name = module.module.names.module
    return tuple(Frame(function, module.function_name(function), offset, name) for function, offset in stack)


def final_state(instance: Instance | None, references: References) -> tuple[list[str], list[Any]]:
    """Return the digests of a guest's memories, and its globals; of references only that they are some."""
    if instance is None:
        return [], []
    variables = [
        None if isinstance(each.type.value, RefType) else references.dump(each.type.value, each.raw)
        for each in instance.globals
    ]
    return [_digest(memory) for memory in instance.memories], variables


def _digest(memory: Memory) -> str:
    digest = hashlib.sha256()
    length = memory.byte_length
    for address in range(0, length, _BLOCK):
        digest.update(LinearMemory.read(memory, address, min(_BLOCK, length - address)))
    return digest.hexdigest()


def several(types: FuncType, result: Any) -> Sequence[Any]:
    """Return what a function gives, in the engines' representation, as a sequence."""
    count = len(types.results)
    return (result,) if count == 1 else result if count else ()


def own_function(type_: DefinedType, code: Callable[..., Any], name: str | None) -> Func:
    """Return a function of the host's that takes and gives values in the engines' representation."""
    return Func.of_guest(type_, code, lambda func, arguments: func.code(*arguments), None, -1, name)
