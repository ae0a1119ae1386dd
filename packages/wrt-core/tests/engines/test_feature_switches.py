"""Each feature can be switched off: a module that uses it is refused by name, and runs where it is on."""

from __future__ import annotations

import pytest

from wrt_core import EngineFactory
from wrt_core.engines.stackless.engine import StacklessEngine
from wrt_core.engines.stackless.translation import function  # noqa: F401 - the templates register themselves
from wrt_core.engines.stackless.translation.translator import TEMPLATES
from wrt_core.testing.assembler import ModuleBuilder
from wrt_foundation.errors import UnsupportedFeature
from wrt_foundation.features import Feature
from wrt_foundation.instructions import INSTRUCTIONS
from wrt_foundation.types import I64

F = Feature


def memory64(builder):
    builder.memory(1, address=I64)


def table64(builder):
    builder.table(1, address=I64)


def multi_memory(builder):
    builder.memory(1, name=None)
    builder.memory(1, name=None)


def extended_const(builder):
    builder.global_(None, "i32", "i32.const 1 i32.const 2 i32.add")


def custom_page_sizes(builder):
    builder.memory(1, page_size=1)


def wide_arithmetic(builder):
    builder.function(None, "i64 i64 -> i64 i64", "local.get 0 local.get 1 i64.mul_wide_u")


def simd(builder):
    builder.function(None, "->", "v128.const 0 drop")


def simd_type(builder):
    builder.function(None, "v128 ->", "")


def relaxed_simd(builder):
    builder.function(None, "v128 -> v128", "local.get 0 local.get 0 i8x16.relaxed_swizzle")


def shared_memory(builder):
    builder.memory(1, 1, shared=True)


def atomics(builder):
    builder.memory(1)
    builder.function(None, "-> i32", "i32.const 0 i32.atomic.load")


def fence(builder):
    builder.function(None, "->", "atomic.fence 0")


USES = [
    (F.MEMORY64, memory64),
    (F.MEMORY64, table64),
    (F.MULTI_MEMORY, multi_memory),
    (F.EXTENDED_CONST, extended_const),
    (F.CUSTOM_PAGE_SIZES, custom_page_sizes),
    (F.WIDE_ARITHMETIC, wide_arithmetic),
    (F.SIMD, simd),
    (F.SIMD, simd_type),
    (F.RELAXED_SIMD, relaxed_simd),
    (F.THREADS, shared_memory),
    (F.THREADS, atomics),
    (F.THREADS, fence),
]


@pytest.mark.parametrize(("feature", "use"), USES, ids=lambda each: getattr(each, "__name__", None) or each.value)
def test_a_feature_can_be_switched_off(feature, use):
    builder = ModuleBuilder()
    use(builder)
    source = builder.bytes()
    needing = {each for each in Feature if feature in each.requires}
    rest = StacklessEngine.supported - {feature} - needing
    without = EngineFactory.create("stackless", features=[each.value for each in rest])
    with pytest.raises(UnsupportedFeature, match=feature.value) as caught:
        without.load(source)
    assert caught.value.feature == feature.value
    alone = EngineFactory.create("stackless", features=["wasm-2.0", feature.value])
    module = alone.load(source)
    assert feature in module.features_used
    alone.instantiate(module)
    with pytest.raises(UnsupportedFeature, match=feature.value):
        without.instantiate(module)


def test_there_is_a_template_for_each_instruction_of_the_supported_features():
    supported = {each for each in INSTRUCTIONS if each.feature in StacklessEngine.supported}
    assert set(TEMPLATES) == supported
