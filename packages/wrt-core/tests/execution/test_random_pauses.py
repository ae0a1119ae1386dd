"""Pausing is exact: programs that stop at random safe points, and are saved, moved and gone on with, do the same.

Of each call, the results or how it failed, what the host was told, the memory, the globals and the fuel are compared
with those of a run without a pause. `WRT_PAUSES=long` does many more of them.
"""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import count
from random import Random

import pytest

from wrt_core.engines.core import CoreEngine
from wrt_core.engines.stackless import compiled
from wrt_core.engines.stackless.translation.function import translating
from wrt_core.engines.stackless.translation.writing.dispatched import write_dispatched
from wrt_core.execution import Execution
from wrt_core.execution.snapshot import Snapshot
from wrt_core.testing import random_program
from wrt_core.testing.pauses import Ending, go_on
from wrt_core.testing.program_host import ProgramHost
from wrt_core.testing.programs import Kind
from wrt_core.validation import ValidatedModule

LONG = os.environ.get("WRT_PAUSES") == "long"
PROGRAMS = 200 if LONG else 12
"""Of each kind and way."""
FUEL = 4_000
"""Of one call: programs may not end."""
ARGUMENTS = (0, 1, 2, 3, 9, 0x7FFF_FFFF, -1)

Way = Callable[[Execution, ProgramHost], tuple[Execution, ProgramHost]]
"""What is done to an execution while it is paused."""


def calls(module: ValidatedModule, seed: int) -> list[tuple[str, list[int]]]:
    """The calls that are made of a program, each in an instance of its own."""
    random = Random(seed)
    exports = [each for each in module.exports if each.name.startswith("f")]
    return [
        (each.name, [random.choice(ARGUMENTS) for _ in module.function_types[each.index].params]) for each in exports
    ]


def begun(
    engine: CoreEngine, module: ValidatedModule, name: str, args: list[int], seed: int, fuel: int | None
) -> tuple[Execution, ProgramHost]:
    host = ProgramHost(seed)
    return engine.instantiate(module, host.imports()).exports[name].start(*args, fuel=fuel), host


def check(engine: CoreEngine, kind: Kind, way: Way, seed: int) -> int:
    """Compare a program's calls; return how often they were paused."""
    program = random_program(Random(seed), kind)
    module = engine.load(program.module)
    pauses = 0
    for name, args in calls(module, seed):
        execution, host = begun(engine, module, name, args, seed, FUEL)
        expected = go_on(execution, host)
        random = Random(seed)
        execution, host = begun(engine, module, name, args, seed, 0)
        while (ending := go_on(execution, host)) is None:
            used, left, needed = execution.fuel_used, execution.fuel, execution.fuel_needed
            assert used is not None
            assert left is not None
            if used + needed > FUEL:
                break
            pauses += 1
            execution, host = way(execution, host)
            wanted = random.choice((needed, needed, needed + 1, needed + random.randrange(200)))
            execution.add_fuel(min(wanted, FUEL - used) - left)
        assert ending == expected, f"{name}{tuple(args)} of the {kind} program of seed {seed}:\n{program!r}"
    return pauses


def stay(execution: Execution, host: ProgramHost) -> tuple[Execution, ProgramHost]:
    return execution, host


def forked(execution: Execution, host: ProgramHost) -> tuple[Execution, ProgramHost]:
    return execution.fork(), host


def saved(execution: Execution, host: ProgramHost) -> tuple[Execution, ProgramHost]:
    instance = execution.func.instance
    assert instance is not None
    assert instance.engine is not None
    again = Snapshot.from_bytes(Snapshot.of(execution).to_bytes())
    return again.resume(instance.engine, instance.module, host.imports()), host


def pickled(execution: Execution, host: ProgramHost) -> tuple[Execution, ProgramHost]:
    instance = execution.func.instance
    assert instance is not None
    assert instance.engine is not None
    other = ProgramHost(0)
    again, other.state = pickle.loads(pickle.dumps((execution, host.state)))
    again.bind(instance.engine, instance.module, other.imports())
    return again, other


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("way", [stay, forked, saved, pickled])
def test_programs_paused_at_random_safe_points(engine, kind, way):
    pauses = sum(check(engine, kind, way, seed) for seed in range(PROGRAMS))
    assert pauses > PROGRAMS


@pytest.mark.parametrize("kind", [Kind.MIXED, Kind.CONTROL])
def test_programs_paused_at_random_times(engine, kind):
    # They are not metered: what pauses them is what polls or, where Python has it, monitoring.
    pauses = 0
    for seed in range(PROGRAMS * 2):
        program = random_program(Random(seed), kind, size=80)
        module = engine.load(program.module)
        for name, args in calls(module, seed):
            execution, host = begun(engine, module, name, args, seed, FUEL)
            expected = go_on(execution, host)
            if expected is None:
                continue
            for _ in range(3):
                execution, host = begun(engine, module, name, args, seed, None)
                while (ending := go_on(execution, host, interval=1e-5)) is None:
                    pauses += 1
                    execution, host = Random(pauses).choice((stay, saved))(execution, host)
                assert ending == replace(expected, fuel=None), f"{name}{tuple(args)} of seed {seed}:\n{program!r}"
    assert pauses


@pytest.mark.parametrize("kind", [Kind.MIXED, Kind.CONTROL])
def test_so_they_do_in_dispatched_form(engine, kind, monkeypatch):
    monkeypatch.setattr(compiled, "translating", partial(translating, write=write_dispatched))
    assert sum(check(engine, kind, saved, seed) for seed in range(PROGRAMS)) > PROGRAMS


@pytest.mark.parametrize("where", ["elsewhere", "other"])
def test_programs_that_move_from_process_to_process(engine, request, where):
    # Here, there, and here again, with a pause wherever they are.
    there = request.getfixturevalue(where)
    moves = 0
    for seed in range(PROGRAMS * 2):
        random = Random(seed)
        program = random_program(Random(seed), random.choice((Kind.MIXED, Kind.INTEGERS, Kind.CONTROL)))
        module = engine.load(program.module)
        for name, args in calls(module, seed):
            execution, host = begun(engine, module, name, args, seed, FUEL)
            expected = go_on(execution, host)
            if expected is None:
                continue
            assert expected.fuel is not None
            execution, host = begun(engine, module, name, args, seed, random.randrange(expected.fuel + 1))
            ending: Ending | None = go_on(execution, host)
            for turn in count():
                if ending is not None:
                    break
                moves += 1
                data, more = Snapshot.of(execution).to_bytes(), max(execution.fuel_needed, random.randrange(300))
                if turn % 2:
                    execution = Snapshot.from_bytes(data).resume(engine, module, host.imports())
                    execution.add_fuel(more)
                    ending = go_on(execution, host)
                    continue
                answer, state = there.go_on(program.module, data, host.state, more)
                host = ProgramHost(0)
                host.state = state
                if isinstance(answer, Ending):
                    ending = answer
                else:
                    execution = Snapshot.from_bytes(answer).resume(engine, module, host.imports())
            assert ending == expected, f"{name}{tuple(args)} of the program of seed {seed}:\n{program!r}"
    assert moves > PROGRAMS
