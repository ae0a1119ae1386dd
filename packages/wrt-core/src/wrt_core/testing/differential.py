"""Comparing an engine with the reference interpreter on one program."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

from wrt_core.engine import Engine
from wrt_core.runtime.instance import Instance
from wrt_core.testing.program_host import HostFailure, ProgramHost
from wrt_core.testing.programs import Program
from wrt_core.testing.reference import Function, OutOfSteps, Reference
from wrt_core.validation import ValidatedModule
from wrt_foundation.traps import Trap, WasmException
from wrt_foundation.values import f64_bits

__all__ = ["disagreement"]

_ARGUMENTS = (0, 1, 2, 3, 9, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF)


def disagreement(program: Program, engine: Engine, seed: int = 0, *, rounds: int = 4, steps: int = 3_000) -> str | None:
    """Say where the engine and the reference interpreter part, or return None if they agree.

    Each exported function is called `rounds` times, with arguments and choices that `seed` determines. A call that
    the interpreter does not end within `steps` instructions is left out, and so is the rest of the round.
    """
    module = engine.load(program.module)
    for turn in range(rounds):
        complaint = _compare(module, engine, seed * rounds + turn, steps)
        if complaint is not None:
            return complaint
    return None


def _compare(module: ValidatedModule, engine: Engine, seed: int, steps: int) -> str | None:
    expected, actual = ProgramHost(seed), ProgramHost(seed)
    names = expected.functions()
    reference = Reference(
        module,
        {("env", name): function for name, function in names.items()},
        {("env", "tag"): expected.tag},
    )
    instance = engine.instantiate(module, {"env": {**actual.functions(), "tag": actual.tag}})
    random = Random(seed)
    for export in module.exports:
        if not export.name.startswith("f"):
            continue
        index = export.index
        args = [random.choice(_ARGUMENTS) for _ in module.function_types[index].params]
        reference.steps = steps
        wanted = _outcome(reference.call, index, args)
        if wanted is None:
            return None
        got = _outcome(lambda index, args: instance.functions[index].call_raw(args), index, args)
        call = f"{export.name}({', '.join(map(str, args))}) of seed {seed}"
        for what, one, other in (
            ("ends with", wanted, got),
            ("logs", expected.entries, actual.entries),
            ("leaves globals", *_globals(reference, instance)),
            ("leaves memory", *_differing(bytes(reference.memory), _bytes(instance))),
        ):
            if one != other:
                return f"{call} {what} {other}; the reference interpreter {one}"
    return None


def _outcome(call: Callable[[int, list[int]], Any], index: int, args: list[int]) -> object:
    """How a call ended, comparably; None if the interpreter was stopped."""
    try:
        return "returned", tuple(_comparable(value) for value in call(index, list(args)))
    except OutOfSteps:
        return None
    except Trap as trap:
        return "trapped", trap.code
    except WasmException as exception:
        return "threw", tuple(_comparable(value) for value in exception.values)
    except (HostFailure, IndexError, ZeroDivisionError) as error:
        return "failed", repr(error)


def _comparable(value: Any) -> object:
    """A value that compares by its bits; any NaN is like any other, as arithmetic may give any of several."""
    if isinstance(value, float):
        return f64_bits(value) if value == value else "nan"
    if isinstance(value, WasmException):
        return "exception", tuple(_comparable(each) for each in value.values)
    if value is None or isinstance(value, (int, Function)):
        return value
    return Function(value.index)


def _globals(reference: Reference, instance: Instance) -> tuple[list[object], list[object]]:
    raw = [global_.raw for global_ in instance.globals]
    return [_comparable(value) for value in reference.globals], [_comparable(value) for value in raw]


def _bytes(instance: Instance) -> bytes:
    memory = instance.memories[0]
    return memory.read(0, memory.byte_length)


def _differing(one: bytes, other: bytes) -> tuple[object, object]:
    """Two memories, or where they differ first."""
    if one == other:
        return None, None
    if len(one) != len(other):
        return f"of {len(one)} bytes", f"of {len(other)} bytes"
    at = next(index for index in range(len(one)) if one[index] != other[index])
    return f"{one[at : at + 8].hex()} at {at}", f"{other[at : at + 8].hex()} at {at}"
