"""Locals that a loop only adds to grow past their width, and whoever looks at them sees what the specification has.

Random programs add to locals, and to one another, and do with them all that can be done with a number; they are
compared with the reference interpreter, also paused at every safe point.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import pytest

from wrt_core.engines.stackless.engine import StacklessEngine
from wrt_core.engines.stackless.translation.function import translate
from wrt_core.execution.snapshot import Snapshot
from wrt_core.execution.state import State
from wrt_core.testing import ModuleBuilder, Program, disagreement
from wrt_core.testing.reference import Reference
from wrt_foundation.plugins import get_plugin_manager

PLUGINS = get_plugin_manager()
OPERATIONS = ("add", "sub", "mul", "xor", "and", "or", "shl", "shr_u", "shr_s", "rotl")
DIVISIONS = ("div_s", "rem_s", "div_u", "rem_u")
COMPARISONS = ("eq", "ne", "lt_u", "lt_s", "ge_u", "ge_s")
NUMBERS = (0, 1, 5, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF)


def engine() -> StacklessEngine:
    return StacklessEngine(plugins=PLUGINS)


def program(seed: int) -> Program:
    """A function with loops that add to locals 2 to 4; local 5 counts the turns of one, 6 of one inside, 7 sees all."""
    random = Random(seed)
    t = random.choice(("i32", "i32", "i64"))

    wrap = "i32.wrap_i64" if t == "i64" else ""

    def local() -> str:
        return f"local.get {random.randrange(2, 5)}"

    def number() -> str:
        return random.choice((local(), "local.get 0", "local.get 1", f"{t}.const {random.choice(NUMBERS)}"))

    def added() -> str:
        place = random.randrange(2, 5)
        addend = random.choice(
            (
                number(),
                f"{t}.const {random.choice((1, 3, 0x1234_5678))}",
                f"{t}.const 16 {t}.load{random.choice(('', '8_u', '16_u', '8_s'))}".replace(
                    t + ".const 16", "i32.const 16"
                ),
                f"{number()} {number()} {t}.mul",
                f"local.get 7 {t}.const 255 {t}.and",
            )
        )
        order = [f"local.get {place}", addend]
        return f"{' '.join(random.sample(order, 2))} {t}.add local.set {place}"

    def seen() -> str:
        value = random.choice(
            (
                f"{local()} {number()} {t}.{random.choice(OPERATIONS)}",
                f"{local()} {number()} {t}.{random.choice(COMPARISONS)}{' i64.extend_i32_u' if t == 'i64' else ''}",
                f"{local()} {number()} {local()} {t}.eqz select",
                f"{local()} f64.convert_{t}_{random.choice('su')} f64.const 8.0 f64.div {t}.trunc_sat_f64_s",
                f"{local()} {t}.const {random.choice((3, 7, 64, -5))} {t}.{random.choice(DIVISIONS)}",
                f"{local()} {t}.{random.choice(('popcnt', 'clz', 'ctz', 'extend8_s', 'extend16_s'))}",
                f"{local()} {t}.const {random.randrange(64)} {t}.{random.choice(('rotl', 'rotr', 'shr_s', 'shl'))}",
                f"block block block {local()} {wrap} br_table 0 1 2 end {added()} end {added()} end {local()}",
                f"{local()} call 1",
                f"{local()} global.set 0 global.get 0",
                f"i32.const 32 {local()} {t}.store i32.const 32 {t}.load",
            )
        )
        return f"{value} local.get 7 {t}.const 31 {t}.mul {t}.add local.set 7"

    def taken() -> str:
        return f"{local()} {t}.const 3 {t}.and {t}.eqz if {random.choice((added, seen))()} else {added()} end"

    def body(depth: int) -> str:
        makers = [added, added, added, seen, taken] if depth else [added, added, added, added, seen, taken]
        return " ".join(random.choice(makers)() for _ in range(random.randrange(1, 5)))

    inner = f"""
        i32.const 0 local.set 6
        loop {body(1)} local.get 6 i32.const 1 i32.add local.tee 6 i32.const 3 i32.ne br_if 0 end
    """
    code = f"""
        {body(0)}
        loop {body(0)} {inner if random.random() < 0.5 else ""}
            local.get 5 i32.const 1 i32.add local.tee 5 i32.const {random.choice((4, 40))} i32.ne br_if 0 end
        {seen()} local.get 2 local.get 3 {t}.add local.get 7 {t}.xor {local()} {t}.sub
    """
    builder = ModuleBuilder()
    builder.memory(1)
    builder.data(bytes(range(0x70, 0xF0)))
    builder.global_("global", t, f"{t}.const 0")
    builder.function("f0", f"{t} {t} -> {t}", code, f"{t} {t} {t} i32 i32 {t}")
    builder.function("f1", f"{t} -> {t}", f"local.get 0 {t}.const 7 {t}.div_u")
    return Program(builder.bytes(), (" ".join(code.split()),))


@pytest.mark.parametrize("part", range(10))
def test_random_programs(agree: Callable[..., None], part: int) -> None:
    agree(program, range(part * 50, part * 50 + 50), rounds=4, steps=20_000)


@pytest.mark.parametrize("part", range(4))
def test_pauses_at_every_safe_point(part: int) -> None:
    for seed in range(2000 + part * 10, 2010 + part * 10):
        each, one, random = program(seed), engine(), Random(seed)
        module = one.load(each.module)
        args = random.choice(NUMBERS), random.choice(NUMBERS)
        (wanted,) = Reference(module).call(0, list(args))
        execution = one.instantiate(module).exports["f0"].start(*args, fuel=0)
        while execution.run(fuel=execution.fuel_needed) is not State.FINISHED:
            execution = Snapshot.from_bytes(Snapshot.of(execution).to_bytes()).resume(one, module)
        assert execution.result % (1 << 64) in (wanted, wanted - (1 << 32) + (1 << 64)), f"{seed}\n{each}"


def source(code: str) -> str:
    builder = ModuleBuilder()
    builder.function("f", "i32 i32 -> i32", f"loop {code} local.get 1 br_if 0 end local.get 2", "i32 i32")
    return translate(builder.load(engine()), 0).source


def test_what_is_added_to_is_masked_where_it_is_looked_at() -> None:
    text = source("local.get 2 local.get 0 i32.add local.set 2")
    assert "l2 = l2 + l0\n" in text
    assert "return l2 % 0x100000000" in text


@pytest.mark.parametrize(
    "code",
    [
        "local.get 2 local.get 2 i32.add local.set 2",
        "local.get 2 i32.const 3 i32.mul local.set 2",
        """
        local.get 2 local.get 3 i32.add local.set 2 local.get 2 i32.const 1 i32.add local.set 2
        local.get 3 local.get 2 i32.add local.set 3 local.get 3 i32.const 1 i32.add local.set 3
        """,
        "local.get 2 i32.const 1 i32.shl local.get 0 i32.add local.set 2",
    ],
)
def test_nothing_grows_by_what_has_grown(code: str) -> None:
    text = source(code)
    assert text.count("0x100000000") + text.count("0xffffffff") > code.count("i32.add") // 2


def test_what_is_given_anything_else_is_masked_then() -> None:
    more = "local.get 3 i32.const 1 i32.add local.set 3 " * 3
    text = source(f"local.get 0 i32.const 5 i32.sub local.set 3 {more}")
    assert "l3 = l0 - 5 if l0 >= 5 else l0 + 0xfffffffb" in text
    assert "l3 = l3 + 1\n" in text


def test_one_that_is_counted_elsewhere_grows() -> None:
    counting = "loop local.get 2 i32.const 1 i32.add local.tee 2 i32.const 9 i32.ne br_if 0 end"
    grows = "local.get 2 local.get 0 i32.add local.set 2 " * 3
    text = source(f"i32.const 0 local.set 2 {counting} local.get 1 local.set 2 {grows}")
    assert "for l2 in range(0, 9)" in text
    assert "l2 = l2 + l0\n" in text


def test_one_that_has_grown_is_masked_before_it_is_counted() -> None:
    counting = "loop local.get 2 i32.const 1 i32.sub local.tee 2 i32.const 0 i32.ne br_if 0 end"
    grows = "local.get 2 local.get 0 i32.add local.set 2 " * 3
    text = source(f"{grows} local.get 2 i32.const 0xff i32.and if {counting} end {grows}")
    masked = text.index(" % 0x100000000\n")
    assert "l2 = l2 + l0\n" in text
    assert masked < text.index("for l2 in range(l2, 0, -1)")


def test_a_step_down_from_one_that_has_grown_is_masked() -> None:
    grows = "local.get 2 local.get 0 i32.add local.set 2 " * 4
    builder = ModuleBuilder()
    code = f"loop {grows} local.get 1 br_if 0 end local.get 2 i32.const 1 i32.sub"
    builder.function("f", "i32 i32 -> i32", code, "i32")
    assert "l2 = l2 + l0\n" in translate(builder.load(engine()), 0).source
    assert builder.instantiate(engine()).exports.f(-1, 0) == -5


def test_what_a_loop_counts_to_is_masked_before_it() -> None:
    counting = "loop local.get 3 i32.const 1 i32.add local.tee 3 local.get 2 i32.lt_u br_if 0 end"
    text = source(f"local.get 2 local.get 0 i32.add local.set 2 local.get 0 br_if 0 {counting}")
    assert text.index("l2 = l2 % 0x100000000") < text.index("for l3 in range(l3, l2)")


def test_one_that_has_grown_is_so_at_the_head_of_a_loop_whatever_was_asked_of_it() -> None:
    """What a condition has said of it on the way back, it said of what it is when it is masked."""
    added = "local.get 1 if else local.get 2 local.get 0 i32.add local.set 2 end " * 4
    seen = "local.get 2 i32.const 100 i32.lt_u local.get 3 i32.const 1000 i32.mul i32.add local.set 3"
    turns = "local.get 4 i32.const 1 i32.shr_u local.tee 4 br_if 0"
    begun = "i32.const 5 local.set 2 i32.const 511 local.set 4"
    code = f"{begun} block loop {seen} {added} local.get 2 i32.eqz br_if 1 {turns} end end local.get 3"
    builder = ModuleBuilder()
    builder.memory(1)
    builder.function("f0", "i32 i32 -> i32", code, "i32 i32 i32")
    assert "l2 = l2 + l0\n" in translate(builder.load(engine()), 0).source
    assert disagreement(Program(builder.bytes(), ()), engine(), rounds=12) is None
    (wanted,) = Reference(builder.load(engine())).call(0, [0x8000_0010, 0])
    assert builder.instantiate(engine()).exports.f0(-0x7FFF_FFF0, 0) & 0xFFFF_FFFF == wanted
