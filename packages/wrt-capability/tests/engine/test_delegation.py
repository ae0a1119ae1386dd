"""Delegation attenuates and spends nothing twice; revocation reaches what was delegated, at once, in running guests."""

from __future__ import annotations

import gc
import threading
import time

import pytest

from wrt_capability.authority import Authority
from wrt_capability.containment import Contained
from wrt_capability.decision import Subject
from wrt_capability.engine import CapabilityAwareEngine
from wrt_capability.grant import Grant
from wrt_capability.policy import Policy
from wrt_capability.quota import QuotaAccount
from wrt_capability.tenant import Tenant
from wrt_capability.traps import DeniedImport, DeniedTrap
from wrt_core.testing import ModuleBuilder
from wrt_foundation.errors import CapabilityDenied, QuotaExceeded
from wrt_foundation.traps import Trap, TrapCode

MAY_RUN = [Grant("module", "*"), Grant("call", "*")]


def logger() -> ModuleBuilder:
    builder = ModuleBuilder()
    builder.import_function("env", "log", "i32 ->")
    builder.function("run", "i32 ->", "local.get 0 call 0")
    builder.function("spin", "i32 ->", "loop local.get 0 call 0 br 0 end")
    builder.function("quiet", "->", "loop br 0 end")
    return builder


def rooted(policy: str, events, **limits: int) -> Authority:
    account = QuotaAccount("acme", limits)
    return Authority(Subject("acme"), Policy.parse(policy), account=account, recorder=events)


def test_what_is_delegated_is_no_more_than_one_has(events, tmp_path):
    rule = f'[[rule]]\nallow.filesystem.read = "{tmp_path}/**"\nallow.random = "*"\nallow.delegate = "*"'
    whole = rooted(rule, events)
    part = whole.delegate([Grant("filesystem", "/**", {"read", "write"})])
    assert part.decide("filesystem", f"{tmp_path}/a", "read")
    assert not part.decide("filesystem", f"{tmp_path}/a", "write")
    assert not part.decide("filesystem", "/etc/passwd", "read")
    assert not part.decide("random", "bytes", "read")
    assert whole.decide("random", "bytes", "read")
    less = whole.delegate([Grant("filesystem", f"{tmp_path}/in/**", {"read"})])
    assert less.decide("filesystem", f"{tmp_path}/in/a", "read")
    assert not less.decide("filesystem", f"{tmp_path}/inside", "read")
    assert not less.decide("filesystem", f"{tmp_path}/in/../a", "read")
    (first, _) = events.of("delegation")
    assert first["grants"] == ["filesystem '/**' read/write"]


def test_only_what_may_be_delegated_is(events):
    whole = rooted('[[rule]]\nallow.random = "*"\nallow.import = "*"\nallow.delegate = "import"', events)
    whole.delegate([Grant("import", "env.*")])
    with pytest.raises(CapabilityDenied, match="may not delegate"):
        whole.delegate([Grant("import", "env.*"), Grant("random", "*")])
    assert events.of("decision", kind="delegate", allowed=False)
    # Neither can what was delegated be delegated further, unless that was.
    with pytest.raises(CapabilityDenied):
        whole.delegate([Grant("import", "env.*")]).delegate([Grant("import", "env.log")])


def test_nothing_is_spent_twice(events):
    whole = rooted('extends = "trusted"', events, output=10, instances=3)
    parts = [whole.delegate(MAY_RUN, quota={"output": 8, "instances": 3}) for _ in range(3)]
    parts[0].charge("output", 8)
    with pytest.raises(QuotaExceeded, match="'acme/delegate' refuses 1"):
        parts[0].charge("output", 1)
    with pytest.raises(QuotaExceeded, match="'acme' refuses 3") as caught:
        parts[1].charge("output", 3)
    assert caught.value.account == "acme"
    parts[1].charge("output", 2)
    with pytest.raises(QuotaExceeded):
        whole.charge("output", 1)
    nested = whole.delegate([*MAY_RUN, Grant("delegate", "*")]).delegate
    with pytest.raises(QuotaExceeded):
        nested(MAY_RUN, quota={"output": 100}).charge("output", 1)


def test_an_instance_runs_under_what_was_delegated(trusting):
    engine = trusting()
    module = engine.load(logger().bytes())
    narrow = engine.tenant.authority.delegate([*MAY_RUN, Grant("import", "env.other")])
    with pytest.raises(DeniedImport, match="not delegated"):
        engine.instantiate(module, {"env": {"log": id}}, authority=narrow)
    wide = engine.tenant.authority.delegate([*MAY_RUN, Grant("import", "env.*")], quota={"instances": 1})
    engine.instantiate(module, {"env": {"log": id}}, authority=wide).exports.run(1)
    gc.collect()
    one = engine.instantiate(module, {"env": {"log": id}}, authority=wide)
    with pytest.raises(QuotaExceeded, match="delegate"):
        engine.instantiate(module, {"env": {"log": id}}, authority=wide)
    assert one


def test_revocation_reaches_what_was_delegated_and_what_that_was_delegated(events):
    whole = rooted('extends = "trusted"', events)
    child = whole.delegate([Grant("random", "*"), Grant("delegate", "*")])
    grandchild = child.delegate([Grant("random", "*")])
    sibling = whole.delegate([Grant("random", "*")])
    lease = grandchild.lease("random", "bytes", "read")
    assert lease.stopped is None
    child.revoke("over")
    assert lease.stopped is not None
    with pytest.raises(DeniedTrap, match="over"):
        lease.refuse()
    assert not grandchild.decide("random", "bytes", "read")
    with pytest.raises(CapabilityDenied):
        child.delegate([Grant("random", "*")])
    assert sibling.decide("random", "bytes", "read")
    assert events.of("revocation")
    child.restore()
    assert lease.stopped is None


def test_taking_back_a_revocation_brings_nothing_back_that_was_revoked_otherwise(events):
    whole = rooted('extends = "trusted"', events)
    child, other = whole.delegate([Grant("random", "*")]), whole.delegate([Grant("random", "*")])
    child.revoke("one reason")
    whole.revoke("one reason")
    child.restore()
    assert not child.decide("random", "bytes", "read")
    child.revoke("again")
    whole.restore()
    assert other.decide("random", "bytes", "read")
    assert child.revoked is None or not child.decide("random", "bytes", "read")


def test_changing_a_policy_brings_no_earlier_one_back(events):
    narrow, wide = Policy.parse('[[rule]]\nallow.call = "*"'), Policy.preset("trusted")
    whole = Authority(Subject("acme"), wide, account=QuotaAccount("acme"), recorder=events)
    child = whole.delegate([Grant("random", "*")])
    whole.adopt_policy(narrow)
    assert not child.decide("random", "bytes", "read")
    whole.adopt_policy(Policy())
    assert not whole.decide("call", "main", "call")
    assert not child.decide("random", "bytes", "read")


def test_what_is_delegated_after_a_revocation_is_nothing(events):
    whole = rooted('extends = "trusted"', events)
    whole.revoke()
    with pytest.raises(CapabilityDenied):
        whole.delegate([Grant("random", "*")])
    assert not whole.below(Subject("acme"), QuotaAccount("x")).decide("random", "bytes", "read")


@pytest.mark.parametrize(
    ("function", "interruptible"), [("spin", False), ("spin", True), ("quiet", True), ("quiet", None)]
)
def test_a_guest_that_runs_loses_what_is_revoked(trusting, function, interruptible):
    calls = [0]
    running = threading.Event()

    def log(_: int) -> None:
        calls[0] += 1
        running.set()

    engine = trusting(interruptible=interruptible)
    authority = engine.tenant.authority.delegate([*MAY_RUN, Grant("import", "*")])
    exports = engine.instantiate(engine.load(logger().bytes()), {"env": {"log": log}}, authority=authority).exports
    caught: list[BaseException] = []

    def run() -> None:
        try:
            exports[function](*([1] if function == "spin" else []))
        except BaseException as error:  # noqa: BLE001 - handed to the thread that tests
            caught.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    if function == "spin":
        assert running.wait(10)
    else:
        time.sleep(0.2)
    authority.revoke("caught in the act")
    thread.join(10)
    assert not thread.is_alive()
    seen = calls[0]
    assert isinstance(caught[0], DeniedTrap)
    assert "caught in the act" in str(caught[0])
    assert caught[0].frames[0].name == function
    with pytest.raises(CapabilityDenied):
        exports.run(1)
    assert calls[0] == seen


def test_a_paused_execution_does_not_go_on_once_revoked(trusting):
    engine = trusting()
    exports = engine.instantiate(engine.load(logger().bytes()), {"env": {"log": id}}).exports
    execution = exports.spin.start(1, fuel=100)
    assert execution.run() == "paused"
    engine.tenant.suspend("wait")
    with pytest.raises(CapabilityDenied, match="wait"):
        execution.run(fuel=100)


@pytest.mark.parametrize(
    "end",
    [
        lambda tenant: tenant.suspend("caught in the act"),
        lambda tenant: tenant.close(),
        lambda tenant: Contained(tenant, lambda: None, "quarantine").contain(Trap(TrapCode.UNREACHABLE)),
    ],
    ids=["suspended", "closed", "in quarantine"],
)
@pytest.mark.parametrize("how", ["called", "started", "at the start"])
def test_a_guest_that_only_computes_ends_with_its_tenant(events, end, how):
    """It calls nobody, and nothing limits it: the tenant that it runs for is somebody's, who can take it back."""
    tenant = Tenant("acme", policy="trusted", audit=events)
    engine = CapabilityAwareEngine(tenant=tenant)
    builder = logger()
    if how == "at the start":
        builder.start(builder.function(None, "->", "loop br 0 end"))
    module = builder.load(engine)
    begun = threading.Event()
    caught: list[BaseException] = []

    def run() -> None:
        try:
            begun.set()
            instance = engine.instantiate(module, {"env": {"log": id}})
            if how == "called":
                instance.exports.quiet()
            instance.exports.quiet.start().run()
        except BaseException as error:  # noqa: BLE001 - handed to the thread that tests
            caught.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    assert begun.wait(10)
    time.sleep(0.2)
    assert thread.is_alive()
    end(tenant)
    thread.join(10)
    assert not thread.is_alive()
    assert isinstance(caught[0], DeniedTrap)
    assert caught[0].frames
    tenant.close()


def test_who_takes_nothing_back_pays_for_nothing(make, trusting):
    """An engine of one's own runs guests as its inner engine does, unless that is asked for."""
    own = logger().instantiate(trusting(), {"env": {"log": id}})
    assert not own.guard.metered
    tenant = Tenant("acme", policy="trusted")
    for options, metered in (({}, True), ({"interruptible": False}, False)):
        engine = CapabilityAwareEngine(tenant=tenant, **options)
        assert logger().instantiate(engine, {"env": {"log": id}}).guard.metered is metered
    tenant.close()
