"""Loops that only read take what they read from slices, and what comes out, and can be seen on the way, is the same.

Random loops read numbers of all kinds at all distances, aligned and not, up to the end of memory and past it. They are
compared with the reference interpreter, also paused at every safe point; what is paused is as if all had been stepped.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from wrt_core.engines.stackless.engine import StacklessEngine
from wrt_core.engines.stackless.translation.function import translate
from wrt_core.engines.stackless.translation.variant import Flavour, Form
from wrt_core.execution import Execution
from wrt_core.execution.snapshot import Snapshot
from wrt_core.execution.state import State
from wrt_core.testing import ModuleBuilder, Program
from wrt_core.testing.reference import Reference
from wrt_foundation.plugins import get_plugin_manager
from wrt_foundation.traps import Trap

PLUGINS = get_plugin_manager()
NUMBERS = (0, 8, 16, 24, 64, 100, 0xFE00, 0xFF00, 0xFFC0)
LOADS = {
    "i32.load": "",
    "i32.load8_u": "",
    "i32.load8_s": "",
    "i32.load16_u": "",
    "i32.load16_s": "",
    "i64.load": "i32.wrap_i64",
    "f64.load": "i64.reinterpret_f64 i64.const 32 i64.shr_u i32.wrap_i64",
    "f32.load": "i32.reinterpret_f32",
}


def engine() -> StacklessEngine:
    return StacklessEngine(plugins=PLUGINS)


class Writer:
    """Writes a loop in which local 2 counts, and 3 and 4 say where; 5 is a step or a place, and 6 sees all."""

    def __init__(self, random: Random) -> None:
        self.random = random

    def read(self) -> str:
        random = self.random
        load, end = random.choice(list(LOADS.items()))
        place = random.choice(
            (
                "local.get 3",
                "local.get 3",
                "local.get 4",
                "local.get 2",
                "local.get 2 i32.const 2 i32.shl",
                "local.get 3 local.get 5 i32.add",
                "local.get 3 local.get 4 i32.add",
                "local.get 3 i32.const 16 i32.sub",
                "local.get 6 i32.const 255 i32.and",
            )
        )
        return f"{place} {load} {random.choice((0, 0, 4, 8, 16, 3))} {end}"

    def noted(self, value: str) -> str:
        return f"{value} local.get 6 i32.const 31 i32.mul i32.add local.set 6"

    def seen(self) -> str:
        random = self.random
        value = random.choice((self.read(), self.read(), self.read(), f"local.get {random.choice((2, 3, 4))}"))
        if random.random() < 0.2:
            return f"{value} i32.const 1 i32.and if {self.noted(self.read())} else {self.noted('local.get 5')} end"
        return self.noted(value)

    def body(self) -> str:
        return " ".join(self.seen() for _ in range(self.random.randrange(1, 4)))

    def loop(self) -> str:
        random = self.random
        begun = [f"i32.const {random.choice(NUMBERS)} local.set {local}" for local in (3, 4)]
        begun[0] = random.choice((begun[0], "local.get 0 local.set 3"))
        begun.append(random.choice(("i32.const 16 local.set 5", "local.get 1 local.set 5", "i32.const 3 local.set 5")))
        steps = [f"i32.const {random.choice((1, 2, 4, 8, 16, 24, -8))}" for _ in range(2)]
        steps[1] = random.choice((steps[1], "local.get 5"))
        stepped = [
            f"local.get {local} {step} i32.add local.set {local}" for local, step in zip((3, 4), steps, strict=True)
        ]
        if random.random() < 0.5:
            stepped.pop()
        turns = random.choice((10, 20, 40, 40, 64))
        if random.random() < 0.5:
            counted = f"local.get 2 i32.const 1 i32.add local.tee 2 i32.const {turns} i32.ne br_if 0"
            begun.append("i32.const 0 local.set 2")
        else:
            counted = "local.get 2 i32.const 1 i32.sub local.tee 2 br_if 0"
            begun.append(f"i32.const {turns} local.set 2")
        if random.random() < 0.3:
            stepped.insert(0, self.body())
        return f"{' '.join(begun)} loop {self.body()} {' '.join(stepped)} {self.seen()} {counted} end"


def program(seed: int) -> Program:
    random = Random(seed)
    writer = Writer(random)
    code = f"{writer.loop()} {writer.loop()} local.get 6 local.get 3 i32.add local.get 4 i32.xor local.get 2 i32.sub"
    builder = ModuleBuilder()
    builder.memory(1)
    builder.data(Random(seed).randbytes(2048))
    builder.data(Random(seed + 1).randbytes(1024), 0x10000 - 1024)
    builder.function("f0", "i32 i32 -> i32", code, "i32 i32 i32 i32 i32")
    return Program(builder.bytes(), (" ".join(code.split()),))


@pytest.mark.parametrize("part", range(12))
def test_random_programs(agree: Callable[..., None], part: int) -> None:
    agree(program, range(part * 50, part * 50 + 50), rounds=4, steps=20_000)


def test_they_stream() -> None:
    one = engine()
    sources = [translate(one.load(program(seed).module), 0).source for seed in range(200)]
    assert sum("in zip(" in source for source in sources) > 100


@pytest.mark.parametrize("part", range(4))
def test_pauses_at_every_safe_point(agree_paused: Callable[..., None], part: int) -> None:
    for seed in range(2000 + part * 8, 2008 + part * 8):
        random = Random(seed)
        agree_paused(program(seed), random.choice(NUMBERS), random.choice(NUMBERS))


SUM = """
    loop
        local.get 2 local.get 0 i32.load {offset} i32.add local.set 2
        local.get 0 i32.const {step} i32.add local.set 0
        local.get 1 i32.const 1 i32.sub local.tee 1 br_if 0
    end
    local.get 2
"""


def builder(code: str = SUM, **texts: object) -> ModuleBuilder:
    made = ModuleBuilder()
    made.memory(1)
    made.data(bytes(range(256)) * 256)
    made.function("f", "i32 i32 -> i32", code.format(**{"offset": 0, "step": 4, **texts}), "i32 i32")
    return made


def source(code: str = SUM, **texts: object) -> str:
    return translate(builder(code, **texts).load(engine()), 0).source


def test_an_address_is_not_stepped() -> None:
    text = source()
    assert "for l1, u0 in zip(r23, Ia0[p0:]):\n   l2 = u0 + l2\n" in text or "l2 = l2 + u0\n" in text
    assert "l0 = l0 + 4 * q" in text


@pytest.mark.parametrize("flavour", [Flavour.POLLED, Flavour.METERED])
def test_nor_is_it_where_it_can_be_interrupted(flavour: Flavour) -> None:
    assert "= zip(" in translate(builder().load(engine()), 0, form=Form(flavour=flavour)).source


def items(start: int, count: int, step: int = 4) -> int:
    memory = bytes(range(256)) * 256
    total = sum(int.from_bytes(memory[at : at + 4], "little") for at in range(start, start + count * step, step))
    return (total + (1 << 31)) % (1 << 32) - (1 << 31)


@pytest.mark.parametrize("count", [1, 2, 17, 100, 16384])
@pytest.mark.parametrize("start", [0, 4, 2, 1])
def test_what_is_not_aligned_is_read_nevertheless(start: int, count: int) -> None:
    count = min(count, (0x10000 - start) // 4)
    assert builder().instantiate(engine()).exports.f(start, count) == items(start, count)


@pytest.mark.parametrize(("start", "count"), [(0x10000 - 400, 100), (0, 16384)])
def test_what_ends_where_memory_does_is_read_whole(start: int, count: int) -> None:
    function = builder().instantiate(engine()).exports.f
    assert function(start, count) == items(start, count)
    for more in (1, 2, 1000):
        with pytest.raises(Trap, match="out of bounds"):
            function(start, count + more)


@pytest.mark.parametrize("offset", [-4, 0, 4])
def test_a_slice_begins_where_the_item_is(offset: int) -> None:
    code = SUM.replace("local.get 0 i32.load {offset}", "local.get 0 i32.const {offset} i32.add i32.load")
    assert builder(code, offset=offset).instantiate(engine()).exports.f(64, 50) == items(64 + offset, 50)


def test_what_is_read_after_it_was_stepped_is_a_step_further() -> None:
    load = "local.get 2 local.get 0 i32.load {offset} i32.add local.set 2"
    step = "local.get 0 i32.const {step} i32.add local.set 0"
    code = SUM.replace(load, "X").replace(step, load).replace("X", step)
    assert "u0" in source(code)
    assert builder(code).instantiate(engine()).exports.f(64, 50) == items(68, 50)


def test_a_step_that_is_none_is_no_slice() -> None:
    """Python has no slice that does not get on."""
    code = SUM.replace("i32.const {step}", "local.get 3").replace(
        "loop", "local.get 1 i32.const 64 i32.sub local.set 3 loop", 1
    )
    assert "zip(" in source(code)
    (first,) = {builder(code).instantiate(engine()).exports.f(64, count) for count in (64,)}
    assert first == (items(64, 1) * 64 + (1 << 31)) % (1 << 32) - (1 << 31)
    assert builder(code).instantiate(engine()).exports.f(64, 72) == items(64, 72, 8)


@pytest.mark.parametrize(
    "added",
    [
        "local.get 0 local.get 2 i32.store",
        "local.get 2 call 0 drop",
        "local.get 2 global.set 0",
        "i32.const 0 memory.grow drop",
    ],
)
def test_a_loop_that_does_anything_else_does_not_stream(added: str) -> None:
    made = ModuleBuilder()
    made.memory(1)
    made.global_("global", "i32", "i32.const 0")
    code = SUM.format(offset=0, step=4).replace("loop", f"loop {added}", 1)
    made.function("g", "i32 -> i32", "local.get 0 i32.load 0 drop local.get 0 i32.load 4")
    made.function("f", "i32 i32 -> i32", code, "i32 i32")
    text = translate(made.load(engine()), 1).source
    assert "in range(" in text
    assert "zip(" not in text


INNER = "loop" + SUM.partition("loop")[2].rpartition("local.get 2")[0]
AGAIN = f"""
    loop
        local.get 3 i32.const {{odd}} i32.eq local.set 0
        i32.const {{turns}} local.set 1
        {INNER}
        local.get 3 i32.const 1 i32.add local.tee 3 i32.const {{times}} i32.ne br_if 0
    end
    local.get 2
"""
"""A loop around the one that streams, which begins at an address that is not aligned one time."""


def is_right(execution: Execution, turns: int, odd: int) -> bool:
    """Whether it is paused in the inner loop; then where that is, and how many turns are left, must belong together."""
    where, left, *others = execution.frames[0].locals
    if left in (0, turns) or not others:  # which there are not yet where it is entered
        return False
    time = others[1]
    assert where == 4 * (turns - left) + (time == odd)
    return True


@pytest.mark.parametrize("odd", [0, 1, 2])
def test_whether_it_streams_is_decided_each_time(odd: int) -> None:
    """A pause where it does not is not told of by the last time that it did."""
    one = engine()
    module = builder(AGAIN, turns=30, times=3, odd=odd).load(one)
    assert "zip(" in translate(module, 0).source
    (expected,) = Reference(module).call(0, [0, 0])
    execution = one.instantiate(module).exports.f.start(0, 0, fuel=0)
    inside = 0
    while execution.run(fuel=execution.fuel_needed) is State.PAUSED:
        inside += is_right(execution, 30, odd)
        execution = Snapshot.from_bytes(Snapshot.of(execution).to_bytes()).resume(one, module)
    assert execution.result & 0xFFFF_FFFF == expected
    assert inside > 80


def test_it_is_paused_from_outside_as_if_all_had_been_stepped() -> None:
    one = engine()
    module = builder(AGAIN, turns=16000, times=100, odd=-1).load(one)
    function = one.instantiate(module).exports.f
    expected = function(0, 0)
    inside = 0
    for number in range(8):
        execution = function.start(0, 0)
        timer = threading.Timer(0.002 * (number + 1), execution.pause)
        timer.start()
        state = execution.run()
        timer.join()
        if state is State.PAUSED:
            inside += is_right(execution, 16000, -1)
            execution = Snapshot.from_bytes(Snapshot.of(execution).to_bytes()).resume(one, module)
            assert execution.run() is State.FINISHED
        assert execution.result == expected
    assert inside > 0


def test_so_it_is_where_the_translation_was_kept(tmp_path: Path) -> None:
    content = builder(AGAIN, turns=30, times=3, odd=1).bytes()
    inside = 0
    for _ in range(2):
        one = StacklessEngine(plugins=PLUGINS, cache=tmp_path)
        module = one.load(content)
        execution = one.instantiate(module).exports.f.start(0, 0, fuel=0)
        while execution.run(fuel=1) is State.PAUSED:
            inside += is_right(execution, 30, 1)
    assert inside > 160


def outcome(code: str, *args: int, data: bytes = bytes(range(256)) * 256) -> None:
    """Fail if a call of a function with this code ends otherwise than in the reference interpreter."""
    made = ModuleBuilder()
    made.memory(1)
    made.data(data)
    made.function("f", "i32 i32 -> i32", code, "i32 i32 i32")
    one = engine()
    module = made.load(one)
    assert "zip(" in translate(module, 0).source
    (expected,) = Reference(module).call(0, list(args))
    assert one.instantiate(module).exports.f(*args) & 0xFFFF_FFFF == expected


TURNS = "local.get 1 i32.const 1 i32.sub local.tee 1 br_if 0 end local.get 2"
READ = "local.get 2 local.get 0 i32.load i32.add local.set 2"
STEP = "local.get 0 i32.const 4 i32.add local.set 0"


def test_an_address_that_a_condition_looks_at_is_stepped() -> None:
    asked = "local.get 0 i32.const 64 i32.and if local.get 2 i32.const 1 i32.add local.set 2 end"
    outcome(f"loop {READ} {asked} {STEP} {TURNS}", 0, 100)


def test_what_is_constant_and_not_aligned_is_no_slice() -> None:
    reading = "local.get 2 local.get 3 i32.load 2 i32.add local.get 0 i32.load i32.add local.set 2"
    counting = "local.get 3 i32.const 4 i32.add local.tee 3 i32.const 400 i32.ne br_if 0 end local.get 2"
    outcome(f"loop {reading} {STEP} {counting}", 0, 0)


def test_a_counter_that_is_stepped_before_the_end_is_none_that_says_where() -> None:
    code = """
        loop
            local.get 3 i32.const 4 i32.add local.set 3
            local.get 2 local.get 3 i32.load i32.add local.set 2
            local.get 3 i32.const 400 i32.ne br_if 0
        end
        local.get 2
    """
    made = builder(code.replace("local.get 3", "local.get 1").replace("local.set 3", "local.set 1"))
    (expected,) = Reference(made.load(engine())).call(0, [0, 0])
    assert made.instantiate(engine()).exports.f(0, 0) & 0xFFFF_FFFF == expected


def test_what_is_counted_down_from_outside_of_memory_traps() -> None:
    code = f"loop {READ} local.get 0 i32.const 4 i32.sub local.tee 0 br_if 0 end"
    function = builder(f"{code} local.get 2").instantiate(engine()).exports.f
    assert function(400, 0) == items(4, 100)
    with pytest.raises(Trap, match="out of bounds"):
        function(0x10100, 0)


def test_where_an_address_wraps_in_the_midst_it_goes_on_from_there() -> None:
    """A loop with something in it that may have to be done again is left as it is: then, all variables are needed."""
    follow = "local.get 2 local.get 0 i32.load i32.const 32 i32.add i32.load8_u i32.add local.set 2"
    data = bytes(200) + (0xFFFF_FFF0).to_bytes(4, "little") * 100
    data = data[:16] + b"\x07" + data[17:32] + b"\x05" + data[33:]
    made = ModuleBuilder()
    made.memory(1)
    made.data(data)
    made.function("f", "i32 i32 -> i32", f"loop {follow} {READ} {STEP} {TURNS}", "i32 i32 i32")
    one = engine()
    module = made.load(one)
    (expected,) = Reference(module).call(0, [64, 100])
    assert one.instantiate(module).exports.f(64, 100) & 0xFFFF_FFFF == expected
