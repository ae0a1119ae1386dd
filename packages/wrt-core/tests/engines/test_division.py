"""Compilers write `x % c` as `x - x / c * c`; it is read back, and nothing else is."""

from __future__ import annotations

import struct

import pytest

from wrt_core.engines.stackless.engine import StacklessEngine
from wrt_core.engines.stackless.translation.function import translate
from wrt_core.testing import ModuleBuilder, Program, disagreement
from wrt_foundation.plugins import get_plugin_manager

PLUGINS = get_plugin_manager()

REMAINDERS = {
    "subtracted": "local.get 0 local.get 0 i32.const 37 i32.div_u i32.const 37 i32.mul i32.sub",
    "added": "local.get 0 local.get 0 i32.const 37 i32.div_u i32.const -37 i32.mul i32.add",
    "added the other way round": "local.get 0 i32.const 37 i32.div_u i32.const -37 i32.mul local.get 0 i32.add",
    "not negative": """
        local.get 0 i32.const 0xffff i32.and local.tee 0
        local.get 0 i32.const 7 i32.div_s i32.const 7 i32.mul i32.sub
    """,
}

KEPT = """
    local.get 0 i32.const 37 i32.div_u local.set 1
    local.get 0 local.get 1 i32.const 37 i32.mul i32.sub local.get 1 i32.add
"""

OTHERS = {
    "another factor": "local.get 0 local.get 0 i32.const 37 i32.div_u i32.const 36 i32.mul i32.sub",
    "another variable": "local.get 1 local.get 0 i32.const 37 i32.div_u i32.const 37 i32.mul i32.sub",
    "added": "local.get 0 local.get 0 i32.const 37 i32.div_u i32.const 37 i32.mul i32.add",
    "the other way round": "local.get 0 i32.const 37 i32.div_u i32.const 37 i32.mul local.get 0 i32.sub",
    "multiplied twice": """
        local.get 0 local.get 0 i32.const 37 i32.div_u i32.const 37 i32.mul i32.const 2 i32.mul i32.sub
    """,
    "signed": "local.get 0 local.get 0 i32.const 37 i32.div_s i32.const 37 i32.mul i32.sub",
    "changed meanwhile": """
        local.get 0 i32.const 37 i32.div_u i32.const -37 i32.mul
        local.get 0 i32.const 1 i32.add local.tee 0 i32.add
    """,
    "of a quotient that is another by now": """
        local.get 0 i32.const 37 i32.div_u local.tee 1 i32.const 1 i32.add local.set 1
        local.get 0 local.get 1 i32.const 37 i32.mul i32.sub
    """,
    "of a quotient of what is another by now": """
        local.get 0 i32.const 37 i32.div_u local.set 1 local.get 0 i32.const 1 i32.add local.set 0
        local.get 0 local.get 1 i32.const 37 i32.mul i32.sub
    """,
    "of what is a quotient on one way": """
        local.get 1 if local.get 0 i32.const 37 i32.div_u local.set 1 end
        local.get 0 local.get 1 i32.const 37 i32.mul i32.sub
    """,
    "of what is a quotient on one way, and something else on the other": """
        local.get 0 i32.const 37 i32.div_u local.set 1 local.get 0 i32.const 8 i32.and if i32.const 3 local.set 1 end
        local.get 0 local.get 1 i32.const 37 i32.mul i32.sub
    """,
    "of the local that it was kept in": """
        local.get 0 i32.const 37 i32.div_u local.tee 0 local.get 0 i32.const 37 i32.mul i32.sub
    """,
    "divided by what is not constant": "local.get 0 local.get 0 local.get 1 i32.div_u local.get 1 i32.mul i32.sub",
}


def build(code: str) -> ModuleBuilder:
    builder = ModuleBuilder()
    builder.memory(1)
    builder.global_("global", "i32", "i32.const 21")
    builder.function("f0", "i32 i32 -> i32", code)
    return builder


@pytest.mark.parametrize("way", REMAINDERS)
def test_a_remainder(way: str) -> None:
    builder = build(REMAINDERS[way])
    source = translate(builder.load(StacklessEngine(plugins=PLUGINS)), 0).source
    assert ("//" in source, "%" in source) == (False, True)
    assert disagreement(Program(builder.bytes(), ()), StacklessEngine(plugins=PLUGINS), rounds=40) is None


def test_a_remainder_of_a_quotient_that_is_kept() -> None:
    builder = build(KEPT)
    assert "l0 % 37 + l1" in translate(builder.load(StacklessEngine(plugins=PLUGINS)), 0).source
    assert disagreement(Program(builder.bytes(), ()), StacklessEngine(plugins=PLUGINS), rounds=40) is None


@pytest.mark.parametrize("way", OTHERS)
def test_what_is_none(way: str) -> None:
    assert disagreement(Program(build(OTHERS[way]).bytes(), ()), StacklessEngine(plugins=PLUGINS), rounds=40) is None


@pytest.mark.parametrize("number", [0, 1, -1, 2**24, -(2**24), 2**24 + 1, -(2**24) - 1, 2**24 + 3, 2**31 - 1, -(2**31)])
@pytest.mark.parametrize("bound", [0xFFFF, 0xFF_FFFF, 0x1FF_FFFF, -1])
@pytest.mark.parametrize("sign", "su")
def test_an_integer_as_f32_is_rounded_unless_it_is_one(number: int, bound: int, sign: str) -> None:
    builder = ModuleBuilder()
    builder.function("f0", "i32 -> f32", f"local.get 0 i32.const {bound} i32.and f32.convert_i32_{sign}")
    source = translate(builder.load(StacklessEngine(plugins=PLUGINS)), 0).source
    assert ("R[()]" in source) is (bound not in (0xFFFF, 0xFF_FFFF))
    masked = number & bound & 0xFFFF_FFFF
    if sign == "s" and masked >= 1 << 31:
        masked -= 1 << 32
    expected = struct.unpack("f", struct.pack("f", masked))[0]
    assert builder.instantiate(StacklessEngine(plugins=PLUGINS)).exports.f0(number) == expected


LOOPS = {
    # what comes after it, by steps; what it does with a number, and whether that is seen not to be negative
    "digits": ("local.get 2 i32.const 10 i32.rem_s local.get 3 i32.add local.set 3 {n} i32.const 10 i32.div_s", True),
    "both": ("local.get 3 local.get 2 i32.const 7 i32.or i32.rem_s local.set 3 {n} i32.const 3 i32.div_s", True),
    "that is masked": ("{n} i32.const 7 i32.rem_s local.set 3 {n} i32.const 0xff i32.and i32.const 3 i32.div_s", True),
    "that gets less": ("{n} i32.const 10 i32.rem_s local.set 3 {n} i32.const 1 i32.sub", False),
    "that gets more": ("{n} i32.const 10 i32.rem_s local.set 3 {n} i32.const 0x30000000 i32.add", False),
    "that is read": ("{n} i32.const 10 i32.rem_s local.set 3 i32.const 8 i32.load", False),
    "in an arm": ("{n} i32.const 10 i32.rem_s local.set 3 local.get 1 if i32.const -9 local.set 2 end {n}", False),
}


@pytest.mark.parametrize("start", ["local.get 0", "local.get 0 i32.const 1 i32.shr_u", "i32.const -5"])
@pytest.mark.parametrize("way", LOOPS)
def test_what_a_loop_divides_is_hoped_not_to_be_negative(way: str, start: str) -> None:
    code, comes_true = LOOPS[way]
    builder = ModuleBuilder()
    builder.memory(1)
    builder.data(b"\xfd\xff\xff\xff", 8)
    turn = f"{code.format(n='local.get 2')} local.set 2"
    counted = "local.get 4 i32.const 1 i32.add local.tee 4 i32.const 9 i32.lt_u br_if 0"
    loop = f"{start} local.set 2 loop {turn} {counted} end local.get 2 local.get 3 i32.add"
    builder.function("f0", "i32 i32 -> i32", loop, "i32 i32 i32")
    source = translate(builder.load(StacklessEngine(plugins=PLUGINS)), 0).source
    assert ("0x80000000" not in source) == (comes_true and start.endswith("shr_u"))
    assert disagreement(Program(builder.bytes(), ()), StacklessEngine(plugins=PLUGINS), rounds=12) is None


def test_the_greatest_common_divisor_is_a_remainder() -> None:
    builder = ModuleBuilder()
    step = "local.get 0 local.get 1 local.tee 0 i32.rem_s local.set 1"
    small = "local.get 0 i32.const 0xffff i32.and local.set 0 local.get 1 i32.const 0xffff i32.and local.set 1"
    code = f"{small} block loop local.get 1 i32.eqz br_if 1 {step} br 0 end end local.get 0"
    builder.function("f", "i32 i32 -> i32", code)
    source = translate(builder.load(StacklessEngine(plugins=PLUGINS)), 0).source
    assert "rem_s" not in source
    assert builder.instantiate(StacklessEngine(plugins=PLUGINS)).exports.f(1071, 462) == 21


FLOATS = {
    "an integer and a float": "{a} f64.const 0.1 f64.{op}",
    "a float and an integer": "f64.const 0.1 {a} f64.{op}",
    "two integers": "{a} {b} f64.{op}",
    "an integer with no sign and none": "{a} f64.const -0.0 f64.{op}",
    "an integer and what is none": "{a} f64.const nan f64.{op}",
    "an integer and what makes it infinite": "{a} f64.const 1e308 f64.{op}",
}


@pytest.mark.parametrize("op", ["add", "sub", "mul", "div", "min", "lt"])
@pytest.mark.parametrize("way", FLOATS)
@pytest.mark.parametrize("made", ["i32_s", "i32_u", "i64_s", "i64_u"])
def test_floats_that_were_made_of_integers(way: str, op: str, made: str) -> None:
    type_ = made[:3]
    a, b = (f"local.get {n} f64.convert_{made}" for n in (0, 1))
    code = FLOATS[way].format(a=a, b=b, op=op)
    bits = code if op == "lt" else f"{code} i64.reinterpret_f64"
    result = "i32" if op == "lt" else "i64"
    builder = ModuleBuilder()
    builder.memory(1)
    builder.global_("global", "i32", "i32.const 21")
    builder.function("f0", f"{type_} {type_} -> {result}", bits)
    assert disagreement(Program(builder.bytes(), ()), StacklessEngine(plugins=PLUGINS), rounds=40) is None


@pytest.mark.parametrize("number", [2**53 - 1, 2**53 + 1, -(2**53) - 1, 2**63 - 1, -(2**63), 2**62 + 2**8 + 1])
@pytest.mark.parametrize("other", [1.0, -0.5, 2.0**53, 3.0])
def test_an_integer_that_is_no_float_is_rounded_before_it_is_added(number: int, other: float) -> None:
    builder = ModuleBuilder()
    builder.function("f0", "i64 f64 -> f64", "local.get 0 f64.convert_i64_s local.get 1 f64.add")
    builder.function("f1", "i64 f64 -> f64", "local.get 1 local.get 0 f64.convert_i64_s f64.mul")
    exports = builder.instantiate(StacklessEngine(plugins=PLUGINS)).exports
    assert exports.f0(number, other) == float(number) + other
    assert exports.f1(number, other) == other * float(number)


def test_a_small_integer_need_not_be_made_a_float_first() -> None:
    builder = ModuleBuilder()
    builder.function("f0", "i32 -> f64", "local.get 0 f64.convert_i32_u f64.const 0.25 f64.mul")
    assert "return l0 * 0.25" in translate(builder.load(StacklessEngine(plugins=PLUGINS)), 0).source
