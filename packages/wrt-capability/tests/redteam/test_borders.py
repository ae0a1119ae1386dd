"""Between tenants: objects of one that are handed to another, in every way there is."""

from __future__ import annotations

import pytest

from wrt_core.testing import ModuleBuilder
from wrt_foundation.errors import CapabilityDenied


@pytest.fixture
def victim(lab):
    """A guest of one tenant with something of every kind."""
    builder = ModuleBuilder()
    builder.memory(1)
    builder.table(2)
    builder.global_("variable", "i32", "i32.const 42")
    builder.tag("tag", "i32")
    builder.function("function", "-> i32", "i32.const 42")
    guest = lab.guest(builder, tenant=lab.tenant("victim"))
    guest.exports.memory.write(0, b"secret")
    return guest


@pytest.mark.parametrize("kind", ["memory", "table", "variable", "tag", "function"])
def test_no_extern_of_another_tenant_is_imported(lab, victim, kind):
    builder = ModuleBuilder()
    match kind:
        case "memory":
            builder.import_memory("env", kind, 1)
        case "table":
            builder.import_table("env", kind, 2)
        case "variable":
            builder.import_global("env", kind, "i32", mutable=True)
        case "tag":
            builder.import_tag("env", kind, "i32")
        case "function":
            builder.import_function("env", kind, "-> i32")
    with pytest.raises(CapabilityDenied, match="tenant's"):
        lab.guest(builder, {"env": {kind: victim.exports[kind]}}, lab.tenant("thief"))


def test_a_function_of_another_does_not_come_in_as_an_argument(lab, victim):
    builder = ModuleBuilder()
    builder.function("take", "funcref ->", "")
    with pytest.raises(CapabilityDenied):
        lab.guest(builder, tenant=lab.tenant("thief")).exports.take(victim.exports.function)


def test_nor_by_a_host_function(lab, victim):
    builder = ModuleBuilder()
    host = builder.import_function("env", "give", "-> funcref")
    builder.function("run", "->", f"call {host}  drop")
    guest = lab.guest(builder, {"env": {"give": lambda: victim.exports.function}}, lab.tenant("thief"))
    with pytest.raises(CapabilityDenied):
        guest.exports.run()


def test_nor_by_a_table(lab, victim):
    builder = ModuleBuilder()
    builder.table(1)
    guest = lab.guest(builder, tenant=lab.tenant("thief"))
    with pytest.raises(CapabilityDenied):
        guest.exports.table[0] = victim.exports.function


def test_a_store_of_another_takes_nobody_in(lab, victim):
    thief = lab.engine(lab.tenant("thief"))
    with pytest.raises(CapabilityDenied):
        thief.instantiate(ModuleBuilder().load(thief), store=victim.store)


def test_freed_memory_tells_nothing_to_who_has_it_next(lab):
    builder = ModuleBuilder()
    builder.memory(4)
    secret = b"correct horse battery staple"
    for _ in range(4):
        tenant = lab.tenant("victim")
        guest = lab.guest(builder, tenant=tenant)
        for page in range(4):
            guest.exports.memory.write(page * 65536, secret)
        tenant.close()
        del guest
        thief = lab.guest(builder, tenant=lab.tenant("thief"))
        assert thief.exports.memory.read(0, 4 * 65536) == bytes(4 * 65536)


def test_the_end_of_one_tenant_is_nobody_elses(lab, victim):
    other = lab.tenant("other")
    builder = ModuleBuilder()
    builder.function("run", "-> i32", "i32.const 7")
    guest = lab.guest(builder, tenant=other)
    lab.tenants[0].close()
    with pytest.raises(CapabilityDenied):
        victim.exports.function()
    assert guest.exports.run() == 7
