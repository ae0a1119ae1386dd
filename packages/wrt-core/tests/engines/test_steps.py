"""Small steps, small numbers, and what is computed of them: every way is right where a number is not small, too."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from itertools import product

import pytest

from wrt_core.engines.stackless.engine import StacklessEngine
from wrt_core.engines.stackless.translation.function import translate
from wrt_core.runtime.instance import Instance
from wrt_core.testing import ModuleBuilder
from wrt_foundation.plugins import get_plugin_manager

PLUGINS = get_plugin_manager()


def engine() -> StacklessEngine:
    return StacklessEngine(plugins=PLUGINS)


def build(code: str, signature: str = "i32 i32 -> i32", locals_: str = "i32 i32") -> ModuleBuilder:
    builder = ModuleBuilder()
    builder.memory(1)
    builder.function("f", signature, code, locals_)
    return builder


def make(code: str, signature: str = "i32 i32 -> i32", locals_: str = "i32 i32") -> Instance:
    return build(code, signature, locals_).instantiate(engine())


def source(code: str, signature: str = "i32 i32 -> i32", locals_: str = "i32 i32") -> str:
    return translate(build(code, signature, locals_).load(engine()), 0).source


def numbers(bits: int) -> Iterator[int]:
    """Where numbers get another digit, another sign, or wrap."""
    for edge in (0, 4096, 1 << 30, 1 << 31, 1 << 60, 1 << 63, 1 << 32, 1 << 64):
        yield from (number for number in range(edge - 3, edge + 4) if 0 <= number < 1 << bits)
    yield from ((1 << bits) - 4096, (1 << bits) - 5, 12345)


def signed(number: int, bits: int) -> int:
    number %= 1 << bits
    return number - (1 << bits) if number >> bits - 1 else number


@pytest.mark.parametrize("bits", [32, 64])
@pytest.mark.parametrize("step", [1, -1, 4, -4, 4096, -4096, 4097, -4097])
def test_a_step(bits: int, step: int) -> None:
    # Twice, and looked at in between, so that it is masked.
    stepped = f"local.get 0 i{bits}.const {step} i{bits}.add local.tee 0"
    code = f"{stepped} i{bits}.const 3 i{bits}.div_u {stepped} i{bits}.const 7 i{bits}.rem_u i{bits}.xor"
    function = make(code, f"i{bits} -> i{bits}", "").exports.f
    for number in numbers(bits):
        once, twice = (number + step) % (1 << bits), (number + 2 * step) % (1 << bits)
        assert function(number) == signed(once // 3 ^ twice % 7, bits), number


@pytest.mark.parametrize("step", [1, -1, -4, 100])
def test_a_step_from_what_has_grown_past_its_width(step: int) -> None:
    """A loop adds to a local that is not masked meanwhile; a step from there is."""
    grown = "loop local.get 2 local.get 0 i32.add local.set 2 local.get 1 i32.const 1 i32.shr_u local.tee 1 br_if 0 end"
    stepped = f"local.get 2 i32.const {step} i32.add local.set 3"
    code = f"{grown} {stepped} local.get 3 local.get 0 i32.lt_u local.get 3 i32.const 7 i32.rem_u i32.add"
    assert "% 0x100000000" in source(code)
    function = make(code).exports.f
    for by, turns in product((1, 7, 0x7FFF_FFFF, 0xFFFF_FFFF, 0xFFFF_FFF0), (1, 2, 5)):
        value = (by * turns + step) % (1 << 32)
        assert function(by, 1 << turns - 1) == (value < by) + value % 7, (by, turns)


def test_how_a_step_is_written() -> None:
    assert "l0 - 1 if l0 else 0xffffffff" in source("local.get 0 i32.const 1 i32.sub local.get 1 i32.lt_u")
    assert "l0 + 4 if l0 <= 0x3ffffffb else" in source("local.get 0 i32.const 4 i32.add local.get 1 i32.lt_u")
    assert " if " not in source("local.get 0 i32.const 4 i32.mul i32.const 4 i32.add local.get 1 i32.lt_u")


@pytest.mark.parametrize("bits", [32, 64])
@pytest.mark.parametrize("sign", ["lt", "gt", "le", "ge"])
def test_an_order(bits: int, sign: str) -> None:
    """Of two numbers, of one and a constant, and of what was loaded."""
    order = {"lt": int.__lt__, "gt": int.__gt__, "le": int.__le__, "ge": int.__ge__}[sign]
    condition = f"i{bits}.{sign}_s"
    two = make(f"local.get 0 local.get 1 {condition}", f"i{bits} i{bits} -> i32", "").exports.f
    loaded = make(
        f"i32.const 0 local.get 0 i{bits}.store i32.const 0 i{bits}.load local.set 2 "
        f"local.get 2 local.get 1 {condition} if i32.const 2 local.set 3 end "
        f"local.get 1 local.get 2 {condition} local.get 3 i32.or",
        f"i{bits} i{bits} -> i32",
        f"i{bits} i32",
    ).exports.f
    for a, b in product(list(numbers(bits))[::2], repeat=2):
        x, y = signed(a, bits), signed(b, bits)
        assert two(a, b) == order(x, y), (a, b)
        assert loaded(a, b) == 2 * order(x, y) + order(y, x), (a, b)
    for constant in (0, 1, -1, 5, (1 << 30) - 1, 1 << 30, -(1 << bits - 1), (1 << bits - 1) - 1):
        one = make(f"local.get 0 i{bits}.const {constant} {condition}", f"i{bits} -> i32", "").exports.f
        for number in numbers(bits):
            assert one(number) == order(signed(number, bits), constant), (number, constant)


@pytest.mark.parametrize("bits", [32, 64])
@pytest.mark.parametrize("count", [0, 1, 2, 7, 31])
def test_a_signed_shift(bits: int, count: int) -> None:
    shifted = f"i{bits}.const {count} i{bits}.shr_s"
    plain = f"local.get 0 {shifted} local.get 1 i{bits}.lt_u"
    computed = f"local.get 0 local.get 1 i{bits}.xor {shifted} local.get 1 i{bits}.div_u"
    small = make(plain, f"i{bits} i{bits} -> i32", "").exports.f
    other = make(computed, f"i{bits} i{bits} -> i{bits}", "").exports.f
    for a in numbers(bits):
        for b in (1, 5, 1 << 31, (1 << bits) - 2):
            assert small(a, b) == ((signed(a, bits) >> count) % (1 << bits) < b)
            assert other(a, b) == signed((signed(a ^ b, bits) >> count) % (1 << bits) // b, bits)


@pytest.mark.parametrize("bits", [32, 64])
def test_all_bits_but_one(bits: int) -> None:
    code = f"local.get 0 i{bits}.const -2 local.get 1 i{bits}.rotl i{bits}.and"
    function = make(code, f"i{bits} i{bits} -> i{bits}", "").exports.f
    assert "~(1 << (l1 &" in source(code, f"i{bits} i{bits} -> i{bits}", "")
    whole = make(
        code.replace("local.get 0 ", "").replace(f"i{bits}.and", ""), f"i{bits} i{bits} -> i{bits}", ""
    ).exports.f
    for count in (0, 1, 5, 31, 32, 63, 64, 2**31, (1 << bits) - 1):
        left = ((1 << bits) - 1) ^ 1 << count % bits
        assert function(-1, count) == whole(0, count) == signed(left, bits)
        assert function(0x1234_5678, count) == 0x1234_5678 & left


@pytest.mark.parametrize("bits", [32, 64])
@pytest.mark.parametrize("divisor", [1, 2, 7, 10, 1 << 20, (1 << 31) - 1])
@pytest.mark.parametrize("kept", [False, True])
def test_a_signed_remainder_written_as_a_difference(bits: int, divisor: int, kept: bool) -> None:
    """It is that of a number of which it is not known whether it is negative."""
    given = "local.set 2 local.get 2" if not kept else "local.tee 2 drop local.get 2"
    quotient = f"local.get 0 i{bits}.const {divisor} i{bits}.div_s {given}"
    code = f"local.get 0 {quotient} i{bits}.const {divisor} i{bits}.mul i{bits}.sub local.get 1 i{bits}.add"
    function = make(code, f"i{bits} i{bits} -> i{bits}", f"i{bits}").exports.f
    for number in numbers(bits):
        value = signed(number, bits)
        remainder = abs(value) % divisor * (-1 if value < 0 else 1)
        assert function(number, 5) == signed(remainder + 5, bits), number


def test_a_float_divided_by_an_integer() -> None:
    for name in ("i32", "i64"):
        narrowed = f"local.get 1 {name}.const 1023 {name}.and"
        for integer in (
            f"{narrowed}",
            f"{narrowed} {name}.const 1 {name}.add",
            f"{name}.const 0 {narrowed} {name}.sub",
        ):
            code = f"local.get 0 {integer} f64.convert_{name}_s f64.div"
            function = make(code, f"f64 {name} -> f64", "").exports.f
            for x, n in product((0.0, -0.0, 1.5, -3.0, math.inf, math.nan), (0, 1, 7, 1023)):
                divisor = float({"add": n + 1, "sub": -n}.get(integer[-3:], n))
                found, wanted = function(x, n), divided(x, divisor or 0.0)
                assert struct.pack("<d", found) == struct.pack("<d", wanted) or (found != found and wanted != wanted), (
                    x,
                    n,
                )
    assert "l0 / l1 if l1 else" in source("local.get 0 local.get 1 f64.convert_i32_u f64.div", "f64 i32 -> f64", "")
    assert "l0 / 4.0" in source("local.get 0 f64.const 4 f64.div", "f64 -> f64", "")
    assert "f64_div" in source("local.get 0 f64.const 0 f64.div", "f64 -> f64", "")
    assert "f64_div" in source("local.get 0 f64.const -0 f64.div", "f64 -> f64", "")
    negated = make(
        "local.get 0 f64.const -0 f64.neg f64.div local.get 0 f64.const -2 f64.neg f64.div f64.add", "f64 -> f64"
    )
    assert negated.exports.f(3.0) == math.inf


def divided(x: float, y: float) -> float:
    if y:
        return x / y
    if not x or x != x:
        return math.nan
    return math.copysign(math.inf, x) * math.copysign(1.0, y)


SIGNALLING = 0x7F80_0001


@pytest.mark.parametrize(
    ("uses", "exact"),
    [
        ("local.get 0 local.get 0 f32.mul local.get 0 f32.add", False),
        ("local.get 0 f32.sqrt local.get 0 local.get 0 f32.div f32.sub", False),
        ("local.get 0 local.get 0 f32.lt if f32.const 1 local.set 0 end local.get 0 f32.const 1 f32.add", False),
        ("local.get 0 f32.const 1 f32.add local.get 0 f32.neg f32.add", True),
        ("i32.const 8 local.get 0 f32.store local.get 0 local.get 0 f32.add", True),
        ("local.get 0 f32.const 2 f32.mul local.get 0 f32.copysign", True),
        ("local.get 0 local.get 0 f32.min local.get 0 f32.add", True),
        ("local.get 0 drop local.get 0", True),
    ],
)
def test_which_nan_it_is(uses: str, exact: bool) -> None:
    """An f32 that is only computed with is loaded as it comes; where its bits are seen, they are what they were."""
    code = f"local.get 1 f32.load local.set 0 {uses} f32.const 0 f32.add drop i32.const 8 local.get 0 f32.store"
    arithmetic = code.replace("i32.const 8 local.get 0 f32.store", "") if not exact else code
    text = source(arithmetic, "f32 i32 ->", "")
    assert ("f32_reinterpret_i32" in text) == exact, text
    instance = make(code, "f32 i32 ->", "")
    instance.memories[0].write(0, struct.pack("<I", SIGNALLING))
    instance.exports.f(0.0, 0)
    if "local.set 0 end" not in uses:
        assert instance.memories[0].read(8, 4) == struct.pack("<I", SIGNALLING)


def test_a_condition_is_a_number_where_it_is_kept() -> None:
    builder = build(
        "local.get 0 local.get 1 i32.lt_s local.set 2 i32.const 0 local.get 2 i32.store local.get 2 local.get 2 i32.add"
    )
    instance = builder.instantiate(engine())
    assert instance.exports.f(1, 2) == 2
    assert instance.memories[0].read(0, 4) == b"\1\0\0\0"
    execution = (
        build("local.get 0 local.get 1 i32.lt_s local.set 2 loop local.get 2 br_if 0 end i32.const 3")
        .instantiate(engine())
        .exports.f.start(1, 2, fuel=50)
    )
    execution.run()
    (frame,) = execution.frames
    assert type(frame.locals[2]) is int
    assert frame.locals[2] == 1


WILD = "local.get 0 i32.const 0x41c64e6d i32.mul local.set 2"


def test_what_is_compared_makes_nothing_wild() -> None:
    """A condition is no large number, and what is selected by it is as large as what there is to select from."""
    chosen = "local.get 1 i32.const 1000 i32.add local.get 1 local.get 2 local.get 0 i32.lt_u select local.set 3"
    code = f"{WILD} {chosen} local.get 3 i32.const 7 i32.div_u"
    assert "0xffffffff < l0 else l1) % 0x100000000" in source(code)
    function = make(code).exports.f
    for a, b in product((1, 3, 0xFFFF_FFFF), (5, 0xFFFF_FFFF)):
        value = (b + 1000 if a * 0x41C64E6D % (1 << 32) < a else b) % (1 << 32)
        assert function(a, b) == value // 7


def test_what_is_taken_away_wraps_each_time() -> None:
    """A sum of something and what is below zero is a difference: the remainder would be the dear one there."""
    code = "i32.const 0 local.get 0 i32.sub local.tee 2 local.get 1 i32.add local.tee 3 i32.const 7 i32.div_u"
    assert "l3 = l2 + l1 & 0xffffffff" in source(code)
    assert "l2 + l1 & " not in source(code.replace("i32.const 0 local.get 0 i32.sub", "local.get 0"))
    function = make(code).exports.f
    for a, b in product((0, 1, 0xFFFF_FFFF), repeat=2):
        assert function(a, b) == (b - a) % (1 << 32) // 7
