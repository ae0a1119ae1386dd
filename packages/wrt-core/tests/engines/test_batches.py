"""Loops in batches: what is watched over stops where it would if it were asked each turn, and has used as much."""

from __future__ import annotations

import re
import threading
from random import Random

import pytest

from wrt_core.engines.stackless.engine import StacklessEngine
from wrt_core.engines.stackless.translation.function import translate
from wrt_core.engines.stackless.translation.loops import batches as batches_module
from wrt_core.engines.stackless.translation.loops.batches import batches
from wrt_core.engines.stackless.translation.variant import Flavour, Form
from wrt_core.execution import Execution, State
from wrt_core.testing import ModuleBuilder
from wrt_foundation.plugins import get_plugin_manager
from wrt_foundation.traps import Trap

PLUGINS = get_plugin_manager()

ADD = "local.get 1 local.get 0 i32.add local.set 1"
AGAIN = "local.get 0 i32.const 1 i32.sub local.tee 0 br_if 0"
DOWN = f"loop {{}} {AGAIN} end local.get 1"

LOOPS = {
    "nothing": DOWN.format(""),
    "a sum": DOWN.format(ADD),
    "an arm": DOWN.format(f"local.get 0 i32.const 3 i32.and i32.eqz if {ADD} end"),
    "bits": DOWN.format(f"{ADD} local.get 1 i32.const 7 i32.rotl local.get 0 i32.xor local.set 1"),
    "up, looking first": (
        "block loop local.get 2 local.get 0 i32.ge_u br_if 1 local.get 1 local.get 2 i32.xor local.set 1"
        " local.get 2 i32.const 3 i32.add local.set 2 br 0 end end local.get 1"
    ),
    "what is read in slices": DOWN.format(
        "local.get 2 i32.load local.get 1 i32.add local.set 1 local.get 2 i32.const 4 i32.add local.set 2"
    ),
    "one in another": (
        "i32.const 3 local.set 2 loop i32.const 300 local.set 0"
        f" {DOWN.format(ADD)} drop local.get 2 i32.const 1 i32.sub local.tee 2 br_if 0 end local.get 1"
    ),
}

OTHERS = {
    "what reads memory": DOWN.format("local.get 0 i32.load local.get 1 i32.add local.set 1"),
    "what writes memory": DOWN.format("local.get 0 local.get 1 i32.store"),
    "what may divide by zero": DOWN.format("local.get 0 local.get 1 i32.div_u local.set 1"),
    "what calls": DOWN.format("call $other"),
    "what sets a global": DOWN.format("local.get 0 global.set 0"),
    "what does much": DOWN.format(f"{ADD} local.get 1 i32.const 5 i32.xor local.set 1 " * 8),
    "what leaves": f"block {DOWN.format(f'{ADD} local.get 1 i32.const 9999 i32.eq br_if 1')} drop end local.get 1",
}


def engine() -> StacklessEngine:
    return StacklessEngine(plugins=PLUGINS)


def build(code: str, locals_: str = "i32 i32") -> ModuleBuilder:
    builder = ModuleBuilder()
    builder.memory(1)
    builder.data(bytes(range(1, 250)) * 9)
    builder.global_("global", "i32", "i32.const 21")
    other = builder.function(None, "->", "i32.const 0 i32.const 0 i32.store8 " * 20)
    builder.function("f", "i32 -> i32", code.replace("$other", str(other)), locals_)
    return builder


def source(code: str, flavour: Flavour) -> str:
    return translate(build(code).load(engine()), 1, form=Form(flavour=flavour)).source


def seen(execution: Execution) -> tuple[object, ...]:
    """What there is to be seen of an execution, its fuel apart."""
    frames = [] if execution.state is State.FINISHED else execution.frames
    result = execution.result if execution.state is State.FINISHED else None
    return execution.state, result, [(frame.offset, frame.locals) for frame in frames]


def run_to_the_end(execution: Execution) -> None:
    """Run an execution with no more fuel than it takes to the next stop, if it has none."""
    while execution.run(fuel=0 if execution.fuel else execution.fuel_needed) is not State.FINISHED:
        pass


@pytest.mark.parametrize("count", [0, 1, 255, 256, 257, 512, 1000])
def test_batches_are_all_there_is(count: int) -> None:
    assert sum(batches(count)) == count
    assert all(0 <= each <= 256 for each in batches(count))


@pytest.mark.parametrize("way", LOOPS)
def test_what_goes_in_batches(way: str) -> None:
    assert re.search(r"in batches\(.*\):\n +if P: break", source(LOOPS[way], Flavour.POLLED))
    assert re.search(r"in batches\(.*\):\n +if F - \d+ \* many\d+ < P: break", source(LOOPS[way], Flavour.METERED))
    assert "batches(" not in source(LOOPS[way], Flavour.PLAIN)


@pytest.mark.parametrize("way", OTHERS)
def test_what_does_not(way: str) -> None:
    assert "batches(" not in source(OTHERS[way], Flavour.METERED)


@pytest.mark.parametrize("way", LOOPS)
@pytest.mark.parametrize("turns", [1, 41, 300])
def test_fuel_is_used_up_where_it_would_be(way: str, turns: int) -> None:
    """For each amount of fuel, a run stops where one was that is paused at every turn."""
    one = engine()
    module = build(LOOPS[way]).load(one)

    def started(fuel: int) -> Execution:
        execution: Execution = one.instantiate(module).exports.f.start(turns, fuel=fuel)
        return execution

    slow = started(0)
    stops = []
    while slow.run(fuel=slow.fuel_needed) is not State.FINISHED:
        stops.append((slow.fuel_used or 0, slow.fuel_needed, seen(slow)))
    end = slow.fuel_used or 0, seen(slow)
    assert len(stops) >= turns // 3
    for fuel in sorted({*range(0, end[0], 1 + end[0] // 150), end[0] - 1, end[0], end[0] + 1, 1 << 40}):
        execution = started(fuel)
        execution.run()
        if fuel >= end[0]:
            assert (execution.fuel_used, seen(execution)) == end
        else:
            assert (execution.fuel_used, execution.fuel_needed, seen(execution)) == max(
                (stop for stop in stops if stop[0] <= fuel), key=lambda stop: stop[0]
            )


def test_fuel_is_that_of_the_instructions() -> None:
    execution = build(LOOPS["a sum"]).instantiate(engine()).exports.f.start(1000, fuel=1 << 40)
    execution.run()
    # Nine instructions each turn and one around it that each pays for, and three around the loop.
    assert execution.fuel_used == 3 + 10 * 1000
    assert execution.result == 500_500


@pytest.mark.parametrize("depth", range(10, 20))
def test_deep_in_other_loops(depth: int) -> None:
    """Python takes no more than twenty loops inside one another."""
    code = DOWN.format(ADD)
    for _ in range(depth):
        code = f"loop {code} drop local.get 1 i32.const 7 i32.eq br_if 0 end local.get 1"
    execution = build(code).instantiate(engine()).exports.f.start(100, fuel=1 << 40)
    assert execution.run() is State.FINISHED
    assert execution.result == 5050


@pytest.mark.parametrize("bits", [61, 62, 63, 64])
def test_a_loop_that_never_ends(bits: int) -> None:
    """Python's ranges may be longer than it can count."""
    again = f"local.get 3 i64.const 1 i64.add local.tee 3 i64.const {2**bits - 16} i64.ne br_if 0"
    module = build(f"loop local.get 2 i32.const 3 i32.add local.set 2 {again} end local.get 2", "i32 i32 i64")
    execution = module.instantiate(engine()).exports.f.start(0, fuel=100_000)
    assert execution.run() is State.PAUSED
    turns = execution.frames[0].locals[3]
    assert execution.frames[0].locals[2] == 3 * turns > 0
    assert 0 <= 100_000 - execution.fuel_used < execution.fuel_needed


def test_what_traps_has_used_what_it_came_to() -> None:
    code = DOWN.format("local.get 0 i32.const 65535 i32.add i32.load8_u drop")
    one = engine()
    module = build(code).load(one)
    used = []
    for fuel in (1 << 40, 0):
        execution = one.instantiate(module).exports.f.start(300, fuel=fuel)
        with pytest.raises(Trap):
            run_to_the_end(execution)
        used.append(execution.fuel_used)
    assert used[0] == used[1]


@pytest.mark.parametrize("fuel", [None, 1 << 50])
def test_a_pause_between_batches(fuel: int | None) -> None:
    execution = build(LOOPS["a sum"]).instantiate(engine()).exports.f.start(900_000_000, fuel=fuel)
    timer = threading.Timer(0.05, execution.pause)
    timer.start()
    assert execution.run() is State.PAUSED
    timer.join()
    left, total, *_ = execution.frames[0].locals
    begun = 900_000_000
    assert 0 < left < begun
    assert total % (1 << 32) == (begun * (begun + 1) - left * (left + 1)) // 2 % (1 << 32)
    if fuel is not None:
        assert execution.fuel_used is not None
        assert abs(execution.fuel_used - (begun - left) * 10) <= 13
    execution.cancel()


STEPS = ("i32.add", "i32.sub", "i32.xor", "i32.mul", "i32.and", "i32.or", "i32.rotl", "i32.shr_u", "i32.lt_s", "i32.eq")


def random_loop(random: Random) -> str:
    """A loop of a few turns that only computes, of local 1 and 2; it counts by local 0 or 3."""

    def value() -> str:
        return random.choice(
            ("local.get 0", "local.get 1", "local.get 2", f"i32.const {random.choice((1, 3, 77, -2))}")
        )

    def statement(depth: int = 0) -> str:
        given = f"{value()} {value()} {random.choice(STEPS)} local.set {random.choice((1, 2))}"
        if depth < 2 and random.random() < 0.3:
            return f"{value()} if {statement(depth + 1)} {f'else {statement(depth + 1)}' * random.randrange(2)} end"
        return given

    body = " ".join(statement() for _ in range(random.randrange(4)))
    step, turns = random.choice((1, 1, 2, 3)), random.choice((1, 2, 3, 5, 9, 30))
    end = step * turns
    again = f"local.get 3 i32.const {step} i32.add local.tee 3 i32.const {end} i32.lt_u br_if 0"
    stepped = f"local.get 3 i32.const {step} i32.add local.set 3"
    shapes = (
        f"i32.const {end} local.set 0 loop {body} local.get 0 i32.const {step} i32.sub local.tee 0 br_if 0 end",
        f"i32.const 0 local.set 3 loop {body} {again} end",
        f"i32.const 0 local.set 3 block loop local.get 3 local.get 4 i32.ge_u br_if 1 {body} {stepped} br 0 end end",
    )
    return random.choice(shapes)


@pytest.mark.parametrize("part", range(4))
def test_random_loops(monkeypatch: pytest.MonkeyPatch, part: int) -> None:
    """However fuel is given, and however large batches are, the same is used for the same."""
    monkeypatch.setattr(batches_module, "_FEW", 2)
    monkeypatch.setattr(batches_module, "_TURNS", 3)
    one = engine()
    went = 0
    for seed in range(part * 30, part * 30 + 30):
        random = Random(seed)
        code = f"{random_loop(random)} {random_loop(random)} local.get 1 local.get 2 i32.xor"
        module = build(f"local.get 0 local.set 4 {code}", "i32 i32 i32 i32").load(one)
        went += "batches(" in translate(module, 1, form=Form(flavour=Flavour.METERED)).source
        argument = random.choice((0, 1, 4, 20, 100))
        ends = {(one.instantiate(module).exports.f(argument), None)}
        for more in (1 << 40, 0, 7, 60):
            execution = one.instantiate(module).exports.f.start(argument, fuel=0)
            while execution.run(fuel=max(execution.fuel_needed - execution.fuel, 0) + more) is not State.FINISHED:
                pass
            ends.add((execution.result, execution.fuel_used))
        assert len(ends) == 2, f"{seed} {argument}\n{code}"
    assert went > 15
