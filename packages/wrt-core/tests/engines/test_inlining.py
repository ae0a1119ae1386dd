"""Small functions that only compute are inlined: nobody may see the difference."""

from __future__ import annotations

import asyncio

import pytest

from wrt_core.engines.stackless.engine import StacklessEngine
from wrt_core.engines.stackless.translation.function import translate
from wrt_core.engines.stackless.translation.variant import Flavour, Form
from wrt_core.execution import Execution
from wrt_core.execution.snapshot import Snapshot
from wrt_core.execution.state import State
from wrt_core.testing import ModuleBuilder, Program, disagreement
from wrt_foundation.plugins import get_plugin_manager

PLUGINS = get_plugin_manager()

LEAVES = {
    "$constant": ("-> i32", "i32.const 7", ""),
    "$same": ("i32 -> i32", "local.get 0", ""),
    "$difference": ("i32 i32 -> i32", "local.get 0 local.get 1 i32.sub", ""),
    "$turned": ("i32 i32 -> i32", "local.get 1 local.get 0 i32.sub", ""),
    "$twice": ("i32 -> i32", "local.get 0 local.get 0 i32.mul", ""),
    "$next": ("i32 -> i32", "local.get 0 i32.const 1 i32.add local.tee 0 local.get 0 i32.mul", ""),
    "$zero": ("i32 -> i32", "local.get 1 local.get 0 local.set 1 local.get 1 i32.add", "i32"),
    "$greater": (
        "i32 i32 -> i32",
        "local.get 0 local.get 1 i32.gt_s if local.get 0 return end local.get 1",
        "",
    ),
    "$chosen": ("i32 i32 i32 -> i32", "local.get 0 local.get 1 local.get 2 select", ""),
    "$left": ("i32 -> i32", "block local.get 0 br_if 0 i32.const 3 br 1 end i32.const 4", ""),
    "$counted": ("-> i32", "global.get 0 i32.const 1 i32.add global.set 0 global.get 0", ""),
    "$put": ("i32 ->", "local.get 0 global.set 0", ""),
    "$root": ("f64 -> f64", "local.get 0 f64.abs f64.sqrt", ""),
    "$both": ("i32 i32 -> i32 i32", "local.get 1 local.get 0", ""),
    "$lost": ("i32 -> i32", "local.get 0 return i32.const 5 drop", ""),
    "$either": ("i32 -> i32", "local.get 0 if i32 i32.const 5 else i32.const 6 return end", ""),
}

USES = [
    "call $constant",
    "local.get 0 call $same",
    "local.get 0 local.get 1 call $difference",
    "local.get 1 local.get 0 call $turned",
    "local.get 0 i32.const 3 call $turned",
    "local.get 0 local.get 1 i32.add call $twice",
    "local.get 0 call $next local.get 0 i32.add",
    "local.get 0 call $next call $next call $next",
    "local.get 0 call $zero local.get 1 call $zero i32.sub",
    "local.get 0 local.get 1 call $greater",
    "local.get 0 local.get 1 call $greater local.get 0 i32.const 7 call $greater call $greater",
    "i32.const 1 local.get 0 call $same i32.const 2 call $chosen",
    "i32.const 8 i32.load i32.const 8 i32.const 5 i32.store call $same",
    "global.get 0 call $counted i32.sub call $counted i32.mul",
    "global.get 0 i32.const 9 call $put global.get 0 i32.sub",
    "local.get 0 call $left local.get 1 call $left call $difference",
    "local.get 0 f64.convert_i32_s call $root i32.trunc_sat_f64_s",
    "local.get 0 local.get 1 call $both i32.sub",
    "local.get 0 call $lost",
    "local.get 0 call $either local.get 1 call $either i32.sub",
    "local.get 0 call $next local.get 1 i32.const 77 local.set 0 call $difference local.get 0 i32.add",
    "local.get 0 local.get 0 i32.const 5 i32.add local.tee 0 call $difference",
    "loop local.get 2 call $next local.set 2 local.get 2 i32.const 90 i32.lt_u br_if 0 end local.get 2",
    "block i32 local.get 0 call $same local.get 1 call $same br_if 0 call $twice end",
    "local.get 0 call $next call $logged local.get 0 call $next i32.add",
    "local.get 0 call $same i32.const 3 call $same local.get 1 call $next call $chosen",
]


def module() -> tuple[ModuleBuilder, dict[str, int]]:
    builder = ModuleBuilder()
    builder.import_function("env", "log", "i32 ->")
    builder.memory(1)
    builder.data(bytes(range(1, 50)), 0)
    builder.global_("global", "i32", "i32.const 21")
    names = {name: builder.function(None, *definition) for name, definition in LEAVES.items()}
    names["$logged"] = builder.function(None, "i32 -> i32", "local.get 0 call 0 local.get 0")
    return builder, names


def named(code: str, names: dict[str, int]) -> str:
    return " ".join(str(names.get(word, word)) for word in code.split())


@pytest.mark.parametrize("use", USES)
def test_what_is_inlined_does_the_same(use: str) -> None:
    builder, names = module()
    index = builder.function("f0", "i32 i32 -> i32", named(use, names), "i32")
    source = translate(builder.load(StacklessEngine(plugins=PLUGINS)), index).source
    leaves = [number for name, number in names.items() if name != "$logged"]
    assert not any(f" f{number}(" in source for number in leaves)
    assert disagreement(Program(builder.bytes(), ()), StacklessEngine(plugins=PLUGINS), rounds=12) is None


@pytest.mark.parametrize(
    ("type_", "code"),
    [
        ("-> i32", "i32.const 0 i32.load"),
        ("-> i32", "call $constant"),
        ("i32 -> i32", "loop i32 local.get 0 end"),
        ("i32 -> i32", "i32.const 1 local.get 0 i32.div_u"),
        ("f64 -> i32", "local.get 0 i32.trunc_f64_s"),
        ("->", "unreachable"),
        ("->", "i32.const 0 i32.const 0 i32.store"),
        ("-> i32", "memory.size"),
        ("i32 -> i32", "local.get 0 " + "i32.const 1 i32.add " * 20),
    ],
)
def test_what_is_not(type_: str, code: str) -> None:
    builder, names = module()
    params = type_.partition("->")[0].split()
    callee = builder.function(None, type_, named(code, names))
    zeros = " ".join(f"{each}.const bits:0" if each[0] == "f" else f"{each}.const 0" for each in params)
    caller = builder.function("f", type_.replace(type_.partition("->")[0], "", 1), f"{zeros} call {callee}")
    source = translate(builder.load(StacklessEngine(plugins=PLUGINS)), caller).source
    assert f"f{callee}(" in source


IMPORTS = {"env": {"log": lambda _: None}}

METERED = {
    "leaves": "local.get 0 call $next call $twice local.get 0 call $next local.get 1 call $greater i32.sub",
    "a loop of leaves": "loop local.get 0 call $next local.get 1 i32.add local.set 1"
    " local.get 0 i32.const 1 i32.sub local.tee 0 i32.const 7 i32.and br_if 0 end local.get 1",
    "nothing but a leaf": "call $counted",
}


@pytest.mark.parametrize("way", METERED)
def test_what_is_metered_pays_as_if_it_called(way: str) -> None:
    builder, names = module()
    index = builder.function("f", "i32 i32 -> i32", named(METERED[way], names))
    one = StacklessEngine(plugins=PLUGINS)
    module_ = builder.load(one)
    assert "F = n\n" in translate(module_, index, form=Form(flavour=Flavour.METERED)).source

    def start(fuel: int) -> Execution:
        instance = one.instantiate(module_, IMPORTS)
        execution: Execution = instance.exports.f.start(100, 7, fuel=fuel)
        return execution

    whole = start(10_000)
    assert whole.run() is State.FINISHED
    needed = whole.fuel_used
    exact = start(needed)
    assert exact.run() is State.FINISHED
    short = start(needed - 1)
    assert short.run() is State.PAUSED
    execution, entered = start(0), set()
    while execution.run(fuel=execution.fuel_needed) is not State.FINISHED:
        entered.add(execution.frames[0].function)
        # What goes on from here makes each call.
        execution = Snapshot.from_bytes(Snapshot.of(execution).to_bytes()).resume(one, module_, IMPORTS)
    assert (execution.fuel_used, execution.result) == (needed, whole.result)
    assert len(entered) > 1


def test_a_function_goes_on_at_any_call_whether_or_not_others_are_inlined() -> None:
    builder = ModuleBuilder()
    builder.import_function("env", "wait", "i32 -> i32")
    builder.global_("global", "i32", "i32.const 21")
    names = {name: builder.function(None, *definition) for name, definition in LEAVES.items()}
    code = """
        local.get 0 call $next
        local.get 0 call $twice
        i32.const 5 call 0
        call $greater
        local.get 0 call $same call 0
        call $difference
        i32.const 2 local.get 0 call $next i32.const 3 call 0 call $chosen
        i32.add i32.add
    """
    builder.function("f", "i32 -> i32", named(code, names))

    def wait(value: int) -> int:
        return value + 1

    async def slow(value: int) -> int:
        await asyncio.sleep(0)
        return value + 1

    engine = StacklessEngine(plugins=PLUGINS)
    plain = builder.instantiate(engine, {"env": {"wait": wait}}).exports.f
    paused = builder.instantiate(engine, {"env": {"wait": slow}}).exports.f
    for number in (0, 3, -5, 100_000):
        assert asyncio.run(paused.call_async(number)) == plain(number)
        execution = plain.start(number, fuel=1)
        while execution.run(fuel=3).value == "paused":
            pass
        assert execution.result == plain(number)
