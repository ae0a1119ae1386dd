"""The assertions of the specification's own test suite about single instructions.

Most scripts of the suite export one function for each instruction, under its name; their assertions are
read as text here, so no assembler and no engine has a part in this.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from wrt_core.numerics import NUMERICS
from wrt_foundation.instructions import BY_NAME
from wrt_foundation.traps import Trap
from wrt_foundation.values import (
    f32_bits,
    f32_from_bits,
    f64_bits,
    f64_from_bits,
    is_arithmetic_nan,
    is_canonical_nan,
    lanes_of,
    vector_of,
)

Rounding = Callable[[Fraction], float]
Form = list[Any]

ROOT = Path(__file__).resolve().parents[4]
SUITE = Path(os.environ.get("WRT_SUITES") or ROOT.parent / "shared" / "suites") / "official"

SCRIPTS = ["i32", "i64", "f32", "f64", "f32_cmp", "f64_cmp", "f32_bitwise", "f64_bitwise", "conversions"]
SCRIPTS += ["proposals/wide-arithmetic/wide-arithmetic"]
SCRIPTS += [f"simd_{name}" for name in ("bit_shift", "bitwise", "boolean", "conversions", "int_to_int_extend", "splat")]
SCRIPTS += [f"simd_{shape}_cmp" for shape in ("i8x16", "i16x8", "i32x4", "i64x2", "f32x4", "f64x2")]
SCRIPTS += [f"simd_{shape}_arith" for shape in ("i8x16", "i16x8", "i32x4", "i64x2", "f32x4", "f64x2")]
SCRIPTS += [f"simd_{shape}_arith2" for shape in ("i8x16", "i16x8", "i32x4", "i64x2")]
SCRIPTS += ["simd_i8x16_sat_arith", "simd_i16x8_sat_arith", "simd_i16x8_q15mulr_sat_s", "simd_i32x4_dot_i16x8"]
SCRIPTS += ["simd_i16x8_extadd_pairwise_i8x16", "simd_i32x4_extadd_pairwise_i16x8", "simd_i16x8_extmul_i8x16"]
SCRIPTS += ["simd_i32x4_extmul_i16x8", "simd_i64x2_extmul_i32x4", "simd_i32x4_trunc_sat_f32x4"]
SCRIPTS += ["simd_i32x4_trunc_sat_f64x2", "simd_f32x4", "simd_f64x2"]
SCRIPTS += [f"simd_{shape}_{part}" for shape in ("f32x4", "f64x2") for part in ("pmin_pmax", "rounding")]
SCRIPTS += ["relaxed_dot_product", "relaxed_laneselect", "relaxed_madd_nmadd", "relaxed_min_max"]
SCRIPTS += ["i8x16_relaxed_swizzle", "i16x8_relaxed_q15mulr_s"]

_TOKEN = re.compile(r';;[^\n]*|\(;.*?;\)|([()])|("(?:[^"\\]|\\.)*")|([^\s()";]+)', re.DOTALL)
_TYPE = re.compile(r"[if]\d+x\d+|[if](?:32|64)(?!\d)")


def forms(text: str) -> Iterator[Form]:
    """The top-level forms of a script, as nested lists of words."""
    open_forms: list[Form] = [[]]
    for match in _TOKEN.finditer(text):
        parenthesis, string, word = match.groups()
        if parenthesis == "(":
            open_forms.append([])
        elif parenthesis == ")":
            form = open_forms.pop()
            if len(open_forms) == 1:
                yield form
            else:
                open_forms[-1].append(form)
        elif string or word:
            open_forms[-1].append(string or word)


def instruction_of(script: str, function: str) -> str | None:
    """The instruction that an exported function is about, if it is named after one."""
    prefix = found[0] if (found := _TYPE.findall(script)) else "v128"
    return next((name for name in (function, f"{prefix}.{function}") if name in NUMERICS), None)


def exactly(text: str) -> Fraction:
    mantissa, hexadecimal, rest = text.partition("0x")
    if not hexadecimal:
        return Fraction(text)
    digits, _, exponent = rest.lower().partition("p")
    whole, _, fraction = digits.partition(".")
    value = Fraction(int(whole + fraction, 16), 16 ** len(fraction)) * Fraction(2) ** int(exponent or 0)
    return -value if mantissa == "-" else value


class Reader:
    """Reads constants as engines hold them, and patterns of results."""

    def __init__(self, nearest_f32: Rounding, nearest_f64: Rounding) -> None:
        self.nearest = {"f32": nearest_f32, "f64": nearest_f64}
        self.bits = cache(self._bits)

    def _bits(self, type_: str, text: str) -> int | str:
        """The bit pattern that a number is written as, or the pattern of NaNs, `canonical` or `arithmetic`."""
        text = text.replace("_", "")
        width = int(type_[1:])
        if type_[0] == "i":
            return int(text, 0 if "x" in text else 10) % (1 << width)
        sign = 1 << width - 1 if text.startswith("-") else 0
        number = text.lstrip("+-")
        payload_bits = 23 if width == 32 else 52
        exponent = (1 << width - 1) - (1 << payload_bits)
        if number == "inf":
            return sign | exponent
        if number == "nan":
            return sign | exponent | 1 << payload_bits - 1
        if number in ("nan:canonical", "nan:arithmetic"):
            return number.removeprefix("nan:")
        if number.startswith("nan:"):
            return sign | exponent | int(number.removeprefix("nan:"), 16)
        magnitude = self.nearest[type_](exactly(number))
        return sign | (f32_bits(magnitude) if width == 32 else f64_bits(magnitude))

    def operand(self, form: Form) -> Any:
        type_ = form[0].removesuffix(".const")
        if type_ == "v128":
            lane = form[1].partition("x")[0]
            return vector_of([self._number(lane, text) for text in form[2:]], int(lane[1:]))
        bits = self._number(type_, form[1])
        return {"f32": f32_from_bits, "f64": f64_from_bits}.get(type_, int)(bits)

    def _number(self, type_: str, text: str) -> int:
        bits = self.bits(type_, text)
        assert isinstance(bits, int)
        return bits

    def matches(self, form: Form, result: Any) -> bool:
        if form[0] == "either":
            return any(self.matches(alternative, result) for alternative in form[1:])
        type_ = form[0].removesuffix(".const")
        if type_ == "v128":
            lane = form[1].partition("x")[0]
            pairs = zip(form[2:], lanes_of(result, int(lane[1:])), strict=True)
            return all(self._lane_matches(lane, text, bits) for text, bits in pairs)
        bits = {"f32": f32_bits, "f64": f64_bits}.get(type_, int)(result)
        return self._lane_matches(type_, form[1], bits)

    def _lane_matches(self, type_: str, text: str, bits: int) -> bool:
        expected, width = self.bits(type_, text), int(type_[1:])
        if expected == "canonical":
            return is_canonical_nan(bits, width)
        if expected == "arithmetic":
            return is_arithmetic_nan(bits, width)
        return bits == expected


@pytest.fixture(scope="session")
def reader(nearest_f32: Rounding, nearest_f64: Rounding) -> Reader:
    return Reader(nearest_f32, nearest_f64)


@pytest.mark.parametrize("script", SCRIPTS)
def test_assertions_about_single_instructions(script: str, reader: Reader) -> None:
    if not SUITE.is_dir():
        pytest.skip(f"no specification suite at {SUITE}: set WRT_SUITES to the folder that holds it")
    checked = 0
    for form in forms((SUITE / f"{script}.wast").read_text(encoding="utf-8")):
        if form[0] not in ("assert_return", "assert_trap"):
            continue
        action = form[1]
        name = instruction_of(script.rpartition("/")[2], action[1].strip('"'))
        if action[0] != "invoke" or name is None or len(action[2:]) != len(BY_NAME[name].operands or ()):
            continue
        operands = [reader.operand(operand) for operand in action[2:]]
        checked += 1
        if form[0] == "assert_trap":
            with pytest.raises(Trap) as caught:
                NUMERICS[name](*operands)
            assert str(caught.value) == form[2].strip('"')
            continue
        result = NUMERICS[name](*operands)
        results = result if isinstance(result, tuple) else (result,)
        assert len(results) == len(form[2:])
        for expected, value in zip(form[2:], results, strict=True):
            assert reader.matches(expected, value), (name, action, expected, value)
    assert checked
