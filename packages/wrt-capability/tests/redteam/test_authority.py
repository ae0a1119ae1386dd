"""What was not given, or was taken back: imports, exports, delegation, revocation, re-entrance."""

from __future__ import annotations

import threading
import time

import pytest

from wrt_capability.grant import Grant
from wrt_core.testing import ModuleBuilder
from wrt_foundation.errors import CapabilityDenied, LinkError, QuotaExceeded
from wrt_foundation.traps import Exhaustion, Trap


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("env", "secret"),
        ("Env", "log"),
        ("env ", "log"),
        ("envx", "log"),
        ("", "env.log"),
        ("wasi_snapshot_preview1", "fd_read"),
    ],
)
def test_what_is_not_granted_does_not_link(lab, module, name):
    builder = ModuleBuilder()
    builder.import_function(module, name, "->")
    with pytest.raises(LinkError):
        lab.guest(builder, {module: {name: lambda: None}})


def test_the_clock_and_random_bytes_are_not_had_through_an_import_that_is_granted(lab):
    tenant = lab.tenant("greedy", '[[rule]]\nallow.import = "wasi_snapshot_preview1.*"\n')
    for name in ("clock_time_get", "clock_res_get", "random_get", "poll_oneoff", "sock_recv"):
        builder = ModuleBuilder()
        builder.import_function("wasi_snapshot_preview1", name, "->")
        with pytest.raises(CapabilityDenied):
            lab.guest(builder, {"wasi_snapshot_preview1": {name: lambda: None}}, tenant)


def test_a_denied_function_is_not_reached_through_a_table_of_the_host(lab):
    tenant, builder = lab.tenant(), ModuleBuilder()
    builder.import_function("env", "secret", "->")
    builder.table(1)
    with pytest.raises(CapabilityDenied):
        lab.guest(builder, {"env": {"secret": lambda: None}}, tenant)
    assert tenant.account.used("instances") == 0


def test_a_name_that_a_module_chooses_opens_nothing_that_is_granted_by_hash(lab):
    tenant = lab.tenant("twin", f'[[rule]]\nmodule = "sha256:{"0" * 64}"\nallow.import = "vault.*"\n')
    builder = ModuleBuilder("sha256:" + "0" * 64)
    builder.import_function("vault", "open", "->")
    with pytest.raises(CapabilityDenied):
        lab.guest(builder, {"vault": {"open": lambda: None}}, tenant)


def test_what_was_revoked_is_refused_from_the_next_call_on(lab):
    tenant, builder = lab.tenant(), ModuleBuilder()
    host = builder.import_function("env", "log", "->")
    builder.function("run", "->", f"call {host}  call {host}")
    calls = []

    def log():
        calls.append(None)
        tenant.authority.revoke("caught")

    guest = lab.guest(builder, {"env": {"log": log}}, tenant)
    with pytest.raises(CapabilityDenied, match="caught"):
        guest.exports.run()
    assert len(calls) == 1
    with pytest.raises(CapabilityDenied):
        guest.exports.run()


def test_a_guest_that_loops_is_ended_by_revocation(lab):
    tenant, builder = lab.tenant("loop", "[[rule]]\nlimits.fuel = 'unlimited'\n"), ModuleBuilder()
    builder.function("run", "->", "loop  br 0  end")
    guest = lab.guest(builder, tenant=tenant)
    timer = threading.Timer(0.2, tenant.authority.revoke)
    timer.start()
    began = time.monotonic()
    with pytest.raises((CapabilityDenied, Trap)):
        guest.exports.run()
    timer.join()
    assert time.monotonic() - began < 30


def test_delegated_authority_is_no_more_than_was_delegated(lab):
    tenant = lab.tenant("parent", '[[rule]]\nallow.delegate = "*"\n')
    child = tenant.authority.delegate([Grant("import", "env.log"), Grant("filesystem", "**")])
    assert child.decide("import", "env.log", "link")
    assert not child.decide("import", "env.other", "link")
    assert not child.decide("import", "env.secret", "link")
    assert not child.decide("filesystem", str(lab.root / "secret" / "file"), "read")
    grandchild = child.delegate([Grant("import", "*")]) if child.decide("delegate", "import", "delegate") else None
    assert grandchild is None or not grandchild.decide("import", "env.other", "link")


def test_delegation_spends_nothing_twice(lab):
    tenant = lab.tenant("spender", '[[rule]]\nallow.delegate = "*"\nquota.output = 100\n')
    children = [tenant.authority.delegate([Grant("stdio", "*")], quota={"output": 100}) for _ in range(3)]
    children[0].charge("output", 60)
    with pytest.raises(QuotaExceeded):
        children[1].charge("output", 60)
    children[1].charge("output", 40)
    with pytest.raises(QuotaExceeded):
        children[2].charge("output", 1)


def test_what_was_delegated_ends_with_what_it_is_from(lab):
    tenant = lab.tenant("parent", '[[rule]]\nallow.delegate = "*"\n')
    child = tenant.authority.delegate([Grant("import", "*"), Grant("delegate", "*")])
    grandchild = child.delegate([Grant("import", "env.log")])
    assert grandchild.decide("import", "env.log", "link")
    tenant.authority.revoke()
    assert not grandchild.decide("import", "env.log", "link")
    assert not child.delegate([]).decide("import", "env.log", "link")


def test_reentrance_does_not_get_around_the_depth_of_calls(lab):
    builder = ModuleBuilder()
    host = builder.import_function("env", "again", "->")
    builder.function("run", "->", f"call {host}")
    builder.function("fine", "-> i32", "i32.const 1")
    guests = []
    guest = lab.guest(builder, {"env": {"again": lambda: guests[0].exports.run()}})
    guests.append(guest)
    for _ in range(2):
        # The host's own function recurses as deep as the guest does: whose error it is depends on who is at the edge.
        with pytest.raises((Exhaustion, RecursionError)):
            guest.exports.run()
        assert guest.exports.fine() == 1


def test_reentrance_does_not_get_around_exports_that_are_denied(lab):
    tenant, builder = lab.tenant("re", '[[rule]]\ndeny.call = "private"\n'), ModuleBuilder()
    host = builder.import_function("env", "callback", "->")
    builder.function("run", "->", f"call {host}")
    builder.function("private", "->", "")
    guests = []
    guest = lab.guest(builder, {"env": {"callback": lambda: guests[0].exports.private()}}, tenant)
    guests.append(guest)
    with pytest.raises(CapabilityDenied):
        guest.exports.run()


def test_reentrance_spends_the_tenants_fuel(lab):
    tenant, builder = lab.tenant("burn", "[[rule]]\nquota.fuel = 1_000_000\n"), ModuleBuilder()
    host = builder.import_function("env", "again", "->")
    builder.function("outer", "->", f"loop  call {host}  br 0  end")
    builder.function("inner", "->", "")
    guests = []
    guest = lab.guest(builder, {"env": {"again": lambda: guests[0].exports.inner()}}, tenant)
    guests.append(guest)
    with pytest.raises(Exhaustion):
        guest.exports.outer()


def test_a_suspended_tenant_may_do_nothing_until_it_is_cleared(lab):
    tenant, builder = lab.tenant(), ModuleBuilder()
    builder.function("run", "-> i32", "i32.const 1")
    guest = lab.guest(builder, tenant=tenant)
    tenant.suspend("quarantine")
    with pytest.raises(CapabilityDenied, match="quarantine"):
        guest.exports.run()
    with pytest.raises(CapabilityDenied, match="quarantine"):
        lab.guest(builder, tenant=tenant)
    tenant.resume()
    assert guest.exports.run() == 1


def test_containment_quarantines_a_tenant_and_nobody_else(lab):
    from wrt_capability.containment import Contained, Containment

    hostile, other, builder = lab.tenant("hostile"), lab.tenant("other"), ModuleBuilder()
    builder.function("fail", "->", "unreachable")
    builder.function("run", "-> i32", "i32.const 1")
    bystander = lab.guest(builder, tenant=hostile)
    guest = Contained(hostile, lambda: lab.guest(builder, tenant=hostile), Containment.QUARANTINE)
    with pytest.raises(Trap):
        guest.call("fail")
    with pytest.raises(CapabilityDenied, match="quarantine"):
        bystander.exports.run()
    assert lab.guest(builder, tenant=other).exports.run() == 1
    assert lab.events.of("containment", tenant="hostile")
    hostile.resume()
    assert bystander.exports.run() == 1
