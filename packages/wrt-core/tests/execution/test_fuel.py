"""Fuel is deterministic: the same call uses the same, whatever runs it, however it is paused, and from wherever."""

from __future__ import annotations

from random import Random

import pytest

from wrt_core import EngineFactory
from wrt_core.execution import Reason
from wrt_core.execution.snapshot import Snapshot
from wrt_core.testing import ModuleBuilder
from wrt_core.testing.pauses import Ending, go_on
from wrt_core.testing.program_host import ProgramHost
from wrt_core.testing.programs import random_program
from wrt_foundation.traps import Exhaustion, TrapCode


def used(instance, name, *args, fuel=1 << 40):
    execution = instance.exports[name].start(*args, fuel=fuel)
    execution.run()
    return execution.fuel_used


def test_the_figure_itself(engine):
    # An entry pays for all the instructions of the function outside of loops, each turn of a loop for the loop's.
    builder = ModuleBuilder()
    builder.function("line", "-> i32", "i32.const 1 i32.const 2 i32.add")
    builder.function("loop", "i32 ->", "nop loop local.get 0 i32.const 1 i32.sub local.tee 0 br_if 0 end nop")
    builder.function("calls", "->", "call 0 drop call 0 drop")
    builder.function("arms", "i32 ->", "local.get 0 if nop nop nop else nop end")
    instance = builder.instantiate(engine)
    line = used(instance, "line")
    assert line == 4
    once, twice, thrice = (used(instance, "loop", turns) for turns in (1, 2, 3))
    assert twice - once == thrice - twice == 6
    assert used(instance, "calls") == 5 + 2 * line
    assert used(instance, "arms", 0) == used(instance, "arms", 1)


def test_the_same_in_every_run_instance_and_engine(guest, counting):
    figures = {used(guest(), "count", 50, 1) for _ in range(3)}
    instance = guest()
    figures.add(used(instance, "count", 50, 1))
    assert len(figures) == 1


@pytest.mark.parametrize("step", [1, 7, 50, 333])
def test_the_same_with_pauses(guest, step):
    execution = guest().exports.count.start(50, 1, fuel=0)
    pauses = 0
    while execution.run(fuel=step) == "paused":
        pauses += 1
    assert pauses > 1
    assert execution.fuel_used == used(guest(), "count", 50, 1)


def test_the_same_with_a_cache(counting, tmp_path):
    figures = []
    for _ in range(2):
        engine = EngineFactory.create("stackless", cache=tmp_path)
        module = engine.load(counting.module.binary)
        instance = engine.instantiate(module, {"env": {"log": lambda _: None}})
        figures.append(used(instance, "count", 50, 1))
    assert figures[0] == figures[1]


def test_the_same_in_another_python(engine, other):
    figures = 0
    for seed in range(40):
        program = random_program(Random(seed))
        module = engine.load(program.module)
        for export in module.exports:
            if not export.name.startswith("f"):
                continue
            host = ProgramHost(seed)
            arguments = [0] * len(module.function_types[export.index].params)
            instance = engine.instantiate(module, host.imports())
            execution = instance.exports[export.name].start(*arguments, fuel=1)
            data = Snapshot.of(execution).to_bytes()
            execution.add_fuel(5_000)
            state = ProgramHost(seed).state
            answer, _ = other.go_on(program.module, data, state, 5_000)
            ending = go_on(execution, host)
            if ending is None:
                assert Snapshot.from_bytes(answer).fuel == execution.fuel
            else:
                assert isinstance(answer, Ending)
                assert answer.fuel == ending.fuel
                figures += 1
    assert figures > 40


def test_just_enough_is_enough_and_one_less_is_not(guest):
    need = used(guest(), "count", 20, 1)
    assert guest().exports.count.start(20, 1, fuel=need).run() == "finished"
    execution = guest().exports.count.start(20, 1, fuel=need - 1)
    assert execution.run() == "paused"
    assert execution.reason == Reason.FUEL
    assert execution.run(fuel=1) == "finished"
    assert execution.fuel == 0


def test_calls_through_the_host_are_metered_too(engine):
    builder = ModuleBuilder()
    back = builder.import_function("env", "back", "->")
    builder.function("inner", "->", "loop br 0 end")
    builder.function("outer", "->", f"call {back}")
    instance = None
    instance = builder.instantiate(engine, {"env": {"back": lambda: instance.exports.inner()}})
    execution = instance.exports.outer.start(fuel=10_000)
    with pytest.raises(Exhaustion) as caught:  # a host function in between can't be left and gone on with
        execution.run()
    assert caught.value.code is TrapCode.OUT_OF_FUEL


def test_calls_into_other_instances_are_metered_too(engine):
    callee = ModuleBuilder()
    callee.function("spin", "i32 ->", "loop local.get 0 i32.const 1 i32.sub local.tee 0 br_if 0 end")
    other = callee.instantiate(engine)
    builder = ModuleBuilder()
    index = builder.import_function("other", "spin", "i32 ->")
    type_ = builder.type("i32 ->")
    builder.table(1)
    builder.elements([index], 0)
    builder.function("direct", "i32 ->", f"local.get 0 call {index}")
    builder.function("through", "i32 ->", f"local.get 0 i32.const 0 call_indirect {type_}")
    instance = builder.instantiate(engine, {"other": {"spin": other.exports.spin}})
    for name in ("direct", "through"):
        assert used(instance, name, 1_000) > 5_000
        execution = instance.exports[name].start(1 << 30, fuel=1_000)
        assert execution.run() == "paused"
        assert [each.name for each in execution.frames] == ["spin", name]


def test_what_is_not_metered_becomes_so_when_it_is_given_some(guest):
    execution = guest().exports.count.start(1_000, 1)
    execution.pause()
    assert execution.run() == "paused"
    assert execution.fuel is None
    assert execution.run(fuel=100) == "paused"
    assert execution.reason == Reason.FUEL
    assert execution.fuel_used <= 100
