"""Locals that climb from a negative constant to zero hold signed numbers, and what they are is what it ever was.

Random loops climb, look whether they are done last, first or in the midst of it, by steps that arrive at zero and such
that do not, and do with the local all that can be done with a number. They are compared with the reference interpreter,
also paused at every safe point.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import pytest

from wrt_core.engines.stackless.engine import StacklessEngine
from wrt_core.engines.stackless.translation.function import translate
from wrt_core.testing import ModuleBuilder, Program
from wrt_core.testing.reference import Reference
from wrt_foundation.plugins import get_plugin_manager

PLUGINS = get_plugin_manager()
STARTS = (-1, -3, -4, -12, -24, -60, -64, -252, -0x8000_0000, 12, 0)
STEPS = (1, 1, 2, 3, 4, 4, 4, 12, -4, 0x1000, 0x1001)
OPERATIONS = ("add", "sub", "mul", "xor", "and", "or", "shl", "shr_u", "shr_s", "rotl")
COMPARISONS = ("eq", "ne", "lt_u", "lt_s", "ge_u", "ge_s")


def engine() -> StacklessEngine:
    return StacklessEngine(plugins=PLUGINS)


class Writer:
    """Writes loops in which local 2 climbs, or 3; 4 counts the turns that are left, and 5 sees all."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.local = 2

    def address(self) -> str:
        """The local as it is used nearly always."""
        random = self.random
        scaled = random.choice(("", "", "i32.const 2 i32.shl", "i32.const 4 i32.mul"))
        load = random.choice(("load", "load 4", "load8_u 1", "load16_s"))
        return f"local.get {self.local} {scaled} i32.const {random.choice((252, 1024, 1024, 1024))} i32.add i32.{load}"

    def seen(self) -> str:
        random, local = self.random, f"local.get {self.local}"
        return random.choice(
            (
                f"{local} local.get 0 i32.{random.choice(OPERATIONS)}",
                f"local.get 1 {local} i32.{random.choice(OPERATIONS)}",
                f"{local} i32.const {random.choice((-64, -4, 0, 7))} i32.{random.choice((*OPERATIONS, *COMPARISONS))}",
                f"{local} local.get 0 {local} select",
                f"{local} i32.const 7 i32.{random.choice(('div_s', 'div_u', 'rem_s', 'rem_u'))}",
                f"{local} i64.extend_i32_{random.choice('su')} i64.const 3 i64.shr_u i32.wrap_i64",
                f"{local} f64.convert_i32_{random.choice('su')} i32.trunc_sat_f64_s",
                f"{local} call 1",
                f"{local} local.set 6 local.get 6",
                f"i32.const 32 {local} i32.store i32.const 32 i32.load",
                f"{local} i32.eqz",
            )
        )

    def noted(self, value: str) -> str:
        return f"{value} local.get 5 i32.const 31 i32.mul i32.add local.set 5"

    def body(self) -> str:
        random = self.random
        strange = random.random() < 0.3
        makers = [self.address, self.seen] if strange else [self.address]
        return " ".join(self.noted(random.choice(makers)()) for _ in range(random.randrange(1, 4)))

    def loop(self, inner: str = "") -> str:
        random, local = self.random, f"local.get {self.local}"
        start, step = random.choice(STARTS), random.choice(STEPS)
        stepped = f"{local} i32.const {step} i32.add"
        left = "local.get 4 i32.const 1 i32.sub local.tee 4 i32.eqz br_if 1"
        begun = f"i32.const {start} local.set {self.local} i32.const 70 local.set 4 {inner}"
        if random.random() < 0.15:
            begun += f" local.get 0 if i32.const {random.choice(STARTS)} local.set {self.local} end"
        done = random.choice(
            (f"{local} i32.eqz br_if 1", f"{local} if else br 2 end", f"{local} i32.const 0 i32.eq br_if 1")
        )
        shape = random.choice(("last", "last", "bound", "amid", "amid", "first", "arm"))
        if shape == "last":
            end = random.choice(
                (f"{stepped} local.tee {self.local} br_if 0", f"{stepped} local.set {self.local} {local} br_if 0")
            )
            turn = f"{self.body()} {left} {end}"
        elif shape == "bound":
            bound = random.choice((-16, -4, 0, 45, 0x7000_0000, start + 8 * step, start // 2))
            varying = "local.get 0 i32.const 63 i32.and", "local.get 1"
            ended = random.choice((f"i32.const {bound}", f"i32.const {bound}", *varying))
            sign = random.choice(("ne", "ne", "lt_u", "lt_u", "lt_s", "le_u"))
            end = f"{stepped} local.tee {self.local} {ended} i32.{sign}"
            turn = f"{self.body()} {left} {end} br_if 0"
        elif shape == "amid":
            turn = f"{self.body()} {left} {done} {self.body()} {stepped} local.set {self.local} {self.body()} br 0"
        elif shape == "first":
            turn = f"{done} {left} {self.body()} {stepped} local.set {self.local} br 0"
        else:
            turn = f"{left} {self.body()} {local} if {stepped} local.set {self.local} {self.body()} end br 0"
        return f"{begun} block loop {turn} end end {self.noted(local) if random.random() < 0.3 else ''}"


def program(seed: int) -> Program:
    random = Random(seed)
    writer = Writer(random)
    one = writer.loop()
    writer.local = random.choice((2, 3))
    other = writer.loop(one if writer.local == 3 and random.random() < 0.3 else "")
    code = f"{one} {other} local.get 5"
    builder = ModuleBuilder()
    builder.memory(1)
    builder.data(bytes(Random(seed).randbytes(2048)))
    builder.function("f0", "i32 i32 -> i32", code, "i32 i32 i32 i32 i32")
    builder.function("f1", "i32 -> i32", "local.get 0 i32.const 9 i32.div_u")
    return Program(builder.bytes(), (" ".join(code.split()),))


@pytest.mark.parametrize("part", range(10))
def test_random_programs(agree: Callable[..., None], part: int) -> None:
    agree(program, range(part * 60, part * 60 + 60), rounds=4, steps=20_000)


def test_they_have_locals_that_climb() -> None:
    one = engine()
    sources = [translate(one.load(program(seed).module), 0).source for seed in range(200)]
    assert sum("in range(-" in source for source in sources) > 15
    assert sum(" = -252\n" in source or " = -64\n" in source for source in sources) > 30


@pytest.mark.parametrize("part", range(4))
def test_pauses_at_every_safe_point(agree_paused: Callable[..., None], part: int) -> None:
    for seed in range(2000 + part * 10, 2010 + part * 10):
        random = Random(seed)
        agree_paused(program(seed), random.choice(STARTS), random.choice(STARTS))


def source(code: str) -> str:
    builder = ModuleBuilder()
    builder.memory(1)
    builder.function("f", "i32 -> i32", f"{code} local.get 2", "i32 i32 i32")
    return translate(builder.load(engine()), 0).source


LOADED = "local.get 1 i32.const 1344 i32.add i32.load local.get 2 i32.xor local.set 2"
STEPPED = "local.get 1 i32.const 4 i32.add local.set 1"
LAST = f"i32.const -64 local.set 1 loop {LOADED} {STEPPED} local.get 1 br_if 0 end"
AMID = f"i32.const -64 local.set 1 block loop {LOADED} local.get 1 i32.eqz br_if 1 {STEPPED} br 0 end end"


def test_a_loop_that_looks_last_is_a_for_of_small_numbers() -> None:
    text = source(LAST)
    assert "for l1 in range(-64, 0, 4):" in text
    assert "I0[l1 + 1344] ^ l2" in text
    assert "%" not in text
    assert "&" not in text


def test_one_that_looks_in_the_midst_masks_nothing() -> None:
    text = source(AMID)
    assert "l1 = -64\n" in text
    assert "I0[l1 + 1344]" in text
    assert "  l1 = l1 + 4\n" in text
    assert "%" not in text
    assert "&" not in text


def test_one_that_ends_before_zero_is_a_for_too() -> None:
    text = source(LAST.replace("local.get 1 br_if", "local.get 1 i32.const -16 i32.ne br_if"))
    assert "for l1 in range(-64, -16, 4):" in text
    assert "I0[l1 + 1344]" in text


PAST = f"i32.const -4 local.set 1 loop {LOADED} {STEPPED} local.get 1 {{bound}} i32.{{sign}} br_if 0 end"


@pytest.mark.parametrize("sign", ["lt_u", "ne", "lt_s"])
def test_one_that_begins_a_step_before_zero_goes_past_it(sign: str) -> None:
    text = source(PAST.format(bound="i32.const 64", sign=sign))
    assert "for l1 in range(-4, 64, 4):" in text
    assert "I0[l1 + 1344] ^ l2" in text


def test_so_does_one_whose_bound_is_asked_of() -> None:
    text = source(PAST.format(bound="local.get 0", sign="lt_u"))
    assert "for l1 in range(-4, l0, 4):" in text
    assert "I0[l1 + 1344] ^ l2" in text


@pytest.mark.parametrize("sign", ["lt_u", "le_u"])
def test_unsigned_numbers_are_past_their_bound_before_they_get_to_zero(sign: str) -> None:
    code = PAST.format(bound="i32.const 64", sign=sign).replace("-4", "-8")
    assert "in range" not in source(code)
    made = ModuleBuilder()
    made.memory(1)
    made.data(bytes(range(256)) * 8)
    made.function("f", "i32 -> i32", f"{code} local.get 1", "i32 i32 i32")
    assert made.instantiate(engine()).exports.f(0) == -4


def test_one_that_goes_on_past_the_greatest_signed_number_is_none() -> None:
    begun = f"{LAST} i32.const 0 local.set 1 loop {LOADED} local.get 1 i32.const 0x1000000 i32.add local.tee 1"
    text = source(f"{begun} i32.const 0x90000000 i32.ne br_if 0 end")
    assert "range(0, 0x90000000" not in text or "range(-64" not in text


@pytest.mark.parametrize(
    ("what", "instead"),
    [
        ("i32.const -64", "i32.const -66"),  # it does not arrive at zero, but goes on
        ("local.get 1 i32.eqz br_if 1", "local.get 3 br_if 1"),  # nothing says that it is not zero where it is stepped
        ("i32.const -64 local.set 1", "local.get 0 local.set 1"),  # it may be anything
        ("i32.const 4 i32.add", "i32.const 4 i32.sub"),  # it goes down
        ("br 0", f"{STEPPED} br 0"),  # it may get past zero by the second step
        ("br 0", "i32.const 5 local.get 1 i32.lt_u br_if 1 local.get 1 i32.const 3 i32.shr_u local.set 2 br 0"),
    ],
)
def test_what_might_get_past_zero_is_unsigned(what: str, instead: str) -> None:
    text = source(AMID.replace(what, instead))
    assert AMID.replace(what, instead) != AMID
    assert "l1 = -6" not in text
    assert "I0[l1 + 1344]" not in text


def test_what_is_stepped_along_with_what_counts_is_unsigned() -> None:
    along = f"i32.const -64 local.set 1 loop {LOADED} {STEPPED} local.get 3 i32.const 1 i32.add local.tee 3"
    text = source(f"{along} i32.const 16 i32.ne br_if 0 end")
    assert "for l3 in range(0, 16):" in text
    assert "l1 = 0xffffffc0\n" in text


def test_what_climbs_in_a_loop_that_something_else_counts_is_unsigned() -> None:
    """Signed, it would keep the loop from being one that counts."""
    counted = "local.get 3 i32.const 1 i32.add local.tee 3 i32.const 100 i32.ne br_if 0"
    text = source(AMID.replace("br 0", counted))
    assert "for l3 in range(0, 100):" in text
    assert "l1 = 0xffffffc0\n" in text


def test_a_parameter_is_unsigned_that_may_be_what_has_climbed() -> None:
    climbs = LAST.replace("set 1", "set 0").replace("get 1", "get 0")
    text = source(f"local.get 3 if {climbs} end local.get 0 i32.const 8 i32.add local.set 2")
    assert "l0 = 0xffffffc0\n" in text


def test_where_control_is_seen_to_be_zero_it_is() -> None:
    """A condition need not be masked that is less than once past its width, above or below."""
    builder = ModuleBuilder()
    code = "i32.const 5 i32.const 7 local.get 0 local.get 1 i32.sub select"
    builder.function("f", "i32 i32 -> i32", code)
    builder.function("g", "i32 i32 -> i32", "local.get 0 local.get 1 i32.sub i32.eqz")
    builder.function("h", "i32 i32 -> i32", "local.get 0 local.get 1 i32.add i32.eqz")
    select = "i32.const 5 i32.const 7 local.get 0 local.get 1 {} select"
    builder.function("i", "i32 i32 -> i32", select.format("i32.add"))
    builder.function("j", "i32 i32 -> i32", select.format("i32.sub i32.const 1 i32.sub"))
    instance = builder.instantiate(engine())
    assert "%" not in translate(builder.load(engine()), 0).source
    edges = (0, 1, -1, 0x7FFF_FFFF, -0x8000_0000)
    for a in edges:
        for b in edges:
            assert instance.exports.f(a, b) == (5 if a != b else 7)
            assert instance.exports.g(a, b) == int(a == b)
            assert instance.exports.h(a, b) == int((a + b) % (1 << 32) == 0)
            assert instance.exports.i(a, b) == (5 if (a + b) % (1 << 32) else 7)
            assert instance.exports.j(a, b) == (5 if (a - b - 1) % (1 << 32) else 7)


def test_what_is_known_of_one_whose_bound_is_asked_of_is_true_past_zero() -> None:
    """That it began below zero says nothing of how far it gets."""
    seen = "local.get 1 i32.const 8 i32.add i32.const 7 i32.and local.get 2 i32.add local.set 2"
    made = ModuleBuilder()
    made.memory(1)
    code = PAST.format(bound="local.get 0", sign="lt_u").replace("loop", f"loop {seen}")
    made.function("f", "i32 -> i32", f"{code} local.get 2", "i32 i32 i32")
    one = engine()
    assert "for l1 in range(-4, l0, 4):" in translate(made.load(one), 0).source
    (expected,) = Reference(made.load(one)).call(0, [64])
    assert made.instantiate(one).exports.f(64) & 0xFFFF_FFFF == expected
