"""Rotations of one number share their work as long as it is that number."""

from __future__ import annotations

import pytest

from wrt_core.engines.stackless.engine import StacklessEngine
from wrt_core.engines.stackless.translation.function import translate
from wrt_core.numerics import NUMERICS
from wrt_core.testing import ModuleBuilder, Program, disagreement
from wrt_foundation.plugins import get_plugin_manager

PLUGINS = get_plugin_manager()

NUMBERS = [0, 1, 0x8000_0000, 0xFFFF_FFFF, 0x1234_5678, 0xDEAD_BEEF]


@pytest.mark.parametrize("name", ["i32.rotl", "i32.rotr", "i64.rotl", "i64.rotr"])
def test_by_every_count(name: str) -> None:
    type_, bits = name[:3], int(name[1:3])
    builder = ModuleBuilder()
    for count in range(-1, bits + 2):
        builder.function(f"local {count}", f"{type_} -> {type_}", f"local.get 0 {type_}.const {count} {name}")
        sum_ = f"local.get 0 {type_}.const 77 {type_}.add {type_}.const {count} {name}"
        builder.function(f"sum {count}", f"{type_} -> {type_}", sum_)
    exports = builder.instantiate(StacklessEngine()).exports
    for number in NUMBERS:
        for count in range(-1, bits + 2):
            mask = (1 << bits) - 1
            assert exports[f"local {count}"](number) & mask == NUMERICS[name](number, count & mask)
            assert exports[f"sum {count}"](number) & mask == NUMERICS[name](number + 77 & mask, count & mask)


@pytest.mark.parametrize("name", ["i32.rotl", "i32.rotr", "i64.rotl", "i64.rotr"])
def test_by_what_is_not_known(name: str) -> None:
    type_, bits = name[:3], int(name[1:3])
    mask = (1 << bits) - 1
    builder = ModuleBuilder()
    two, one = f"{type_} {type_} -> {type_}", f"{type_} -> {type_}"
    builder.function("both", two, f"local.get 0 local.get 1 {name}")
    builder.function(
        "sums", two, f"local.get 0 {type_}.const 77 {type_}.add local.get 1 {type_}.const 5 {type_}.sub {name}"
    )
    builder.function("constant", one, f"{type_}.const -2 local.get 0 {name}")
    builder.function("twice", two, f"local.get 0 local.get 1 {name} local.get 0 {type_}.const 7 {name} {type_}.xor")
    exports = builder.instantiate(StacklessEngine()).exports
    for count in (*range(bits + 2), 2 * bits, mask, mask - 1, 1 << (bits - 1)):
        assert exports.constant(count) & mask == NUMERICS[name](mask - 1, count)
        for number in NUMBERS:
            both = NUMERICS[name](number, count)
            assert exports.both(number, count) & mask == both
            assert exports.sums(number, count) & mask == NUMERICS[name](number + 77 & mask, count - 5 & mask)
            assert exports.twice(number, count) & mask == both ^ NUMERICS[name](number, 7)


def test_a_rotation_calls_nothing() -> None:
    builder = ModuleBuilder()
    builder.function("f", "i32 i32 -> i32", "local.get 0 local.get 1 i32.rotl")
    assert "rotl" not in translate(builder.load(StacklessEngine(plugins=PLUGINS)), 0).source


FIRST = "local.get 0 i32.const 7 i32.rotr local.get 0 i32.const 18 i32.rotr i32.xor local.set 1"
LAST = "local.get 0 i32.const 3 i32.rotl local.get 1 i32.add"

# Each with how often the number is doubled.
WAYS = {
    "one after the other": (f"{FIRST} {LAST}", 1),
    "changed in between": (f"{FIRST} local.get 0 i32.const 3 i32.mul local.set 0 {LAST}", 2),
    "changed on one way": (f"{FIRST} local.get 0 if local.get 0 i32.const 3 i32.mul local.set 0 end {LAST}", 2),
    "past a call": (f"{FIRST} call 0 {LAST}", 2),
    "past a loop": (f"{FIRST} loop end {LAST}", 2),
    "past what has none": (f"{FIRST} local.get 1 if i32.const 2 global.set 0 end {LAST}", 1),
    "only on one way": (f"local.get 0 i32.const 1 i32.and if {FIRST} end {LAST}", 2),
    "while it is pending": (
        f"local.get 0 i32.const 7 i32.rotr local.get 0 i32.const 5 i32.mul local.set 0 {LAST} i32.add",
        2,
    ),
}


@pytest.mark.parametrize("way", WAYS)
def test_what_is_shared(way: str) -> None:
    code, times = WAYS[way]
    builder = ModuleBuilder()
    builder.memory(1)
    builder.global_("global", "i32", "i32.const 21")
    builder.function(None, "->", "loop end")  # which is not inlined
    builder.function("f0", "i32 i32 -> i32", code)
    module = builder.load(StacklessEngine(plugins=PLUGINS))
    assert translate(module, 1).source.count("d0 = ") == times
    assert disagreement(Program(builder.bytes(), ()), StacklessEngine(plugins=PLUGINS), rounds=8) is None
