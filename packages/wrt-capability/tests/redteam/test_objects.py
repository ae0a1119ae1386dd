"""Between tenants once more: what a host that mixes things up hands on, re-entrance, forks, and hooks that raise."""

from __future__ import annotations

import gc
import json
import pickle
from typing import Any

import pytest

from wrt_capability.audit import AuditLog, create_sink
from wrt_capability.audit.verify import verify
from wrt_capability.engine import CapabilityAwareEngine
from wrt_capability.policy.errors import Unenforceable
from wrt_core.engines.stackless.engine import StacklessEngine
from wrt_core.execution.snapshot import Snapshot
from wrt_core.runtime.instance import Instance
from wrt_core.testing import ModuleBuilder
from wrt_foundation.errors import CapabilityDenied, QuotaExceeded, WrtError
from wrt_foundation.plugins import hookimpl
from wrt_foundation.traps import Trap, WasmException
from wrt_foundation.types import I64, ArrayType, FieldType, Limits, MemoryType, StructType


def everything() -> ModuleBuilder:
    """A guest that has something of every kind, and takes references in every way."""
    builder = ModuleBuilder("everything")
    builder.import_function("env", "swap", "externref -> externref")
    pair = builder.type(StructType((FieldType(I64, True),)))
    numbers = builder.type(ArrayType(FieldType(I64, True)))
    builder.memory(1)
    builder.table(4)
    builder.global_("function", "funcref", "ref.null func")
    builder.global_("object", "externref", "ref.null extern")
    tag = builder.tag("tag", "i32 ->")
    builder.function("struct", "-> externref", f"i64.const 1 struct.new {pair} extern.convert_any")
    builder.function("array", "-> externref", f"i64.const 1 i32.const 2 array.new {numbers} extern.convert_any")
    builder.function("take", "externref ->", "")
    builder.function("swap", "externref -> externref", "local.get 0 call 0")
    builder.function("throw", "->", f"i32.const 5 throw {tag}")
    builder.function("spin", "->", "loop br 0 end")
    builder.function("grow", "i32 -> i32", "local.get 0 memory.grow")
    return builder


@pytest.fixture
def two(lab) -> tuple[Any, Any]:
    return tuple(lab.guest(everything(), {"env": {"swap": lambda x: x}}, lab.tenant(name)) for name in ("a", "b"))


def objects(instance: Instance) -> dict[str, Any]:
    execution = instance.exports.spin.start(fuel=100)
    execution.run()
    exports = instance.exports
    return {
        "func": exports.take,
        "memory": exports.memory,
        "table": exports.table,
        "global": exports.object,
        "tag": exports.tag,
        "struct": exports.struct(),
        "array": exports.array(),
        "instance": instance,
        "execution": execution,
        "store": instance.store,
    }


NAMES = ("func", "memory", "table", "global", "tag", "struct", "array", "instance", "execution", "store")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("way", ["argument", "global", "host function"])
def test_no_object_of_another_comes_in_as_a_reference(lab, two, name, way):
    mine, theirs = two
    thing = objects(theirs)[name]
    ways = {
        "argument": lambda: mine.exports.take(thing),
        "global": lambda: setattr(mine.exports.object, "value", thing),
        "host function": lambda: lab.guest(
            everything(), {"env": {"swap": lambda _: thing}}, mine.guard.tenant
        ).exports.swap(None),
    }
    with pytest.raises(CapabilityDenied):
        ways[way]()
    assert lab.events.of("decision", tenant="a", kind="object", allowed=False)


def test_a_reference_that_crosses_by_a_list_of_the_hosts_is_a_reference_still(lab, two):
    mine, theirs = two
    kept = [theirs.exports.struct()]
    mine.exports.take(kept)  # a list is the host's own, and no guest can look into it
    with pytest.raises(CapabilityDenied):
        mine.exports.take(kept[0])


def test_an_exception_of_anothers_guest_does_not_pass_through_a_host_function(lab, two):
    mine, theirs = two

    def throwing(_: object) -> None:
        theirs.exports.throw()

    guest = lab.guest(everything(), {"env": {"swap": throwing}}, mine.guard.tenant)
    with pytest.raises(CapabilityDenied):
        guest.exports.swap(None)
    with pytest.raises(WasmException):
        theirs.exports.throw()


def test_a_host_that_calls_another_tenant_in_a_call_lends_it_nothing(lab):
    other = lab.tenant("other", "\n[[rule]]\nquota.fuel = 5000\n")
    theirs = lab.guest(everything(), {"env": {"swap": lambda x: x}}, other)
    mine = lab.guest(everything(), {"env": {"swap": lambda _: theirs.exports.spin()}}, lab.tenant("mine"))
    with pytest.raises((QuotaExceeded, Trap)):
        mine.exports.swap(None)
    assert 0 < other.account.used("fuel") <= 5000
    assert lab.events.of("trap", tenant="other")


def test_a_forks_memory_is_not_another_tenants_to_import(lab, two):
    mine, theirs = two
    execution = theirs.exports.spin.start(fuel=100)
    execution.run()
    fork = execution.fork()
    builder = ModuleBuilder()
    builder.import_memory("env", "m", 1)
    with pytest.raises(CapabilityDenied):
        lab.guest(builder, {"env": {"m": fork.func.instance.exports.memory}}, mine.guard.tenant)


def test_forking_in_a_loop_ends_at_the_quota_of_instances(lab):
    tenant = lab.tenant("forker")
    execution = lab.guest(everything(), {"env": {"swap": id}}, tenant).exports.spin.start(fuel=100)
    execution.run()
    forks = [execution.fork() for _ in range(7)]
    with pytest.raises(QuotaExceeded, match="instances"):
        execution.fork()
    forks.clear()
    gc.collect()
    assert tenant.account.used("instances") == 1


def test_a_pickled_execution_of_anothers_is_not_gone_on_with(lab, two):
    mine, theirs = two
    execution = theirs.exports.spin.start(fuel=100)
    execution.run()
    data = pickle.dumps(execution)
    engine = CapabilityAwareEngine(tenant=mine.guard.tenant)
    module = everything().load(engine)
    with pytest.raises(CapabilityDenied):
        pickle.loads(data).bind(engine, module, {"env": {"swap": lambda x: x}})


def test_an_edited_snapshot_is_confined_all_the_same(lab):
    """Whoever makes up a snapshot has a guest that is wrong, and no more than it may have had."""
    tenant = lab.tenant("forger", "\n[[rule]]\ndeny.call = 'grow'\n")
    engine = CapabilityAwareEngine(tenant=tenant)
    module = everything().load(engine)
    instance = engine.instantiate(module, {"env": {"swap": lambda x: x}})
    execution = instance.exports.spin.start(fuel=100)
    execution.run()
    data = bytearray(Snapshot.of(execution).to_bytes())
    for place in range(8, len(data), 7):
        forged = bytes(data[:place]) + bytes([data[place] ^ 1]) + bytes(data[place + 1 :])
        try:
            resumed = Snapshot.from_bytes(forged).resume(engine, module, {"env": {"swap": lambda x: x}})
        except WrtError:
            continue
        assert resumed.func.name != "grow"
        assert resumed.func.instance.guard.tenant is tenant
    del execution
    gc.collect()
    assert tenant.account.used("instances") <= 2


# --- hooks that raise ---------------------------------------------------------------------------------------------


class Raising:
    """A plugin that fails in one hook."""

    @classmethod
    def at(cls, hook: str) -> object:
        def decide(self, access, decision):
            raise RuntimeError("broken")

        def charge(self, subject, kind, amount):
            raise RuntimeError("broken")

        def provide(self, authority):
            raise RuntimeError("broken")

        def intercept(self, access, code):
            raise RuntimeError("broken")

        code = {"decide": decide, "charge": charge, "provide": provide, "intercept": intercept}[hook]
        return type("Broken", (), {f"wrt_capability_{hook}": hookimpl(code)})()


@pytest.mark.parametrize("hook", ["decide", "charge", "provide", "intercept"])
def test_a_hook_that_raises_lets_nobody_in_and_leaves_nothing(lab, hook):
    tenant = lab.tenant("a", capabilities=[Raising.at(hook)])
    with pytest.raises((WrtError, RuntimeError)):
        lab.guest(everything(), {"env": {"swap": lambda x: x}}, tenant)
    gc.collect()
    for kind in ("memory", "table", "instances", "calls"):
        assert tenant.account.used(kind) == 0, kind


# --- the trail ------------------------------------------------------------------------------------------------------


@pytest.fixture
def trail(lab, tmp_path) -> Any:
    path = tmp_path / "audit.jsonl"
    with AuditLog(create_sink("file", path=str(path))) as log:
        tenant = lab.tenant("a", audit=log)
        flood = lab.guest(everything(), {"env": {"swap": lambda x: x}}, tenant).exports.grow
        assert flood(100) == -1
        tenant.close()
    return path


@pytest.mark.parametrize(
    "forge",
    [
        lambda lines: [*lines, *lines],
        lambda lines: lines[len(lines) // 2 :] + lines[: len(lines) // 2],
        lambda lines: lines[1:],
        lambda lines: lines[:-1],
        lambda lines: [*lines, json.dumps({"event": "audit", "operation": "opened"}) + "\n"],
        lambda lines: [
            line.replace('"allowed":false', '"allowed":true').replace('"tenant":"a"', '"tenant":"b"') for line in lines
        ],
    ],
    ids=["concatenated", "rotated", "no beginning", "no tail", "a forged restart", "another tenant's"],
)
def test_a_trail_that_was_worked_on_is_known(trail, forge):
    assert verify(trail).intact
    trail.write_text("".join(forge(trail.read_text().splitlines(keepends=True))))
    assert not verify(trail).intact


# --- an inner engine that can do less ---------------------------------------------------------------------------


class Plain(StacklessEngine):
    """A stranger's engine that runs calls to their end and bounds nothing."""

    name = "plain"
    meters = frozenset()

    def compile_functions(self, instance: Instance) -> None:
        super().compile_functions(instance)
        instance.runner = None


def test_an_engine_that_cannot_pause_is_held_to_all_that_it_need_not_pause_for(lab):
    policy = (
        '[[rule]]\nallow = { call = "*", module = "*", import = "*" }\nlimits.memory = 65536\nquota.instances = 1\n'
    )
    with (
        CapabilityAwareEngine(inner=Plain(), policy={"rule": [{"limits": {"memory": 1}}]}) as closed,
        pytest.raises(CapabilityDenied),
    ):
        everything().instantiate(closed, {"env": {"swap": id}})
    lab.text = policy
    tenant = lab.tenant("a")
    engine = CapabilityAwareEngine(inner=Plain(), tenant=tenant)
    instance = everything().instantiate(engine, {"env": {"swap": lambda x: x}})
    assert instance.exports.grow(1) == -1
    with pytest.raises(QuotaExceeded):
        everything().instantiate(engine, {"env": {"swap": id}})
    tenant.suspend("over")
    with pytest.raises(CapabilityDenied):
        instance.exports.swap(None)
    for limit in ("fuel = 1", "time = 1", "cpu = 1", "stack = 5", "gc = 1"):
        with pytest.raises(Unenforceable):
            CapabilityAwareEngine(inner=Plain(), tenant=lab.tenant("b", f"\n[[rule]]\nlimits.{limit}\n"))


def test_memory_that_a_fork_has_held_is_of_zeros_for_the_next(lab, two):
    mine, theirs = two
    theirs.exports.memory.write(0, b"\xa5" * 65536)
    execution = theirs.exports.spin.start(fuel=100)
    execution.run()
    fork = execution.fork()
    assert fork.func.instance.exports.memory.read(0, 4) == b"\xa5" * 4
    del fork
    gc.collect()
    for _ in range(3):
        memory = mine.guard.tenant.memory(MemoryType(Limits(1)))
        assert memory.read(0, 65536) == bytes(65536)
        memory.close()
