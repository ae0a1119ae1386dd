"""Addresses that are not masked: where one wraps after all, the function goes on as if it had been.

Random programs load and store at sums that often pass 2**32, in the midst of anything that may be pending then. They
are compared with the reference interpreter, again and again on one instance, so that functions grow wary too.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from random import Random
from threading import Thread
from typing import Any

import pytest

from wrt_core.engines.stackless import compiled, detours
from wrt_core.engines.stackless.detours import Detour, Detours
from wrt_core.engines.stackless.engine import StacklessEngine
from wrt_core.engines.stackless.runner import StacklessRunner
from wrt_core.engines.stackless.translation.function import translate, translating
from wrt_core.engines.stackless.translation.variant import Form
from wrt_core.engines.stackless.translation.ventures import EVERYWHERE
from wrt_core.engines.stackless.translation.writing.dispatched import write_dispatched
from wrt_core.execution.activation import ActivationKind
from wrt_core.execution.snapshot import Snapshot
from wrt_core.execution.state import State
from wrt_core.testing import ModuleBuilder, Program, disagreement
from wrt_core.testing.expect import traps
from wrt_core.testing.reference import Reference
from wrt_foundation.errors import ExecutionError
from wrt_foundation.plugins import get_plugin_manager
from wrt_foundation.traps import Trap, TrapCode
from wrt_foundation.types import ExternKind

PLUGINS = get_plugin_manager()
CALLS = 6
"""Calls of one instance: more than it takes until a function grows wary."""
LOADS = ("i32.load", "i32.load8_u", "i32.load8_s", "i32.load16_u", "i32.load16_s")
OPERATIONS = (
    *(f"i32.{each}" for each in ("add", "sub", "xor", "mul", "lt_s", "ne", "shl", "rotl")),
    *(f"i32.const 1 i32.or i32.{each}" for each in ("rem_u", "rem_s", "rem_s")),
)
ROUNDED = "f32.convert_i32_u f32.const 0.3 f32.mul"
STORES = ("i32.store", "i32.store8", "i32.store16")


def engine() -> StacklessEngine:
    return StacklessEngine(plugins=PLUGINS)


class Writer:
    """Writes a function of two numbers; locals 2 to 5 are numbers, 6 and 7 count turns of loops, 8 and 9 are floats."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.loops = 0

    def local(self) -> str:
        return f"local.get {self.random.randrange(6)}"

    def address(self, depth: int) -> str:
        """An address that is in memory if it is wrapped, and often is not if not; a few are not in memory at all."""
        random = self.random
        high = random.choice(("0xffffff80", "0xfffffe00", "0xffffff00"))
        value = self.value(depth - 1)
        return random.choice(
            (
                f"{value} i32.const {high} i32.or i32.const {random.choice((128, 512, 600))} i32.add",
                f"{value} i32.const {high} i32.or local.tee {random.randrange(2, 6)} i32.const 640 i32.add",
                f"{value} i32.const 255 i32.and i32.const {random.choice((0, 8, 256))} i32.add",
                f"{value} i32.const 255 i32.and i32.const 2 i32.shl i32.const 16 i32.add",
                f"{value} i32.const 511 i32.and i32.const 8 i32.sub",
                f"{value} call 0 i32.const {high} i32.or {value} i32.const 255 i32.and i32.add i32.const 512 i32.add",
                f"{value} i32.const 0xc000003f i32.and i32.const {random.choice('123')} i32.shl i32.const 64 i32.add",
                f"{value} i32.const 255 i32.and {self.local()} i32.const {high} i32.or i32.add i32.const 512 i32.add",
                f"{value} i32.const 16380 i32.and local.tee {random.randrange(2, 6)}",
                f"{self.local()} i32.const 4 i32.add local.tee {random.randrange(2, 6)} i32.const 1023 i32.and",
                f"{self.local()} i32.const 8 i32.add" if random.random() < 0.2 else f"{value} i32.const 511 i32.and",
            )
        )

    def load(self, depth: int) -> str:
        offset = self.random.choice((0, 0, 4, 12, 300))
        if self.random.random() < 0.15:
            return f"{self.address(depth)} f32.load {offset} i32.reinterpret_f32"
        return f"{self.address(depth)} {self.random.choice(LOADS)} {offset}"

    def value(self, depth: int) -> str:
        random = self.random
        if depth <= 0:
            return random.choice((self.local(), f"i32.const {random.choice((0, 1, 7, 130, 0xFFFFFFF0))}"))
        ways = (
            lambda: self.load(depth),
            lambda: self.load(depth),
            lambda: f"{self.value(depth - 1)} {self.value(depth - 1)} {random.choice(OPERATIONS)}",
            lambda: f"{self.value(depth - 1)} local.tee {random.randrange(2, 6)}",
            lambda: f"{self.value(depth - 1)} {self.value(depth - 1)} {self.value(depth - 1)} select",
            lambda: f"{self.value(depth - 1)} call 0",
            lambda: "i32.const 0 memory.grow",
            lambda: f"{self.value(depth - 1)} global.get 0 i32.add",
            lambda: f"{self.value(depth - 1)} i32.eqz",
            lambda: f"{self.value(depth - 1)} if i32 {self.value(depth - 1)} else {self.value(depth - 1)} end",
            lambda: f"block i32 {self.value(depth - 1)} {self.value(depth - 1)} br_if 0 {self.value(1)} i32.xor end",
        )
        return random.choice(ways)()

    def statement(self, depth: int) -> str:
        random = self.random
        ways = [
            lambda: f"{self.value(2)} local.set {random.randrange(2, 6)}",
            lambda: f"{self.value(2)} local.set {random.randrange(2, 6)}",
            lambda: f"{self.address(2)} {self.value(2)} {random.choice(STORES)} {random.choice((0, 4, 256))}",
            lambda: f"{self.address(2)} {self.address(1)} i32.load8_u {ROUNDED} f32.store",
            lambda: f"{self.address(2)} {self.address(1)} f64.load f64.store",
            lambda: f"{self.value(2)} global.set 0",
            lambda: f"{self.address(1)} f32.load {self.address(1)} f32.load f32.lt local.set {random.randrange(2, 6)}",
        ]
        if depth:
            ways += [
                lambda: f"{self.value(2)} if {self.statement(depth - 1)} else {self.statement(depth - 1)} end",
                lambda: f"block {self.statement(depth - 1)} {self.value(2)} br_if 0 {self.statement(depth - 1)} end",
                lambda: f"block block {self.value(2)} br_table 0 1 0 end {self.statement(depth - 1)} end",
            ]
            if self.loops < 2:
                ways.append(lambda: self.loop(depth))
        return random.choice(ways)()

    def loop(self, depth: int) -> str:
        counter = 6 + self.loops
        self.loops += 1
        body = " ".join(self.statement(depth - 1) for _ in range(self.random.randrange(1, 4)))
        walk = f"local.get 5 i32.const {self.random.choice((4, 8, 0x1000))} i32.add local.set 5"
        return (
            f"i32.const {self.random.randrange(1, 5)} local.set {counter} loop {body} {walk} "
            f"local.get {counter} i32.const 1 i32.sub local.tee {counter} br_if 0 end"
        )

    def function(self) -> str:
        statements = [self.statement(2) for _ in range(self.random.randrange(2, 7))]
        seen = " ".join(f"local.get {n} i32.const {3 * n} i32.mul i32.add" for n in range(6))
        return f"{' '.join(statements)} i32.const 0 {seen} global.get 0 i32.add"


def program(seed: int) -> Program:
    writer = Writer(Random(seed))
    builder = ModuleBuilder()
    builder.memory(1)
    builder.data(bytes(Random(seed).randrange(256) for _ in range(2000)), 0)
    builder.global_(None, "i32", "i32.const 5")
    changes = "i32.const 40 i32.const 40 i32.load local.get 0 i32.add i32.store local.get 0 i32.const 3 i32.xor"
    builder.function("g", "i32 -> i32", changes)
    code = writer.function()
    index = builder.function("f", "i32 i32 -> i32", code, "i32 i32 i32 i32 i32 i32 f32 f32")
    for again in range(CALLS - 1):
        builder.export(f"f{again}", ExternKind.FUNC, index)
    return Program(builder.bytes(), (code,))


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """For each error that functions with ventures have seen, whether it was one of theirs."""
    seen: list[bool] = []
    retry_at = Detours.retry_at

    def noted(self: Detours, index: int, error: IndexError, variables: dict[str, Any]) -> Detour | None:
        found = retry_at(self, index, error, variables)
        seen.append(found is not None)
        return found

    monkeypatch.setattr(Detours, "retry_at", noted)
    return seen


@pytest.mark.parametrize("part", range(20))
def test_random_programs(agree: Callable[..., None], part: int) -> None:
    agree(program, range(part * 20, part * 20 + 20), rounds=4, steps=20_000)


def test_they_are_what_they_are_meant_to_be(taken: list[bool], monkeypatch: pytest.MonkeyPatch) -> None:
    wary: list[int] = []
    grow_wary = Detours._grow_wary

    def noted(self: Detours, index: int, *more: Any) -> None:
        wary.append(index)
        grow_wary(self, index, *more)

    monkeypatch.setattr(Detours, "_grow_wary", noted)
    for seed in range(60):
        disagreement(program(seed), engine(), seed, rounds=4, steps=20_000)
    assert taken.count(True) > 300
    assert taken.count(False) > 30
    assert len(wary) > 100


@pytest.mark.parametrize("fuel", [0, None])
@pytest.mark.parametrize("part", range(4))
def test_pauses_at_every_safe_point(part: int, fuel: int | None) -> None:
    for seed in range(3000 + part * 10, 3010 + part * 10):
        each, one, random = program(seed), engine(), Random(seed)
        module = one.load(each.module)
        args = random.choice((0, 9, 0xFFFF_FFF0)), random.choice((0, 1, 0x8000_0000))
        wanted: object
        found: object
        try:
            (wanted,) = Reference(module).call(1, list(args))
        except Trap as trap:
            wanted = trap.code
        execution = one.instantiate(module).exports["f"].start(*args, fuel=fuel)
        try:
            while execution.run(fuel=None if fuel is None else execution.fuel_needed) is not State.FINISHED:
                execution = Snapshot.from_bytes(Snapshot.of(execution).to_bytes()).resume(one, module)
            found = execution.result % (1 << 32)
        except Trap as trap:
            found = trap.code
        assert found == wanted, f"{seed}\n{each}"


def build(code: str, locals_: str = "i32 i32 i32", data: int = 0) -> ModuleBuilder:
    builder = ModuleBuilder()
    builder.memory(1)
    builder.data(bytes(range(256)), data)
    builder.function("f", "i32 i32 -> i32", code, locals_)
    return builder


def source(code: str, form: Form | None = None) -> str:
    return translate(build(code).load(engine()), 0, form=form or Form()).source


WRAPPING = "local.get 0 i32.const 64 i32.add i32.load8_u"


def test_a_sum_is_no_longer_masked() -> None:
    assert "B0_64[l0]" in source(WRAPPING)
    assert "% 0x100000000" not in source(WRAPPING)
    assert "Ia0_64[l0]" in source("local.get 0 i32.const 2 i32.shl i32.const 64 i32.add i32.load")
    assert "I0[l0 + l1]" in source("local.get 0 local.get 1 i32.add i32.const 7 i32.store local.get 0")


def test_what_has_none_is_as_it_was() -> None:
    assert "try" not in source("local.get 0 i32.load8_u 64")


@pytest.mark.parametrize(
    ("negative", "masked"),
    [
        ("local.get 0 i32.const 64 i32.sub", "B0[l0 - 64 if l0 >= 64 else l0 + 0xffffffc0]"),
        ("local.get 0 local.get 1 i32.sub", "B0[(l0 - l1) % 0x100000000]"),
    ],
)
def test_what_may_be_negative_is_masked(negative: str, masked: str) -> None:
    assert masked in source(f"{negative} i32.load8_u")


def test_what_begins_as_a_negative_number_is_masked() -> None:
    walking = f"{WRAPPING.replace('get 0', 'get 2')} local.get 2 local.get 1 i32.add local.set 2"
    assert "B0_64[l2]" in source(f"i32.const 64 local.set 2 loop {walking} br_if 0 end i32.const 1")
    text = source(f"i32.const -64 local.set 2 loop {walking} br_if 0 end i32.const 1")
    assert "B0[(l2 + 64) % 0x100000000]" in text


def test_who_is_wary_masks() -> None:
    masked = "B0[l0 + 64 if l0 <= 0x3fffffbf else (l0 + 64) % 0x100000000]"
    assert masked in source(WRAPPING, Form(wary=EVERYWHERE))
    (mark,) = translate(build(WRAPPING).load(engine()), 0).retries.values()
    assert masked in source(WRAPPING, Form(wary=frozenset((mark,))))
    assert "B0_64[l0]" in source(WRAPPING, Form(wary=frozenset((mark + 1000,))))


def test_where_it_fails_it_is_not_done_again(taken: list[bool]) -> None:
    exports = build(WRAPPING).instantiate(engine()).exports
    for _ in range(5):
        assert exports.f(0xFFFF_FFC5, 0) == 5
    assert taken == [True, True]
    assert exports.f(1, 0) == 65


def test_each_flavour_learns_by_itself(taken: list[bool]) -> None:
    exports = build(WRAPPING).instantiate(engine()).exports
    for _ in range(5):
        execution = exports.f.start(0xFFFF_FFC5, 0, fuel=1000)
        assert execution.run() is State.FINISHED
        assert execution.result == 5
    assert taken == [True, True]
    assert exports.f(0xFFFF_FFC5, 0) == 5
    assert taken == [True, True, True]


ADDED = "i32.const 8 i32.const 8 i{0}.load local.get 0 i{0}.add i{0}.store i32.const 8 i{0}.load"


@pytest.mark.parametrize("bits", [32, 64])
def test_what_is_stored_is_not_masked(taken: list[bool], bits: int) -> None:
    builder = ModuleBuilder()
    builder.memory(1)
    builder.function("f", f"i{bits} -> i{bits}", ADDED.format(bits))
    text = translate(builder.load(engine()), 0).source
    assert f"{'IQ'[bits == 64]}0[8] = {'IQ'[bits == 64]}0[8] + l0" in text
    assert f"% {1 << bits:#x}" not in text
    exports = builder.instantiate(engine()).exports
    assert [exports.f(5) for _ in range(3)] == [5, 10, 15]
    assert taken == []
    assert [exports.f(-20) for _ in range(3)] == [-5, -25, -45]  # each a sum past the width but the first
    assert taken == [True, True]
    assert [exports.f(-20), exports.f(70), exports.f(-10)] == [-65, 5, -5]
    assert taken == [True, True], "it masks now"


@pytest.mark.parametrize(
    "value",
    [
        "local.get 0 local.get 1 i32.sub",
        "local.get 0 local.get 1 i32.mul",
        "local.get 0 i32.const 0x41c64e6d i32.mul i32.const 12345 i32.add",
    ],
)
def test_what_is_stored_and_leaves_its_width_often_is_masked(value: str) -> None:
    text = source(f"local.get 2 {value} i32.store i32.const 1")
    assert "% 0x100000000" in text or "& 0xffffffff" in text


def test_of_what_is_stored_narrowly_the_last_bits_are() -> None:
    assert "& 0xff" in source("local.get 2 local.get 0 local.get 1 i32.add i32.store8 i32.const 1")
    exports = build("local.get 2 local.get 0 local.get 1 i32.add i32.store16 i32.const 0 i32.load").instantiate(
        engine()
    )
    assert exports.exports.f(-1, 2) == 0x0302_0001


def test_an_address_and_what_is_stored_there_may_both_be_too_large(taken: list[bool]) -> None:
    code = "local.get 0 i32.const 64 i32.add local.get 1 i32.const 9 i32.add i32.store i32.const 4 i32.load"
    exports = build(code).instantiate(engine()).exports
    for _ in range(4):
        assert exports.f(0xFFFF_FFC4, -7) == 2
        assert exports.f(0xFFFF_FFC4, 7) == 16
        assert exports.f(-60, -8) == 1
    assert taken == [True, True]


def test_what_is_stored_past_the_end_traps_there() -> None:
    builder = build("local.get 0 local.get 1 i32.const 9 i32.add i32.store i32.const 4")
    exports = builder.instantiate(engine()).exports
    for value in (1, -1, -9, 1):
        with pytest.raises(Trap) as caught:
            exports.f(0x10000, value)
        assert caught.value.code is TrapCode.MEMORY_OUT_OF_BOUNDS


def test_who_fails_in_many_places_ventures_nowhere(taken: list[bool]) -> None:
    # Each is in an arm of its own, and so has a mark of its own.
    arms = " ".join(
        f"local.get 1 i32.const {n} i32.eq if local.get 0 i32.const {64 + n} i32.add i32.load8_u local.set 2 end"
        for n in range(9)
    )
    exports = build(f"{arms} local.get 2").instantiate(engine()).exports
    for n in range(9):
        for _ in range(3):
            assert exports.f(0xFFFF_FFC5, n) == 5 + n
    assert taken == [True] * 10


def test_a_trap_is_where_it_was(taken: list[bool]) -> None:
    code = f"i32.const 8 i32.const 1 i32.store {WRAPPING}"
    instance = build(code).instantiate(engine())
    offset = next(line for line in translate(build(code).load(engine()), 0).offsets[3:4])
    for _ in range(4):
        with traps(TrapCode.MEMORY_OUT_OF_BOUNDS) as caught:
            instance.exports.f(0x1_0000, 0)
        assert [(frame.function, frame.offset) for frame in caught.error.frames] == [(0, offset)]
        assert caught.error.__context__ is not None
        assert caught.error.__context__.__context__ is None  # the error of what was ventured is none of its
    assert taken == [True, True]


def test_what_the_statements_before_did_is_not_done_again() -> None:
    counts = "i32.const 0 i32.const 0 i32.load i32.const 1 i32.add i32.store"
    loads = WRAPPING.replace("64", "512")
    instance = build(f"{counts} {loads} {counts} {loads} i32.add", data=256).instantiate(engine())
    for times in range(1, 5):
        assert instance.exports.f(0xFFFF_FF80, 0) == 2 * 128
        assert bytes(instance.exports.memory.read(0, 4)) == (2 * times).to_bytes(4, "little")


def test_what_is_needed_at_a_mark_is_not_written_over() -> None:
    # The first load goes into the slot of what the call gave, of which it was made; then the second one fails.
    first = "local.get 1 call 0 i32.const 255 i32.and local.get 1 i32.add i32.load8_u"
    builder = ModuleBuilder()
    builder.memory(1)
    builder.data(bytes(range(256)), 0)
    builder.function("g", "i32 -> i32", "loop end local.get 0 i32.const 2 i32.add")
    builder.function("f", "i32 i32 -> i32", f"{first} {WRAPPING} i32.rem_s")
    exports = builder.instantiate(engine()).exports
    for _ in range(4):
        assert exports.f(0xFFFF_FFC7, 20) == 42 % 7


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("local.get 0 i32.const 64 i32.add i32.const 1 memory.grow i32.store i32.const 4 i32.load", 1),
        (f"i32.const 1 memory.grow {WRAPPING} i32.add", 1 + 4),
        (f"{WRAPPING} i32.const 1 memory.grow i32.add", 1 + 4),
        (f"i32.const 1 memory.grow drop {WRAPPING} i32.const 1 memory.grow i32.xor", 4 ^ 2),
    ],
)
def test_a_memory_grows_once(code: str, expected: int) -> None:
    exports = build(f"{code} memory.size i32.const 100 i32.mul i32.add").instantiate(engine()).exports
    pages = 1 + code.count("grow")
    assert exports.f(0xFFFF_FFC4, 0) == 100 * pages + expected


@pytest.mark.parametrize(
    "error",
    [
        IndexError("of the host"),
        KeyError("of the host"),
        ValueError("of the host"),
        UnicodeDecodeError("utf-8", b"x", 0, 1, "of the host"),
    ],
)
def test_an_error_of_the_host_passes(taken: list[bool], error: Exception) -> None:
    def fail() -> None:
        raise error

    builder = ModuleBuilder()
    builder.import_function("env", "fail", "->")
    builder.memory(1)
    builder.function("f", "i32 -> i32", f"call 0 {WRAPPING}")
    with pytest.raises(type(error), match="of the host") as caught:
        builder.instantiate(engine(), {"env": {"fail": fail}}).exports.f(0xFFFF_FFFF)
    assert caught.value is error
    assert True not in taken


def test_a_trap_of_a_callee_is_its_own(taken: list[bool]) -> None:
    builder = ModuleBuilder()
    builder.memory(1)
    builder.function("g", "i32 -> i32", "local.get 0 i32.load8_u")
    builder.function("f", "i32 -> i32", "local.get 0 call 0 local.get 0 i32.const 64 i32.add i32.load8_u i32.add")
    instance = builder.instantiate(engine())
    with traps(TrapCode.MEMORY_OUT_OF_BOUNDS) as caught:
        instance.exports.f(0xFFFF_FFFF)
    assert [frame.function for frame in caught.error.frames] == [0, 1]
    assert taken == [False]


def test_what_waits_may_trap_itself(taken: list[bool]) -> None:
    # The load that waits comes first, and is of no memory; what is ventured above it fails too.
    code = f"local.get 1 i32.load {WRAPPING} i32.add"
    instance = build(code).instantiate(engine())
    for _ in range(4):
        with traps(TrapCode.MEMORY_OUT_OF_BOUNDS):
            instance.exports.f(0xFFFF_FFC5, 0x1_0000)
    assert instance.exports.f(0xFFFF_FFC5, 0) == 0x0302_0100 + 5


def test_in_a_handler_the_exception_is_held(taken: list[bool]) -> None:
    pytest.importorskip("wrt_wast.text.parser", reason="modules are written as text")
    from wrt_wast.text.parser import parse_module

    text = """(module (memory 1) (data (i32.const 0) "\\05\\06\\07") (tag $e (param i32))
      (func (export "f") (param i32) (result i32)
        try (result i32) (throw $e (i32.const 9))
        catch $e
          try (param i32) (result i32)
            (drop (i32.add (i32.load8_u (i32.add (local.get 0) (i32.const 64)))))
            rethrow 1
          catch $e
            drop (i32.const 9)
            (i32.add (i32.load8_u (i32.add (local.get 0) (i32.const 65))))
          end
        end))"""
    one = engine()
    instance = one.instantiate(one.load(parse_module(text)))
    for _ in range(4):
        assert instance.exports.f(0xFFFF_FFC0) == 9 + 6
    assert instance.exports.f(2**32 - 64) == 9 + 6
    assert True in taken


def test_fuel_is_the_same_however_it_goes() -> None:
    turns = "local.get 0 local.get 2 i32.add i32.const 128 i32.add i32.load8_u local.get 3 i32.add local.set 3"
    code = f"loop {turns} local.get 2 i32.const 1 i32.add local.tee 2 i32.const 100 i32.ne br_if 0 end local.get 3"
    used = []
    for start in (0, 0x1000, 0xFFFF_FF80):
        execution = build(code).instantiate(engine()).exports.f.start(start, 0, fuel=10_000)
        assert execution.run() is State.FINISHED
        used.append(execution.fuel_used)
    assert len(set(used)) == 1


def test_in_many_threads_at_once() -> None:
    exports = build(WRAPPING).instantiate(engine()).exports
    wrong: list[int] = []

    def call(number: int) -> None:
        for turn in range(200):
            found = exports.f(0xFFFF_FFC0 + (number + turn) % 64, 0)
            wrong.extend([number] if found != (number + turn) % 64 else [])

    threads = [Thread(target=call, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_a_mark_is_no_safe_point_for_a_snapshot() -> None:
    instance = build(WRAPPING).instantiate(engine())
    (mark,) = translate(build(WRAPPING).load(engine()), 0).retries.values()
    runner = StacklessRunner(100, None)
    for kind in ActivationKind:
        if kind is not ActivationKind.ENTRY:
            with pytest.raises(ExecutionError, match="can't go on"):
                runner.shape(instance, 0, kind, mark)


def test_the_dispatched_form_has_them_too(taken: list[bool], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled, "translating", partial(translating, write=write_dispatched))
    code = f"block local.get 1 br_if 0 {WRAPPING} local.set 2 end local.get 2 {WRAPPING} br_if 0 {WRAPPING} i32.add"
    exports = build(code).instantiate(engine()).exports
    for _ in range(4):
        assert exports.f(0xFFFF_FFC7, 0) == 7
        assert exports.f(0xFFFF_FFC0, 0) == 0
    assert True in taken


def test_what_was_learned_stays_with_the_instance(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(detours, "_PATIENCE", 1)
    one = engine()
    module = build(WRAPPING).load(one)
    first, second = one.instantiate(module), one.instantiate(module)
    assert first.exports.f(0xFFFF_FFC7, 0) == 7
    assert first.exports.f.code.__code__ is not second.exports.f.code.__code__
    assert second.exports.f(0xFFFF_FFC7, 0) == 7
