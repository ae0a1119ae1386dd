"""Views of a memory that begin at an offset: exact at the end, as large as the memory, gone with it."""

from __future__ import annotations

from typing import Any

import pytest

from wrt_core.engines.stackless.engine import StacklessEngine
from wrt_core.engines.stackless.memory_views import follow, provide
from wrt_core.engines.stackless.translation.function import translate
from wrt_core.runtime.memory import Memory
from wrt_core.testing import ModuleBuilder
from wrt_foundation.memory.errors import MemoryClosed
from wrt_foundation.memory.views import Views
from wrt_foundation.traps import Trap
from wrt_foundation.types import Limits, MemoryType

PAGE = 65_536
WIDTHS = {"i32.load8_u": 1, "i32.load16_u": 2, "i32.load": 4, "i64.load": 8, "f32.load": 4, "f64.load": 8}


def build(load: str, offset: int, aligned: bool) -> ModuleBuilder:
    builder = ModuleBuilder()
    builder.memory(1)
    shift = "i32.const 3 i32.shl" if aligned else ""
    builder.function("f", f"i32 -> {load[:3]}", f"local.get 0 {shift} {load} {offset}")
    builder.function("grow", "-> i32", "i32.const 1 memory.grow")
    return builder


def source(builder: ModuleBuilder) -> str:
    return translate(builder.load(StacklessEngine()), 0).source


@pytest.mark.parametrize("aligned", [False, True])
@pytest.mark.parametrize("load", WIDTHS)
def test_the_last_item_is_the_last(load: str, aligned: bool) -> None:
    width = WIDTHS[load]
    builder = build(load, 8, aligned)
    assert "0_8[" in source(builder)
    instance = builder.instantiate(StacklessEngine())
    memory: Any = next(iter(instance.memories))
    memory.write(PAGE - 8, bytes(range(1, 9)))
    unit = 8 if aligned else 1
    last = PAGE - 8 - (8 if aligned else width)
    assert instance.exports.f(last // unit) != 0
    with pytest.raises(Trap, match="out of bounds memory access"):
        instance.exports.f((last + unit) // unit)
    instance.exports.grow()
    assert instance.exports.f((last + unit) // unit) is not None


def test_an_odd_offset_has_a_view_for_any_address() -> None:
    builder = build("i32.load", 3, aligned=False)
    assert "I0_3[" in source(builder)
    instance = builder.instantiate(StacklessEngine())
    memory: Any = next(iter(instance.memories))
    memory.write(0, bytes(range(40)))
    for address in range(8):
        assert instance.exports.f(address) == int.from_bytes(bytes(range(address + 3, address + 7)), "little")


def test_far_offsets_have_none_outside_of_loops() -> None:
    assert "0_4096[" not in source(build("i32.load", 4096, aligned=True))


def test_a_closed_memory_is_closed_at_every_offset() -> None:
    instance = build("i32.load", 8, aligned=True).instantiate(StacklessEngine())
    assert instance.exports.f(0) == 0
    memory: Any = next(iter(instance.memories))
    memory.close()
    with pytest.raises((MemoryClosed, ValueError)):
        instance.exports.f(0)


def test_a_view_past_the_end_has_nothing_until_the_memory_reaches_it() -> None:
    builder = ModuleBuilder()
    builder.memory(1)
    code = "loop local.get 0 i32.load8_u 65536 local.set 0 end local.get 0"
    builder.function("f", "i32 -> i32", code)
    builder.function("grow", "-> i32", "i32.const 1 memory.grow")
    assert "B0_65536[" in source(builder)
    instance = builder.instantiate(StacklessEngine())
    with pytest.raises(Trap, match="out of bounds memory access"):
        instance.exports.f(0)
    instance.exports.grow()
    assert instance.exports.f(0) == 0


def test_a_memory_may_grow_in_the_midst_of_making_a_view(monkeypatch: pytest.MonkeyPatch) -> None:
    memory = Memory(MemoryType(Limits(1, 2)))
    names: dict[str, Any] = {}
    follow(memory, 0, names)
    make = Views.overlapping

    def grow_and_make(self: Views, *arguments: Any) -> Any:
        made = make(self, *arguments)
        memory.grow(1)  # as a signal's handler might
        return made

    monkeypatch.setattr(Views, "overlapping", grow_and_make)
    provide(names, ["B0", "I0", "I0_8"])
    assert [len(names[name]) for name in ("B0", "I0", "I0_8")] == [131072, 131069, 131061]
