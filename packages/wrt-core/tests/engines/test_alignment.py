"""Addresses, aligned or not, by whatever way they were come by.

Each program gets a local by some way to where it is used as an address, and is compared with the reference interpreter.
That an address was an index, shifted, is made use of: its access needs no shift then, and wraps as it did.
"""

from __future__ import annotations

import pytest

from wrt_core.engines.stackless.engine import StacklessEngine
from wrt_core.engines.stackless.translation.function import translate
from wrt_core.engines.stackless.translation.knowledge.alignment import Alignment, Locals, of_constant
from wrt_core.testing import ModuleBuilder, Program, disagreement
from wrt_foundation.plugins import get_plugin_manager

PLUGINS = get_plugin_manager()

USE = "local.get 2 i32.load 4 global.set 0 local.get 2 local.get 0 i32.store 8"

ADDRESSES = {
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
    "an odd constant": "i32.const 65 local.set 2",
    "a parameter": "local.get 0 i32.const 127 i32.and local.set 2",
    "too small a shift": "local.get 0 i32.const 7 i32.and i32.const 1 i32.shl local.set 2",
    "an odd offset": "local.get 0 i32.const 7 i32.and i32.const 2 i32.shl i32.const 3 i32.add local.set 2",
    "only one": "local.get 0 if i32.const 64 local.set 2 else i32.const 33 local.set 2 end",
    "an odd one or nothing": "i32.const 9 local.set 2 local.get 0 if i32.const 64 local.set 2 end",
    "a block that is left early with an odd one": """
        block i32.const 9 local.set 2 local.get 0 br_if 0 i32.const 64 local.set 2 end
    """,
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
    "a loop in a loop that adds something else": """
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


@pytest.mark.parametrize("way", ADDRESSES)
def test_an_address(way: str) -> None:
    assert disagreement(Program(build(ADDRESSES[way]).bytes(), ()), StacklessEngine(plugins=PLUGINS), rounds=8) is None


@pytest.mark.parametrize(("shift", "indexed"), [(2, True), (1, False), (3, False)])
def test_an_index_is_not_shifted_there_and_back(shift: int, indexed: bool) -> None:
    builder = ModuleBuilder()
    builder.memory(1)
    builder.data(bytes(range(1, 200)), 0)
    code = f"local.get 0 i32.const {shift} i32.shl i32.const 16 i32.add i32.load 4"
    builder.function("f", "i32 -> i32", code)
    source = translate(builder.load(StacklessEngine(plugins=PLUGINS)), 0).source
    assert ("Ia0" in source, ">>" in source) == (indexed, False)
    address = (3 << shift) + 20
    found = builder.instantiate(StacklessEngine(plugins=PLUGINS)).exports.f(3)
    assert found == int.from_bytes(bytes(range(1, 200))[address : address + 4], "little")


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
    assert known.get(0) == Alignment(3)
    for _ in range(200):
        known.open(loops=True)
    assert known.get(0) is None
    for _ in range(200):
        known.close()
    assert known.get(0) is None
    assert known.solve() == {}
