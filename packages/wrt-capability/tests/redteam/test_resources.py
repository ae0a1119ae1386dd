"""More than its share: guests that grow, recurse, loop, allocate, flood, multiply, or are huge."""

from __future__ import annotations

import gc
import io

import pytest

from wrt_core.host_modules import Grants
from wrt_core.testing import ModuleBuilder
from wrt_foundation.errors import QuotaExceeded, WrtError
from wrt_foundation.module import CustomSection
from wrt_foundation.traps import Exhaustion, Trap

PAGE = 65536


def test_growth_in_a_loop_ends_at_the_limit(lab):
    builder = ModuleBuilder()
    builder.memory(1)
    builder.function(
        "grow",
        "-> i32",
        "loop  i32.const 1  memory.grow  i32.const -1  i32.ne  br_if 0  end  memory.size",
    )
    guest = lab.guest(builder)
    assert guest.exports.grow() == 16
    assert lab.tenants[0].account.used("memory") == 16 * PAGE


def test_one_giant_leap_of_growth_is_refused(lab):
    builder = ModuleBuilder()
    builder.memory(1)
    builder.function("grow", "i32 -> i32", "local.get 0  memory.grow")
    guest = lab.guest(builder)
    for pages in (16, 65535, -1, 1 << 30):
        assert guest.exports.grow(pages) == -1
    assert guest.exports.grow(15) == 1


def test_growth_by_the_host_is_bounded_too(lab):
    builder = ModuleBuilder()
    builder.memory(1)
    guest = lab.guest(builder)
    assert guest.exports.memory.grow(16) == -1


@pytest.mark.parametrize("pages", [17, 1000, 65536])
def test_a_memory_that_begins_too_large_is_refused(lab, pages):
    builder = ModuleBuilder()
    builder.memory(pages)
    with pytest.raises(QuotaExceeded, match="memory"):
        lab.guest(builder)
    assert lab.tenants[0].account.used("memory") == 0


def test_many_small_memories_are_one_large_one(lab):
    builder = ModuleBuilder()
    for number in range(17):
        builder.memory(1, name=f"m{number}")
    with pytest.raises(QuotaExceeded):
        lab.guest(builder)


def test_instances_are_counted(lab):
    tenant, builder = lab.tenant(), ModuleBuilder()
    kept = [lab.guest(builder, tenant=tenant) for _ in range(8)]
    with pytest.raises(QuotaExceeded, match="instances"):
        lab.guest(builder, tenant=tenant)
    assert len(kept) == 8


def test_memory_of_many_instances_is_added_up(lab):
    tenant, builder = lab.tenant(), ModuleBuilder()
    builder.memory(16)
    kept = [lab.guest(builder, tenant=tenant) for _ in range(4)]
    with pytest.raises(QuotaExceeded, match="memory"):
        lab.guest(builder, tenant=tenant)
    assert len(kept) == 4


@pytest.mark.parametrize("size", [1001, 1 << 20, (1 << 32) - 1])
def test_large_tables_are_refused(lab, size):
    builder = ModuleBuilder()
    builder.table(size)
    with pytest.raises(WrtError):
        lab.guest(builder)


def test_tables_grow_to_the_limit_only(lab):
    builder = ModuleBuilder()
    builder.table(1)
    builder.function("grow", "i32 -> i32", "ref.null func  local.get 0  table.grow 0")
    guest = lab.guest(builder)
    assert [guest.exports.grow(size) for size in (1000, 1 << 30, -1, 999)] == [-1, -1, -1, 1]


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("self", "call 0"),
        ("mutual", "call 1"),
        ("with locals", "i64.const 1  drop  call 0"),
    ],
)
def test_recursion_ends_in_a_trap(lab, name, code):
    builder = ModuleBuilder()
    builder.function("run", "->", code)
    builder.function("back", "->", "call 0")
    guest = lab.guest(builder)
    for _ in range(3):
        with pytest.raises(Exhaustion):
            guest.exports.run()


@pytest.mark.parametrize(
    "code",
    [
        "loop  br 0  end",
        "loop  i32.const 1  br_if 0  end",
        "loop  loop  br 1  end  end",
        "loop  call 1  br 0  end",
        "loop  i32.const 0  br_table 0 0  end",
    ],
)
def test_loops_end_when_the_fuel_does(lab, code):
    builder = ModuleBuilder()
    builder.function("run", "->", code)
    builder.function("nothing", "->", "")
    guest = lab.guest(builder)
    with pytest.raises(Exhaustion, match="fuel"):
        guest.exports.run()


def test_a_start_function_that_loops_ends_too(lab):
    builder = ModuleBuilder()
    builder.start(builder.function(None, "->", "loop  br 0  end"))
    with pytest.raises(QuotaExceeded, match="fuel"):
        lab.guest(builder)


def test_a_huge_module_is_refused_before_it_is_read(lab):
    builder = ModuleBuilder()
    builder.module.customs.append(CustomSection("padding", bytes(65536)))
    with pytest.raises(QuotaExceeded, match="module"):
        lab.guest(builder)
    with pytest.raises(QuotaExceeded, match="module"):
        lab.engine().load(b"\0asm\x01\0\0\0" + b"\xff" * 70_000)


def test_a_flood_of_output_is_stopped_before_it_is_written(lab):
    builder, out = ModuleBuilder(), io.BytesIO()
    policy = '[[rule]]\nallow.stdio = "*"\n'
    engine = lab.engine(lab.tenant("flood", policy))
    stream = engine.permitted(builder.load(engine), Grants(stdout=out)).stdout
    assert [stream.write(b"0123456789") for _ in range(10)] == [10] * 10
    with pytest.raises(QuotaExceeded, match="output"):
        stream.write(b"!")
    assert len(out.getvalue()) == 100


def test_a_module_cannot_ask_for_more_than_the_policy_gives(lab):
    from wrt_capability.policy.section import resource_limits

    builder = ModuleBuilder()
    builder.memory(17)
    builder.module.customs.append(resource_limits({"memory": 1 << 40, "fuel": 1 << 60}))
    with pytest.raises(QuotaExceeded):
        lab.guest(builder)


def test_traps_leave_nothing_on_the_books(lab):
    tenant, builder = lab.tenant(), ModuleBuilder()
    builder.memory(4)
    builder.data(b"x", offset=4 * PAGE)  # does not fit: instantiation traps
    for _ in range(50):
        with pytest.raises(Trap):
            lab.guest(builder, tenant=tenant)
    gc.collect()
    assert (tenant.account.used("memory"), tenant.account.used("instances")) == (0, 0)
