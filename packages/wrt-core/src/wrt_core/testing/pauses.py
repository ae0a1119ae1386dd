"""Comparing calls that are paused, saved, moved and gone on with to calls that are not."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from wrt_core.execution.execution import Execution
from wrt_core.execution.state import State
from wrt_core.runtime.instance import Instance
from wrt_core.testing.program_host import HostFailure, ProgramHost
from wrt_foundation.traps import Trap, WasmException
from wrt_foundation.types import NumType
from wrt_foundation.values import f32_bits, f64_bits

__all__ = ["Ending", "go_on"]


@dataclass(frozen=True, slots=True)
class Ending:
    """How a call of a random program ended, and all that it left behind; it pickles, and compares by bits.

    `told` is what it returned, or how it failed; `memory` a digest of its bytes.
    """

    told: tuple[Any, ...]
    fuel: int | None
    log: tuple[int, ...]
    memory: str
    globals: tuple[Any, ...]


def go_on(execution: Execution, host: ProgramHost, interval: float | None = None) -> Ending | None:
    """Run an execution of a random program on; return None if it pauses, after `interval` seconds at least."""
    instance = execution.func.instance
    assert instance is not None
    try:
        if execution.run(interval=interval) is not State.FINISHED:
            return None
    except Trap as trap:
        told: tuple[Any, ...] = "trapped", trap.code.name
    except WasmException as exception:
        told = "threw", *map(_bits, exception.values)
    except (HostFailure, IndexError, ZeroDivisionError) as error:
        told = "failed", repr(error)
    else:
        told = "returned", _bits(execution.result)
    return Ending(told, execution.fuel_used, tuple(host.entries), _memory(instance), _globals(instance))


def _memory(instance: Instance) -> str:
    digest = hashlib.sha256()
    for memory in instance.memories:
        digest.update(memory.read(0, memory.byte_length))
    return digest.hexdigest()


def _globals(instance: Instance) -> tuple[Any, ...]:
    return tuple(f32_bits(each.raw) if each.type.value is NumType.F32 else _bits(each.raw) for each in instance.globals)


def _bits(value: Any) -> Any:
    match value:
        case tuple():
            return tuple(map(_bits, value))
        case float():
            return f64_bits(value)
        case WasmException():
            return "exception", *map(_bits, value.values)
    return value
