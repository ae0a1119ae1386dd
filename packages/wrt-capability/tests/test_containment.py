"""Containment: what becomes of a guest that fails, and of its tenant."""

from __future__ import annotations

import pytest

from wrt_capability.containment import Contained, Containment
from wrt_capability.scheduler import Scheduler
from wrt_core import EngineFactory
from wrt_core.testing import ModuleBuilder
from wrt_foundation.errors import CapabilityDenied, Exit
from wrt_foundation.traps import Trap


class Ward:
    """A tenant, as far as containment knows one."""

    name = "acme"

    def __init__(self):
        self.suspended = None
        self.events = []

    def suspend(self, reason):
        self.suspended = reason

    def record(self, event, **details):
        self.events.append((event, details["operation"]))


@pytest.fixture
def ward():
    return Ward()


@pytest.fixture
def instantiate():
    """Make instances that count their calls, and fail when they are told to; `instantiate.made` says how many."""
    builder = ModuleBuilder()
    host = builder.import_function("env", "host", "->")
    counter = builder.global_("counter", "i32", "i32.const 0")
    builder.function(
        "next", "-> i32", f"global.get {counter}  i32.const 1  i32.add  global.set {counter}  global.get {counter}"
    )
    builder.function("fail", "->", "unreachable")
    builder.function("host", "->", f"call {host}")
    builder.function("fail_once", "-> i32", f"global.get {counter}  i32.eqz  if  call {host}  end  i32.const 5")
    engine = EngineFactory.create("stackless")
    module = builder.load(engine)

    def made():
        made.count += 1
        return engine.instantiate(module, {"env": {"host": lambda: made.host()}})

    made.count = 0
    made.host = lambda: None
    return made


def test_a_guest_that_behaves_keeps_its_instance(ward, instantiate):
    guest = Contained(ward, instantiate)
    assert [guest.call("next") for _ in range(3)] == [1, 2, 3]
    assert (instantiate.count, ward.events) == (1, [])


def test_terminated_is_for_good(ward, instantiate):
    guest = Contained(ward, instantiate, Containment.TERMINATE)
    with pytest.raises(Trap):
        guest.call("fail")
    for _ in range(2):
        with pytest.raises(CapabilityDenied, match="the guest has ended: Trap: unreachable"):
            guest.call("next")
    assert (instantiate.count, ward.suspended) == (1, None)
    assert ward.events == [("containment", "terminate")]
    guest.clear()
    assert guest.call("next") == 1


def test_recovered_is_afresh(ward, instantiate):
    guest = Contained(ward, instantiate, "recover")
    assert guest.call("next") == 1
    with pytest.raises(Trap):
        guest.call("fail")
    assert guest.call("next") == 1
    assert (instantiate.count, ward.events) == (2, [("containment", "recover")])


def test_recoveries_are_counted(ward, instantiate):
    guest = Contained(ward, instantiate, Containment.RECOVER, recoveries=2)
    for _ in range(3):
        with pytest.raises(Trap):
            guest.call("fail")
    with pytest.raises(CapabilityDenied):
        guest.call("next")
    assert [operation for _, operation in ward.events] == ["recover", "recover", "terminate"]


def test_quarantine_is_the_tenants(ward, instantiate):
    guest = Contained(ward, instantiate, Containment.QUARANTINE)
    with pytest.raises(Trap):
        guest.call("fail")
    assert ward.suspended == "the tenant is in quarantine: Trap: unreachable"
    assert ward.events == [("containment", "quarantine")]
    with pytest.raises(CapabilityDenied):
        guest.call("next")


@pytest.mark.parametrize("error", [ZeroDivisionError("the host's"), Exit(3)])
def test_what_is_not_the_guests_fault_is_not_contained(ward, instantiate, error):
    def host():
        raise error

    instantiate.host = host
    guest = Contained(ward, instantiate)
    with pytest.raises(type(error)):
        guest.call("host")
    assert guest.terminated is None
    assert ward.events == []
    assert guest.failed(error) is None


def test_an_instance_that_cannot_be_made_is_a_failure(ward):
    def instantiate():
        raise CapabilityDenied("no")

    guest = Contained(ward, instantiate)
    with pytest.raises(CapabilityDenied, match="^no$"):
        guest.call("next")
    assert ward.events == [("containment", "terminate")]


def test_a_failed_instance_is_not_used_again_if_recording_fails(ward, instantiate):
    guest = Contained(ward, instantiate, Containment.QUARANTINE)
    guest.call("next")

    def record(event, **details):
        raise OSError("disk full")

    ward.record = record
    with pytest.raises(OSError, match="disk full"):
        guest.call("fail")
    with pytest.raises(CapabilityDenied):
        guest.call("next")


def test_a_scheduled_guest_recovers(ward, instantiate):
    failures = iter([True, False])

    def host():
        if next(failures):
            raise CapabilityDenied("not now")

    instantiate.host = host
    guest = Contained(ward, instantiate, Containment.RECOVER)
    scheduler = Scheduler()
    task = scheduler.add(guest.start("fail_once"), ward.name, on_failure=guest.failed)
    scheduler.run()
    assert task.result == 5
    assert (instantiate.count, guest.faults) == (2, 1)


def test_a_scheduled_guest_that_keeps_failing_ends(ward, instantiate):
    guest = Contained(ward, instantiate, Containment.RECOVER, recoveries=3)
    scheduler = Scheduler()
    task = scheduler.add(guest.start("fail"), ward.name, on_failure=guest.failed)
    scheduler.run()
    assert task.ended
    assert instantiate.count == 4
    with pytest.raises(Trap):
        task.result  # noqa: B018
