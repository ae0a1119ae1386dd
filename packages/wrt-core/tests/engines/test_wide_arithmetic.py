"""128-bit arithmetic as translated, against Python's integers."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from wrt_core import EngineFactory
from wrt_core.testing.assembler import ModuleBuilder

MASK = 2**64 - 1
i64 = st.one_of(st.integers(0, MASK), st.sampled_from([0, 1, 2**63 - 1, 2**63, MASK]))


def signed(value):
    return value - 2**64 if value >> 63 else value


@pytest.fixture(scope="module")
def exports():
    builder = ModuleBuilder()
    for name in ("add128", "sub128"):
        get = "local.get 0  local.get 1  local.get 2  local.get 3"
        builder.function(name, "i64 i64 i64 i64 -> i64 i64", f"{get}  i64.{name}")
    for name in ("mul_wide_s", "mul_wide_u"):
        builder.function(name, "i64 i64 -> i64 i64", f"local.get 0  local.get 1  i64.{name}")
    log = builder.function("next", "-> i64", "global.get 0  i64.const 1  i64.add  global.set 0  global.get 0")
    builder.global_("count", "i64", "i64.const 0")
    builder.function("in order", "-> i64 i64", f"call {log}  call {log}  call {log}  call {log}  i64.sub128")
    builder.function(
        "nested",
        "i64 i64 -> i64 i64",
        "local.get 0  local.get 1  i64.mul_wide_s  local.get 0  i64.const 3  i64.mul  local.get 1  i64.add128",
    )
    engine = EngineFactory.create("stackless")
    return engine.instantiate(engine.load(builder.bytes())).exports


def halves(total):
    return signed(total & MASK), signed(total >> 64 & MASK)


@settings(deadline=None)  # the first call translates
@given(i64, i64, i64, i64)
@example(MASK, 0, 1, 0)
@example(0, 0, 1, 0)
def test_sums_and_differences(exports, low, high, other_low, other_high):
    a, b = low | high << 64, other_low | other_high << 64
    assert exports.add128(low, high, other_low, other_high) == halves(a + b)
    assert exports.sub128(low, high, other_low, other_high) == halves(a - b)


@settings(deadline=None)  # the first call translates
@given(i64, i64)
def test_products(exports, a, b):
    assert exports.mul_wide_u(a, b) == halves(a * b)
    assert exports.mul_wide_s(a, b) == halves(signed(a) * signed(b))


@settings(deadline=None)  # the first call translates
@given(i64, i64)
def test_results_are_operands_again(exports, a, b):
    assert exports.nested(a, b) == halves(signed(a) * signed(b) + (a * 3 & MASK) + (b << 64))


def test_operands_are_evaluated_in_order(exports):
    exports.count.value = 0
    assert exports["in order"]() == halves((1 | 2 << 64) - (3 | 4 << 64))
