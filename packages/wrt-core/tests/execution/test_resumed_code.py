"""What goes on from a pause is as good code as any, as long as it begins with what it may expect.

It stands on what is known of numbers where it begins. What was paused has such numbers, what a stranger made may have
others: then it is run by code that expects nothing, and does what its module says of these.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from wrt_core import EngineFactory
from wrt_core.engines.stackless.compiled import compiled_of
from wrt_core.engines.stackless.translation.function import retries_of, translate
from wrt_core.engines.stackless.translation.variant import Flavour, Form, Variant
from wrt_core.engines.stackless.translation.ventures import EVERYWHERE
from wrt_core.execution import Execution, State
from wrt_core.execution.snapshot import Snapshot
from wrt_core.testing import ModuleBuilder
from wrt_core.validation import ValidatedModule
from wrt_foundation.traps import Trap

ENGINE = EngineFactory.create("stackless")

NEXT = "local.get 1 i32.const 1 i32.add local.tee 1"
SUM = "local.get 2 local.get 1 i32.const 2 i32.shl i32.load 16 i32.add local.set 2"

# Each takes a number, counts in local 1, adds up in local 2, and is paused in a loop or in a call there.
PROGRAMS = {
    "a loop": f"loop {SUM} {NEXT} local.get 0 i32.lt_u br_if 0 end local.get 2",
    "a loop in a loop": f"""
        loop i32.const 0 local.set 3
            loop {SUM} local.get 3 i32.const 1 i32.add local.tee 3 i32.const 7 i32.lt_u br_if 0 end
        {NEXT} local.get 0 i32.lt_u br_if 0 end local.get 2
    """,
    "a call in a loop": f"""
        loop {SUM} local.get 2 call 0 local.set 2 {NEXT} local.get 0 i32.lt_u br_if 0 end local.get 2
    """,
    "a call with a number below": f"""
        loop local.get 1 i32.const 15 i32.and local.get 2 call 0 i32.add local.set 2
        {NEXT} local.get 0 i32.lt_u br_if 0 end local.get 2
    """,
    "a call with a byte below": f"""
        loop i32.const 16 local.get 1 i32.load8_u 16 local.get 2 call 0 local.set 2 i32.store8
        {NEXT} local.get 0 i32.lt_u br_if 0 end local.get 2 i32.const 16 i32.load i32.add
    """,
    "a loop that begins elsewhere": f"""
        i32.const 3 local.set 1 loop {SUM} {NEXT} local.get 0 i32.const 3 i32.add i32.ne br_if 0 end local.get 2
    """,
    "a loop by two": f"""
        loop {SUM} local.get 1 i32.const 2 i32.add local.tee 1 local.get 0 i32.const -2 i32.and i32.ne br_if 0 end
        local.get 2
    """,
    "a loop down": f"""
        local.get 0 local.set 1
        loop {SUM} local.get 1 i32.const 1 i32.sub local.tee 1 br_if 0 end local.get 2
    """,
    "a loop that is asked first": f"""
        block loop local.get 1 local.get 0 i32.ge_u br_if 1 {SUM} {NEXT} drop br 0 end end local.get 2
    """,
    "a loop that fills": """
        loop local.get 1 i32.const 5 i32.store8 16 local.get 1 i32.const 1 i32.add local.tee 1 local.get 0 i32.lt_u
        br_if 0 end i32.const 20 i32.load
    """,
}


def build(way: str) -> ValidatedModule:
    builder = ModuleBuilder()
    builder.memory(1)
    builder.data(bytes(range(7, 250)), 0)
    builder.function(None, "i32 -> i32", "loop local.get 0 i32.const 3 i32.mul local.set 0 end local.get 0")
    builder.function("run", "i32 -> i32", PROGRAMS[way], "i32 i32 i32")
    return builder.load(ENGINE)


def paused(module: ValidatedModule, fuel: int) -> Execution:
    """A call that has been paused, and comes from bytes."""
    execution = ENGINE.instantiate(module).exports.run.start(40, fuel=fuel)
    assert execution.run() is State.PAUSED
    resumed: Execution = Snapshot.from_bytes(Snapshot.of(execution).to_bytes()).resume(ENGINE, module)
    return resumed


@pytest.mark.parametrize("way", PROGRAMS)
def test_it_is_as_good_as_any(way: str) -> None:
    module = build(way)
    expected = ENGINE.instantiate(module).exports.run(40)
    execution = paused(module, 200)
    frame = execution.frames[-1]
    compiled = compiled_of(execution._stack[0].instance)
    assert compiled is not None
    good, any_ = (
        compiled.translation(1, Form(Variant.CODE, Flavour.METERED, frame.offset, wary=wary)).source
        for wary in (frozenset[int](), EVERYWHERE)
    )
    assert " for " in good
    assert " for " not in any_
    assert good.count(" % 0x") < any_.count(" % 0x")
    assert execution.run(fuel=100_000) is State.FINISHED
    assert execution.result == expected


STRANGE = [0, 1, 3, 39, 40, 41, 100, 0x3FFF_FFFE, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFF0, 0xFFFF_FFFF]


def outcome(way: str, changed: dict[str, tuple[int, int]], wary: bool, fuel: int = 200) -> tuple[object, ...]:
    """How a program goes on with other locals or operands, in code that expects nothing if it is `wary`."""
    execution = paused(build(way), fuel)
    activation = execution._stack[0]
    for what, (number, value) in changed.items():
        values = list(getattr(activation, what))
        values[number] = value
        activation = replace(activation, **{what: tuple(values)})
    execution._stack[0] = activation
    if wary:
        compiled = compiled_of(activation.instance)
        assert compiled is not None
        form = Form(Variant.CODE, Flavour.METERED, activation.offset)
        compiled._translations[1, form] = compiled.translation(1, replace(form, wary=EVERYWHERE))
    try:
        state = execution.run(fuel=20_000)
    except Trap as trap:
        return trap.message, trap.frames[0].offset, execution.fuel_used
    return state, execution.result if state is State.FINISHED else None, execution.fuel_used


@pytest.mark.parametrize("local", [0, 1, 2])
@pytest.mark.parametrize("way", PROGRAMS)
def test_numbers_that_are_not_to_be_expected(way: str, local: int) -> None:
    for value in STRANGE:
        changed = {"locals": (local, value)}
        assert outcome(way, changed, wary=False) == outcome(way, changed, wary=True), hex(value)


@pytest.mark.parametrize("value", STRANGE)
@pytest.mark.parametrize(("way", "operand"), [("a call with a number below", 0), ("a call with a byte below", 1)])
def test_operands_that_are_not_to_be_expected(way: str, operand: int, value: int) -> None:
    module = build(way)
    fuel = next(each for each in range(200, 300) if len(paused(module, each)._stack) == 2)
    changed = {"stack": (operand, value)}
    assert outcome(way, changed, False, fuel) == outcome(way, changed, True, fuel)


@pytest.mark.parametrize("way", PROGRAMS)
@pytest.mark.parametrize("flavour", [Flavour.POLLED, Flavour.METERED])
def test_retries_are_the_same_if_it_is_known_what_the_first_reading_found(way: str, flavour: Flavour) -> None:
    module = build(way)
    form = Form(flavour=flavour)
    found = translate(module, 1, form=form).found
    assert found is not None
    known, new = (retries_of(module, 1, form, lambda _: True, each) for each in (found, None))
    assert known == new
