"""Locals that are only loaded, ordered and stored hold signed numbers, which had better be seen by the time alone.

Random programs do with such locals all that can be done with a number, and are compared with the reference interpreter,
also paused at every safe point: what is seen, saved and gone on with is what the specification has.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from itertools import product
from random import Random

import pytest

from wrt_core.engines.stackless.engine import StacklessEngine
from wrt_core.engines.stackless.translation.function import translate
from wrt_core.execution import Execution
from wrt_core.execution.snapshot import Snapshot
from wrt_core.execution.state import State
from wrt_core.testing import ModuleBuilder, Program
from wrt_core.testing.reference import Reference
from wrt_core.validation import ValidatedModule
from wrt_foundation.plugins import get_plugin_manager

PLUGINS = get_plugin_manager()
SIGNED = ("lt_s", "gt_s", "le_s", "ge_s")
DIVISIONS = ("div_s", "rem_s", "div_u", "rem_u")
OPERATIONS = ("xor", "and", "or", "mul", "rotl", "lt_u", "ge_u", "eq", "ne")
NUMBERS = (0, 1, -1, 100, -100, 0x7FFF_FFFF, -0x8000_0000, 0x1234_5678, -0x1234_5678, 0x3FFF_FFFF, -0x3FFF_FFFF)
STEPS = (1, -1, 4, -4, 4096, -4096, 4097, -4097)


def engine() -> StacklessEngine:
    return StacklessEngine(plugins=PLUGINS)


def program(seed: int) -> Program:
    """A function that orders what is in memory at addresses below 64, by locals 2 to 5, and notes what it saw in 6."""
    random = Random(seed)

    def local() -> str:
        return f"local.get {random.randrange(2, 6)}"

    def number() -> str:
        return random.choice((local(), local(), local(), "local.get 0", f"i32.const {random.choice(NUMBERS)}"))

    def given() -> str:
        value = random.choice(
            (
                f"i32.const {random.randrange(0, 64)} i32.load",
                f"i32.const {random.randrange(0, 64)} i32.load",
                f"local.get 1 i32.const 60 i32.and i32.load {random.randrange(0, 16)}",
                f"i32.const {random.choice(NUMBERS)}",
                f"i32.const {random.randrange(0, 64)} i32.load8_s",
                f"{local()} i32.const {random.choice(STEPS)} i32.add",
                f"{local()} {local()} {number()} i32.{random.choice(('lt_s', 'eq', 'ne'))} i32.add",
                f"{local()} {local()} {local()} {local()} i32.{random.choice(SIGNED)} select",
            )
        )
        return f"{value} local.set {random.randrange(2, 6)}"

    def use() -> str:
        value = random.choice(
            (
                f"{local()} i32.const 3 i32.add",
                f"{local()} {number()} i32.sub",
                f"{local()} i32.const 5 i32.shr_{random.choice('su')}",
                f"{local()} i64.extend_i32_{random.choice('su')} i64.const 7 i64.shr_u i32.wrap_i64",
                f"{local()} {number()} i32.{random.choice(OPERATIONS)}",
                f"{local()} i32.eqz",
                f"{local()} {number()} {local()} select",
                f"{local()} f64.convert_i32_{random.choice('su')} f64.const 4.0 f64.div i32.trunc_sat_f64_s",
                f"{local()} i32.const 0xff i32.and i32.load8_u 0",
                f"{local()} i32.const {random.choice((3, 7, 64, -5))} i32.{random.choice(DIVISIONS)}",
                f"{local()} i32.{random.choice(('popcnt', 'clz', 'ctz', 'extend8_s', 'extend16_s'))}",
                f"{local()} i32.const {random.randrange(32)} i32.{random.choice(('rotl', 'rotr', 'shr_s', 'shl'))}",
                f"block block {local()} br_table 0 1 end {given()} end {local()}",
                f"{local()} call 1",
                f"{local()} global.set 0 global.get 0",
            )
        )
        return f"{value} local.get 6 i32.const 31 i32.mul i32.add local.set 6"

    def stored() -> str:
        return f"i32.const {random.randrange(0, 64)} {local()} i32.store{random.choice(('', '', '8', '16'))}"

    def ordered() -> str:
        otherwise = random.choice((use, stored))()
        return f"{local()} {number()} i32.{random.choice(SIGNED)} if {stored()} {given()} else {otherwise} end"

    parts = [random.choice((given, ordered, ordered, stored, use))() for _ in range(random.randrange(4, 12))]
    body = " ".join(parts)
    code = f"""
        {given()} {given()}
        loop {body} local.get 7 i32.const 1 i32.add local.tee 7 i32.const 3 i32.lt_s br_if 0 end
        local.get 6 {local()} i32.add
    """
    builder = ModuleBuilder()
    builder.memory(1)
    builder.global_("global", "i32", "i32.const 0")
    builder.data(b"".join(random.choice(NUMBERS).to_bytes(4, "little", signed=True) for _ in range(20)))
    builder.function("f0", "i32 i32 -> i32", code, "i32 i32 i32 i32 i32 i32")
    builder.function("f1", "i32 -> i32", "local.get 0 i32.const -5 i32.lt_s drop local.get 0")
    return Program(builder.bytes(), (" ".join(code.split()),))


@pytest.mark.parametrize("part", range(10))
def test_random_programs(agree: Callable[..., None], part: int) -> None:
    agree(program, range(part * 60, part * 60 + 60), rounds=4)


def test_they_have_locals_that_hold_signed_numbers() -> None:
    one = engine()
    sources = [translate(one.load(program(seed).module), 0).source for seed in range(100)]
    assert sum(any(f"l{local} = i0[" in source for local in range(2, 6)) for source in sources) > 30


def test_what_is_sorted_is_compared_as_it_is() -> None:
    builder = ModuleBuilder()
    builder.memory(1)
    code = """
        local.get 0 i32.load local.set 1 local.get 0 i32.load 4 local.set 2
        local.get 1 local.get 2 i32.gt_s
        if local.get 0 local.get 2 i32.store local.get 0 local.get 1 i32.store 4 end
    """
    builder.function("f", "i32 ->", code, "i32 i32")
    source = translate(builder.load(engine()), 0).source
    assert "if l1 > l2:" in source
    assert "i0[l0] = l2" in source
    assert "%" not in source


LEAST = """
    local.get 0 i32.load local.set 1
    loop
        local.get 1 {} i32.add local.set 2
        local.get 0 i32.load 4 local.set 3
        local.get 2 local.get 3 local.get 2 local.get 3 i32.lt_s select local.set 1
        local.get 0 local.get 1 i32.store 4
        local.get 1 local.get 3 i32.lt_s br_if 0
    end
"""


@pytest.mark.parametrize("step", ["i32.const 1", "i32.const -1", "local.get 3 i32.eqz"])
def test_the_least_of_what_is_stepped_is_found_with_signed_numbers(step: str) -> None:
    builder = ModuleBuilder()
    builder.memory(1)
    builder.function("f", "i32 ->", LEAST.format(step), "i32 i32 i32")
    source = translate(builder.load(engine()), 0).source
    assert "l1 = l2 if l2 < l3 else l3" in source
    assert "i0_4[l0] = l1" in source


EDGES = (0x7FFF_FFFF, -0x8000_0000, 0x3FFF_FFFF, -0x3FFF_FFFF, 0x3FFF_EFFF, -0x7FFF_F000, 0x7FFF_EFFF, 0, -1, 4096)
ASKED = "local.get 0 i32.load 8 i32.eqz"
FEW = "local.get 0 i32.load 8 i32.const 4095 i32.and"


@pytest.mark.parametrize("step", [*STEPS[:-2], ASKED, FEW])
def test_what_is_stepped_wraps(step: int | str) -> None:
    once = LEAST.partition("local.get 1 local.get 3 i32.lt_s br_if")[0] + "end"
    builder = ModuleBuilder()
    builder.memory(1)
    code = once.format(f"i32.const {step}" if isinstance(step, int) else step)
    builder.function("f", "i32 ->", code, "i32 i32 i32")
    one = engine()
    module = builder.load(one)
    assert "l1 = l2 if l2 < l3 else l3" in translate(module, 0).source
    instance = one.instantiate(module)
    memory = instance.exports.memory
    for x, y, z in product(EDGES, EDGES, (0, -1)):
        by = {ASKED: int(z == 0), FEW: z & 4095}.get(step, step)
        memory.write(0, struct.pack("<iii", x, y, z))
        instance.exports.f(0)
        least = min((x + by + 0x8000_0000) % 0x1_0000_0000 - 0x8000_0000, y)
        assert struct.unpack("<i", memory.read(4, 4)) == (least,), (x, y, z)


def test_what_is_stepped_and_an_address_stays_unsigned() -> None:
    builder = ModuleBuilder()
    builder.memory(1)
    code = LEAST.format("i32.const 1") + " local.get 1 i32.load8_u local.get 2 i32.load8_u i32.store" * 3
    builder.function("f", "i32 ->", code, "i32 i32 i32")
    assert "l2 < l3 and" in translate(builder.load(engine()), 0).source


def test_what_a_loop_counts_is_small_to_those_that_are_given_it() -> None:
    """Two locals that are ordered begin as the number of the turn, and become what is loaded."""
    smaller = "local.get 2 local.get 3 local.get 2 local.get 3 i32.lt_s select"
    code = f"""
        loop
            local.get 1 local.set 2
            local.get 0 i32.load local.set 3
            {smaller} local.set 2
            local.get 0 i32.load 4 local.set 3
            {smaller} local.set 2
            local.get 0 local.get 2 i32.store 8
            local.get 1 i32.const 1 i32.add local.tee 1 i32.const 100 i32.ne br_if 0
        end
    """
    builder = ModuleBuilder()
    builder.memory(1)
    builder.function("f", "i32 ->", code, "i32 i32 i32")
    source = translate(builder.load(engine()), 0).source
    assert "for l1 in range" in source
    assert "l2 = l2 if l2 < l3 else l3" in source


def test_what_is_stepped_and_seldom_ordered_stays_unsigned() -> None:
    code = """
        local.get 0 i32.load local.set 1
        loop
            local.get 1 i32.const -1 i32.add local.set 1
            local.get 1 i32.const 5 i32.ge_s if local.get 0 local.get 1 i32.store end
            local.get 0 i32.load 8 br_if 0
        end
    """
    builder = ModuleBuilder()
    builder.memory(1)
    builder.function("f", "i32 ->", code, "i32")
    assert "l1 = l1 - 1 if l1 else 0xffffffff" in translate(builder.load(engine()), 0).source


def test_an_unsigned_number_that_is_stepped_is_none_that_is_nearly_signed() -> None:
    builder = ModuleBuilder()
    builder.memory(1)
    builder.function("less", "i32 i32 -> i32", "local.get 0 i32.const -1 i32.add local.get 1 i32.load i32.lt_s")
    builder.function("store", "i32 i32 ->", "local.get 1 local.get 0 i32.const -1 i32.add i32.store")
    exports = builder.instantiate(engine()).exports
    for value in EDGES:
        less = (value - 1 + 0x8000_0000) % 0x1_0000_0000 - 0x8000_0000
        assert exports.less(value, 0) == (less < 0), value
        exports.store(value, 4)
        assert struct.unpack("<i", exports.memory.read(4, 4)) == (less,)


def test_a_parameter_stays_unsigned() -> None:
    builder = ModuleBuilder()
    builder.function("f", "i32 i32 -> i32", "local.get 0 local.get 1 i32.lt_s")
    assert builder.instantiate(engine()).exports["f"](-1, 0) == 1


def ended(execution: Execution, module: ValidatedModule) -> int:
    """Run an execution to its end, saving and resuming it at every safe point; return its result."""
    one = engine()
    while execution.run(fuel=execution.fuel_needed) is not State.FINISHED:
        for frame in execution.frames:
            assert all(-(1 << 31) <= each < 1 << 31 for each in frame.locals if isinstance(each, int))
        execution = Snapshot.from_bytes(Snapshot.of(execution).to_bytes()).resume(one, module)
    result: int = execution.result
    return result


@pytest.mark.parametrize("part", range(4))
def test_pauses_at_every_safe_point(part: int) -> None:
    for seed in range(2000 + part * 10, 2010 + part * 10):
        each, one = program(seed), engine()
        module = one.load(each.module)
        args = Random(seed).choice(NUMBERS), Random(seed).choice(NUMBERS)
        reference = Reference(module)
        (wanted,) = reference.call(0, [arg & 0xFFFF_FFFF for arg in args])
        execution = one.instantiate(module).exports["f0"].start(*args, fuel=0)
        assert ended(execution, module) & 0xFFFF_FFFF == wanted, f"{seed}\n{each}"
