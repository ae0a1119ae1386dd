"""The scheduler: turns, shares and their order; guests that loop, trap, wait, or never give up their fuel."""

from __future__ import annotations

import pytest

from wrt_capability.scheduler import Scheduler
from wrt_core import EngineFactory
from wrt_core.execution import Interruption, State
from wrt_core.testing import ModuleBuilder
from wrt_foundation.traps import Trap, TrapCode


@pytest.fixture(scope="module")
def module():
    builder = ModuleBuilder()
    host = builder.import_function("env", "host", "-> i32")
    builder.function(
        "count",
        "i32 -> i32",
        "loop  local.get 0  i32.const 1  i32.sub  local.tee 0  br_if 0  end  i32.const 7",
    )
    builder.function("forever", "->", "loop  br 0  end")
    builder.function("fail", "->", "unreachable")
    builder.function("ask", "-> i32", f"call {host}")
    return builder.bytes()


@pytest.fixture
def guest(module):
    """Start an exported function of a fresh instance."""
    engine = EngineFactory.create("stackless")
    loaded = engine.load(module)

    def host():
        raise Interruption(convert=lambda value: value)

    def start(name, *args):
        return getattr(engine.instantiate(loaded, {"env": {"host": host}}).exports, name).start(*args)

    return start


def order(scheduler, slices):
    found = []
    for task in scheduler.steps():
        found.append(task.tenant)
        if len(found) == slices:
            break
    return "".join(found)


def test_everything_is_run_to_its_end(guest):
    scheduler = Scheduler(quantum=100)
    tasks = [scheduler.add(guest("count", 50 * number), tenant=str(number)) for number in range(1, 6)]
    ended = scheduler.run()
    assert [task.result for task in tasks] == [7] * 5
    assert [task.tenant for task in ended] == ["1", "2", "3", "4", "5"]  # the shortest first: none waits for another
    assert scheduler.waiting == 0


def test_a_guest_that_loops_holds_nobody_up(guest):
    scheduler = Scheduler(quantum=1000)
    hostile = scheduler.add(guest("forever"), tenant="a")
    task = scheduler.add(guest("count", 1000), tenant="b")
    scheduler.run(slices=20)
    assert task.result == 7
    assert not hostile.ended
    assert scheduler.waiting == 1


def test_tenants_have_their_turns_however_many_guests_they_have(guest):
    scheduler = Scheduler(quantum=100)
    for _ in range(5):
        scheduler.add(guest("forever"), tenant="a")
    scheduler.add(guest("forever"), tenant="b")
    scheduler.add(guest("forever"), tenant="c")
    assert order(scheduler, 12) == "abc" * 4


def test_guests_of_a_tenant_take_turns(guest):
    scheduler = Scheduler(quantum=100)
    tasks = [scheduler.add(guest("forever")) for _ in range(3)]
    scheduler.run(slices=9)
    assert [task.slices for task in tasks] == [3, 3, 3]


def test_weights_are_shares_of_fuel(guest):
    scheduler = Scheduler(quantum=1000, weights={"a": 3})
    tasks = {name: scheduler.add(guest("forever"), tenant=name) for name in "ab"}
    scheduler.run(slices=40)
    assert tasks["a"].fuel_used == pytest.approx(60_000, rel=0.01)
    assert tasks["b"].fuel_used == pytest.approx(20_000, rel=0.01)


def test_the_order_is_the_same_every_time(guest):
    def run():
        scheduler = Scheduler(quantum=300, weights={"b": 2})
        for number in range(12):
            scheduler.add(guest("count", 100 + 37 * number), tenant="abcd"[number % 4])
        return [(task.tenant, task.slices, task.fuel_used, task.ended) for task in scheduler.steps()]

    first = run()
    assert first == run()
    assert len(first) > 12


def test_what_ends_one_guest_does_not_end_the_others(guest):
    scheduler = Scheduler(quantum=100)
    failed, task = scheduler.add(guest("fail"), tenant="a"), scheduler.add(guest("count", 500), tenant="b")
    scheduler.run()
    assert task.result == 7
    with pytest.raises(Trap, match="unreachable"):
        failed.result  # noqa: B018


def test_a_guest_that_waits_is_parked_until_it_is_woken(guest):
    scheduler = Scheduler(quantum=100)
    asking, task = scheduler.add(guest("ask")), scheduler.add(guest("count", 100))
    assert scheduler.run() == [task]
    assert asking.parked
    asking.execution.resolve(42)
    scheduler.wake(asking)
    assert scheduler.run() == [asking]
    assert asking.result == 42


def test_a_failed_guest_may_be_replaced(guest):
    scheduler = Scheduler(quantum=100)
    errors = []

    def again(error):
        errors.append(error)
        return guest("count", 3) if len(errors) == 2 else guest("fail")

    task = scheduler.add(guest("fail"), on_failure=again)
    scheduler.run()
    assert task.result == 7
    assert [error.code for error in errors] == [TrapCode.UNREACHABLE] * 2


def test_all_of_a_tenants_tasks_can_be_cancelled(guest):
    scheduler = Scheduler(quantum=100)
    gone = [scheduler.add(guest("forever"), tenant="a") for _ in range(2)]
    task = scheduler.add(guest("count", 500), tenant="b")
    scheduler.run(slices=4)
    assert scheduler.cancel("a") == gone
    assert scheduler.waiting == 1
    scheduler.run()
    assert task.result == 7
    assert all(each.execution.state is State.TRAPPED for each in gone)
    assert all(each.error is not None for each in gone)


def test_a_quantum_smaller_than_a_step_saves_up(guest):
    scheduler = Scheduler(quantum=1)
    task = scheduler.add(guest("count", 5))
    scheduler.run(slices=1000)
    assert task.result == 7


@pytest.mark.parametrize("wrong", [{"quantum": 0}, {"quantum": -1}, {"weights": {"a": 0}}])
def test_shares_are_positive(wrong):
    with pytest.raises(ValueError):
        Scheduler(**wrong)


def test_what_has_ended_is_not_taken(guest):
    execution = guest("count", 1)
    execution.run()
    with pytest.raises(ValueError, match="has ended"):
        Scheduler().add(execution)
