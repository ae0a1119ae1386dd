"""Code as compilers write it that do not optimise: its temporaries are folded, what it loads again is remembered.

Random functions keep their variables in a frame in memory, put each instruction's result in a local of its own, and
store at addresses that may be in the frame. They are compared with the reference interpreter.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import pytest

from wrt_core.engines.stackless.engine import StacklessEngine
from wrt_core.engines.stackless.translation.function import translate
from wrt_core.engines.stackless.translation.instructions.kinds import Instructions
from wrt_core.engines.stackless.translation.instructions.reloads import remembered
from wrt_core.engines.stackless.translation.instructions.temporaries import folded
from wrt_core.engines.stackless.translation.steps import done
from wrt_core.execution.state import State
from wrt_core.testing import ModuleBuilder, Program
from wrt_foundation.binary.instructions import read_instructions
from wrt_foundation.plugins import get_plugin_manager
from wrt_foundation.traps import Trap, TrapCode

PLUGINS = get_plugin_manager()
LOCALS = 150
NUMBERS = (0, 1, 2, 5, 12, 63, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF)
FRAME = 64


def engine() -> StacklessEngine:
    return StacklessEngine(plugins=PLUGINS)


class Writer:
    """Writes a function of two numbers: local 2 is its frame, those from 3 on are temporaries, each set once."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.last = 2
        self.ready: list[int] = []
        """Temporaries that nobody has read."""
        self.open = 0

    def put(self, value: str) -> str:
        self.last += 1
        self.ready.append(self.last)
        return f"{value} local.set {self.last}"

    def take(self) -> str:
        """Read something: nearly always what was put somewhere not long ago, and then not again."""
        random = self.random
        if self.ready and random.random() < 0.9:
            found = self.ready[-1 - random.randrange(min(4, len(self.ready)))]
            if random.random() < 0.9:
                self.ready.remove(found)
            return f"local.get {found}"
        return f"local.get {random.randrange(2)}" if random.random() < 0.7 else f"i32.const {random.choice(NUMBERS)}"

    def statement(self, depth: int) -> str:
        random, take = self.random, self.take
        ways: list[Callable[[], str]] = [
            *[self.load] * 8,
            *[self.store] * 5,
            lambda: self.put(f"i32.const {random.choice(NUMBERS)}"),
            lambda: self.put(take()),
            *[lambda: self.put(f"{take()} {take()} i32.{random.choice(('add', 'sub', 'mul', 'xor', 'shl', 'lt_s'))}")]
            * 3,
            lambda: self.put(f"{take()} {take()} i32.{random.choice(('div_s', 'rem_u'))}"),
            lambda: self.put(f"{take()} {take()} i64.extend_i32_u i32.wrap_i64 i32.ne"),
            lambda: self.put(f"{take()} {take()} {take()} select"),
            lambda: self.put("global.get 0"),
            lambda: f"{take()} global.set 0",
            lambda: f"{take()} call 0",
            lambda: f"{take()} local.set {random.randrange(2)}",
            lambda: f"{take()} {take()} {take()} local.set 0 i32.const 1 i32.add global.set 0 local.set 1",
        ]
        if depth:
            ways += [lambda: self.arms(depth), lambda: self.block(depth), lambda: self.loop(depth)]
        if self.open:
            ways.append(lambda: f"{take()} br_if {random.randrange(self.open)}")
            ways.append(lambda: f"{take()} if br {random.randrange(self.open) + 1} end")
            ways.append(lambda: f"block {take()} br_table 0 {random.randrange(self.open) + 1} 0 end")
        return random.choice(ways)()

    def load(self) -> str:
        random = self.random
        width = random.choice(("", "", "", "", "8_u", "8_s", "16_u"))
        if random.random() < 0.85:
            return self.put(f"local.get 2 i32.load{width} {self.slot()}")
        return self.put(f"{self.take()} i32.const 127 i32.and i32.load{width} {random.choice((0, 65472))}")

    def store(self) -> str:
        random = self.random
        width = random.choice(("", "", "", "", "8", "16"))
        if random.random() < 0.85:
            return f"local.get 2 {self.take()} i32.store{width} {self.slot()}"
        return f"{self.take()} i32.const 127 i32.and {self.take()} i32.store{width}"

    def slot(self) -> int:
        return self.random.choice((4, 4, 8, 8, 8, 8, 10))

    def statements(self, depth: int) -> str:
        return " ".join(self.statement(depth) for _ in range(self.random.randrange(2, 9)))

    def arms(self, depth: int) -> str:
        condition = self.take()
        self.open += 1
        then, otherwise = self.statements(depth - 1), self.statements(depth - 1)
        self.open -= 1
        return f"{condition} if {then} {self.random.choice(('', f'else {otherwise}'))} end"

    def block(self, depth: int) -> str:
        self.open += 1
        inside = self.statements(depth - 1)
        self.open -= 1
        return f"block {inside} end"

    def loop(self, depth: int) -> str:
        """A loop that counts in memory, past what is stored elsewhere."""
        counter = 60_000 + 4 * depth
        outer, self.open = self.open, 0
        inside = self.statements(depth - 1)
        self.open = outer
        step = f"i32.const 0 i32.const 0 i32.load {counter} i32.const 1 i32.sub i32.store {counter}"
        return (
            f"i32.const 0 i32.const {self.random.randrange(1, 5)} i32.store {counter} "
            f"loop {inside} {step} i32.const 0 i32.load {counter} br_if 0 end"
        )

    def code(self) -> str:
        frame = f"i32.const {FRAME} local.set 2"
        body = " ".join(self.statements(2) for _ in range(3))
        seen = " ".join(f"local.get {each} i32.xor" for each in (*self.ready[-12:], 0, 1))
        return f"{frame} {body} i32.const 0 {seen}"


def program(seed: int) -> Program:
    builder = ModuleBuilder()
    builder.memory(1)
    builder.data(bytes(Random(seed).randrange(256) for _ in range(300)), 0)
    builder.global_(None, "i32", "i32.const 5")
    change = f"i32.const {FRAME} local.get 0 i32.store 8"
    builder.function("g", "i32 ->", f"loop end local.get 0 global.get 0 i32.add global.set 0 {change}")
    writer = Writer(Random(seed))
    code = writer.code()
    builder.function("f0", "i32 i32 -> i32", code, " ".join(["i32"] * (writer.last - 1)))
    return Program(builder.bytes(), (code,))


@pytest.mark.parametrize("part", range(20))
def test_random_programs(agree: Callable[..., None], part: int) -> None:
    agree(program, range(part * 40, part * 40 + 40), rounds=4, steps=20_000)


def test_they_are_what_they_are_meant_to_be() -> None:
    temporaries = loads = 0
    for seed in range(40):
        code = engine().load(program(seed).module).module.codes[1]
        instructions = list(read_instructions(code.code, code.offset))
        less = remembered(instructions)
        temporaries += _count(less, "local.set") - _count(done(folded(less, 2)), "local.set")
        loads += _count(instructions, "i32.load") - _count(less, "i32.load")
    assert temporaries > 250
    assert loads > 25


def _count(instructions: Instructions, name: str) -> int:
    return sum(instruction.name.startswith(name) for instruction, _, _ in instructions)


def source(code: str, locals_: str = "i32 i32 i32 i32", results: str = "i32") -> str:
    builder = ModuleBuilder()
    builder.memory(1)
    builder.global_(None, "i32", "i32.const 5")
    builder.function("f", f"i32 i32 -> {results}".rstrip(), code, locals_)
    builder.function("g", "->", "loop end")
    return translate(builder.load(engine()), 0).source


LOAD = "local.get 0 i32.load local.set 2"
STORE = "local.get 1 i32.const 3 i32.store"


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (f"{LOAD} local.get 1 i32.load 4 local.set 3 local.get 2 local.get 3 i32.xor", "return I0[l0] ^ I0_4[l1]"),
        # In another order than they were given: that both may trap can't be told.
        (f"{LOAD} local.get 1 i32.load 4 local.set 3 local.get 3 local.get 2 i32.xor", "return I0_4[l1] ^ I0[l0]"),
        (f"local.get 0 local.set 2 {STORE} local.get 2", "I0[l1] = 3\n return l0"),
        ("i32.const 7 local.set 2 i32.const 9 local.set 3 local.get 2 local.get 3 i32.mul", "return 63"),
        ("local.get 0 i32.const 1 i32.shr_u local.set 2 local.get 2 local.set 3 local.get 3", "return l0 >> 1"),
    ],
)
def test_what_is_read_once_is_computed_there(code: str, expected: str) -> None:
    assert expected in source(code)
    assert "l2" not in source(code)


@pytest.mark.parametrize(
    "between",
    [
        STORE,
        "local.get 0 i32.const 1 i32.add local.set 0",
        "local.get 1 global.set 0",
        "call 1",
        "i32.const 1 memory.grow drop",
        "i32.const 4 local.get 1 br_if 0 drop",
        "block end",
        "loop end",
        # A division traps otherwise: what was to trap before does.
        "local.get 1 local.get 1 i32.div_u local.set 4",
        "local.get 1 local.get 1 i32.rem_s global.set 0",
    ],
)
def test_it_is_not_read_past_what_could_tell(between: str) -> None:
    text = source(f"{LOAD} {between} i32.const 2 local.get 2 i32.add")
    assert "l2 = I0[l0]" in text
    first = text.index("[l0]")
    for later in ("I0[l1] = 3", "l0 = l0 + 1", "g0.raw =", "f1()", "grow", "if l1", "l1 // l1", "l1 %"):
        assert later not in text or first < text.index(later), text


def test_what_is_read_twice_or_set_twice_is_a_local() -> None:
    assert "l2 = I0[l0]" in source(f"{LOAD} local.get 2 local.get 2 i32.add")
    assert "l2 = " in source(f"{LOAD} local.get 1 if i32.const 4 local.set 2 end local.get 2")
    assert "l2 = " in source("local.get 0 local.tee 2 i32.const 1 i32.add local.get 2 i32.mul")


def test_what_is_given_something_else_before_it_is_read_may_have_trapped() -> None:
    builder = ModuleBuilder()
    builder.memory(1)
    builder.function("f", "i32 -> i32", "local.get 0 i32.load local.set 1 i32.const 7 local.set 1 local.get 1", "i32")
    exports = builder.instantiate(engine()).exports
    assert exports.f(0) == 7
    with pytest.raises(Trap):
        exports.f(0x10000)


def test_a_parameter_is_a_local() -> None:
    assert source("local.get 1 local.set 0 i32.const 3 global.set 0 local.get 0").count("l0 = l1") == 1


def test_what_is_on_the_stack_is_older() -> None:
    """What waits below must not see what is done above it."""
    builder = ModuleBuilder()
    builder.memory(1)
    store = "local.get 1 i32.const 3 i32.store"
    code = f"local.get 0 i32.load local.get 0 i32.load 4 local.set 2 {store} local.get 2 i32.add"
    builder.function("f", "i32 i32 -> i32", code, "i32")
    instance = builder.instantiate(engine())
    instance.memories[0].write(0, b"\1\0\0\0\2\0\0\0")
    assert instance.exports.f(0, 0) == 3
    assert instance.exports.f(0, 4) == 5


def test_of_two_traps_the_first_is_taken() -> None:
    builder = ModuleBuilder()
    builder.memory(1)
    divided = "local.get 1 local.get 1 i32.div_s local.set 3"
    builder.function("f", "i32 i32 -> i32", f"{LOAD} {divided} local.get 3 local.get 2 i32.add", "i32 i32")
    builder.function("g", "i32 i32 -> i32", f"{divided} {LOAD} local.get 2 local.get 3 i32.add", "i32 i32")
    below = f"local.get 1 local.get 1 i32.div_s {LOAD} i32.const 4 i32.const 0 i32.store local.get 2 i32.add"
    builder.function("h", "i32 i32 -> i32", below, "i32 i32")
    exports = builder.instantiate(engine()).exports
    for function, code in (
        (exports.f, TrapCode.MEMORY_OUT_OF_BOUNDS),
        (exports.g, TrapCode.INTEGER_DIVIDE_BY_ZERO),
        (exports.h, TrapCode.INTEGER_DIVIDE_BY_ZERO),
    ):
        with pytest.raises(Trap) as caught:
            function(0x10000, 0)
        assert caught.value.code is code
        assert function(0, 1) == 1


def test_a_long_expression_is_cut() -> None:
    """Each step doubles nothing, and a hundred thousand take a hundred thousand steps."""
    builder = ModuleBuilder()
    steps = "".join(f"local.get {n} i32.const 3 i32.add local.set {n + 1} " for n in range(3_000))
    builder.function("f", "i32 -> i32", f"{steps} local.get 3000", " ".join(["i32"] * 3_000))
    assert builder.instantiate(engine()).exports.f(1) == 9_001


def test_fuel_is_what_it_was() -> None:
    """What was folded and what is not loaded again costs what it did: an instruction each."""
    builder = ModuleBuilder()
    builder.memory(1)
    code = f"{LOAD} local.get 0 i32.load local.set 3 local.get 2 local.get 3 i32.xor"
    builder.function("f", "i32 i32 -> i32", code, "i32 i32")
    execution = builder.instantiate(engine()).exports.f.start(0, 0, fuel=100)
    assert execution.run() is State.FINISHED
    assert 100 - execution.fuel == 3 + 3 + 3 + 1


AGAIN = "local.get 0 i32.load local.set 3 local.get 2 local.get 3 i32.add local.get 2 i32.mul"


@pytest.mark.parametrize(
    "code",
    [
        f"{LOAD} {AGAIN}",
        f"{LOAD} local.get 0 i32.const 3 i32.store 4 {AGAIN}",
        f"{LOAD} i32.const 1 local.get 1 br_if 0 drop {AGAIN}",
        f"{LOAD} block local.get 1 i32.load local.set 4 {AGAIN} local.set 5 end local.get 5",
        f"{LOAD} local.get 1 if {AGAIN} local.set 5 end local.get 5",
        f"{LOAD} local.get 1 if nop else {AGAIN} local.set 5 end local.get 5",
        f"i32.const 5 local.get 1 i32.xor local.set 2 local.get 0 local.get 2 i32.store {AGAIN}",
        f"{LOAD} local.get 0 nop i32.load nop local.set 3 local.get 2 local.get 3 i32.add local.get 2 i32.mul",
        # Whichever way control came, it is there still.
        f"{LOAD} block end {AGAIN}",
        f"{LOAD} block local.get 1 br_if 0 local.get 0 i32.const 3 i32.store 4 end {AGAIN}",
        f"{LOAD} block local.get 1 if br 1 else local.get 0 i32.const 3 i32.store 4 end end {AGAIN}",
        f"{LOAD} local.get 1 if local.get 0 i32.const 3 i32.store 4 end {AGAIN}",
        f"block {LOAD} local.get 1 br_table 0 0 end {AGAIN}",
        f"block {LOAD} local.get 1 if call 1 i32.const 5 return end end {AGAIN}",
        f"local.get 1 if {LOAD} else {LOAD} end {AGAIN}",
        f"loop {LOAD} local.get 1 br_if 0 end {AGAIN}",
    ],
)
def test_what_a_local_has_is_not_loaded_again(code: str) -> None:
    assert source(code).count("0[l0]") == max(code.count(LOAD), 1)


@pytest.mark.parametrize(
    "between",
    [
        "local.get 0 i32.const 3 i32.store",
        "local.get 0 i32.const 3 i32.store8 3",
        "local.get 0 i64.const 3 i64.store",
        "local.get 1 i32.const 3 i32.store 4",
        "local.get 0 i32.const 4 i32.add i32.const 3 i32.store 4",
        "local.get 0 local.get 1 i32.const 3 i32.add i32.store",
        "local.get 0 i32.const 3 f32.convert_i32_u f32.store",
        "i32.const 9 local.set 0",
        "i32.const 9 local.set 2",
        "i32.const 9 local.tee 2 drop",
        "call 1",
        "loop end",
        "block local.get 1 br_if 0 call 1 end",
        "block local.get 1 if call 1 br 1 end end",
        "block block local.get 1 br_table 0 1 0 end call 1 end",
        "local.get 1 if call 1 end",
        "local.get 1 if else call 1 end",
        "local.get 1 if i32.const 9 local.set 2 end",
        "loop call 1 local.get 1 br_if 0 end",
        "i32.const 1 memory.grow drop",
        "i32.const 0 i32.const 0 i32.const 8 memory.fill",
    ],
)
def test_it_is_loaded_again_where_it_may_have_changed(between: str) -> None:
    text = source(f"{LOAD} {between} {AGAIN}")
    assert text.count("= I0[l0]") + text.count("= i0[l0]") + text.count("+ I0[l0]") >= 2 or "I0[9]" in text, text


def test_another_width_or_sign_is_loaded() -> None:
    assert "b0[l0]" in source(
        "local.get 0 i32.load8_u local.set 2 local.get 0 i32.load8_s local.get 2 i32.add local.get 2 i32.xor"
    )


def test_a_shared_memory_is_read_each_time() -> None:
    builder = ModuleBuilder()
    builder.memory(1, 1, shared=True)
    builder.function("f", "i32 i32 -> i32", f"{LOAD} {AGAIN}", "i32 i32")
    assert translate(builder.load(engine()), 0).source.count("[l0]") == 2
