"""What is known of a local where it is read saves masks and comparisons: it had better be so.

Each program has a loop or a condition by which something is known of local 2, or not quite, and is compared with the
reference interpreter. That a mask is missing, or is there, says that the programs test what they mean to.
"""

from __future__ import annotations

import re

import pytest

from wrt_core.engines.stackless.engine import StacklessEngine
from wrt_core.engines.stackless.translation.function import translate
from wrt_core.testing import ModuleBuilder, Program, disagreement
from wrt_foundation.plugins import get_plugin_manager

PLUGINS = get_plugin_manager()

MASKED = re.compile("[%&] 0x")

INCREASED = "local.get 2 i32.const {by} i32.add local.tee 2"
NEXT = INCREASED.format(by=1)
MARK = "local.get 2 i32.const 7 i32.add global.set 0"
"""What is masked if it may be more than a number of 32 bits."""

SMALL = "local.get 0 i32.const 31 i32.and local.set 0"

KNOWN = {
    "given before a branch to the end": f"""
        block i32.const 5 local.set 2 local.get 0 br_if 0 i32.const 9 local.set 2 end {MARK}
    """,
    "given further in than where the branch goes": f"""
        block block i32.const 5 local.set 2 local.get 0 br_if 1 end i32.const 9 local.set 2 end {MARK}
    """,
    "given on no way to the end": f"""
        block local.get 0 if i32.const -1 local.set 2 i32.const 3 return end local.get 1 br_if 0 end {MARK}
    """,
    "what a condition says": f"local.get 0 local.set 2 local.get 2 i32.const 100 i32.lt_u if {MARK} end",
    "what it says if it fails": f"local.get 0 local.set 2 local.get 2 i32.const 99 i32.gt_u if else {MARK} end",
    "a signed condition": f"local.get 0 local.set 2 i32.const -1 local.get 2 i32.lt_s if {MARK} end",
    "one that has left": f"block local.get 0 local.tee 2 i32.const 9 i32.gt_u br_if 0 {MARK} end",
    "ways that agree": f"""
        local.get 0 if i32.const 5 local.set 2 else local.get 1 i32.const 15 i32.and local.set 2 end {MARK}
    """,
    "either or what it was before": f"local.get 0 if i32.const 5 local.set 2 end {MARK}",
    "an arm that does not return": f"""
        local.get 0 local.tee 2 i32.const 1000 i32.gt_u if i32.const 3 return end {MARK}
    """,
    "a block that is left from further in": f"""
        block local.get 0 local.tee 2 i32.const 50 i32.lt_u br_if 0 i32.const 3 return end {MARK}
    """,
    "up to a bound": f"{SMALL} loop {MARK} {NEXT} local.get 0 i32.lt_u br_if 0 end",
    "up to a signed bound": f"loop {MARK} {NEXT} local.get 1 i32.const 63 i32.and i32.lt_s br_if 0 end",
    "until it is there": f"{SMALL} local.get 0 if loop {MARK} {NEXT} local.get 0 i32.ne br_if 0 end end",
    "until a constant": f"loop {MARK} {INCREASED.format(by=4)} i32.const 64 i32.ne br_if 0 end",
    "until it wraps": f"""
        i32.const -64 local.set 2
        loop local.get 2 i32.const 128 i32.add global.set 0 {INCREASED.format(by=4)} br_if 0 end
    """,
    "by steps to a multiple": f"""
        local.get 0 i32.const 15 i32.and i32.const 1 i32.add i32.const 2 i32.shl local.set 3
        loop {MARK} {INCREASED.format(by=4)} local.get 3 i32.ne br_if 0 end
    """,
    "down to nothing": f"""
        local.get 0 i32.const 31 i32.and i32.const 1 i32.add local.set 2
        loop {MARK} local.get 2 i32.const 1 i32.sub local.tee 2 br_if 0 end
    """,
    "all that it is given in a loop": f"""
        {SMALL} local.get 0 local.set 2
        loop
            {MARK} local.get 1 if local.get 2 local.get 1 i32.mul i32.const 101 i32.rem_u local.set 2 end
            local.get 3 i32.const 1 i32.add local.tee 3 local.get 2 i32.lt_u br_if 0
        end
    """,
}

UNKNOWN = {
    "given in the turn before": f"""
        block loop local.get 0 br_if 1 i32.const -1 local.set 2 i32.const 1 local.set 0 br 0 end end {MARK}
    """,
    "given on one way only": f"block local.get 0 br_if 0 local.get 1 local.set 2 end {MARK}",
    "what it comes with to a loop": f"""
        local.get 0 local.set 2
        loop
            {MARK} local.get 1 if i32.const 101 local.set 2 end
            local.get 3 i32.const 1 i32.add local.tee 3 i32.const 8 i32.lt_u br_if 0
        end
    """,
    "a parameter": f"local.get 0 local.set 2 {MARK}",
    "a condition of another": f"local.get 1 local.set 2 local.get 0 i32.const 100 i32.lt_u if {MARK} end",
    "a condition before it changed": f"""
        local.get 0 local.set 2 local.get 2 i32.const 100 i32.lt_u local.get 1 local.set 2 if {MARK} end
    """,
    "past the condition": f"local.get 0 local.tee 2 i32.const 100 i32.lt_u if nop end {MARK}",
    "a signed condition that negative numbers pass": f"""
        local.get 0 local.tee 2 i32.const 100 i32.lt_s if {MARK} end
    """,
    "one of two ways": f"local.get 0 if i32.const 5 local.set 2 else local.get 1 local.set 2 end {MARK}",
    "a branch with something else": f"""
        block local.get 1 local.set 2 local.get 0 br_if 0 i32.const 5 local.set 2 end {MARK}
    """,
    "a loop that gives something else": f"""
        loop {MARK} local.get 0 local.set 2 local.get 3 i32.const 1 i32.add local.tee 3 i32.const 4 i32.lt_u br_if 0 end
    """,
    "past where it would end": f"""
        i32.const -20 local.set 2
        loop {MARK} {NEXT} i32.const -10 local.get 0 i32.const 1 i32.and i32.sub i32.ne br_if 0 end
    """,
    "by steps over it": f"""
        loop
            {MARK} {INCREASED.format(by=0x1000_0000)}
            local.get 3 i32.const 1 i32.add local.tee 3 i32.const 40 i32.gt_u if i32.const 3 return end
            i32.const 0x28000000 i32.ne br_if 0
        end
    """,
    "what is added to twice": f"""
        i32.const 0x7ffffffc local.set 0
        loop
            {MARK} {INCREASED.format(by=0x3FFF_FFFF)} drop {INCREASED.format(by=0x4000_0000)} drop
            local.get 3 i32.const 1 i32.add local.tee 3 i32.const 8 i32.lt_u br_if 0
        end
    """,
    "what is added to in a loop inside": f"""
        loop
            i32.const 3 local.set 3
            loop {MARK} {INCREASED.format(by=0x4000_0000)} drop
                local.get 3 i32.const 1 i32.sub local.tee 3 br_if 0 end
            local.get 2 i32.const 0x40000000 i32.ne br_if 0
        end
    """,
    "a bound that moves": f"""
        i32.const 1 local.set 3
        loop
            {MARK} {INCREASED.format(by=0x1000_0000)} drop local.get 3 i32.const 0x10000000 i32.add local.set 3
            local.get 3 i32.const 0x60000001 i32.eq if i32.const 3 return end
            local.get 2 local.get 3 i32.ne br_if 0
        end
    """,
    "what a handler finds": f"""
        block
            try_table catch_all 0
                local.get 1 local.set 2 local.get 0 if throw 0 end i32.const 5 local.set 2
            end
        end
        {MARK}
    """,
}


def build(code: str) -> ModuleBuilder:
    builder = ModuleBuilder()
    builder.tag(None, "->")
    builder.memory(1)
    builder.global_("global", "i32", "i32.const 21")
    builder.function("f0", "i32 i32 -> i32", f"{code} local.get 2", "i32 i32")
    return builder


def mark(builder: ModuleBuilder) -> str:
    source = translate(builder.load(StacklessEngine(plugins=PLUGINS)), 0).source
    return next(line.split(" = ")[1] for line in source.splitlines() if "g0.raw" in line)


@pytest.mark.parametrize("way", KNOWN)
def test_what_is_known(way: str) -> None:
    builder = build(KNOWN[way])
    assert not MASKED.search(mark(builder))
    assert disagreement(Program(builder.bytes(), ()), StacklessEngine(plugins=PLUGINS), rounds=8) is None


@pytest.mark.parametrize("way", UNKNOWN)
def test_what_may_be_anything(way: str) -> None:
    builder = build(UNKNOWN[way])
    assert MASKED.search(mark(builder))
    assert disagreement(Program(builder.bytes(), ()), StacklessEngine(plugins=PLUGINS), rounds=8) is None


def test_where_much_is_given_on_one_way_and_less_on_another_nothing_is_known() -> None:
    def given(value: int) -> str:
        return " ".join(f"i32.const {value} local.set {local}" for local in range(2, 32))

    inner = f"block {given(-1)} local.get 0 br_if 1 end"
    ways = f"{given(5)} local.get 0 i32.const 1 i32.and br_if 0 {inner} {given(7)} local.get 1 br_if 0 {given(9)}"
    code = f"block {ways} end {MARK} local.get 2 {' '.join(f'local.get {local} i32.xor' for local in range(3, 32))}"
    builder = ModuleBuilder()
    builder.memory(1)
    builder.global_("global", "i32", "i32.const 21")
    builder.function("f0", "i32 i32 -> i32", code, "i32 " * 30)
    assert MASKED.search(mark(builder))
    assert disagreement(Program(builder.bytes(), ()), StacklessEngine(plugins=PLUGINS), rounds=8) is None
