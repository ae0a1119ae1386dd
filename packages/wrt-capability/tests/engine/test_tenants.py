"""Tenants: nothing of one is usable by another, whatever type it is of, and what one wrote nobody reads."""

from __future__ import annotations

import gc
import pickle

import pytest

from wrt_capability.ownership import owner_of
from wrt_capability.tenant import Tenant
from wrt_core.execution.snapshot import Snapshot
from wrt_core.runtime.function import Func
from wrt_core.runtime.globals import Global
from wrt_core.runtime.memory import Memory
from wrt_core.runtime.store import Store
from wrt_core.runtime.table import Table
from wrt_core.runtime.tag import Tag
from wrt_core.testing import ModuleBuilder
from wrt_core.testing.assembler import signature
from wrt_foundation.errors import CapabilityDenied, QuotaExceeded
from wrt_foundation.memory import process_budget
from wrt_foundation.traps import WasmException
from wrt_foundation.types import (
    FUNCREF,
    I32,
    I64,
    FieldType,
    GlobalType,
    Limits,
    MemoryType,
    StructType,
    TableType,
)

PAGE = 65536


def library() -> ModuleBuilder:
    """Everything that can be exported, and what can be referred to."""
    builder = ModuleBuilder()
    pair = builder.type(StructType((FieldType(I64, True),)))
    builder.memory(1)
    builder.table(2)
    builder.global_("variable", "i32", "i32.const 1")
    builder.global_("reference", "funcref", "ref.null func")
    tag = builder.tag("tag", "i32 ->")
    builder.function("next", "-> i32", "global.get 0 i32.const 1 i32.add global.set 0 global.get 0")
    builder.function("object", "-> externref", f"i64.const 7 struct.new {pair} extern.convert_any")
    builder.function("take", "externref ->", "")
    builder.function("call", "funcref ->", "")
    builder.function("throw", "->", f"i32.const 5 throw {tag}")
    builder.function("spin", "->", "loop br 0 end")
    return builder


@pytest.fixture
def tenants(events):
    made = [Tenant(name, policy="trusted", audit=events) for name in ("mine", "theirs")]
    yield made
    for each in made:
        each.close()


@pytest.fixture
def mine(tenants, make):
    return make(tenant=tenants[0])


@pytest.fixture
def theirs(tenants, make):
    return make(tenant=tenants[1])


def importer(kind: str) -> ModuleBuilder:
    builder = ModuleBuilder()
    arguments = {"function": ("-> i32",), "memory": (1,), "table": (2,), "global": ("i32", True), "tag": ("i32 ->",)}
    getattr(builder, f"import_{kind}")("lib", "it", *arguments[kind])
    return builder


KINDS = {"function": "next", "memory": "memory", "table": "table", "global": "variable", "tag": "tag"}


@pytest.mark.parametrize("kind", KINDS)
def test_no_extern_of_another_is_linked(mine, theirs, kind, events):
    exports = library().instantiate(theirs).exports
    extern = exports[KINDS[kind]]
    with pytest.raises(CapabilityDenied, match="another tenant's"):
        importer(kind).instantiate(mine, {"lib": {"it": extern}})
    assert events.of("decision", tenant="mine", allowed=False)
    importer(kind).instantiate(theirs, {"lib": {"it": extern}})


def test_no_instance_of_another_is_linked(mine, theirs):
    builder = ModuleBuilder()
    builder.import_function("lib", "next", "-> i32")
    instance = library().instantiate(theirs)
    for given in (instance, instance.exports):
        with pytest.raises(CapabilityDenied):
            builder.instantiate(mine, {"lib": given})
        builder.instantiate(theirs, {"lib": given})


@pytest.mark.parametrize("kind", ["memory", "table", "global", "tag"])
def test_what_the_host_made_is_whose_guest_imports_it_first(mine, theirs, kind):
    made = {
        "memory": lambda: Memory(MemoryType(Limits(1))),
        "table": lambda: Table(TableType(FUNCREF, Limits(2))),
        "global": lambda: Global(GlobalType(I32, True), 1),
        "tag": lambda: Tag(signature("i32 ->")),
    }[kind]()
    importer(kind).instantiate(mine, {"lib": {"it": made}})
    with pytest.raises(CapabilityDenied):
        importer(kind).instantiate(theirs, {"lib": {"it": made}})
    importer(kind).instantiate(mine, {"lib": {"it": made}})


def test_no_store_of_another_is_instantiated_in(mine, theirs, tenants):
    module = mine.load(library().bytes())
    with pytest.raises(CapabilityDenied):
        mine.instantiate(module, store=tenants[1].store())
    assert mine.instantiate(module, store=tenants[0].store()).store


def references(engine, fuel: int) -> dict[str, object]:
    """One of everything that can be given where a reference is taken."""
    instance = library().instantiate(engine)
    exports = instance.exports
    execution = exports.spin.start(fuel=fuel)  # snapshots of the same would be the same
    execution.run()
    found: dict[str, object] = {
        "function": exports.next,
        "memory": exports.memory,
        "table": exports.table,
        "global": exports.variable,
        "tag": exports.tag,
        "instance": instance,
        "execution": execution,
        "snapshot": Snapshot.of(execution),
        "store": engine.tenant.store(),
        "struct": exports.object(),
    }
    try:
        exports.throw()
    except WasmException as error:
        found["exception"] = error
    return found


def test_no_reference_of_another_passes_into_a_guest(mine, theirs):
    exports = library().instantiate(mine).exports
    foreign, own = references(theirs, 40), references(mine, 50)
    assert len(foreign) == 11
    for name, value in foreign.items():
        assert owner_of(value) is theirs.tenant, name
        with pytest.raises(CapabilityDenied):
            exports.take(value)
        exports.take(own[name])
    with pytest.raises(CapabilityDenied):
        exports.call(foreign["function"])
    for place in (lambda value: exports.table.set(0, value), lambda value: exports.table.grow(1, value)):
        with pytest.raises(CapabilityDenied):
            place(foreign["function"])
        place(own["function"])
    with pytest.raises(CapabilityDenied):
        exports.reference.value = foreign["function"]
    exports.reference.value = own["function"]


def test_no_host_function_hands_a_guest_what_is_anothers(mine, theirs):
    foreign, own = references(theirs, 40), references(mine, 50)
    builder = ModuleBuilder()
    builder.import_function("env", "get", "-> externref")
    builder.import_function("env", "raise", "->")
    builder.function("fetch", "-> externref", "call 0")
    builder.function("catch", "->", "block try_table catch_all 0 call 1 end end")
    given: list[object] = []

    def fail() -> None:
        raise given[0]

    exports = builder.instantiate(mine, {"env": {"get": lambda: given[0], "raise": fail}}).exports
    for name in ("struct", "function", "memory"):
        given[:] = [foreign[name]]
        with pytest.raises(CapabilityDenied):
            exports.fetch()
        given[:] = [own[name]]
        assert exports.fetch() is own[name]
    given[:] = [foreign["exception"]]
    with pytest.raises(CapabilityDenied):
        exports["catch"]()
    given[:] = [own["exception"]]
    exports["catch"]()


def test_a_gate_of_one_is_no_function_of_another(mine, theirs):
    builder = ModuleBuilder()
    builder.import_function("env", "f", "-> i32")
    builder.table(1)
    builder.elements([0], 0)
    gate = builder.instantiate(theirs, {"env": {"f": Func(signature("-> i32"), lambda: 1)}}).exports.table[0]
    with pytest.raises(CapabilityDenied):
        importer("function").instantiate(mine, {"lib": {"it": gate}})


def test_no_snapshot_of_another_is_resumed(mine, theirs):
    data = library().bytes()
    module = {engine: engine.load(data) for engine in (mine, theirs)}
    execution = theirs.instantiate(module[theirs]).exports.spin.start(fuel=50)
    execution.run()
    snapshot = Snapshot.of(execution)
    for resume in (mine.resume, lambda snapshot, module: snapshot.resume(mine, module)):
        with pytest.raises(CapabilityDenied):
            resume(snapshot, module[mine])
        with pytest.raises(CapabilityDenied):
            resume(Snapshot.from_bytes(snapshot.to_bytes()), module[mine])
    assert theirs.resume(snapshot, module[theirs]).run() == "paused"


def test_what_is_resumed_is_confined_as_a_new_guest_is(make):
    engine = make('extends = "trusted"\n[[rule]]\nlimits.fuel = 5000\nquota.instances = 2')
    module = engine.load(library().bytes())
    execution = engine.instantiate(module).exports.spin.start(fuel=50)
    execution.run()
    snapshot = Snapshot.of(execution)
    resumed = snapshot.resume(engine, module)
    assert engine.tenant.account.used("instances") == 2
    assert engine.tenant.account.used("memory") == 2 * PAGE
    with pytest.raises(Exception, match="no fuel left"):
        resumed.run(fuel=100_000)
    with pytest.raises(Exception, match="instances"):
        engine.resume(snapshot, module)


def test_what_is_pickled_goes_on_in_confinement(make):
    engine = make('extends = "trusted"\n[[rule]]\nlimits.fuel = 5000')
    module = engine.load(library().bytes())
    execution = engine.instantiate(module).exports.spin.start(fuel=50)
    execution.run()
    again = pickle.loads(pickle.dumps(execution))
    with pytest.raises(QuotaExceeded, match="no fuel left"):
        again.run(fuel=100_000)
    assert again.func.instance.guard.tenant is engine.tenant
    engine.tenant.policy = {"rule": [{"allow": {"call": "*", "module": {"snapshot": "*"}}}]}
    with pytest.raises(CapabilityDenied, match="may not resume"):
        pickle.loads(pickle.dumps(execution)).run(fuel=100)


def test_the_memory_provider_that_is_aware_of_capabilities_is_the_tenants(make):
    engine = make(f'extends = "trusted"\n[[rule]]\nquota.memory = {2 * PAGE}', memory_provider="capability-aware")
    memory = library().instantiate(engine).exports.memory
    assert memory.region.provider.budget.is_within(engine.tenant.account.budget())
    assert memory.grow(1) == 1
    assert memory.grow(1) == -1
    memory.region.provider.revoke()
    assert memory.closed
    assert engine.tenant.account.used("memory") == 0


@pytest.mark.parametrize("denied", ["snapshot", "resume"])
def test_snapshots_are_taken_and_resumed_only_if_that_is_allowed(make, denied, events):
    allowed = [each for each in ("instantiate", "snapshot", "resume") if each != denied]
    rule = "\n".join(f'allow.module.{each} = "*"' for each in allowed)
    engine = make(f'[[rule]]\nallow.call = "*"\n{rule}')
    module = engine.load(library().bytes())
    execution = engine.instantiate(module).exports.spin.start(fuel=50)
    execution.run()
    if denied == "snapshot":
        with pytest.raises(CapabilityDenied, match="may not snapshot"):
            Snapshot.of(execution)
    else:
        with pytest.raises(CapabilityDenied, match="may not resume"):
            engine.resume(Snapshot.of(execution), module)
    assert events.of("decision", kind="module", operation=denied, allowed=False)


def test_budgets_policies_and_audit_are_ones_own(make, events):
    one = make('extends = "trusted"\n[[rule]]\nquota.instances = 1', tenant="one")
    other = make('extends = "trusted"\n[[rule]]\nquota.instances = 1', tenant="other")
    kept = [library().instantiate(one), library().instantiate(other)]
    assert one.tenant.account.path == "process/one"
    one.tenant.suspend("quarantine")
    with pytest.raises(CapabilityDenied, match="quarantine"):
        kept[0].exports.next()
    assert kept[1].exports.next() == 2
    assert events.of("revocation", tenant="one")
    assert not events.of("revocation", tenant="other")
    one.tenant.resume()
    assert kept[0].exports.next() == 2


def test_memory_is_zeroed_before_somebody_else_has_it(mine, theirs):
    builder = ModuleBuilder()
    builder.memory(16)
    secret = b"\xa5SECRET\x5a"
    views = []
    for turn in range(20):
        instance = builder.instantiate(theirs)
        memory = instance.exports.memory
        memory.write(0, secret * (memory.byte_length // len(secret)))
        if turn % 2:
            views.append(memory.view[:100])  # who looks on keeps the pages, and not what was in them
        memory.close()
        del instance, memory
        gc.collect()
        new = builder.instantiate(mine).exports.memory
        content = new.read(0, new.byte_length)
        assert content.count(0) == len(content)
        assert new.grow(16) == 16
        assert new.read(0, new.byte_length).count(0) == new.byte_length
        new.close()
    assert all(bytes(view).count(0) == len(view) for view in views)


def test_a_tenant_that_is_closed_holds_nothing(events):
    before = process_budget().used
    tenant = Tenant("short", policy="trusted", audit=events)
    from wrt_capability.engine import CapabilityAwareEngine

    engine = CapabilityAwareEngine(tenant=tenant)
    instance = library().instantiate(engine)
    assert process_budget().used == before + PAGE
    tenant.close()
    assert process_budget().used == before
    assert instance.exports.memory.closed
    with pytest.raises(CapabilityDenied, match="closed"):
        instance.exports.next()
    with pytest.raises(CapabilityDenied):
        library().instantiate(engine)


def test_a_store_with_a_strangers_budget_is_refused(mine):
    from wrt_foundation.memory import Budget

    with pytest.raises(ValueError, match="not within"):
        mine.instantiate(mine.load(library().bytes()), store=Store(owner=Budget("stranger")))
