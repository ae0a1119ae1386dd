"""The provider "capability-aware" and its operations: each is refused where the mask does not have it."""

from __future__ import annotations

import pytest

from wrt_foundation.errors import BudgetExceeded, CapabilityDenied
from wrt_foundation.memory import LinearMemory, MemoryClosed, MemoryOperation, MemoryProviderFactory
from wrt_foundation.memory.budgeted import BudgetedMemoryProvider

ALL, NONE = MemoryOperation.ALL, MemoryOperation.NONE
READ, WRITE, ALLOCATE = MemoryOperation.READ, MemoryOperation.WRITE, MemoryOperation.ALLOCATE
DEALLOCATE, DELEGATE = MemoryOperation.DEALLOCATE, MemoryOperation.DELEGATE
PAGE = 65536


def without(*operations: MemoryOperation) -> BudgetedMemoryProvider:
    mask = ALL
    for each in operations:
        mask &= ~each
    made = MemoryProviderFactory.create("capability-aware", limit=10 * PAGE, operations=mask)
    assert isinstance(made, BudgetedMemoryProvider)
    return made


def test_all_is_allowed_unless_said_otherwise():
    provider = without()
    with provider.allocate(PAGE, 2 * PAGE) as region:
        region.view[0] = 1
        region.grow(2 * PAGE)
        assert region.view[0] == 1
    provider.delegate(ALL).allocate(1).release()
    assert provider.budget.used == 0


def test_nothing_is_allocated_without_allocate():
    with pytest.raises(CapabilityDenied, match="allocate") as caught:
        without(ALLOCATE).allocate(1)
    assert (caught.value.kind, caught.value.operation) == ("memory", "allocate")


def test_nothing_grows_without_allocate():
    provider = without()
    region = provider.allocate(1, 100)
    provider.operations &= ~ALLOCATE
    with pytest.raises(CapabilityDenied):
        region.grow(2)
    assert region.size == 1
    assert provider.budget.used == 1


def test_nothing_is_read_without_read():
    region = without(READ).allocate(8)
    for look in (lambda: region.view, lambda: region.lend(0, 1)):
        with pytest.raises(CapabilityDenied, match="read"):
            look()


def test_nothing_is_written_without_write():
    region = without(WRITE).allocate(8)
    assert bytes(region.view) == bytes(8)
    for view in (region.view, region.lend(0, 8, "I")):
        with pytest.raises(TypeError, match="read-only"):
            view[0] = 1
    region.release()
    with pytest.raises(MemoryClosed):
        region.view[0]


def test_nothing_is_given_back_without_deallocate():
    provider = without(DEALLOCATE)
    region = provider.allocate(8)
    with pytest.raises(CapabilityDenied, match="deallocate"):
        region.release()
    with pytest.raises(CapabilityDenied), region:
        pass
    assert region.view[0] == 0
    assert provider.budget.used == 8
    del region
    assert provider.budget.used == 0


def test_a_closed_budget_ends_regions_whatever_is_allowed():
    provider = without(DEALLOCATE)
    region = provider.allocate(8)
    provider.budget.close()
    assert region.released


@pytest.mark.parametrize("lacking", [READ, WRITE])
def test_a_guests_memory_is_for_reading_and_writing(lacking):
    provider = without(lacking)
    with pytest.raises(CapabilityDenied):
        LinearMemory(1, provider=provider)
    assert provider.budget.used == 0


def test_what_is_delegated_is_no_more_than_one_has():
    provider = without(DEALLOCATE)
    with pytest.raises(CapabilityDenied, match="deallocate"):
        provider.delegate(READ | DEALLOCATE)
    part = provider.delegate(READ | ALLOCATE)
    with pytest.raises(CapabilityDenied, match="delegate"):
        part.delegate(READ)
    with pytest.raises(TypeError):
        part.allocate(8).view[0] = 1
    with pytest.raises(CapabilityDenied):
        without(DELEGATE).delegate(NONE)


def test_nothing_is_spent_twice():
    provider = without()
    parts = [provider.delegate(ALL, limit=8 * PAGE) for _ in range(3)]
    kept = [parts[0].allocate(8 * PAGE)]
    with pytest.raises(BudgetExceeded):
        parts[0].allocate(1)
    with pytest.raises(BudgetExceeded):
        parts[1].allocate(3 * PAGE)
    kept.append(parts[1].allocate(2 * PAGE))
    with pytest.raises(BudgetExceeded):
        provider.allocate(1)


def test_revocation_reaches_what_was_delegated_at_once():
    provider = without()
    part = provider.delegate(ALL)
    nested = part.delegate(ALL)
    memory = LinearMemory(1, provider=nested)
    region, kept = part.allocate(8), provider.allocate(8)
    part.revoke()
    with pytest.raises(MemoryClosed):
        memory.read(0, 1)
    assert region.released
    for each in (part, nested):
        with pytest.raises(CapabilityDenied):
            each.allocate(1)
    assert kept.view[0] == 0
    assert provider.budget.used == 8
