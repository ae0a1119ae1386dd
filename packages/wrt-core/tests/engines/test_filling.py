"""A loop that stores the same at equal distances is one assignment: memory is the same after it, and so is its price.

Random such loops, many of them up to the memory's end and past it, are compared with the reference interpreter; the
fuel of metered ones with that of the same paused at every turn, which goes through the loop.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from random import Random

import pytest

from wrt_core.engines.stackless import compiled
from wrt_core.engines.stackless.engine import StacklessEngine
from wrt_core.engines.stackless.translation.function import translate, translating
from wrt_core.engines.stackless.translation.loops import filling
from wrt_core.engines.stackless.translation.variant import Flavour, Form
from wrt_core.engines.stackless.translation.writing.dispatched import write_dispatched
from wrt_core.execution.state import State
from wrt_core.testing import ModuleBuilder, Program, disagreement
from wrt_foundation.plugins import get_plugin_manager
from wrt_foundation.traps import Trap

PLUGINS = get_plugin_manager()
STORES = {"i32.store8": 1, "i32.store16": 2, "i32.store": 4, "i64.store": 8}


def engine() -> StacklessEngine:
    return StacklessEngine(plugins=PLUGINS)


def program(seed: int) -> Program:
    """A function that fills from local 2 on, counting local 3 down or up to local 4, by steps of local 5."""
    random = Random(seed)
    store, width = random.choice(list(STORES.items()))
    by = random.choice((width, width, 1, 2, 4, 24, 0))
    value = random.choice((0, 1, 77, -1, 0x0102_0304))
    offset = random.choice((0, 0, 8, 1024))
    begin = random.choice((0, 3, 4096, 0x8000, 0x10000 - 100, 0x10000 - 800))
    count = random.choice((1, 7, 9, 40, 100))
    step = f"local.get 2 {f'i32.const {by}' if by else 'local.get 5'} i32.add local.set 2"
    address = "local.get 2"
    if random.random() < 0.3:  # an index
        begin, address = begin // width, f"local.get 2 i32.const {width.bit_length() - 1} i32.shl"
    stored = f"{address} {store[:3]}.const {value} {store} {offset}"
    size, back = by or 5, step.replace("add", "sub")
    low = "local.get 2 i32.const 0xf8 i32.and local.set 2"
    after = random.choice(("", "block local.get 0 br_if 0 local.get 2 i32.const 1 i32.add local.set 2 end"))
    loop = random.choice(
        (
            f"loop {stored} {step} local.get 3 i32.const 1 i32.sub local.tee 3 br_if 0 {after} end",
            f"loop {stored} {back} local.get 3 i32.const 1 i32.sub local.tee 3 br_if 0 end",
            f"loop {stored} {back} local.get 2 i32.const {max(begin - 200, 0)} i32.gt_s br_if 0 end",
            f"{low} loop {stored} {back} local.get 2 i32.const 0 i32.ge_s br_if 0 end",
            f"loop {stored} {step} local.get 2 local.get 4 i32.lt_u br_if 0 end",
            f"block loop local.get 2 local.get 4 i32.ge_s br_if 1 {stored} {step} br 0 end end",
            f"loop local.get 2 local.get 4 i32.lt_u if {stored} {step} br 1 end end",
        )
    )
    code = f"""
        local.get 0 i32.const 7 i32.and i32.const {begin} i32.add local.set 2
        local.get 1 i32.const 3 i32.and i32.const {count} i32.add local.set 3
        local.get 2 local.get 3 i32.const {size} i32.mul i32.add local.set 4
        local.get 1 i32.const 3 i32.and i32.const 4 i32.add local.set 5
        {loop}
        local.get 2 i32.const 100 i32.mul local.get 3 i32.add
    """
    builder = ModuleBuilder()
    builder.memory(1)
    builder.data(bytes(range(256)) * 256)
    builder.function("f0", "i32 i32 -> i32", code, "i32 i32 i32 i32")
    return Program(builder.bytes(), (" ".join(code.split()),))


@pytest.mark.parametrize("part", range(10))
def test_random_loops(agree: Callable[..., None], part: int) -> None:
    agree(program, range(part * 40, part * 40 + 40), rounds=8)


ACCESSES = {"i32.load8_u": "i32.store8", "i32.load": "i32.store", "i64.load": "i64.store", "f64.load": "f64.store"}


def several(seed: int) -> Program:
    """A function that stores several numbers each turn, mostly side by side, from local 2 on or from a sum of it.

    They are constants, or copied from local 3 on, or from what was written. Local 4 counts.
    """
    random = Random(seed)
    load, store = random.choice(list(ACCESSES.items()))
    width = {"8_u": 1, "i32": 4}.get(load[8:] or load[:3], 8)
    count = random.choice((1, 1, 2, 4))
    order = list(range(count))
    if random.random() < 0.2:
        random.shuffle(order)
    gap = random.choice((0, 0, 0, 0, 1, width))
    to, source = (
        random.choice(("local.get 2", "local.get 5")),
        random.choice(("local.get 3", "local.get 2", "local.get 6")),
    )
    base, away = random.choice((0, 64)), random.choice((0, 1, 4, 8, 16, 24, 400))
    away, base = (base, away) if random.random() < 0.5 else (away, base)
    constant = random.random() < 0.4
    stores = []
    for number in order:
        at = number * (width + gap)
        value = f"{store[:3]}.const {random.choice((0, 0, 0, 7))}" if constant else f"{source} {load} {base + at}"
        stores.append(f"{to} {value} {store} {away + at}")
    step = count * width + random.choice((0, 0, 0, 0, 0, 1, width))
    turns = random.choice((1, 3, 9, 10, 40))
    last = 0x10000 - 40 * step - 60
    sums = "".join(
        f"local.get 1 i32.const 63 i32.and local.get {local - 3} i32.add local.set {local} "
        for local in (5, 6)
        if f"local.get {local}" in (to, source)
    )
    code = f"""
        local.get 0 i32.const 15 i32.and i32.const {random.choice((0, 1024, last))} i32.add local.set 2
        local.get 1 i32.const 31 i32.and i32.const {random.choice((0, 1024, 2048, last))} i32.add local.set 3
        local.get 1 i32.const 3 i32.and i32.const {turns} i32.add local.set 4
        local.get 1 i32.const 31 i32.and local.set 1
        loop
            {sums.replace("i32.const 63 i32.and ", "")} {" ".join(stores)}
            local.get 2 i32.const {step} i32.add local.set 2
            local.get 3 i32.const {step} i32.add local.set 3
            local.get 4 i32.const 1 i32.sub local.tee 4 br_if 0
        end
        local.get 2 local.get 3 i32.const 100 i32.mul i32.add local.get 5 i32.xor local.get 6 i32.xor
    """
    builder = ModuleBuilder()
    builder.memory(1)
    builder.data(Random(seed).randbytes(0x10000))
    builder.function("f0", "i32 i32 -> i32", code, "i32 i32 i32 i32 i32")
    return Program(builder.bytes(), (" ".join(code.split()),))


@pytest.mark.parametrize("part", range(12))
def test_random_loops_of_several_stores(agree: Callable[..., None], part: int) -> None:
    agree(several, range(part * 50, part * 50 + 50), rounds=8)


def test_several_are_one_slice_as_well() -> None:
    one = engine()
    sources = [translate(one.load(several(seed).module), 0).source for seed in range(200)]
    assert sum("] = B0[q:" in source for source in sources) >= 40
    assert sum(" * (" in source and "] = b'" in source for source in sources) >= 15
    assert any("p <= q or" in source for source in sources)
    assert any("l5 = " in source and "[q:" in source for source in sources)


@pytest.mark.parametrize(
    ("stores", "step"),
    [
        # What is written is read in the next turn, or in the same.
        ("local.get 0 local.get 0 i32.load i32.store 4", 4),
        ("local.get 0 local.get 0 i32.load 4 i32.store 8 local.get 0 local.get 0 i32.load i32.store 4", 8),
        ("local.get 0 local.get 1 i32.load 4 i32.store 4 local.get 0 local.get 1 i32.load i32.store", 8),
        # They are not side by side, or not as far apart as a turn is from the next.
        ("local.get 0 local.get 1 i32.load i32.store local.get 0 local.get 1 i32.load 8 i32.store 8", 16),
        ("local.get 0 local.get 1 i32.load i32.store", 4),
        ("local.get 0 local.get 1 i32.load i32.store", 8),
        ("local.get 0 local.get 1 i32.load i32.store", 2),
        ("local.get 0 i32.const 1 i32.store local.get 0 i32.const 2 i32.store 4", 12),
        # They are of different widths.
        ("local.get 0 local.get 1 i32.load16_u i32.store", 4),
        ("local.get 0 local.get 1 i32.load16_u i32.store", 2),
        ("local.get 0 local.get 1 i32.load i32.store local.get 0 local.get 1 i64.load 4 i64.store 4", 12),
    ],
)
@pytest.mark.parametrize("apart", [0, 1, 4, 100])
@pytest.mark.parametrize("slower", [1, 2])
def test_what_is_no_copy_goes_round(stores: str, step: int, apart: int, slower: int) -> None:
    """Memory is what it would be, one store after the other; what is read may be stepped by more."""
    steps = " ".join(f"local.get {n} i32.const {step * by} i32.add local.set {n}" for n, by in ((0, 1), (1, slower)))
    builder = ModuleBuilder()
    builder.memory(1)
    builder.data(bytes(range(256)) * 16)
    loop = f"loop {stores} {steps} local.get 2 i32.const 1 i32.sub local.tee 2 br_if 0 end"
    builder.function("f0", "i32 i32 i32 ->", loop)
    for to, source in ((100 + apart, 100), (100, 100 + apart)):
        results = []
        for turns in (1, 40):  # one at a time, and all at once
            instance = builder.instantiate(engine())
            for turn in range(0, 40, turns):
                instance.exports.f0(to + turn * step, source + turn * step * slower, turns)
            results.append(instance.memories[0].read(0, 4096))
        assert results[0] == results[1]


def test_so_they_do_in_dispatched_form(agree: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled, "translating", partial(translating, write=write_dispatched))
    agree(program, range(400, 500), rounds=8)


@pytest.mark.parametrize("flavour", Flavour)
def test_they_assign_slices(flavour: Flavour) -> None:
    one = engine()
    sources = [translate(one.load(program(seed).module), 0, form=Form(flavour=flavour)).source for seed in range(100)]
    assert sum(" * len(r)" in source for source in sources) >= 25
    assert any("cast('I')" in source for source in sources)


def test_no_more_is_stored_at_once_than_the_host_can_spare(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filling, "_LONGEST", 64)
    one = engine()
    assert any("<= 0x10 and" in translate(one.load(program(seed).module), 0).source for seed in range(20))
    for seed in range(100):
        each = program(seed)
        assert disagreement(each, engine(), seed, rounds=8) is None


def spent(each: Program, args: tuple[int, int], slices: int | None) -> tuple[object, ...]:
    """How a call ends, and its fuel, all of it given at once or so much at a time."""
    one = engine()
    instance = one.instantiate(one.load(each.module))
    execution = instance.exports["f0"].start(*args, fuel=100_000 if slices is None else 0)
    told: object = None
    try:
        while execution.run(fuel=None if slices is None else max(slices, execution.fuel_needed)) is not State.FINISHED:
            assert slices is not None
            assert execution.fuel is not None
            assert execution.fuel >= 0
        told = execution.result
    except Trap as trap:
        told = trap.code
    memory = instance.memories[0]
    return told, execution.fuel_used, memory.read(0, memory.byte_length)


@pytest.mark.parametrize("part", range(4))
@pytest.mark.parametrize("make", [program, several])
def test_fuel_is_the_same(make: Callable[[int], Program], part: int) -> None:
    for seed in range(500 + part * 15, 515 + part * 15):
        each, args = make(seed), (seed, seed >> 2)
        whole = spent(each, args, None)
        for slices in (0, 100, 333):
            assert spent(each, args, slices) == whole, f"{seed} {slices}\n{each}"


def test_an_item_at_the_sum_of_two_locals_is_where_both_say() -> None:
    builder = ModuleBuilder()
    builder.memory(1)
    code = """
        loop
            local.get 2 local.get 0 i32.add i32.const 7 i32.store8
            local.get 2 i32.const 1 i32.add local.tee 2 i32.const 100 i32.ne br_if 0
        end
    """
    builder.function("f", "i32 i32 ->", code, "i32")
    instance = builder.instantiate(StacklessEngine(plugins=PLUGINS))
    instance.exports.f(1000, 0)
    memory = instance.memories[0]
    assert memory.read(0, 1200) == bytes(1000) + b"\x07" * 100 + bytes(100)
