"""Enforcement points, each from both sides: what is allowed happens, and what is not does not."""

from __future__ import annotations

import gc
import io
import threading
import time

import pytest

from wrt_capability.decision import Decision
from wrt_capability.policy import Unenforceable
from wrt_capability.policy.section import SECTION, resource_limits
from wrt_capability.traps import DeniedImport, DeniedTrap, QuotaTrap
from wrt_core import EngineFactory
from wrt_core.engines.core import CoreEngine
from wrt_core.host_modules import Grants
from wrt_core.runtime.function import Func
from wrt_core.runtime.globals import Global
from wrt_core.runtime.memory import Memory
from wrt_core.testing import ModuleBuilder
from wrt_core.testing.assembler import signature
from wrt_foundation.binary import decode, encode
from wrt_foundation.errors import CapabilityDenied, DecodeError, LinkError, QuotaExceeded
from wrt_foundation.module import CustomSection
from wrt_foundation.plugins import hookimpl
from wrt_foundation.traps import Trap, TrapCode
from wrt_foundation.types import I32, I64, ArrayType, FieldType, GlobalType, Limits, MemoryType, StructType

PAGE = 65536


def adder() -> ModuleBuilder:
    builder = ModuleBuilder()
    builder.function("add", "i32 i32 -> i32", "local.get 0 local.get 1 i32.add")
    builder.function("secret", "-> i32", "i32.const 7")
    return builder


def logger() -> ModuleBuilder:
    builder = ModuleBuilder()
    builder.import_function("env", "log", "i32 ->")
    builder.function("run", "i32 ->", "local.get 0 call 0")
    return builder


def spinner() -> ModuleBuilder:
    builder = ModuleBuilder()
    builder.function("spin", "->", "loop br 0 end")
    builder.function("count", "i32 -> i32", "loop local.get 0 i32.const 1 i32.sub local.tee 0 br_if 0 end local.get 0")
    return builder


def grower(pages: int = 1) -> ModuleBuilder:
    builder = ModuleBuilder()
    builder.memory(pages)
    builder.table(2)
    builder.function("grow", "i32 -> i32", "local.get 0 memory.grow")
    builder.function("grow_table", "i32 -> i32", "ref.null func local.get 0 table.grow 0")
    return builder


# --- deny by default ----------------------------------------------------------------------------------------


def test_without_a_policy_nothing_is_allowed(make, events):
    engine = make()
    module = engine.load(adder().bytes())
    with pytest.raises(CapabilityDenied, match="nothing allows it"):
        engine.instantiate(module)
    assert events.of("decision", allowed=False, kind="module", operation="instantiate")
    assert events.of("instantiation") == []


def test_only_exports_that_are_allowed_are_called(make, events):
    engine = make({"rule": [{"allow": {"module": "*", "call": "add"}}]})
    exports = adder().instantiate(engine).exports
    assert exports.add(2, 3) == 5
    with pytest.raises(CapabilityDenied, match="may not call call 'secret'"):
        exports.secret()
    with pytest.raises(CapabilityDenied):
        exports.secret.start()
    with pytest.raises(CapabilityDenied):
        exports.secret.call_raw(())
    assert events.of("decision", kind="call", object="add", allowed=True)
    assert events.of("decision", kind="call", object="secret", allowed=False)


def test_functions_that_are_not_exported_are_not_called_through_references(make):
    builder = ModuleBuilder()
    hidden = builder.function(None, "-> i32", "i32.const 1")
    builder.function("give", "-> funcref", f"ref.func {hidden}")
    builder.declare([hidden])
    engine = make({"rule": [{"allow": {"module": "*", "call": "give"}}]})
    reference = builder.instantiate(engine).exports.give()
    with pytest.raises(CapabilityDenied, match="function 0"):
        reference()


def test_the_start_function_runs_if_the_module_may_be_instantiated_and_not_otherwise(make):
    seen: list[int] = []
    builder = logger()
    builder.start(builder.function(None, "->", "i32.const 3 call 0"))
    engine = make({"rule": [{"allow": {"module": "*", "import": "env.log"}}]})
    builder.instantiate(engine, {"env": {"log": seen.append}})
    assert seen == [3]
    denying = make({"rule": [{"allow": {"import": "env.log"}}]})
    with pytest.raises(CapabilityDenied):
        builder.instantiate(denying, {"env": {"log": seen.append}})
    assert seen == [3]


# --- imports ------------------------------------------------------------------------------------------------


def test_an_import_that_is_not_granted_does_not_link(make, events):
    engine = make({"rule": [{"allow": {"module": "*", "call": "*", "import": "env.other"}}]})
    with pytest.raises(DeniedImport, match=r"may not link import 'env\.log'") as caught:
        logger().instantiate(engine, {"env": {"log": print}})
    assert isinstance(caught.value, LinkError)
    assert (caught.value.module, caught.value.name) == ("env", "log")
    assert events.of("decision", kind="import", object="env.log", allowed=False)


def test_or_links_to_a_function_that_traps(make, events):
    engine = make(
        {"denied-imports": "trap", "rule": [{"allow": {"module": "*", "call": "*"}}]},
    )
    called: list[int] = []
    for given in ({"env": {"log": called.append}}, {}):
        run = logger().instantiate(engine, given).exports.run
        with pytest.raises(DeniedTrap) as caught:
            run(1)
        assert caught.value.code is TrapCode.CAPABILITY_DENIED
        assert caught.value.frames
    assert called == []
    assert events.of("trap", operation="capability_denied")


@pytest.mark.parametrize("kind", ["memory", "table", "global", "tag"])
def test_other_imports_must_be_granted_too(make, kind):
    builder = ModuleBuilder()
    getattr(builder, f"import_{kind}")(
        "env", "it", *{"memory": (1,), "table": (1,), "global": ("i32",), "tag": ("->",)}[kind]
    )
    engine = make({"denied-imports": "trap", "rule": [{"allow": {"module": "*"}}]})
    with pytest.raises(DeniedImport):
        builder.instantiate(engine, {"env": {"it": object()}})


def test_a_granted_host_function_is_gone_once_the_policy_changes(trusting):
    seen: list[int] = []
    engine = trusting()
    run = logger().instantiate(engine, {"env": {"log": seen.append}}).exports.run
    run(1)
    engine.tenant.policy = {"rule": [{"allow": {"call": "*"}}]}
    with pytest.raises(DeniedTrap):
        run(2)
    engine.tenant.policy = {"rule": [{"allow": {"call": "*", "import": "env.log"}}]}
    run(3)
    engine.tenant.policy = {"rule": [{"allow": {"import": "env.log"}}]}
    with pytest.raises(CapabilityDenied):
        run(4)
    assert seen == [1, 3]


def test_functions_made_by_the_host_have_gates_too(trusting):
    seen: list[int] = []
    engine = trusting()
    function = Func(signature("i32 ->"), seen.append)
    run = logger().instantiate(engine, {"env": {"log": function}}).exports.run
    run(1)
    engine.tenant.suspend("enough")
    with pytest.raises(CapabilityDenied, match="enough"):
        run(2)
    assert seen == [1]


def test_who_imports_what_tells_the_time_needs_the_clock(make):
    builder = ModuleBuilder()
    builder.import_function("wasi_snapshot_preview1", "clock_time_get", "i32 i64 i32 -> i32")
    given = {"wasi_snapshot_preview1": {"clock_time_get": lambda *_: 0}}
    rule = '[[rule]]\nallow.module = "*"\nallow.import = "*"\n'
    builder.instantiate(make(f'{rule}allow.clocks = "time"\n[capabilities.clocks]'), given)
    with pytest.raises(DeniedImport, match="clocks 'time'"):
        builder.instantiate(make(f'{rule}allow.clocks = "sleep"\n[capabilities.clocks]'), given)


def test_calls_are_recorded_where_a_rule_says_so_without_their_arguments(trusting, events):
    run = (
        logger()
        .instantiate(trusting("log = true\nallow.import = '*'\nallow.call = '*'"), {"env": {"log": id}})
        .exports.run
    )
    run(123456)
    run(123456)
    calls = events.of("call", object="env.log")
    assert len(calls) == 2
    assert calls[0]["arguments"] == calls[1]["arguments"]
    assert calls[0]["arguments"].startswith("blake2b:")
    assert "123456" not in str(events.events)
    assert events.of("call", kind="call", object="run")


class Provider:
    """A plugin that offers a host function, and counts with another."""

    def __init__(self):
        self.seen: list[int] = []

    @hookimpl
    def wrt_capability_provide(self, authority):
        return {"env": {"log": self.seen.append}}

    @hookimpl
    def wrt_capability_intercept(self, access, code):
        return lambda value: code(value + 1)

    @hookimpl
    def wrt_capability_decide(self, access, decision):
        return Decision(False, "plugin", "never") if access.object == "secret" else None


def test_plugins_provide_intercept_and_object(trusting):
    plugin = Provider()
    engine = trusting(capabilities=[plugin])
    logger().instantiate(engine).exports.run(1)
    assert plugin.seen == [2]
    with pytest.raises(CapabilityDenied, match="never"):
        adder().instantiate(engine).exports.secret()


# --- what may be held ---------------------------------------------------------------------------------------


def test_memory_is_bounded_when_it_is_made_and_when_it_grows(trusting, events):
    engine = trusting(f"limits.memory = {3 * PAGE}")
    exports = grower().instantiate(engine).exports
    assert exports.grow(2) == 1
    assert exports.grow(1) == -1
    assert exports.memory.grow(1) == -1
    assert exports.memory.size == 3
    assert events.of("quota", kind="memory")
    with pytest.raises(QuotaExceeded, match="of memory") as caught:
        grower(4).instantiate(engine)
    assert caught.value.kind == "memory"
    assert caught.value.account.startswith("process/default/stackless/")


def test_memory_is_bounded_at_the_beginning_and_in_growth(trusting):
    with pytest.raises(QuotaExceeded, match="starts with") as caught:
        grower(3).instantiate(trusting(f"limits.memory-initial = {2 * PAGE}"))
    assert caught.value.kind == "memory-initial"
    exports = (
        grower(2).instantiate(trusting(f"limits = {{ memory-initial = {2 * PAGE}, memory-growth = {PAGE} }}")).exports
    )
    assert exports.grow(1) == 2
    assert exports.grow(1) == -1


def test_an_imported_memory_is_no_way_around_the_limit(trusting):
    builder = ModuleBuilder()
    builder.import_memory("env", "memory", 1)
    builder.function("grow", "i32 -> i32", "local.get 0 memory.grow")
    engine = trusting(f"quota.memory = {2 * PAGE}")
    with pytest.raises(DeniedImport, match=r"Tenant\.memory"):
        builder.instantiate(engine, {"env": {"memory": Memory(MemoryType(Limits(1)))}})
    memory = engine.tenant.memory(MemoryType(Limits(1)))
    exports = builder.instantiate(engine, {"env": {"memory": memory}}).exports
    assert exports.grow(1) == 1
    assert exports.grow(1) == -1


def test_tables_are_bounded(trusting, events):
    exports = grower().instantiate(trusting("limits.table = 3")).exports
    assert exports.grow_table(1) == 2
    assert exports.grow_table(1) == -1
    assert exports.table.grow(1) == -1
    assert events.of("quota", kind="table")
    with pytest.raises(QuotaExceeded) as caught:
        grower().instantiate(trusting("limits.table = 1"))
    assert caught.value.kind == "table"


def test_quotas_are_of_all_instances_together(trusting):
    engine = trusting(f"quota = {{ memory = {3 * PAGE}, instances = 2, table = 100 }}")
    one = grower(2).instantiate(engine)
    with pytest.raises(QuotaExceeded, match="'process/default' refuses") as caught:
        grower(2).instantiate(engine)
    assert (caught.value.account, caught.value.kind) == ("process/default", "memory")
    other = grower(1).instantiate(engine)
    assert other.exports.grow(1) == -1
    with pytest.raises(QuotaExceeded) as caught:
        adder().instantiate(engine)
    assert caught.value.kind == "instances"
    account = engine.tenant.account
    assert (account.used("memory"), account.used("instances"), account.used("table")) == (3 * PAGE, 2, 4)
    del one, other
    gc.collect()
    assert (account.used("memory"), account.used("instances"), account.used("table")) == (0, 0, 0)


def heap() -> ModuleBuilder:
    builder = ModuleBuilder()
    numbers = builder.type(ArrayType(FieldType(I64, True)))
    pair = builder.type(StructType((FieldType(I64, True), FieldType(I64, True))))
    builder.global_("kept", "externref", "ref.null extern")
    builder.function("keep", "i32 ->", f"i64.const 0 local.get 0 array.new {numbers} extern.convert_any global.set 0")
    builder.function("drop", "i32 ->", f"i64.const 0 local.get 0 array.new {numbers} drop")
    builder.function(
        "pairs",
        "i32 ->",
        f"loop struct.new_default {pair} drop local.get 0 i32.const 1 i32.sub local.tee 0 br_if 0 end",
    )
    builder.function(
        "fixed",
        "->",
        f"i64.const 1 i64.const 2 i64.const 3 array.new_fixed {numbers} 3 extern.convert_any global.set 0",
    )
    return builder


@pytest.mark.parametrize("fuel", ["", "limits.fuel = 1_000_000_000"])
def test_the_guests_heap_is_bounded(trusting, events, fuel):
    engine = trusting(f"limits.gc = 1000\n{fuel}")
    exports = heap().instantiate(engine).exports
    exports.keep(100)
    assert engine.tenant.account.used("gc") == 816
    with pytest.raises(QuotaTrap, match="of gc"):
        exports.drop(100)
    exports.drop(10)
    exports.pairs(10_000)  # each is gone before the next
    exports.fixed()
    assert engine.tenant.account.used("gc") == 40
    with pytest.raises(QuotaTrap):
        exports.keep(1 << 26)
    assert events.of("quota", kind="gc")
    del exports
    gc.collect()
    assert engine.tenant.account.used("gc") == 0


def test_constants_are_on_the_heap_too(trusting):
    builder = ModuleBuilder()
    numbers = builder.type(ArrayType(FieldType(I64, True)))
    builder.global_("kept", "externref", f"i64.const 0 i32.const 1000 array.new {numbers} extern.convert_any")
    with pytest.raises(QuotaTrap):
        builder.instantiate(trusting("limits.gc = 1000"))
    assert builder.instantiate(trusting("limits.gc = 10000"))


# --- fuel and time ------------------------------------------------------------------------------------------


def test_fuel_is_bounded_for_each_call(trusting, events):
    exports = spinner().instantiate(trusting("limits.fuel = 10_000")).exports
    with pytest.raises(QuotaTrap, match="no fuel left") as caught:
        exports.spin()
    assert caught.value.code is TrapCode.QUOTA_EXCEEDED
    assert caught.value.frames[0].name == "spin"
    assert exports.count(100) == 0
    assert events.of("quota", kind="fuel")
    assert events.of("trap", operation="quota_exceeded")


def test_fuel_is_bounded_for_all_calls_together(trusting):
    engine = trusting("quota.fuel = 20_000")
    exports = spinner().instantiate(engine).exports
    exports.count(100)
    used = engine.tenant.account.used("fuel")
    assert 0 < used < 5_000
    exports.count(100)
    assert engine.tenant.account.used("fuel") == 2 * used
    with pytest.raises(QuotaTrap) as caught:
        exports.spin()
    assert caught.value.account == "process/default"
    assert 19_900 < engine.tenant.account.used("fuel") <= 20_000
    with pytest.raises(QuotaTrap):
        exports.count(1000)
    engine.tenant.account.top_up("fuel", 50_000)
    assert exports.count(100) == 0


def test_a_start_function_has_no_more(trusting):
    builder = ModuleBuilder()
    builder.start(builder.function(None, "->", "loop br 0 end"))
    with pytest.raises(QuotaTrap):
        builder.instantiate(trusting("limits.fuel = 1000"))


def test_a_call_that_is_paused_for_want_of_fuel_can_be_topped_up(make, events):
    engine = make('extends = "trusted"\nexhausted = "pause"\n[[rule]]\nquota.fuel = 1000\n')
    exports = spinner().instantiate(engine).exports
    execution = exports.count.start(2000)
    assert execution.run() == "paused"
    assert execution.reason == "fuel"
    assert events.of("pause", kind="fuel")
    assert execution.run() == "paused"
    engine.tenant.account.top_up("fuel", 100_000)
    assert execution.run() == "finished"
    assert execution.result == 0


def test_pausing_gives_no_more_fuel_to_a_call(trusting):
    exports = spinner().instantiate(trusting("limits.fuel = 10_000")).exports
    execution = exports.spin.start(fuel=1000)
    for _ in range(9):
        assert execution.run() == "paused"
        execution.add_fuel(1000)
    execution.add_fuel(1000)
    with pytest.raises(QuotaTrap):
        execution.run()


@pytest.mark.parametrize("kind", ["time", "cpu"])
def test_time_is_bounded(trusting, events, kind):
    exports = spinner().instantiate(trusting(f'limits.{kind} = "60 ms"')).exports
    started = time.monotonic()
    with pytest.raises(QuotaTrap) as caught:
        exports.spin()
    assert caught.value.kind == kind
    assert 0.05 < time.monotonic() - started < 20
    assert exports.count(10) == 0
    assert events.of("quota", kind=kind)


def test_time_is_bounded_in_all(trusting):
    engine = trusting('quota.time = "150 ms"')
    exports = spinner().instantiate(engine).exports
    with pytest.raises(QuotaTrap):
        exports.spin()
    with pytest.raises(QuotaTrap):
        exports.spin()
    assert engine.tenant.account.used("time") >= 150_000_000


def test_time_pauses_if_the_policy_says_so(make):
    engine = make('extends = "trusted"\nexhausted = "pause"\n[[rule]]\nquota.time = "40 ms"\n')
    execution = spinner().instantiate(engine).exports.spin.start()
    assert execution.run() == "paused"
    assert execution.reason == "timeout"


def test_calls_are_bounded_in_depth(trusting):
    builder = ModuleBuilder()
    builder.function("down", "i32 ->", "local.get 0 i32.eqz if else local.get 0 i32.const 1 i32.sub call 0 end")
    down = builder.instantiate(trusting("limits.stack = 2000")).exports.down
    down(1900)
    with pytest.raises(Trap) as caught:
        down(4000)
    assert caught.value.code is TrapCode.CALL_STACK_EXHAUSTED
    builder.instantiate(trusting()).exports.down(4000)


@pytest.mark.parametrize("fuel", ["", "limits.fuel = 100_000"])
@pytest.mark.parametrize("depth", [1, 3, 64, 256, 512])
def test_few_calls_inside_one_another_are_counted_exactly(trusting, depth, fuel):
    builder = ModuleBuilder()
    builder.import_function("env", "back", "i32 ->")
    builder.function("down", "i32 ->", "local.get 0 i32.eqz if else local.get 0 i32.const 1 i32.sub call 1 end")
    builder.function("up", "i32 ->", "local.get 0 call 0")
    exports = {}
    instance = builder.instantiate(
        trusting(f"limits.stack = {depth}\n{fuel}"), {"env": {"back": lambda n: exports["down"](n)}}
    )
    exports.update(instance.exports.items())
    down = exports["down"]
    for _ in range(2):
        down(depth - 1)
        for deeper in (depth, depth + 1, 2000):
            with pytest.raises(Trap) as caught:
                down(deeper)
            assert caught.value.code is TrapCode.CALL_STACK_EXHAUSTED
    # What the host calls back is inside what called the host.
    if depth > 1:
        exports["up"](depth - 2)
    with pytest.raises(Trap):
        exports["up"](depth - 1)
    execution = down.start(depth - 1, fuel=depth)
    while execution.run() == "paused":
        execution.add_fuel(depth)
    execution = down.start(depth, fuel=depth)
    with pytest.raises(Trap) as caught:
        [execution.add_fuel(depth) for _ in iter(execution.run, "finished")]
    assert caught.value.code is TrapCode.CALL_STACK_EXHAUSTED


# --- calls --------------------------------------------------------------------------------------------------


def test_the_rate_of_calls_is_bounded(trusting, events):
    exports = adder().instantiate(trusting("limits.call-rate = 5")).exports
    with pytest.raises(QuotaExceeded, match="refuses a call") as caught:
        [exports.add(1, 2) for _ in range(100)]
    assert caught.value.kind == "call-rate"
    with pytest.raises(QuotaExceeded):
        [exports.add.start(1, 2) for _ in range(100)]
    assert events.of("quota", kind="call-rate")


@pytest.mark.parametrize("where", ["limits", "quota"])
def test_calls_at_one_time_are_bounded(trusting, where):
    inside, leave = threading.Barrier(2), threading.Event()

    def wait(_: int) -> None:
        inside.wait()
        leave.wait()

    engine = trusting(f"{where}.concurrency = 1")
    instances = [logger().instantiate(engine, {"env": {"log": wait}}) for _ in range(2)]
    thread = threading.Thread(target=instances[0].exports.run, args=(1,))
    thread.start()
    inside.wait()
    other = instances[0] if where == "limits" else instances[1]
    with pytest.raises(QuotaExceeded) as caught:
        other.exports.run(1)
    assert caught.value.kind == "calls"
    with pytest.raises(QuotaExceeded):
        other.exports.run.start(1).run()
    leave.set()
    thread.join()
    assert engine.tenant.account.used("calls") == 0


def test_output_is_bounded(trusting, events):
    engine = trusting("limits.output = 10")
    target = io.BytesIO()
    authority = adder().instantiate(engine).guard.authority
    stream = authority.only(Grants(stdout=target)).stdout
    stream.write(b"12345678")
    with pytest.raises(QuotaExceeded):
        stream.write(b"90A")
    assert target.getvalue() == b"12345678"
    with pytest.raises(OSError):
        stream.fileno()


def test_variables_and_streams_that_are_not_allowed_are_not_handed_on(make):
    engine = make({"rule": [{"allow": {"module": "*", "environment": "LANG*", "stdio": {"write": "stdout"}}}]})
    authority = adder().instantiate(engine).guard.authority
    streams = {name: io.BytesIO() for name in ("stdin", "stdout", "stderr")}
    only = authority.only(Grants(("app",), {"LANG": "en", "SECRET": "x"}, **streams))
    assert only.arguments == ("app",)
    assert only.environment == {"LANG": "en"}
    assert only.stdin is None
    assert only.stderr is None
    only.stdout.write(b"x")
    assert streams["stdout"].getvalue() == b"x"


# --- modules ------------------------------------------------------------------------------------------------


def test_modules_are_bounded_in_size(trusting, tmp_path, events):
    data = adder().bytes()
    path = tmp_path / "module.wasm"
    path.write_bytes(data)
    for source in (data, bytearray(data), memoryview(data), str(path), path, decode(data)):
        trusting(f"limits.module-size = {len(data)}").load(source)
        with pytest.raises(QuotaExceeded, match="module of") as caught:
            trusting(f"limits.module-size = {len(data) - 1}").load(source)
        assert caught.value.kind == "module-size"
    with pytest.raises(QuotaExceeded):
        trusting("limits.module-size = 3").load(b"this is not even a module")
    module = trusting().load(data)
    with pytest.raises(QuotaExceeded):
        trusting(f"limits.module-size = {len(data) - 1}").instantiate(module)


def with_section(builder: ModuleBuilder, *sections: CustomSection) -> bytes:
    module = decode(builder.bytes())
    module.customs.extend(sections)
    return encode(module)


def test_a_modules_own_limits_hold_and_the_stricter_of_both(trusting):
    data = with_section(grower(), resource_limits({"memory": 2 * PAGE, "fuel": 1000}))
    for lines, most in (("", 2), (f"limits.memory = {10 * PAGE}", 2), (f"limits.memory = {PAGE}", 1)):
        engine = trusting(lines)
        exports = engine.instantiate(engine.load(data)).exports
        assert exports.grow(most - 1) == 1
        assert exports.grow(1) == -1
    engine = trusting()
    with pytest.raises(QuotaTrap):
        engine.instantiate(engine.load(with_section(spinner(), resource_limits({"fuel": 1000})))).exports.spin()


@pytest.mark.parametrize("content", [b"", b"\2", b"\1\1", b"\1\1\x63\1", b"\1\0\0"])
def test_malformed_limits_of_its_own_are_an_error_of_the_module(trusting, content):
    with pytest.raises(DecodeError, match=r"wrt\.resource_limits"):
        trusting().load(with_section(adder(), CustomSection(SECTION, content)))


class Bare(CoreEngine):
    """An engine that can run nothing and bound nothing."""

    name = "bare"

    def compile_functions(self, instance):
        raise AssertionError


@pytest.mark.parametrize("limit", ["fuel = 1", 'time = "1 s"', 'cpu = "1 s"', "stack = 1", "gc = 1"])
def test_what_the_engine_cannot_limit_is_refused_not_forgotten(trusting, limit):
    with pytest.raises(Unenforceable, match="'bare' can't limit"):
        trusting(f"limits.{limit}", inner=Bare())
    engine = trusting(inner=Bare())
    name, value = limit.split(" = ")
    if value == "1":
        with pytest.raises(Unenforceable):
            engine.instantiate(
                EngineFactory.create("stackless").load(with_section(adder(), resource_limits({name: 1})))
            )


# --- the record ---------------------------------------------------------------------------------------------


def test_what_cannot_be_recorded_does_not_happen(trusting, events):
    seen: list[int] = []
    engine = trusting()
    module = engine.load(logger().bytes())
    run = engine.instantiate(module, {"env": {"log": seen.append}}).exports.run
    events.failure = OSError("disk full")
    with pytest.raises(OSError, match="disk full"):
        engine.instantiate(module, {"env": {"log": seen.append}})
    with pytest.raises(OSError, match="disk full"):
        run(1)  # the first call of an export is a decision
    events.failure = None
    assert seen == []
    assert engine.tenant.account.used("instances") == 1


def test_traps_are_recorded_once_with_their_frames(trusting, events):
    builder = ModuleBuilder()
    builder.function("fail", "->", "unreachable")
    with pytest.raises(Trap):
        builder.instantiate(trusting()).exports.fail()
    (event,) = events.of("trap")
    assert event["operation"] == "unreachable"
    assert event["function"].startswith("fail")
    assert len(event["backtrace"]) == 1
    assert (event["tenant"], len(event["hash"])) == ("default", 64)


def test_a_global_that_is_constant_is_shared_by_nobody(trusting):
    builder = ModuleBuilder()
    builder.import_global("env", "it", "i32")
    builder.function("get", "-> i32", "global.get 0")
    given = {"env": {"it": Global(GlobalType(I32), 5)}}
    assert [builder.instantiate(trusting(), given).exports["get"]() for _ in range(2)] == [5, 5]


@pytest.mark.parametrize(("lines", "how"), [("", "call"), ("limits.fuel = 100_000", "call"), ("", "start")])
@pytest.mark.parametrize("times", [1, 2, 7, 100])
def test_every_refusal_is_in_the_record_and_a_flood_as_exact_numbers(trusting, events, lines, how, times):
    engine = trusting(f"limits.memory = 65536\n{lines}")
    builder = ModuleBuilder()
    builder.memory(1)
    builder.function(
        "flood",
        "i32 ->",
        "loop i32.const 1 memory.grow drop local.get 0 i32.const 1 i32.sub local.tee 0 br_if 0 end",
    )
    flood = builder.instantiate(engine).exports.flood
    for calls in (1, 2):
        if how == "start":
            flood.start(times).run()
        else:
            flood(times)
        told = [each["count"] for each in events.of("quota", kind="memory", allowed=False)]
        assert sum(told) == calls * times
        assert told[0] == 1
        assert len(told) <= calls * (2 + times.bit_length())


def test_refusals_outside_of_calls_are_told_when_the_instance_ends(trusting, events):
    engine = trusting("limits.memory = 65536")
    builder = ModuleBuilder()
    builder.memory(1)
    instance = builder.instantiate(engine)
    for _ in range(7):
        assert instance.exports.memory.grow(1) == -1
    del instance
    gc.collect()
    assert sum(each["count"] for each in events.of("quota", kind="memory")) == 7


def test_every_call_past_the_rate_is_in_the_record(trusting, events):
    engine = trusting("limits.call-rate = 1")
    builder = ModuleBuilder()
    builder.function("f", "->", "")
    f = builder.instantiate(engine).exports.f
    f()
    for _ in range(5):
        with pytest.raises(QuotaExceeded):
            f()
    assert len(events.of("quota", kind="call-rate")) == 5
