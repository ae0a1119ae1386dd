"""An address that is known to be aligned is looked up in one view: it had better be.

Each program gets a local by some way to where it is used as an address, and is compared with the reference interpreter,
for which all addresses are alike. How often a view of what is aligned is used says that the programs test what they
mean to.
"""

from __future__ import annotations

import re

import pytest

from wrt_core.engines.stackless.engine import StacklessEngine
from wrt_core.engines.stackless.translation.alignment import Alignment, Locals, of_constant
from wrt_core.engines.stackless.translation.function import translate
from wrt_core.testing import ModuleBuilder, Program, disagreement
from wrt_foundation.plugins import get_plugin_manager

PLUGINS = get_plugin_manager()

USE = "local.get 2 i32.load 4 global.set 0 local.get 2 local.get 0 i32.store 8"

ALIGNED = {
    "a constant": "i32.const 64 local.set 2",
    "nothing but zero": "",
    "what was shifted": "local.get 0 i32.const 7 i32.and i32.const 2 i32.shl i32.const 16 i32.add local.set 2",
    "what was masked": "local.get 0 i32.const 0xfc i32.and local.set 2",
    "a product": "local.get 0 i32.const 7 i32.and i32.const 12 i32.mul local.set 2",
    "a difference": "i32.const 640 local.get 0 i32.const 7 i32.and i32.const 3 i32.shl i32.sub local.set 2",
    "a copy": "i32.const 64 local.set 3 local.get 3 local.set 2",
    "either": "local.get 0 if i32.const 64 local.set 2 else i32.const 32 local.set 2 end",
    "one or nothing": "i32.const 8 local.set 2 local.get 0 if i32.const 64 local.set 2 end",
    "a block that is left early": "block i32.const 8 local.set 2 local.get 0 br_if 0 i32.const 64 local.set 2 end",
    "a loop": """
        i32.const 64 local.set 2
        loop {use} local.get 2 i32.const 4 i32.add local.tee 2 i32.const 96 i32.lt_u br_if 0 end
    """,
    "two that take turns": """
        i32.const 64 local.set 2
        loop
            {use}
            local.get 2 local.set 3 local.get 3 i32.const 4 i32.add local.set 2
            local.get 2 i32.const 96 i32.lt_u br_if 0
        end
    """,
    "a loop in a loop": """
        i32.const 64 local.set 2
        loop
            i32.const 3 local.set 3
            loop
                {use}
                local.get 2 i32.const 4 i32.add local.set 2
                local.get 3 i32.const 1 i32.sub local.tee 3 br_if 0
            end
            local.get 2 i32.const 96 i32.lt_u br_if 0
        end
    """,
    "what was something else before": "local.get 0 local.set 2 local.get 2 global.set 0 i32.const 64 local.set 2",
    "a wrapped sum": """
        i32.const -64 local.set 2 loop local.get 2 i32.const 4 i32.add local.tee 2 br_if 0 end
        i32.const 64 local.get 2 i32.add local.set 2
    """,
}

UNALIGNED = {
    "an odd constant": "i32.const 65 local.set 2",
    "a parameter": "local.get 0 i32.const 127 i32.and local.set 2",
    "too small a shift": "local.get 0 i32.const 7 i32.and i32.const 1 i32.shl local.set 2",
    "an odd offset": "local.get 0 i32.const 7 i32.and i32.const 2 i32.shl i32.const 3 i32.add local.set 2",
    "only one": "local.get 0 if i32.const 64 local.set 2 else i32.const 33 local.set 2 end",
    "one or nothing": "i32.const 9 local.set 2 local.get 0 if i32.const 64 local.set 2 end",
    "a block that is left early": "block i32.const 9 local.set 2 local.get 0 br_if 0 i32.const 64 local.set 2 end",
    "a block that is left from further in": """
        block
            block i32.const 9 local.set 2 local.get 0 br_if 1 end
            i32.const 64 local.set 2
        end
    """,
    "a loop that adds something else": """
        loop {use} local.get 2 i32.const 3 i32.add local.tee 2 i32.const 96 i32.lt_u br_if 0 end
    """,
    "a loop that turns to something else later": """
        i32.const 64 local.set 2 i32.const 32 local.set 3
        loop
            {use}
            local.get 3 local.set 2 local.get 3 i32.const 5 i32.add local.set 3
            local.get 3 i32.const 80 i32.lt_u br_if 0
        end
    """,
    "a loop in a loop": """
        loop
            i32.const 3 local.set 3
            loop
                {use}
                local.get 3 i32.const 1 i32.sub local.tee 3 br_if 0
            end
            local.get 2 i32.const 5 i32.add local.tee 2 i32.const 96 i32.lt_u br_if 0
        end
    """,
    "what a handler finds": """
        block
            try_table catch_all 0
                i32.const 33 local.set 2
                local.get 0 if throw 0 end
                i32.const 64 local.set 2
            end
        end
    """,
    "what was aligned before": "i32.const 64 local.set 2 local.get 2 i32.const 5 i32.add local.set 2",
}


def build(code: str) -> ModuleBuilder:
    builder = ModuleBuilder()
    builder.tag(None, "->")
    builder.memory(1)
    builder.data(bytes(range(1, 200)), 0)
    builder.global_("global", "i32", "i32.const 21")
    builder.function("f0", "i32 i32 -> i32", f"{code.format(use=USE)} {USE} local.get 2", "i32 i32")
    return builder


def aligned_accesses(builder: ModuleBuilder) -> tuple[int, int]:
    source = translate(builder.load(StacklessEngine(plugins=PLUGINS)), 0).source
    return len(re.findall(r"Ia0(_\d+)?\[", source)), len(re.findall(r"I0(_\d+)?\[", source))


@pytest.mark.parametrize("way", ALIGNED)
def test_what_is_aligned(way: str) -> None:
    builder = build(ALIGNED[way])
    aligned, others = aligned_accesses(builder)
    assert aligned
    assert not others
    assert disagreement(Program(builder.bytes(), ()), StacklessEngine(plugins=PLUGINS), rounds=8) is None


@pytest.mark.parametrize("way", UNALIGNED)
def test_what_may_not_be(way: str) -> None:
    builder = build(UNALIGNED[way])
    assert not aligned_accesses(builder)[0]
    assert disagreement(Program(builder.bytes(), ()), StacklessEngine(plugins=PLUGINS), rounds=8) is None


def test_an_old_handler_may_find_what_is_not() -> None:
    builder = ModuleBuilder()
    builder.tag(None, "->")
    builder.memory(1)
    builder.data(bytes(range(1, 200)), 0)
    code = """
        i32.const 32 local.set 1
        try
            i32.const 33 local.set 1
            throw 0
        catch_all
            local.get 1 i32.load local.set 2
        end
        local.get 2
    """
    builder.function("f", "i32 -> i32", code, "i32 i32")
    assert "Ia0[" not in translate(builder.load(StacklessEngine(plugins=PLUGINS)), 0).source
    assert builder.instantiate(StacklessEngine(plugins=PLUGINS)).exports.f(0) == 0x25242322


@pytest.mark.parametrize("width", ["i32.load16_u", "i32.load", "i64.load", "f32.load", "f64.load"])
@pytest.mark.parametrize(
    "index", [0, 1, 5, 8191, 8192, 0x1FFF_FFFF, 0x2000_0000, 0x7FFF_FFFF, 0x8000_0001, 0xFFFF_FFFF]
)
@pytest.mark.parametrize("offset", [0, 8, 16, 0x1_0000, 0xFFFF_FFF8])
def test_an_index_wraps_as_an_address_does_and_an_offset_does_not(width: str, index: int, offset: int) -> None:
    builder = ModuleBuilder()
    builder.memory(1)
    builder.data(bytes(range(1, 250)), 0)
    type_ = width[:3]
    code = f"local.get 0 i32.const 3 i32.shl i32.const 8 i32.add {width} {offset}"
    builder.function("f0", f"i32 i32 -> {type_}", code)
    program = Program(builder.bytes(), ())
    engine = StacklessEngine(plugins=PLUGINS)
    assert disagreement(program, engine, rounds=1) is None
    instance = builder.instantiate(engine)
    address = (index * 8 + 8) % 2**32 + offset
    if address + 8 > 1 << 16:
        with pytest.raises(Exception, match="out of bounds memory access"):
            instance.exports.f0(index, 0)
    else:
        plain = ModuleBuilder()
        plain.memory(1)
        plain.data(bytes(range(1, 250)), 0)
        plain.function("f0", f"i32 -> {type_}", f"local.get 0 {width}")
        assert instance.exports.f0(index, 0) == plain.instantiate(engine).exports.f0(address)


def test_constants() -> None:
    assert [of_constant(value) for value in (0, 1, 2, 4, 8, 16, -4, 12)] == [
        Alignment(3),
        None,
        Alignment(1),
        Alignment(2),
        Alignment(3),
        Alignment(3),
        Alignment(2),
        Alignment(2),
    ]


def test_constructs_too_deep_to_look_through_tell_nothing() -> None:
    known = Locals(params=0)
    known.give(0, of_constant(8))
    assert known.has(known.get(0), 3)
    for _ in range(200):
        known.open(loops=True)
    assert known.get(0) is None
    for _ in range(200):
        known.close()
    assert known.get(0) is None
    assert known.solve() == {}
