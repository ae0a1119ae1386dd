"""Expressions are folded into one another and evaluated late: nobody may see the difference.

Everything that can be pending, before every effect, under every instruction that takes several operands: all pairs,
compared with the reference interpreter, which evaluates where WebAssembly says.
"""

from __future__ import annotations

import pytest

from wrt_core.engines.stackless.engine import StacklessEngine
from wrt_core.testing import ModuleBuilder, Program, disagreement
from wrt_foundation.plugins import get_plugin_manager

PLUGINS = get_plugin_manager()

PENDING = {
    "a local": "local.get 0",
    "a sum of locals": "local.get 0 local.get 2 i32.add",
    "a local that was set": "local.get 0 i32.const 3 i32.add local.tee 2",
    "a global": "global.get 0",
    "a product with a global": "global.get 0 i32.const 3 i32.mul",
    "a load": "i32.const 8 i32.load",
    "a load of bytes": "i32.const 9 i32.load8_s",
    "a load that may trap": "local.get 0 i32.load",
    "a load of a float": "i32.const 8 f32.load i32.reinterpret_f32",
    "a division": "i32.const 100 local.get 0 i32.div_u",
    "a signed remainder": "i32.const -100 local.get 0 i32.rem_s",
    "a truncation": "i32.const 8 f64.load i32.trunc_f64_s",
    "the memory's size": "memory.size",
    "the memory's growth": "i32.const 1 memory.grow",
    "a table's size": "table.size",
    "an element": "local.get 0 table.get ref.is_null",
    "a call that logs": "i32.const 5 call $logged",
    "a call that changes everything": "call $change",
    "a call that fails": "local.get 0 call $raise",
    "an indirect call": "i32.const 0 call_indirect $type",
    "an indirect call that traps": "local.get 0 call_indirect $type",
    "a condition": "i32.const 8 i32.load i32.eqz",
    "a selection": "global.get 0 i32.const 8 i32.load local.get 0 select",
}

EFFECTS = {
    "nothing": "",
    "a set": "i32.const 77 local.set 0",
    "a set of what is computed": "local.get 0 i32.const 1 i32.add local.set 0",
    "a set to a global": "global.get 0 local.set 0",
    "a set to the memory's size": "memory.size local.set 0",
    "a tee": "i32.const 66 local.tee 2 drop",
    "a global": "i32.const 55 global.set 0",
    "a store": "i32.const 8 i32.const 44 i32.store",
    "a store of a byte": "i32.const 9 local.get 0 i32.store8",
    "a store that may trap": "local.get 0 i32.const 1 i32.store",
    "a store of a float": "i32.const 8 f32.const 1.5 f32.store",
    "a fill": "i32.const 8 i32.const 3 i32.const 4 memory.fill",
    "growth": "i32.const 1 memory.grow drop",
    "a table": "i32.const 1 ref.null func table.set",
    "growth of a table": "ref.null func i32.const 1 table.grow drop",
    "a log": "i32.const 6 call 0",
    "a call": "call $change drop",
    "a trap": "i32.const 1 local.get 0 i32.div_u drop",
    "a block": "block i32.const 77 local.set 0 end",
    "a loop": "loop local.get 2 i32.const 1 i32.add local.tee 2 i32.const 3 i32.lt_u br_if 0 end",
    "an if": "local.get 0 if i32.const 55 global.set 0 else i32.const 8 i32.const 44 i32.store end",
    "a branch": "local.get 0 br_if 0",
    "a handler": "block try_table catch_all 0 local.get 0 if throw 0 end end end",
}

CONSUMERS = {
    "i32.sub": "{a} {b} i32.sub",
    "i32.div_s": "{a} {b} i32.div_s",
    "i32.rotl": "{a} {b} i32.rotl",
    "i32.lt_s": "{a} {b} i32.lt_s",
    "i32.store": "{a} {b} i32.store i32.const 0",
    "f32.store": "{a} {b} f32.convert_i32_u f32.store i32.const 0",
    "i64.store": "{a} {b} i64.extend_i32_s i64.store i32.const 0",
    "f64.min": "{a} f64.convert_i32_s {b} f64.convert_i32_s f64.min i32.trunc_sat_f64_s",
    "f32.div": "{a} f32.convert_i32_s {b} f32.convert_i32_s f32.div i32.trunc_sat_f32_s",
    "select between": "{a} {b} local.get 0 select",
    "select by": "i32.const 3 {a} {b} select",
    "call": "{a} {b} call $both",
    "call_indirect": "{a} {b} i32.const 1 call_indirect $both_type",
    "call_indirect at": "local.get 0 {a} {b} call_indirect $both_type",
    "br_if": "{a} {b} br_if 0",
    "br_table": "block i32 i32.const 4 block i32 {a} {b} br_table 0 1 0 end i32.add end",
    "return": "{a} {b} return",
    "br over one": "block i32 {a} {b} br 0 end",
    "br_table over one": "block i32 i32.const 4 block i32 {a} {b} local.get 0 br_table 0 1 0 end i32.add end",
    "two results": "{a} {b}",
    "memory.fill": "{a} {b} i32.const 2 memory.fill i32.const 0",
    "table.grow": "{a} drop ref.null func {b} table.grow",
    "if": "{a} {b} if i32 i32.const 1 else i32.const 2 end i32.add",
    "throw": "block i32 try_table catch 1 0 {a} {b} i32.sub throw 1 end i32.const 0 end",
}


def module() -> tuple[ModuleBuilder, dict[str, int]]:
    builder = ModuleBuilder()
    builder.import_function("env", "log", "i32 ->")
    builder.import_function("env", "raise", "i32 -> i32")
    builder.memory(1, 3)
    builder.data((0x40490FDB_00000007).to_bytes(8, "little") * 2, 8)
    builder.global_("global", "i32", "i32.const 21")
    builder.tag(None, "->")
    builder.tag(None, "i32 ->")
    names = {"$raise": 1, "$type": builder.type("-> i32"), "$both_type": builder.type("i32 i32 -> i32")}
    names["$logged"] = builder.function(None, "i32 -> i32", "local.get 0 call 0 local.get 0")
    names["$change"] = builder.function(
        None,
        "-> i32",
        """
        i32.const 9 call 0
        i32.const 8 i32.const 8 i32.load i32.const 13 i32.add i32.store
        global.get 0 i32.const 3 i32.mul i32.const 1 i32.add global.set 0
        global.get 0
        """,
    )
    names["$both"] = builder.function(None, "i32 i32 -> i32", "local.get 0 call 0 local.get 0 local.get 1 i32.sub")
    builder.table(3, 9, name=None)
    builder.elements([names["$change"], names["$both"]], 0)
    return builder, names


def define(builder: ModuleBuilder, names: dict[str, int], number: int, code: str, results: str = "i32") -> None:
    for name in sorted(names, key=len, reverse=True):
        code = code.replace(name, str(names[name]))
    builder.function(f"f{number}", f"i32 i32 -> {results}", code, "i32 f64")


def compare(builder: ModuleBuilder, codes: list[str]) -> None:
    complaint = disagreement(Program(builder.bytes(), ()), StacklessEngine(plugins=PLUGINS), rounds=8)
    if complaint is not None:
        number = int(complaint.partition("(")[0][1:])
        pytest.fail(f"{complaint}\n{codes[number]}")


@pytest.mark.parametrize("pending", PENDING)
def test_pending_before_an_effect(pending: str) -> None:
    builder, names = module()
    codes = []
    for effect in EFFECTS.values():
        # With one value below it, so that a branch has something to take.
        codes.append(f"local.get 1 {PENDING[pending]} {effect} i32.add local.get 0 i32.xor local.get 2 i32.xor")
        define(builder, names, len(codes) - 1, codes[-1])
    compare(builder, codes)


@pytest.mark.parametrize("pending", PENDING)
def test_dropped_operands_are_evaluated(pending: str) -> None:
    builder, names = module()
    codes = [f"{PENDING[pending]} drop {effect} i32.const 1" for name, effect in EFFECTS.items() if name != "a branch"]
    for number, code in enumerate(codes):
        define(builder, names, number, code)
    compare(builder, codes)


@pytest.mark.parametrize("consumer", CONSUMERS)
def test_operands_of_one_instruction(consumer: str) -> None:
    builder, names = module()
    codes = [CONSUMERS[consumer].format(a=a, b=b) for a in PENDING.values() for b in PENDING.values()]
    for number, code in enumerate(codes):
        define(builder, names, number, code, "i32 i32" if consumer == "two results" else "i32")
    compare(builder, codes)


def test_what_a_branch_takes_is_canonical() -> None:
    # Values may be pending unmasked, and a branch to the function's end returns them.
    builder, names = module()
    codes = [
        f"{value} local.get 0 br_if 0 drop i32.const 5"
        for value in (
            "i32.const 0 local.get 0 i32.sub",
            "local.get 0 i32.const 32 local.get 2 i32.clz i32.mul i32.sub",
            "local.get 0 i32.const 9 i32.shl",
            "i32.const 9 i32.load8_s",
            "local.get 0 i32.extend8_s",
            "local.get 0 local.get 1 i32.add local.get 0 i32.const -1 i32.xor i32.add",
        )
    ]
    for number, code in enumerate(codes):
        define(builder, names, number, code)
    compare(builder, codes)
