"""Budgets: cumulative, hierarchical, all or nothing."""

from __future__ import annotations

import asyncio
import gc
import pickle
import threading

import pytest

from wrt_foundation.errors import BudgetExceeded
from wrt_foundation.memory import Budget, BudgetMisuse, LinearMemory, managed_alloc, process_budget


@pytest.fixture
def process() -> Budget:
    return Budget("process", 1000)


def test_a_charge_counts_against_every_budget_above(process: Budget) -> None:
    tenant = process.child("tenant", 500)
    engine, other = tenant.child("engine"), tenant.child("other")
    instance = engine.child("instance")
    instance.charge(100)
    other.charge(50)
    assert [budget.used for budget in (instance, engine, other, tenant, process)] == [100, 100, 50, 150, 150]
    assert [budget.own for budget in (instance, engine, other, tenant, process)] == [100, 0, 50, 0, 0]
    instance.release(60)
    assert [budget.used for budget in (instance, engine, tenant, process)] == [40, 40, 90, 90]
    assert [budget.peak for budget in (instance, engine, tenant, process)] == [100, 100, 150, 150]


def test_the_budget_that_refuses_is_named_and_nothing_is_charged(process: Budget) -> None:
    tenant = process.child("tenant", 500)
    one, other = tenant.child("one", 400), tenant.child("other", 400)
    one.charge(300)
    for budget, size, refuser, available in (
        (one, 101, "one", 100),
        (other, 201, "tenant", 200),
        (other, 401, "other", 400),
        (process, 701, "process", 700),
    ):
        with pytest.raises(BudgetExceeded) as caught:
            budget.charge(size)
        error = caught.value
        assert (error.owner, error.requested, error.available) == (refuser, size, available)
        assert [budget.used for budget in (one, other, tenant, process)] == [300, 0, 300, 300]
    with pytest.raises(BudgetExceeded, match="'process/tenant' refuses 201 bytes: 200 of 500 are left"):
        other.charge(201)


def test_a_limit_is_reached_exactly(process: Budget) -> None:
    process.charge(1000)
    process.charge(0)
    with pytest.raises(BudgetExceeded):
        process.charge(1)


def test_available_is_the_least_of_the_chain(process: Budget) -> None:
    tenant, loose = process.child("tenant", 300), Budget("loose")
    assert (process.available, tenant.available, loose.available) == (1000, 300, None)
    process.charge(900)
    assert (process.available, tenant.available) == (100, 100)
    tenant.charge(100)
    assert (process.available, tenant.available) == (0, 0)


def test_a_limit_may_change(process: Budget) -> None:
    process.charge(600)
    process.limit = 500
    assert process.available == 0
    with pytest.raises(BudgetExceeded):
        process.charge(1)
    process.charge(0)
    process.release(200)
    process.charge(100)
    process.limit = None
    process.charge(10**12)
    with pytest.raises(ValueError):
        process.limit = -1
    with pytest.raises(ValueError):
        Budget("negative", -1)


def test_no_more_is_released_than_was_charged(process: Budget) -> None:
    tenant = process.child("tenant")
    tenant.charge(100)
    tenant.release(100)
    for budget in (tenant, process):
        with pytest.raises(BudgetMisuse, match="asked to take back 100 bytes, and 0 are out"):
            budget.release(100)
    tenant.charge(100)
    # What a child was charged is the child's to release, what a handle holds the handle's.
    with pytest.raises(BudgetMisuse):
        process.release(1)
    with tenant.child("child") as child:
        held = child.hold(10)
        with pytest.raises(BudgetMisuse):
            child.release(1)
        held.release()
    assert (tenant.used, process.used) == (100, 100)


def test_sizes_are_not_negative(process: Budget) -> None:
    held = process.hold(1)
    for refuse in (process.charge, process.release, process.hold, held.resize):
        with pytest.raises(ValueError):
            refuse(-1)
    assert process.used == 1


# --- handles -----------------------------------------------------------------------------------------------


def test_a_charge_is_resized_or_stays_what_it_was(process: Budget) -> None:
    charge = process.hold(100)
    charge.resize(1000)
    assert (charge.size, process.used) == (1000, 1000)
    with pytest.raises(BudgetExceeded):
        charge.resize(1001)
    assert (charge.size, process.used) == (1000, 1000)
    charge.resize(10)
    assert (charge.size, process.used, process.peak) == (10, 10, 1000)


def test_a_charge_is_released_once(process: Budget) -> None:
    charge = process.hold(100)
    other = process.hold(100)
    charge.release()
    for use in (charge.release, lambda: charge.resize(5)):
        with pytest.raises(BudgetMisuse, match="released already"):
            use()
    assert process.used == 100
    other.release()
    assert process.used == 0


def test_a_dropped_charge_is_returned(process: Budget) -> None:
    def fail() -> None:
        charge = process.child("child").hold(100)
        assert process.used == charge.size
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    gc.collect()
    assert process.used == 0
    with pytest.raises(BudgetExceeded):
        process.hold(1001)
    gc.collect()
    assert process.used == 0


# --- the end -----------------------------------------------------------------------------------------------


def test_closing_returns_what_is_held_below(process: Budget) -> None:
    tenant = process.child("tenant")
    instance = Budget("instance", parent=tenant)
    tenant.charge(1)
    instance.charge(20)
    charge = instance.hold(300)
    tenant.close()
    assert [budget.used for budget in (instance, tenant, process)] == [0, 0, 0]
    assert (instance.closed, tenant.closed, process.closed) == (True, True, False)
    assert charge.size == 0
    charge.release()
    with pytest.raises(BudgetMisuse):
        charge.release()
    tenant.close()
    assert process.used == 0


def test_a_closed_budget_is_not_charged(process: Budget) -> None:
    tenant = process.child("tenant")
    charge = tenant.hold(1)
    tenant.close()
    for use in (
        lambda: tenant.charge(0),
        lambda: tenant.release(0),
        lambda: tenant.hold(0),
        lambda: tenant.child("child"),
        lambda: Budget("child", parent=tenant),
        lambda: charge.resize(0),
        lambda: charge.watch(print),
    ):
        with pytest.raises(BudgetMisuse, match="'process/tenant' is closed"):
            use()


def test_holders_are_told_to_let_go(process: Budget) -> None:
    told: list[str] = []
    charges = [process.hold(10) for _ in range(4)]
    charges[0].watch(lambda: told.append("a"))

    def fail() -> None:
        told.append("b")
        raise ZeroDivisionError

    charges[1].watch(fail)
    charges[2].watch(lambda: told.append("released before"))
    charges[2].release()
    # One holder's error does not keep the others from letting go, nor the books from being closed.
    with pytest.raises(ZeroDivisionError):
        process.close()
    assert sorted(told) == ["a", "b"]
    assert process.used == 0


def test_the_one_who_exits_closes() -> None:
    with Budget("process") as process:
        process.charge(1)
    assert process.closed


def test_a_dropped_budget_returns_what_it_held(process: Budget) -> None:
    dropped = Budget("dropped", parent=process)
    dropped.charge(10)
    held = Budget("held", parent=dropped).hold(5)
    assert process.used == 15
    del dropped
    gc.collect()
    assert process.used == 15  # The charge holds its budget, and that its parents.
    del held
    gc.collect()
    assert process.used == 0


def test_a_dropped_cycle_of_budgets_and_charges_returns_everything_once(process: Budget) -> None:
    for _ in range(20):
        tenant = Budget("tenant", parent=process)
        child = tenant.child("child")
        tenant.charge(1)
        child.charge(20)
        cycle = [tenant, child.hold(300), child]
        cycle.append(cycle)  # type: ignore[arg-type]
        assert process.used == 321
        del tenant, child, cycle
        gc.collect()
        assert process.used == 0


# --- names -------------------------------------------------------------------------------------------------


def test_a_child_is_found_by_name_and_kept_with_its_limit_until_closed(process: Budget) -> None:
    process.child("tenant", 10)
    gc.collect()
    tenant = process.find("tenant")
    assert tenant is not None
    assert tenant.limit == 10
    with pytest.raises(BudgetMisuse, match="already has a child called 'tenant'"):
        process.child("tenant", 20)
    tenant.close()
    assert process.find("tenant") is None
    assert process.child("tenant", 20).limit == 20
    assert process.find("nobody") is None


def test_paths_and_children(process: Budget) -> None:
    tenant = process.child("tenant")
    engine, instance = tenant.child("engine"), Budget("a", parent=tenant)
    assert engine.path == "process/tenant/engine"
    assert tenant.children == (instance, engine)
    assert list(engine.chain()) == [engine, tenant, process]
    assert engine.is_within(process)
    assert not process.is_within(engine)
    assert "'process/tenant/engine'" in repr(engine)


def test_refusals_pickle(process: Budget) -> None:
    with pytest.raises(BudgetExceeded) as caught:
        process.charge(2000)
    error = pickle.loads(pickle.dumps(caught.value))
    assert (error.owner, error.requested, error.available) == ("process", 2000, 1000)


# --- scopes ------------------------------------------------------------------------------------------------


def test_a_scope_releases_what_was_charged_inside(process: Budget) -> None:
    process.charge(10)
    with process.scope() as scope:
        process.charge(100)
        charge = process.hold(200)
        child = process.child("child")
        child.charge(300)
        assert (scope.used, process.used) == (600, 610)
    assert (process.used, scope.closed, child.closed, charge.size) == (10, True, True, 0)
    process.charge(1)
    assert process.own == 11


def test_a_scope_releases_on_an_error_too(process: Budget) -> None:
    def fail() -> None:
        with process.scope():
            process.charge(100)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert process.used == 0


def test_a_scope_has_a_limit_of_its_own(process: Budget) -> None:
    with process.scope("request", 50) as scope:
        with pytest.raises(BudgetExceeded) as caught:
            process.charge(51)
        assert caught.value.owner == "request"
        scope.charge(50)
    assert process.used == 0


def test_scopes_nest(process: Budget) -> None:
    with process.scope("outer") as outer:
        process.charge(1)
        with process.scope("inner") as inner:
            process.charge(2)
            assert (inner.used, outer.used, process.used) == (2, 3, 3)
            with outer.scope("innermost") as innermost:
                assert innermost.parent is inner
        assert (outer.used, process.used) == (1, 1)
    assert process.used == 0


def test_a_release_in_a_scope_takes_from_the_scope_first(process: Budget) -> None:
    process.charge(10)
    with process.scope():
        process.charge(5)
        process.release(8)
        assert (process.used, process.own) == (7, 7)
        with pytest.raises(BudgetMisuse):
            process.release(8)
    assert process.used == 7


def test_a_scope_frees_what_was_allocated_inside() -> None:
    budget = Budget("tenant")
    with budget.scope():
        region = managed_alloc(4096, budget)
        memory = LinearMemory(1, owner=budget)
        assert budget.used == 4096 + 65536
    assert region.released
    assert memory.closed
    assert budget.used == 0


def test_other_threads_are_not_in_the_scope(process: Budget) -> None:
    with process.scope() as scope:
        thread = threading.Thread(target=process.charge, args=(7,))
        thread.start()
        thread.join()
        assert (scope.used, process.used) == (0, 7)
    assert process.used == 7


def test_other_tasks_are_not_in_the_scope(process: Budget) -> None:
    async def task(size: int) -> None:
        with process.scope() as scope:
            process.charge(size)
            await asyncio.sleep(0)
            process.charge(size)
            assert scope.used == 2 * size
            await asyncio.sleep(0)

    async def both() -> None:
        await asyncio.gather(task(1), task(10))

    asyncio.run(both())
    assert process.used == 0


# --- the process, and managed_alloc ------------------------------------------------------------------------


def test_there_is_one_process_budget() -> None:
    assert process_budget() is process_budget()
    assert process_budget().parent is None


def test_managed_alloc_charges_and_gives_back(process: Budget) -> None:
    with managed_alloc(400, process) as region:
        assert process.used == 400
        assert bytes(region.view) == bytes(400)
        region.view[:5] = b"hello"
        assert bytes(region.view[:5]) == b"hello"
        with pytest.raises(BudgetExceeded):
            managed_alloc(601, process)
    assert process.used == 0
    with pytest.raises(ZeroDivisionError), managed_alloc(400, process):
        raise ZeroDivisionError
    assert process.used == 0


def test_managed_alloc_is_a_handle_too(process: Budget) -> None:
    region = managed_alloc(400, process)
    view = region.view
    region.release()
    assert process.used == 0
    with pytest.raises(BudgetMisuse):
        region.release()
    with pytest.raises(ValueError):
        view[0]
    managed_alloc(400, process)
    gc.collect()
    assert process.used == 0
    assert managed_alloc(0, process).size == 0
    # The budget may take it back first: the holder's own release is in order then, once.
    with process.child("child") as child:
        region = managed_alloc(400, child)
    assert region.released
    region.release()
    with pytest.raises(BudgetMisuse):
        region.release()
    with pytest.raises(ValueError):
        managed_alloc(-1, process)


def test_managed_alloc_by_name() -> None:
    gc.collect()  # What other tests dropped is not returned in the middle of this one.
    before = process_budget().used
    with process_budget().child("a crate", 1000) as crate:
        with managed_alloc(600, "a crate"):
            assert (crate.used, process_budget().used) == (600, before + 600)
            with pytest.raises(BudgetExceeded):
                managed_alloc(401, "a crate")
        with managed_alloc(10**6, "another crate"):
            assert (crate.used, process_budget().used) == (0, before + 10**6)
    assert process_budget().used == before


# --- threads -----------------------------------------------------------------------------------------------


def test_threads_never_overdraw_and_lose_nothing() -> None:
    process = Budget("process", 300)
    tenants = [process.child(f"tenant {i}", 120) for i in range(3)]
    overdrawn: list[int] = []
    refused = [0] * 6

    def hammer(number: int) -> None:
        budget = tenants[number % 3].child(f"engine {number}")
        for turn in range(400):
            try:
                charge = budget.hold(20 + turn % 50)
            except BudgetExceeded:
                refused[number] += 1
                continue
            if process.used > 300 or tenants[number % 3].used > 120:
                overdrawn.append(process.used)
            if turn % 3:
                charge.release()
            # Else it is dropped, and returned by its finalizer.
            charge = None

    threads = [threading.Thread(target=hammer, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert overdrawn == []
    assert process.used == 0
    assert all(tenant.used == 0 for tenant in tenants)
    assert 0 < process.peak <= 300
