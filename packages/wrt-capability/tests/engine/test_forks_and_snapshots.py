"""Forks and snapshots in confinement: each copy is paid for, asked about, and held to what the original is held to."""

from __future__ import annotations

import gc

import pytest

from wrt_capability.grant import Grant
from wrt_capability.ownership import owner_of
from wrt_capability.traps import DeniedImport, DeniedTrap, QuotaTrap
from wrt_core.execution.snapshot import Snapshot
from wrt_core.runtime.memory import Memory
from wrt_core.testing import ModuleBuilder
from wrt_foundation.errors import CapabilityDenied, QuotaExceeded
from wrt_foundation.traps import Trap
from wrt_foundation.types import I64, ArrayType, FieldType, Limits, MemoryType

PAGE = 65536


def counter() -> ModuleBuilder:
    """A guest that grows, keeps a list, and counts in its memory while it tells the host."""
    builder = ModuleBuilder("counter")
    builder.import_function("env", "log", "i32 ->")
    numbers = builder.type(ArrayType(FieldType(I64, True)))
    builder.memory(1, 10)
    builder.table(3)
    builder.global_("kept", "externref", "ref.null extern")
    builder.function(
        "count",
        "->",
        f"""
        i32.const 2 memory.grow drop
        ref.null func i32.const 4 table.grow 0 drop
        i64.const 0 i32.const 10 array.new {numbers} extern.convert_any global.set 0
        loop
          i32.const 0 i32.const 0 i32.load i32.const 1 i32.add i32.store
          i32.const 0 i32.load call 0
          br 0
        end
        """,
    )
    builder.function("grow", "i32 -> i32", "local.get 0 memory.grow")
    builder.function("read", "-> i32", "i32.const 0 i32.load")
    return builder


HELD = {"memory": 3 * PAGE, "table": 7, "gc": 16 + 8 * 10, "instances": 1}


def used(engine) -> dict[str, int]:
    gc.collect()
    return {kind: engine.tenant.account.used(kind) for kind in HELD}


def paused(engine, log=lambda _: None, fuel: int = 500):
    execution = counter().instantiate(engine, {"env": {"log": log}}).exports["count"].start(fuel=fuel)
    assert execution.run() == "paused"
    return execution


QUOTA = "quota = { memory = '10 MiB', table = 100, gc = 1000, instances = 9 }"


# --- forks -----------------------------------------------------------------------------------------------------


def test_a_fork_is_paid_for_in_full_and_given_back(trusting, events):
    engine = trusting(QUOTA)
    execution = paused(engine)
    assert used(engine) == HELD
    fork = execution.fork()
    assert used(engine) == {kind: 2 * amount for kind, amount in HELD.items()}
    assert len(events.of("instantiation")) == 2
    copy = fork.func.instance
    assert copy is not execution.func.instance
    before = copy.exports["read"]()
    assert fork.run(fuel=200) == "paused"
    assert copy.exports["read"]() > before == execution.func.instance.exports["read"]()
    assert copy.exports["grow"](20) == -1
    del fork, copy
    assert used(engine) == HELD
    del execution
    assert set(used(engine).values()) == {0}


@pytest.mark.parametrize(
    ("quota", "kind"),
    [
        ("memory = 262144", "memory"),
        ("table = 10", "table"),
        ("gc = 100", "gc"),
        ("instances = 1", "instances"),
    ],
)
def test_a_fork_past_a_quota_is_refused_and_leaves_nothing(trusting, events, quota, kind):
    engine = trusting(f"quota = {{ {quota} }}")
    execution = paused(engine)
    before = used(engine)
    with pytest.raises(QuotaExceeded, match=kind) as caught:
        execution.fork()
    assert caught.value.account.startswith("process/default")
    del caught  # whose traceback has what was made so far
    assert events.of("quota", kind=kind, allowed=False)
    assert used(engine) == before
    assert execution.run(fuel=100) == "paused"


def test_a_fork_is_asked_about_as_a_snapshot_and_its_resumption(make, events):
    for missing in ("snapshot", "resume"):
        operations = {"instantiate", "snapshot", "resume"} - {missing}
        allow = {"call": "*", "import": "*", "module": dict.fromkeys(operations, "*")}
        engine = make({"rule": [{"allow": allow}]})
        execution = paused(engine)
        with pytest.raises(CapabilityDenied, match=f"may not {missing} module 'counter'"):
            execution.fork()
        assert events.of("decision", kind="module", operation=missing, allowed=False)
        assert engine.tenant.account.used("instances") == 1


def test_forking_gives_a_call_no_more_fuel(trusting):
    engine = trusting("limits.fuel = 3000")
    execution = paused(engine, fuel=2000)
    fork = execution.fork()
    with pytest.raises(QuotaTrap, match="no fuel left"):
        fork.run(fuel=100_000)
    spent = engine.tenant.account.used("fuel")
    assert spent <= 3000
    again = execution.fork().fork()
    with pytest.raises(QuotaTrap, match="no fuel left"):
        again.run(fuel=100_000)
    assert engine.tenant.account.used("fuel") - spent <= 1100  # what the call had left


def test_forking_gives_a_memory_no_more_growth(trusting):
    engine = trusting(f"limits.memory-growth = {3 * PAGE}")
    for copied in (
        paused(engine).fork(),
        engine.resume(Snapshot.of(paused(engine)), engine.load(counter().bytes()), {"env": {"log": id}}),
    ):
        grow = copied.func.instance.exports["grow"]
        assert grow(2) == -1
        assert grow(1) == 3
        assert grow(1) == -1


def test_a_fork_is_its_tenants_and_its_grants_end_with_the_others(trusting, make):
    told: list[int] = []
    engine = trusting()
    authority = engine.tenant.authority.delegate(
        [Grant("module", "*"), Grant("call", "*"), Grant("import", "*")], quota={"instances": 2}
    )
    module = engine.load(counter().bytes())
    instance = engine.instantiate(module, {"env": {"log": told.append}}, authority=authority)
    execution = instance.exports["count"].start(fuel=500)
    execution.run()
    fork = execution.fork()
    copy = fork.func.instance
    for value in (fork, copy, copy.exports["memory"], copy.exports["table"], copy.exports["kept"]):
        assert owner_of(value) is engine.tenant
    assert authority.account.used("instances") == 2
    with pytest.raises(QuotaExceeded, match="delegate"):
        execution.fork()
    seen = len(told)
    fork.run(fuel=100)
    assert len(told) > seen
    authority.revoke("over")
    with pytest.raises(CapabilityDenied, match="over"):
        fork.run(fuel=100)
    with pytest.raises(CapabilityDenied, match="over"):
        execution.fork()
    other = make("trusted", tenant="other")
    with pytest.raises(CapabilityDenied):
        counter().instantiate(other, {"env": {"log": copy.exports["grow"]}})


def test_a_memory_of_the_hosts_is_copied_on_the_tenants_account(trusting):
    engine = trusting("quota.memory = 327680")  # five pages
    memory = engine.tenant.memory(MemoryType(Limits(2)))
    builder = ModuleBuilder()
    builder.import_memory("env", "memory", 1)
    builder.function("spin", "->", "loop i32.const 0 i32.const 7 i32.store br 0 end")
    execution = builder.instantiate(engine, {"env": {"memory": memory}}).exports["spin"].start(fuel=50)
    execution.run()
    fork = execution.fork()
    copy: Memory = fork.func.instance.memories[0]
    assert copy is not memory
    assert owner_of(copy) is engine.tenant
    assert engine.tenant.account.used("memory") == 4 * PAGE
    with pytest.raises(QuotaExceeded, match="memory"):
        execution.fork()
    del fork, copy
    gc.collect()
    assert engine.tenant.account.used("memory") == 2 * PAGE


# --- snapshots of several modules --------------------------------------------------------------------------------


def library() -> ModuleBuilder:
    builder = ModuleBuilder("library")
    builder.memory(2)
    builder.function(
        "next", "-> i32", "i32.const 0 i32.const 0 i32.load i32.const 1 i32.add i32.store i32.const 0 i32.load"
    )
    return builder


def application() -> ModuleBuilder:
    builder = ModuleBuilder("application")
    builder.import_function("library", "next", "-> i32")
    builder.import_function("env", "log", "i32 ->")
    builder.memory(1)
    builder.function("run", "->", "loop call 0 call 1 br 0 end")
    builder.function("unasked", "->", "")
    return builder


def two(engine, log):
    modules = [engine.load(each.bytes()) for each in (library(), application())]
    lib = engine.instantiate(modules[0])
    app = engine.instantiate(modules[1], {"library": lib, "env": {"log": log}})
    execution = app.exports["run"].start(fuel=300)
    assert execution.run() == "paused"
    return execution, modules


def test_a_guest_of_several_modules_goes_on_each_under_its_own_rules(make, events):
    policy = """
    [[rule]]
    allow = { call = "*", import = "*", module = "*" }
    [[rule]]
    module = "library"
    limits.memory = 131072
    [[rule]]
    module = "application"
    limits.memory = 65536
    """
    engine = make(policy)
    told: list[int] = []
    execution, modules = two(engine, told.append)
    data = Snapshot.of(execution).to_bytes()
    del execution
    gc.collect()
    assert engine.tenant.account.used("instances") == 0
    events.events.clear()
    resumed = Snapshot.from_bytes(data).resume(engine, modules, {"env": {"log": told.append}})
    seen = list(told)
    assert resumed.run(fuel=300) == "paused"
    assert told[len(seen) :][:3] == [seen[-1] + 1, seen[-1] + 2, seen[-1] + 3]
    assert engine.tenant.account.used("instances") == 2
    assert engine.tenant.account.used("memory") == 3 * PAGE
    app = resumed.func.instance
    lib = app.functions[0].instance
    for instance, name, pages in ((app, "application", 1), (lib, "library", 2)):
        assert instance.guard.tenant is engine.tenant
        assert instance.guard.authority.subject.module == name
        assert instance.guard.account.limit("memory") == pages * PAGE
        assert instance.memories[0].grow(1) == -1
    assert {each["object"] for each in events.of("decision", operation="resume", allowed=True)} == {
        "application",
        "library",
    }
    assert {each["object"] for each in events.of("decision", kind="import", operation="link")} == {
        "library.next",
        "env.log",
    }


@pytest.mark.parametrize(
    ("deny", "error"),
    [
        ({"module": {"resume": "library"}}, "may not resume module 'library'"),
        ({"module": {"resume": "application"}}, "may not resume module 'application'"),
        ({"import": "library.next"}, "may not link import 'library.next'"),
        ({"import": "env.log"}, "may not link import 'env.log'"),
        ({"call": "run"}, "may not call call 'run'"),
    ],
)
def test_what_is_denied_by_then_is_denied_to_what_is_resumed(make, deny, error):
    engine = make("trusted")
    execution, modules = two(engine, id)
    snapshot = Snapshot.of(execution)
    before = engine.tenant.account.used("instances"), engine.tenant.account.used("memory")
    allow = {"call": "*", "import": "*", "module": "*"}
    engine.tenant.policy = {"rule": [{"allow": allow}, {"deny": deny}]}
    with pytest.raises(CapabilityDenied, match=error):
        snapshot.resume(engine, modules, {"env": {"log": id}})
    gc.collect()
    assert (engine.tenant.account.used("instances"), engine.tenant.account.used("memory")) == before


@pytest.mark.parametrize("quota", ["instances = 3", "memory = 327680", "memory = 262144"])
def test_where_not_all_have_room_none_is_made(make, quota):
    engine = make(f'extends = "trusted"\n[[rule]]\nquota = {{ {quota} }}')
    execution, modules = two(engine, id)
    snapshot = Snapshot.of(execution)
    for attempt in (lambda: snapshot.resume(engine, modules, {"env": {"log": id}}), execution.fork):
        with pytest.raises(QuotaExceeded):
            attempt()
        gc.collect()
        assert engine.tenant.account.used("instances") == 2
        assert engine.tenant.account.used("memory") == 3 * PAGE


def test_several_modules_are_forked_each_beside_its_original(make):
    engine = make('extends = "trusted"\n[[rule]]\nquota = { memory = "1 MiB", instances = 4 }')
    told: list[int] = []
    execution, _ = two(engine, told.append)
    fork = execution.fork()
    last = told[-1]
    assert fork.run(fuel=100) == "paused"
    assert execution.run(fuel=100) == "paused"
    assert told.count(last + 1) == 2
    assert engine.tenant.account.used("instances") == 4
    assert engine.tenant.account.used("memory") == 6 * PAGE
    engine.tenant.suspend("enough")
    for each in (fork, execution):
        with pytest.raises((CapabilityDenied, DeniedTrap, Trap)):
            each.run(fuel=100)


def test_what_is_imported_from_a_guest_is_denied_even_where_the_host_offers_it(make):
    """The snapshot says where an import comes from; the policy says whether it may be."""
    engine = make("trusted")
    execution, modules = two(engine, id)
    snapshot = Snapshot.of(execution)
    engine.tenant.policy = {"rule": [{"allow": {"call": "*", "module": "*", "import": "env.*"}}]}
    with pytest.raises(DeniedImport):
        snapshot.resume(engine, modules, {"env": {"log": id}, "library": {"next": lambda: 1}})
