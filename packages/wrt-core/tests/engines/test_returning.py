"""Where a function does nothing more but return, it returns: no matter how many constructs are left with that."""

from __future__ import annotations

import pytest

from wrt_core.engines.stackless.engine import StacklessEngine
from wrt_core.engines.stackless.translation.function import translate
from wrt_core.execution.snapshot import Snapshot
from wrt_core.execution.state import State
from wrt_core.testing import ModuleBuilder, Program, disagreement
from wrt_core.validation import ValidatedModule
from wrt_foundation.plugins import get_plugin_manager

PLUGINS = get_plugin_manager()

SUM = "local.get 0 i32.const 3 i32.mul local.get 1 i32.add"
STEP = "local.get 0 i32.const 1 i32.sub"
COUNTED = "local.get 1 i32.const 1 i32.add local.tee 1 i32.const 9 i32.lt_u"

# Each with what its source has none of.
SHAPES = {
    "arms": (f"local.get 0 if i32 {SUM} else local.get 1 end", ("s0",)),
    "an arm that is another": (
        "local.get 0 if i32 local.get 1 if i32 i32.const 5 else i32.const 6 end else i32.const 7 end",
        ("s0",),
    ),
    "a block with a result": (
        f"block i32 local.get 1 local.get 0 br_if 0 drop {SUM} local.get 1 br_if 0 i32.const 2 i32.add end",
        ("while", "break"),
    ),
    "a block in a block": (
        (
            "block block local.get 0 br_if 1 local.get 1 br_if 0 i32.const 8 local.set 1 br 1 end"
            " local.get 1 i32.const 7 i32.add local.set 1 end local.get 1"
        ),
        ("while", "break"),
    ),
    "out of a loop": (
        f"block loop {STEP} local.tee 0 i32.eqz br_if 1 {COUNTED} br_if 0 end i32.const 77 local.set 1 end local.get 1",
        ("br = ",),
    ),
    "out of a loop in a loop": (
        (
            f"block loop i32.const 0 local.set 2 loop {STEP} local.tee 0 i32.const 3 i32.eq br_if 2"
            " local.get 2 i32.const 1 i32.add local.tee 2 i32.const 5 i32.lt_u br_if 0 end"
            f" {COUNTED} br_if 0 end i32.const 77 local.set 1 end local.get 1"
        ),
        ("br = ",),
    ),
    "past code": (
        (
            "block block local.get 0 i32.const 1 i32.and br_if 1 local.get 0 i32.const 2 i32.and br_if 0"
            " i32.const 5 global.set 0 end i32.const 6 global.set 0 end local.get 1"
        ),
        ("br = ",),
    ),
    "a switch": (
        (
            "block block block local.get 0 i32.const 3 i32.and br_table 0 1 2 0 end i32.const 5 local.set 1 br 1 end"
            " i32.const 6 local.set 1 end local.get 1"
        ),
        (),
    ),
    "a handler around": (
        (
            "block i32 block try_table catch_all 0 local.get 0 i32.const 1 i32.and if local.get 1 br 3 end"
            " local.get 0 i32.const 2 i32.and if throw 0 end end i32.const 4 return end i32.const 5 end"
        ),
        (),
    ),
    "a global": ("global.get 0 i32.const 3 i32.mul i32.const 1 i32.add global.set 0 global.get 0", ()),
    "what may be done again": (
        "local.get 0 i32.const 8 i32.and local.get 1 i32.const 2 i32.shl i32.add i32.load8_u",
        (),
    ),
    "several results dropped": ("local.get 0 if i32 i32.const 5 i32.const 6 drop else local.get 1 end", ("s0",)),
    "a function that ends in a table": (
        "local.get 1 local.get 0 i32.const 3 i32.and br_table 0 0 0",
        (),
    ),
    "a remainder": ("local.get 0 if i32 local.get 0 local.get 1 i32.rem_u else i32.const 1 end", ("s0",)),
}


def build(code: str) -> ModuleBuilder:
    builder = ModuleBuilder()
    builder.memory(1)
    builder.global_("global", "i32", "i32.const 21")
    builder.tag(None, "->")
    builder.function("f0", "i32 i32 -> i32", code, "i32")
    return builder


@pytest.mark.parametrize("way", SHAPES)
def test_shapes(way: str) -> None:
    code, absent = SHAPES[way]
    builder = build(code)
    source = translate(builder.load(StacklessEngine(plugins=PLUGINS)), 0).source
    assert not [each for each in absent if each in source]
    assert disagreement(Program(builder.bytes(), ()), StacklessEngine(plugins=PLUGINS), rounds=60) is None


def test_what_nothing_leaves_is_no_loop() -> None:
    builder = build(f"block local.get 0 br_if 0 {SUM} return end i32.const 3 global.set 0 i32.const 4")
    source = translate(builder.load(StacklessEngine(plugins=PLUGINS)), 0).source
    assert "while" not in source
    assert disagreement(Program(builder.bytes(), ()), StacklessEngine(plugins=PLUGINS), rounds=8) is None


@pytest.mark.parametrize("depth", [20, 90, 150])
def test_any_depth(depth: int) -> None:
    inner = f"local.get 0 i32.const {depth} i32.rem_u br_table {' '.join(map(str, range(1, depth)))}"
    for code in (inner, f"local.get 0 br_if {depth - 1} local.get 1 br_if {depth // 2}"):
        nested = f"{'block ' * depth}{code}{' end local.get 1 i32.const 1 i32.add local.set 1' * depth} local.get 1"
        builder = build(nested)
        assert disagreement(Program(builder.bytes(), ()), StacklessEngine(plugins=PLUGINS), rounds=30) is None


CALLS = {
    # what is done with results, and the statement of the last call
    "returned": ("call 0", "return f0()"),
    "added to": ("local.get 1 call 0 i32.add", "return (l1 + f0()) % 0x100000000"),
    "in a local": ("call 0 i32.const 7 i32.and local.set 1 local.get 1 local.get 1 i32.mul", "l1 = f0() & 7"),
    "added to itself": ("call 0 local.tee 1 local.get 1 i32.add", "l1 = f0()"),
    "and what may trap": ("call 0 local.get 1 i32.load i32.add", "s0 = f0()"),
    "after what may trap": ("local.get 1 i32.load call 0 i32.add", "return (s0 + f0()) % 0x100000000"),
    "divided": ("call 0 local.get 1 i32.div_u", "s0 = f0()"),
    "a remainder": ("call 0 local.get 1 i32.rem_u", "s0 = f0()"),
    "after a global": ("global.get 0 call 0 i32.add", "return (s0 + f0()) % 0x100000000"),
    "before a global": ("call 0 global.get 0 i32.add", "s0 = f0()"),
    "a condition": ("call 0 i32.const 3 i32.lt_u if i32 i32.const 5 else local.get 1 end", "s0 = f0()"),
    "two calls": ("call 0 call 0 i32.xor", "return s0 ^ f0()"),
    "one of which is kept": ("call 0 local.tee 0 call 0 local.get 0 i32.xor i32.xor", "return l0 ^ (f0() ^ l0)"),
    "used twice": ("call 0 i32.const 9 i32.div_s", "s0 = f0()"),
    "in a long expression": (f"call 0 {'local.get 1 i32.xor ' * 20}", "s0 = f0()"),
}


@pytest.mark.parametrize("way", CALLS)
def test_what_a_call_gives(way: str) -> None:
    code, expected = CALLS[way]
    builder = ModuleBuilder()
    builder.memory(1)
    builder.global_("global", "i32", "i32.const 21")
    change = "global.get 0 i32.const 5 i32.mul i32.const 1 i32.add global.set 0 i32.const 8 global.get 0 i32.store"
    turns = "loop local.get 0 i32.const 1 i32.add local.tee 0 i32.const 3 i32.and br_if 0 end"
    builder.function("f0", "-> i32", f"{change} {turns} global.get 0", "i32")
    builder.function("f1", "i32 i32 -> i32", code)
    module = builder.load(StacklessEngine(plugins=PLUGINS))
    lines = translate(module, 1).source.splitlines()
    assert [line.strip() for line in lines if "f0()" in line][-1] == expected
    assert disagreement(Program(builder.bytes(), ()), StacklessEngine(plugins=PLUGINS), rounds=20) is None
    paused_everywhere(module, (5, 12))


def paused_everywhere(module: ValidatedModule, arguments: tuple[int, ...]) -> None:
    """Compare a call that goes on from bytes at each safe point with one that is never paused."""
    engine = StacklessEngine(plugins=PLUGINS)
    expected = engine.instantiate(module).exports.f1(*arguments)
    execution = engine.instantiate(module).exports.f1.start(*arguments, fuel=0)
    while execution.run(fuel=execution.fuel_needed) is not State.FINISHED:
        execution = Snapshot.from_bytes(Snapshot.of(execution).to_bytes()).resume(engine, module)
    assert execution.result == expected


ARMS = {
    "into a local": ("local.get 0 if i32 {sum} else local.get 1 end local.set 2 local.get 2", 0),
    "of arms": (
        (
            "local.get 0 if i32 local.get 1 if i32 {sum} else i32.const 5 end else local.get 1 end"
            " local.set 2 local.get 2 local.get 0 i32.mul"
        ),
        0,
    ),
    "one of which does not end": (
        "local.get 0 if i32 {sum} else local.get 1 return end local.set 2 local.get 2 local.get 0 i32.mul",
        0,
    ),
    "and another": (
        "local.get 0 if i32 {sum} else local.get 1 end local.tee 2 local.set 1 local.get 2 local.get 1 i32.mul",
        0,
    ),
    "that is pending": (
        "local.get 2 local.get 0 if i32 {sum} else local.get 1 end local.set 2 local.get 2 i32.sub",
        1,
    ),
    "that is called": (
        "local.get 0 if i32 call 1 else local.get 1 end local.set 2 local.get 2 local.get 0 i32.mul",
        0,
    ),
}


@pytest.mark.parametrize("way", ARMS)
def test_what_arms_give(way: str) -> None:
    code, slots = ARMS[way]
    builder = build(code.format(sum=SUM))
    builder.function(None, "-> i32", "loop end global.get 0")
    lines = translate(builder.load(StacklessEngine(plugins=PLUGINS)), 0).source.splitlines()
    assert len({line.strip()[:2] for line in lines if line.strip().startswith("s")}) == slots
    assert disagreement(Program(builder.bytes(), ()), StacklessEngine(plugins=PLUGINS), rounds=30) is None
