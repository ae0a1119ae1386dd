"""Loops that count are written as Python's `for`, and stand on what is asked before them; what comes out is the same.

Random loops begin and end at all edges of what is asked, and are compared with the reference interpreter: as they are,
paused at every safe point, and with a limit of fuel.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from random import Random

import pytest

from wrt_core.engines.stackless import detours
from wrt_core.engines.stackless.engine import StacklessEngine
from wrt_core.engines.stackless.runner import StacklessRunner
from wrt_core.engines.stackless.translation.function import translate
from wrt_core.engines.stackless.translation.variant import Flavour, Form
from wrt_core.execution import Interruption, Reason, Watch
from wrt_core.execution.state import State
from wrt_core.testing import ModuleBuilder, Program, disagreement
from wrt_core.testing.expect import traps
from wrt_foundation.plugins import get_plugin_manager
from wrt_foundation.traps import Trap, TrapCode

PLUGINS = get_plugin_manager()

EDGES = (0, 1, 5, 64, 0x3FFF_FFF0, 0x4000_0000, 0x7FFF_EFF8, 0x7FFF_FFF0, 0x8000_0000, 0xFFFF_FFC0, 0xFFFF_FFFE)
STEPS = (1, 1, 1, 2, 3, 4, 8, -1, -1, -2, -4, 0x1000, 0x1001, -0x1001, 0x4000_0000)
SIGNS = {1: ("ne", "ne", "lt_u", "lt_s", "le_u", "le_s"), -1: ("ne", "ne", "gt_u", "gt_s", "ge_u", "ge_s")}
MIRRORED = {"l": "g", "g": "l", "n": "n", "e": "e"}
LONGEST = 40
"""Turns after which a loop is left: most that go past an edge would go on for ages."""


def engine() -> StacklessEngine:
    return StacklessEngine(plugins=PLUGINS)


class LoopWriter:
    """Writes a function of two numbers with a loop: local 2 counts to local 6, 3 and 4 go along by steps, 7 is one.

    Local 5 counts turns, and local 8 sums up what was seen.
    """

    def __init__(self, random: Random) -> None:
        self.random = random
        self.type = random.choice(("i32", "i32", "i32", "i64"))
        self.others = [3, 4]
        self.logs = random.random() < 0.3
        self.way = random.choice(("last", "last", "leaving", "entering"))
        """When the loop looks whether it goes round: last of all, or first, and leaves it or goes on if so."""
        self.out = 2 if self.way == "entering" else 1

    def value(self) -> str:
        """A number from an edge or from a parameter, or near one."""
        random, t = self.random, self.type
        edge = random.choice(EDGES) << (32 if t == "i64" and random.random() < 0.5 else 0)
        number = f"local.get {random.choice((0, 1))}"
        return random.choice(
            (
                f"{t}.const {edge}",
                number,
                f"{number} {t}.const {random.choice((15, 63, 60))} {t}.and",
                f"{number} {t}.const 15 {t}.and {t}.const {edge} {t}.add",
                f"{t}.const {edge} {number} {t}.const 31 {t}.and {t}.sub",
            )
        )

    def stepped(self, local: int, direction: int = 0) -> str:
        random, t = self.random, self.type
        if random.random() < 0.2 and direction >= 0:
            order = ("local.get 7", f"local.get {local}")
            return f"{' '.join(random.sample(order, 2))} {t}.add local.set {local}"
        if random.random() < 0.15 and direction == 0:
            grown = f"local.get {local} local.get 8 {t}.const {random.choice((1, 255, 0x10001))} {t}.and {t}.add"
            return f"{grown} local.set {local}"
        step = random.choice([step for step in STEPS if step * direction >= 0])
        if step < 0 and random.random() < 0.5:
            return f"local.get {local} {t}.const {-step} {t}.sub local.set {local}"
        return f"local.get {local} {t}.const {step} {t}.add local.set {local}"

    def seen(self) -> str:
        """Sum up a number that some offset is added to: it is masked, or must not have to be."""
        local, offset = self.random.choice((2, 3, 4)), self.random.choice((0, 1, 16, -4, 0x1000, 0x7FFF_0000))
        t = self.type
        return f"""
            local.get {local} {t}.const {offset} {t}.add {t}.const 3 {t}.shr_u
            local.get 8 {t}.const 31 {t}.mul {t}.add local.set 8
        """

    def stored(self) -> str:
        local, offset = self.random.choice((3, 4)), self.random.choice((0, 4, 60))
        wrap = "i32.wrap_i64 " if self.type == "i64" else ""
        return f"""
            local.get {local} {wrap}i32.const 0xffff i32.and local.get 2 {wrap}i32.store8 {offset}
        """

    def called(self) -> str:
        """Sum up what a function makes of a number, which is in a slot of the operand stack meanwhile."""
        t, local = self.type, self.random.choice((2, 3, 4))
        return f"local.get 8 local.get {local} call 2 {t}.add {t}.const 31 {t}.mul local.set 8"

    def left(self) -> str:
        """Leave the loop for its block or the function, or step a local on one way only."""
        t, local = self.type, self.random.choice((2, 3, 4))
        inside = self.random.choice(
            (f"br {self.out + 1}", "local.get 8 return", f"{self.stepped(self.random.choice(self.others))}")
        )
        return f"local.get {local} {t}.const 7 {t}.and {t}.const 5 {t}.eq if {inside} end"

    def inner(self) -> str:
        t = self.type
        return f"""
            {t}.const {self.random.randrange(1, 4)} local.set 9
            loop {self.seen()} {self.stepped(self.random.choice((3, 4)))}
                local.get 9 {t}.const 1 {t}.sub local.tee 9 {t}.const 0 {t}.ne br_if 0 end
        """

    def code(self) -> str:
        random, t = self.random, self.type
        direction = random.choice((1, 1, -1))
        sign = random.choice(SIGNS[direction if random.random() < 0.9 else -direction])
        bounds = (
            *("local.get 6", "local.get 6", f"{t}.const {random.choice(EDGES)}"),
            *(f"local.get 6 {t}.const 3 {t}.add", f"local.get 6 local.get 1 {t}.sub"),
        )
        compared = ["local.get 2", random.choice(bounds)]
        if random.random() < 0.3:
            compared.reverse()
            sign = MIRRORED[sign[0]] + sign[1:]
        parts = [self.seen(), self.seen()]
        if self.logs:
            parts.insert(random.randrange(3), "local.get 5 call 0")
        parts += [part() for part in random.sample((self.left, self.stored, self.inner, self.called), 2)]
        last = [self.stepped(local) for local in self.others if random.random() < 0.8]
        last.insert(random.randrange(len(last) + 1), self.stepped(2, direction))
        test = f"{' '.join(compared)} {t}.{sign}"
        if random.random() < 0.2:
            test = f"local.get 2 {'' if t == 'i32' else 'i64.const 0 i64.ne'}"
        return self.looping([*parts, *last], test, self.seen() if random.random() < 0.3 else "", "local.get 3")

    def looping(self, parts: list[str], test: str, after: str, other: str) -> str:
        """The function, by the parts of a turn, the test, what comes after it, and the other number to be seen."""
        turn = f"""
            local.get 5 i32.const 1 i32.add local.tee 5 i32.const {LONGEST} i32.gt_u br_if {self.out}
            {" ".join(parts)}
        """
        loop = {
            "last": f"{turn} {test} br_if 0 {after}",
            "leaving": f"{test} i32.eqz br_if 1 {turn} br 0",
            "entering": f"{test} if {turn} br 1 end {after}",
        }[self.way]
        return f"""
            {self.value()} local.set 2 {self.value()} local.set 3 {self.value()} local.set 4
            {self.value()} local.set 6 {self.value()} local.set 7
            block loop {loop} end end
            {self.seen()} local.get 2 global.set 0 {other} global.set 1 local.get 8
        """

    def program(self) -> Program:
        t = self.type
        builder = ModuleBuilder()
        builder.import_function("env", "log", "i32 ->")
        builder.memory(1)
        for name in ("counter", "other"):
            builder.global_(name, t, f"{t}.const 0")
        code = self.code()
        builder.function("f0", f"{t} {t} -> {t}", code, f"{t} {t} {t} i32 {t} {t} {t} {t} {t} {t}")
        builder.function("g", f"{t} -> {t}", f"local.get 0 {t}.const 3 {t}.div_u")
        return Program(builder.bytes(), (" ".join(code.split()),))


def random_loop(seed: int) -> Program:
    return LoopWriter(Random(seed)).program()


class RoundaboutWriter(LoopWriter):
    """Writes loops that step as compilers do: through a copy in local 10 or 11, in arms of an `if`, in the middle."""

    def one_step(self, direction: int) -> str:
        return str(self.random.choice([step for step in STEPS if step * direction > 0]))

    def through(self, local: int, copy: int, direction: int) -> list[str]:
        """The parts of a turn that step a local, in order: other parts may come between them."""
        random, t = self.random, self.type
        step, another = self.one_step(direction), self.one_step(direction)
        stepped = f"local.get {local} {t}.const {step} {t}.add local.set {local}"
        odd = f"local.get 8 {t}.const 1 {t}.and {t}.const 0 {t}.ne"
        return random.choice(
            (
                [f"local.get {local} local.set {copy}", f"local.get {copy} {t}.const {step} {t}.add local.set {local}"],
                [
                    f"local.get {local} local.set {copy}",
                    f"local.get 8 {t}.const 255 {t}.and local.set {local}",
                    f"local.get {copy} {t}.const {step} {t}.add local.set {local}",
                ],
                [f"local.get {local} {t}.const {step} {t}.add local.set {copy}", f"local.get {copy} local.set {local}"],
                [f"{odd} if {stepped} else {self.seen()} {stepped} end"],
                [f"{odd} if {stepped} else local.get {local} {t}.const {another} {t}.add local.set {local} end"],
                [f"block {odd} br_if 0 {self.seen()} end", stepped],
                [f"block {stepped} {odd} br_if 0 {self.seen()} end"],
                [f"block {odd} br_if 0 {stepped} end"],
                [stepped],
                [stepped],
            )
        )

    def code(self) -> str:
        random, t = self.random, self.type
        direction = random.choice((1, 1, -1))
        sign = random.choice(SIGNS[direction])
        ahead = random.choice((0, 1, 2, 5, 64, -1, -4, 0x7FFF_FFF0))
        tested = random.choice(
            (
                *("local.get 2", f"local.get 2 {t}.const {ahead} {t}.add"),
                *(("local.get 10",) * 2 if self.way == "last" else ("local.get 2",)),
                random.choice(("local.get 2 local.get 7", "local.get 7 local.get 2")) + f" {t}.add",
            )
        )
        bound = random.choice(("local.get 6", "local.get 6", f"{t}.const {random.choice(EDGES)}"))
        compared = [tested, bound]
        if random.random() < 0.3:
            compared.reverse()
            sign = MIRRORED[sign[0]] + sign[1:]
        parts = [self.seen(), self.seen(), self.left(), self.stored()]
        if self.logs:
            parts.append("local.get 5 call 0")
        for local, copy, way in ((2, 10, direction), (3, 11, random.choice((1, -1)))):
            places = sorted(random.randrange(len(parts) + 1) for _ in range(3))
            for place, part in reversed(list(zip(places, self.through(local, copy, way), strict=False))):
                parts.insert(place, part)
        test = f"{' '.join(compared)} {t}.{sign}"
        return self.looping(parts, test, "", f"local.get 10 local.get 3 {t}.add")


def roundabout_loop(seed: int) -> Program:
    return RoundaboutWriter(Random(seed)).program()


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The offsets of loops that were left for other code."""
    offsets: list[int] = []
    activation_at = detours.activation_at

    def noted(names, index, form, offset, variables):  # type: ignore[no-untyped-def]
        offsets.append(offset)
        return activation_at(names, index, form, offset, variables)

    monkeypatch.setattr(detours, "activation_at", noted)
    return offsets


@pytest.mark.parametrize("part", range(20))
def test_random_loops(agree: Callable[..., None], part: int) -> None:
    agree(random_loop, range(part * 40, part * 40 + 40), rounds=12, steps=20_000)


@pytest.mark.parametrize("part", range(20))
def test_random_loops_that_step_in_roundabout_ways(agree: Callable[..., None], part: int) -> None:
    agree(roundabout_loop, range(part * 40, part * 40 + 40), rounds=12, steps=20_000)


def test_they_are_what_they_are_meant_to_be(taken: list[int]) -> None:
    asked = counted = 0
    for seed in range(200):
        program, one = random_loop(seed), engine()
        source = translate(one.load(program.module), 1).source
        asked += "rest_at" in source
        counted += "for l2 in range" in source
        disagreement(program, one, seed, rounds=12, steps=20_000)
    assert counted >= 25
    assert asked >= 20
    assert len(taken) >= 50


def build(code: str) -> ModuleBuilder:
    builder = ModuleBuilder()
    builder.memory(1)
    builder.function("f", "i32 i32 -> i32", code, "i32 i32 i32")
    return builder


SUM = """
    loop
        local.get 3 i32.load8_u 8 local.get 2 i32.add local.set 2
        local.get 3 i32.const 1 i32.add local.set 3
        local.get 0 i32.const 1 i32.sub local.tee 0 br_if 0
    end
    local.get 2
"""


def test_a_loop_is_a_for_and_nothing_in_it_is_masked() -> None:
    source = translate(build(SUM).load(engine()), 0).source
    (head,) = [number for number, line in enumerate(source.splitlines()) if "for l0 in range(l0, 0, -1):" in line]
    assert source.splitlines()[head + 2].strip() == "l3 = l3 + 1"
    assert "l0 = l0 - 1" in source.splitlines()[head + 4]


@pytest.mark.parametrize("flavour", [Flavour.POLLED, Flavour.METERED])
def test_so_it_is_where_it_can_be_interrupted(flavour: Flavour) -> None:
    assert "for l0 in range(l0, 0, -1):" in translate(build(SUM).load(engine()), 0, form=Form(flavour=flavour)).source


@pytest.mark.parametrize(("turns", "counts"), [(3, False), (4, False), (5, True)])
def test_what_goes_round_a_few_times_is_none(turns: int, counts: bool) -> None:
    constant = f"loop local.get 3 i32.load8_u 8 drop local.get 2 i32.const 1 i32.add local.tee 2 i32.const {turns}"
    source = translate(build(f"{constant} i32.ne br_if 0 end local.get 2").load(engine()), 0).source
    assert ("in range" in source) is counts


def test_a_loop_in_which_the_function_calls_itself_is_none() -> None:
    source = translate(build(SUM.replace("loop", "loop local.get 0 local.get 1 call 0 drop")).load(engine()), 0).source
    assert "in range" not in source


def test_where_it_would_wrap_it_goes_on_elsewhere(taken: list[int]) -> None:
    code = SUM.replace("local.get 3 i32.load8_u 8", "local.get 1 local.get 3 i32.add i32.load8_u 8")
    function = build(code).instantiate(engine()).exports["f"]
    assert function(3, 5) == 0
    assert not taken
    code = SUM.replace("loop", "local.get 1 local.set 3 loop", 1).replace("i32.load8_u 8", "i32.const 1 i32.shr_u")
    function = build(code).instantiate(engine()).exports["f"]
    assert function(3, 0xFFFF_FFFE) == 0x7FFF_FFFF + 0x7FFF_FFFF + 0 - (1 << 32)
    assert len(taken) == 1


@pytest.mark.parametrize(("start", "bound", "times"), [(0xFFFF_FFFE, 3, 2), (0xFFFF_FFFE, 0x5000_0000, 4)])
def test_where_it_always_would_it_is_not_asked_again(
    taken: list[int], monkeypatch: pytest.MonkeyPatch, start: int, bound: int, times: int
) -> None:
    """Code that asks less is used after two times; what counts is asked of until then, and two times more."""
    leaving = "local.get 4 i32.const 1 i32.add local.tee 4 i32.const 3 i32.eq if local.get 2 return end"
    code = SUM.replace("loop", f"local.get 1 local.set 3 loop {leaving}", 1).replace(
        "i32.load8_u 8", "i32.const 1 i32.shr_u"
    )
    function = build(code).instantiate(engine()).exports["f"]
    for _ in range(7):
        assert function(bound, start) == 0x7FFF_FFFF + 0x7FFF_FFFF - (1 << 32)
    assert len(taken) == times


def test_the_sum_that_a_loop_begins_by_looking_at_may_wrap() -> None:
    code = """
        local.get 0 local.set 2
        block loop
            local.get 2 i32.const 5 i32.add local.get 1 i32.lt_u i32.eqz br_if 1
            local.get 3 i32.const 1 i32.add local.set 3
            local.get 2 i32.const 4096 i32.add local.set 2
            br 0
        end end
        local.get 3
    """
    function = build(code).instantiate(engine()).exports["f"]
    assert function(0xFFFF_FFFF, 100) == 1
    assert function(0, 100) == 1
    assert function(0, 10_000) == 3


def test_what_only_counts_down_is_not_asked_of() -> None:
    counts = "local.get 2 i32.const 1 i32.sub local.set 2"
    code = f"""
        local.get 0 i32.const 1 i32.sub local.set 2
        loop
            {counts} {{}}
            local.get 3 i32.const 1 i32.add local.tee 3 local.get 0 i32.ne br_if 0
        end
        local.get 2
    """
    source = translate(build(code.format("local.get 4 local.get 2 i32.xor local.set 4")).load(engine()), 0).source
    assert "for l3 in range(0, l0)" in source
    assert "l2 >=" not in source
    source = translate(build(code.format("local.get 2 i32.load drop")).load(engine()), 0).source
    assert "l2 >=" in source


def test_a_bound_is_no_local_that_holds_a_signed_number(taken: list[int]) -> None:
    code = """
        i32.const 1 local.get 0 i32.const 31 i32.and i32.sub local.set 2 local.get 1 local.set 3
        loop
            local.get 4 i32.const 1 i32.add local.tee 4 i32.const 9 i32.gt_u if local.get 3 return end
            local.get 3 i32.const 4 i32.sub local.set 3 local.get 2 local.get 3 i32.le_s br_if 0
        end
        local.get 3
    """
    function = build(code).instantiate(engine()).exports["f"]
    assert function(21, 0) == -24
    assert len(taken) == 1


def test_what_a_loop_does_last_is_done_though_it_is_where_the_bound_was() -> None:
    """In a slot that had the bound as long as nothing was known of it."""
    builder = ModuleBuilder()
    builder.memory(1)
    builder.global_("calls", "i32", "i32.const 0")
    called = "global.get 0 i32.const 1 i32.add global.set 0 local.get 0"
    code = """
        i32.const 15 local.get 0 i32.and local.set 0
        loop
            local.get 3 i32.const 1 i32.add local.set 3 local.get 0 local.get 3 call 1 drop drop
            local.get 3 local.get 0 i32.const 2 i32.add i32.lt_s br_if 0
        end
        global.get 0
    """
    builder.function("f", "i32 i32 -> i32", code, "i32 i32 i32")
    builder.function("g", "i32 -> i32", f"{called} i32.load8_u")
    assert builder.instantiate(engine()).exports["f"](5, 0) == 7


def test_none_is_counted_for_that_ends_at_once() -> None:
    """What begins at zero and goes down has all the numbers before it: it is left by a trap."""
    with traps(TrapCode.MEMORY_OUT_OF_BOUNDS):
        build(SUM).instantiate(engine()).exports["f"](0, 0)


def test_a_trap_shows_its_function_once(taken: list[int]) -> None:
    instance = build(SUM).instantiate(engine())
    function = instance.exports["f"]
    frames = []
    for count in (70_000, 0x7FFF_FFFF):
        with pytest.raises(Trap) as caught:
            function(count, 0)
        frames.append([(frame.function, frame.offset) for frame in caught.value.frames])
    assert len(taken) == 1
    assert len(frames[0]) == 1
    assert frames[0] == frames[1]


def test_other_code_is_interrupted_and_saved_as_any(taken: list[int]) -> None:
    code = SUM.replace("i32.load8_u 8", "i32.const 255 i32.and i32.load8_u 8")
    execution = build(code).instantiate(engine()).exports["f"].start(0x7FFF_FFFF, 0, fuel=20_000)
    assert execution.run() is State.PAUSED
    assert len(taken) == 1
    (frame,) = execution.frames
    assert 0 < 0x7FFF_FFFF - frame.locals[0] < 20_000


RECURSING = """
import threading
from wrt_core import EngineFactory
from wrt_core.testing import ModuleBuilder
from wrt_foundation.traps import Trap, TrapCode

builder = ModuleBuilder()
builder.function("f", "i32 -> i32", '''
    loop
        local.get 0 call 0 drop
        local.get 1 i32.const 1 i32.add local.set 1 local.get 1 local.get 0 i32.lt_u br_if 0
    end
    i32.const 0
''', "i32")
function = builder.instantiate(EngineFactory.create("stackless")).exports["f"]
codes = []

def call():
    try:
        function(-1)
    except Trap as trap:
        codes.append(trap.code)

threading.stack_size(1 << 19)
thread = threading.Thread(target=call)
thread.start()
thread.join()
assert codes == [TrapCode.CALL_STACK_EXHAUSTED], codes
"""


def test_a_guest_that_recurses_in_other_code_needs_no_more_of_the_stack() -> None:
    """In a process of its own: what has no stack left takes its process with it."""
    done = subprocess.run([sys.executable, "-c", RECURSING], capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr


def run(program: Program, args: tuple[int, int], fuel: int | None, pausing: bool) -> tuple[object, ...]:
    """How a call ends, and how often it paused: at every safe point, or after every call of the host without `fuel`."""
    one, watch = engine(), Watch(fuel=0 if pausing and fuel else fuel)

    def log(_: int) -> None:
        if pausing and fuel is None:
            watch.ask(Reason.REQUESTED)

    instance = one.instantiate(one.load(program.module), {"env": {"log": log}})
    func = instance.functions[1]
    runner = StacklessRunner(100, None)
    stack = runner.begin(func, args)
    stops = 0
    while True:
        try:
            told: object = runner.run(stack, watch)
            break
        except Trap as trap:
            told = trap.code
            break
        except Interruption as stop:
            stops += 1
            watch.asked = None
            watch.fuel = None if fuel is None else stop.needed
    memory = instance.memories[0]
    return told, tuple(each.raw for each in instance.globals), memory.read(0, memory.byte_length), stops


@pytest.mark.parametrize("part", range(4))
def test_pauses_at_every_safe_point(part: int) -> None:
    asked = 0
    for seed in range(1000 + part * 25, 1025 + part * 25):
        program, random = (random_loop, roundabout_loop)[seed % 2](seed), Random(seed)
        for _ in range(4):
            args = random.choice(EDGES), random.choice(EDGES)
            ends = [run(program, args, fuel, pausing) for fuel in (None, 1_000_000) for pausing in (False, True)]
            assert all(end[:3] == ends[0][:3] for end in ends), f"{seed} {args}\n{program}"
            asked += ends[1][3]
            assert ends[3][3] > 0
    assert asked > 50
