"""Locals that are used for one thing after another: looked at apart, they are still one variable, with its last value.

Random functions use few locals for everything: addresses, numbers that are ordered, sums, counters. They are compared
with the reference interpreter, and every local is looked at wherever they can be paused.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import pytest

from wrt_core.engines.stackless.engine import StacklessEngine
from wrt_core.engines.stackless.translation.function import translate
from wrt_core.engines.stackless.translation.instructions.webs import webs_of
from wrt_core.execution.snapshot import Snapshot
from wrt_core.execution.state import State
from wrt_core.testing import ModuleBuilder, Program
from wrt_core.testing.assembler import assemble
from wrt_foundation.binary.instructions import read_instructions
from wrt_foundation.plugins import get_plugin_manager
from wrt_foundation.types import I32, I64

PLUGINS = get_plugin_manager()
PAUSES = 60
"""Pauses after which a program is left."""
NUMBERS = (0, 1, 7, 100, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFF0)


def engine() -> StacklessEngine:
    return StacklessEngine(plugins=PLUGINS)


class Writer:
    """Writes a function of two numbers that has three more locals for all that it does, and three to count turns."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.open = 0
        """Blocks that are open."""

    def local(self) -> int:
        return self.random.randrange(5)

    def get(self) -> str:
        return f"local.get {self.local()}"

    def address(self) -> str:
        return f"{self.get()} i32.const {self.random.choice((255, 0xFFFC))} i32.and"

    def value(self) -> str:
        random, get = self.random, self.get
        return random.choice(
            (
                f"i32.const {random.choice(NUMBERS)}",
                get(),
                f"{get()} i32.const {random.choice((1, 4, 4, -1, 0x7000))} i32.add",
                f"{get()} {get()} i32.{random.choice(('add', 'sub', 'mul', 'xor', 'shr_s', 'lt_s', 'gt_u', 'rotl'))}",
                f"{self.address()} i32.load{random.choice(('', '', '8_u', '8_s', '16_s'))} {random.choice((0, 8))}",
                f"{get()} i32.const 2 i32.shl",
                f"{get()} local.tee {self.local()} {get()} i32.add",
                f"{get()} {get()} {get()} {get()} i32.lt_s select",
            )
        )

    def condition(self) -> str:
        sign = self.random.choice(("lt_s", "ge_s", "gt_s", "lt_u", "ne", "eq"))
        return self.random.choice((f"{self.get()} {self.value()} i32.{sign}", self.get(), f"{self.get()} i32.eqz"))

    def statement(self, depth: int) -> str:
        random = self.random
        ways: list[Callable[[], str]] = [
            *[lambda: f"{self.value()} local.set {self.local()}"] * 5,
            lambda: f"{self.address()} {self.value()} i32.store {random.choice((0, 4))}",
            lambda: f"{self.get()} call 0 local.set {self.local()}",
            lambda: f"{self.get()} {self.value()} local.set {self.local()} local.set {self.local()}",
        ]
        if depth:
            ways += [lambda: self.arms(depth), lambda: self.block(depth), lambda: self.loop(depth)]
            ways.append(lambda: f"{self.get()} {self.inside(self.arms, depth)} local.set {self.local()}")
        if self.open:
            ways.append(lambda: f"{self.condition()} br_if {random.randrange(self.open)}")
        return random.choice(ways)()

    def statements(self, depth: int) -> str:
        return " ".join(self.statement(depth) for _ in range(self.random.randrange(1, 5)))

    def inside(self, way: Callable[[int], str], depth: int) -> str:
        """A construct that nothing leaves for another around it."""
        outer, self.open = self.open, 0
        written = way(depth)
        self.open = outer
        return written

    def arms(self, depth: int) -> str:
        condition = self.condition()
        self.open += 1
        then, otherwise = self.statements(depth - 1), self.statements(depth - 1)
        self.open -= 1
        return f"{condition} if {then} {self.random.choice(('', f'else {otherwise}'))} end"

    def block(self, depth: int) -> str:
        self.open += 1
        inside = self.statements(depth - 1)
        if self.random.random() < 0.2:
            inside += f" {self.get()} br_table 0 {self.random.randrange(self.open)} 0"
        self.open -= 1
        return f"block {inside} end"

    def loop(self, depth: int) -> str:
        counter = 4 + depth  # those of loops around this one go on counting
        outer, self.open = self.open, 0  # a way back that is not counted might go on for ages
        inside = self.statements(depth - 1)
        self.open = outer
        start = self.random.randrange(2, 9)
        return (
            f"i32.const {start} local.set {counter} loop {inside} "
            f"local.get {counter} i32.const 1 i32.sub local.tee {counter} br_if 0 end"
        )

    def code(self) -> str:
        seen = " ".join(f"local.get {n} i32.const {2 * n + 3} i32.mul i32.add" for n in range(5))
        return f"{' '.join(self.statements(3) for _ in range(3))} i32.const 0 {seen}"


def program(seed: int) -> Program:
    builder = ModuleBuilder()
    builder.memory(1)
    builder.data(bytes(Random(seed).randrange(256) for _ in range(300)), 0)
    builder.global_(None, "i32", "i32.const 5")
    builder.function("g", "i32 -> i32", "loop end local.get 0 global.get 0 i32.xor global.set 0 global.get 0")
    code = Writer(Random(seed)).code()
    builder.function("f0", "i32 i32 -> i32", code, "i32 i32 i32 i32 i32 i32")
    return Program(builder.bytes(), (code,))


@pytest.mark.parametrize("part", range(20))
def test_random_programs(agree: Callable[..., None], part: int) -> None:
    agree(program, range(part * 40, part * 40 + 40), rounds=4, steps=20_000)


def test_they_are_what_they_are_meant_to_be() -> None:
    several = signed = grown = 0
    for seed in range(100):
        module = engine().load(program(seed).module)
        code = module.module.codes[1]
        several += webs_of(list(read_instructions(code.code, code.offset)), [I32] * 8) is not None
        text = translate(module, 1).source
        signed += "i0[" in text
        grown += " % 0x100000000" in text
    assert several > 90
    assert signed > 2
    assert grown > 50


@pytest.mark.parametrize("part", range(4))
def test_whoever_pauses_sees_the_locals_as_they_are(part: int) -> None:
    """What a local holds at a safe point is the same whether it is seen from code with webs or from one without."""
    for seed in range(5000 + part * 5, 5005 + part * 5):
        each, one = program(seed), engine()
        module = one.load(each.module)
        args = Random(seed).choice(NUMBERS), Random(seed).choice(NUMBERS)
        execution = one.instantiate(module).exports["f0"].start(*args, fuel=0)
        watched = one.instantiate(module).exports["f0"].start(*args, fuel=0)
        for _ in range(PAUSES):
            if execution.run(fuel=execution.fuel_needed) is State.FINISHED:
                assert watched.run(fuel=watched.fuel_needed) is State.FINISHED
                assert execution.result == watched.result
                break
            assert watched.run(fuel=watched.fuel_needed) is State.PAUSED
            # This one goes on in code that was entered here, and has read its locals from the snapshot.
            execution = Snapshot.from_bytes(Snapshot.of(execution).to_bytes()).resume(one, module)
            seen = [(frame.function, frame.locals) for frame in execution.frames]
            assert seen == [(frame.function, frame.locals) for frame in watched.frames], f"{seed}\n{each}"


def webs(code: str, types: str = "i32 i32 i32") -> list[int]:
    """The webs that each use of a local is of, in order."""
    kinds = [I64 if each == "i64" else I32 for each in types.split()]
    found = webs_of(list(read_instructions(assemble(code), 0)), kinds)
    instructions = list(read_instructions(assemble(code), 0)) if found is None else found.instructions
    return [int(str(immediate)) for instruction, immediate, _ in instructions if instruction.name.startswith("local.")]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("local.get 0 local.set 1 local.get 1 local.set 1 local.get 1", [0, 3, 3, 4, 4]),
        ("local.get 1 i32.const 1 local.set 1 local.get 1 i32.const 2 local.set 1 local.get 1", [1, 3, 3, 4, 4]),
        # Two arms give it something, and what follows reads either.
        ("local.get 0 if i32.const 1 local.set 1 else i32.const 2 local.set 1 end local.get 1", [0, 3, 3, 3]),
        # One arm does, and what it was before is read too.
        ("i32.const 3 local.set 1 local.get 0 if i32.const 1 local.set 1 end local.get 1", [3, 0, 3, 3]),
        # It is given something in the arm, read there, and given something else before anybody reads it again.
        (
            "local.get 0 if i32.const 1 local.set 1 local.get 1 drop end i32.const 2 local.set 1 local.get 1",
            [0, 3, 3, 4, 4],
        ),
        # A loop goes round with it.
        (
            "i32.const 9 local.set 1 loop local.get 1 i32.const 1 i32.sub local.tee 1 br_if 0 end local.get 1",
            [3, 3, 3, 3],
        ),
        # A loop gives it something first, so what it came with has nothing to do with it.
        (
            "i32.const 9 local.set 1 local.get 1 drop loop i32.const 5 local.set 1 local.get 1 br_if 0 end",
            [3, 3, 4, 4],
        ),
        # It is alive round the outer loop, from the inner one on.
        (
            """
            loop
                local.get 1 drop i32.const 4 local.set 2
                loop
                    block local.get 0 br_if 0 i32.const 1 local.set 1 end
                    local.get 2 i32.const 1 i32.sub local.tee 2 br_if 0
                end
                local.get 0 br_if 0
            end
            """,
            [1, 3, 0, 1, 3, 3, 0],
        ),
        # Either of two comes to be read round the outer loop, by way of the inner one.
        (
            """
            loop
                local.get 1 drop
                loop
                    block i32.const 1 local.set 1 local.get 0 br_if 0 i32.const 2 local.set 1 end
                    local.get 0 br_if 0
                end
                local.get 0 br_if 0
            end
            """,
            [1, 1, 0, 1, 0, 0],
        ),
        ("i32.const 1 local.set 1 local.get 0 return local.get 1 i32.const 2 local.set 1", [3, 0, 1, 1]),
    ],
)
def test_which_webs_there_are(code: str, expected: list[int]) -> None:
    assert webs(code) == expected


def test_what_holds_no_integer_is_one() -> None:
    builder = ModuleBuilder()
    code = "f32.const 1 local.set 1 local.get 1 drop f32.const 2 local.set 1 local.get 1 drop i32.const 3"
    builder.function("f", "i32 -> i32", code, "f32")
    assert builder.instantiate(engine()).exports.f(0) == 3


@pytest.mark.parametrize("taken", [0, 1])
def test_what_waits_is_what_the_local_was(taken: int) -> None:
    builder = ModuleBuilder()
    builder.global_("seen", "i32", "i32.const 0")
    changed = "i32.const 7 local.set 1 local.get 1 global.set 0"
    builder.function("f", "i32 i32 -> i32", f"local.get 1 local.get 0 if {changed} end")
    instance = builder.instantiate(engine())
    assert instance.exports.f(taken, 5) == 5
    assert instance.globals[0].raw == 7 * taken


def test_one_that_is_ordered_here_and_an_address_there() -> None:
    builder = ModuleBuilder()
    builder.memory(1)
    ordered = "local.get 0 i32.load local.set 2 local.get 1 i32.load local.set 3 local.get 2 local.get 3 i32.lt_s"
    code = f"{ordered} if local.get 0 i32.const 8 i32.add local.tee 2 i32.load local.set 3 end local.get 3"
    builder.function("f", "i32 i32 -> i32", code, "i32 i32")
    text = translate(builder.load(engine()), 0).source
    assert "l2 = i0[l0]" in text
    assert "if l2 < l3:" in text or "if l2 < i0[l1]:" in text
    assert "0x80000000" not in text.partition("if l2")[2]
