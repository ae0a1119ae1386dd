"""Our own providers, by the kit that is shipped for everybody's."""

from __future__ import annotations

import gc
import mmap

import pytest

from wrt_foundation.errors import BudgetExceeded, PluginError
from wrt_foundation.memory import (
    AllocationFailed,
    BasicMemoryProvider,
    Budget,
    BudgetMisuse,
    LinearMemory,
    MemoryProvider,
    MemoryRequest,
    Region,
    process_budget,
)
from wrt_foundation.memory.budgeted import DEFAULT_LIMIT, BudgetedMemoryProvider
from wrt_foundation.memory.test import TestMemoryProvider
from wrt_foundation.testing.memory_provider import MemoryProviderConformance

PAGE = 65536


class TestBasic(MemoryProviderConformance):
    @pytest.fixture
    def provider(self) -> MemoryProvider:
        return BasicMemoryProvider()


class TestBudgeted(MemoryProviderConformance):
    @pytest.fixture
    def provider(self) -> MemoryProvider:
        return BudgetedMemoryProvider(limit=1 << 20)


class TestTest(MemoryProviderConformance):
    @pytest.fixture
    def provider(self) -> MemoryProvider:
        return TestMemoryProvider()


class TestSmallReservations(MemoryProviderConformance):
    """Memory that can't grow as far as it would like to."""

    @pytest.fixture
    def provider(self) -> MemoryProvider:
        return BasicMemoryProvider(reservation_cap=1 << 20)


class ByteArrayProvider(MemoryProvider):
    """As a stranger may write one: no mmap, no close, no weak references."""

    def reserve(self, length: int) -> bytearray:
        if length > 1 << 22:
            raise MemoryError
        return bytearray(length)


class TestByteArrays(MemoryProviderConformance):
    @pytest.fixture
    def provider(self) -> MemoryProvider:
        return ByteArrayProvider()


class SharedMappingProvider(MemoryProvider):
    """As in the contract's docstring: one method, and a mapping that giving pages back would not clear."""

    def reserve(self, length: int) -> mmap.mmap:
        return mmap.mmap(-1, length)


class TestSharedMappings(MemoryProviderConformance):
    @pytest.fixture
    def provider(self) -> MemoryProvider:
        return SharedMappingProvider(reservation_cap=1 << 20)


def test_the_initial_region_has_the_size_of_the_design() -> None:
    for provider, size in ((BasicMemoryProvider(), 64 << 10), (TestMemoryProvider(), 128 << 10)):
        with provider.allocate() as region:
            assert region.size == len(region.view) == size


# --- reservations ------------------------------------------------------------------------------------------


class Stingy(BasicMemoryProvider):
    """A host that has `room` bytes of address space."""

    def __init__(self, room: int) -> None:
        super().__init__()
        self.room = room
        self.asked: list[int] = []

    def reserve(self, length: int) -> mmap.mmap:
        self.asked.append(length)
        if length > self.room:
            raise OSError(12, "Cannot allocate memory")
        return super().reserve(length)


def test_a_reservation_is_cut_to_what_the_host_can_spare() -> None:
    provider = Stingy(room=300 << 20)
    memory = LinearMemory(1, provider=provider)
    # 256 MiB could be had; half of it is left to the host.
    assert memory.region.reservation == 128 << 20
    assert memory.grow((128 << 20) // PAGE) == -1
    assert memory.grow((128 << 20) // PAGE - 1) == 1
    assert memory.grow(1) == -1


def test_a_reservation_that_fits_is_not_cut() -> None:
    provider = Stingy(room=300 << 20)
    assert LinearMemory(1, 16, provider=provider).region.reservation == 16 * PAGE
    assert provider.asked == [16 * PAGE]


def test_a_cut_never_goes_below_what_is_needed_at_once() -> None:
    provider = Stingy(room=3 * PAGE)
    memory = LinearMemory(3, provider=provider)
    assert memory.region.reservation == 3 * PAGE
    assert memory.grow(1) == -1
    with pytest.raises(AllocationFailed, match="no 262144 bytes of memory for 'guest'.*Cannot allocate") as caught:
        LinearMemory(4, provider=provider, owner="guest")
    assert (caught.value.owner, caught.value.requested) == ("guest", 4 * PAGE)
    assert min(provider.asked) == 3 * PAGE


def test_the_cap_bounds_growth_and_not_the_minimum() -> None:
    provider = BasicMemoryProvider(reservation_cap=2 * PAGE)
    assert LinearMemory(1, provider=provider).region.reservation == 2 * PAGE
    assert LinearMemory(5, provider=provider).region.reservation == 5 * PAGE
    with pytest.raises(ValueError):
        BasicMemoryProvider(reservation_cap=-1)


# --- what a provider may override --------------------------------------------------------------------------


def test_admit_sees_every_request_and_may_refuse() -> None:
    class Choosy(BasicMemoryProvider):
        seen: list[MemoryRequest] = []

        def admit(self, request: MemoryRequest) -> None:
            self.seen.append(request)
            if request.size > 2 * PAGE:
                raise AllocationFailed("too much", owner=request.owner, requested=request.size)

    provider, owner = Choosy(), Budget("guest")
    memory = LinearMemory(1, 10, provider=provider, owner=owner)
    assert memory.grow(1) == 1
    assert memory.grow(1) == -1
    assert memory.grow(9) == -1  # Past the maximum: nobody is asked.
    with pytest.raises(AllocationFailed, match="too much"):
        LinearMemory(3, provider=provider, owner=owner)
    assert provider.seen == [
        MemoryRequest("guest", None, PAGE),
        MemoryRequest("guest", PAGE, 2 * PAGE),
        MemoryRequest("guest", 2 * PAGE, 3 * PAGE),
        MemoryRequest("guest", None, 3 * PAGE),
    ]
    assert owner.used == 2 * PAGE
    assert provider.statistics.refusals == 2


def test_a_commit_that_fails_takes_nothing() -> None:
    freed: list[Region] = []

    class Full(BasicMemoryProvider):
        def free(self, region: Region) -> None:
            freed.append(region)
            super().free(region)

        def commit(self, region: Region, size: int) -> None:
            if size > 2 * PAGE:
                raise MemoryError

    provider, owner = Full(), Budget("guest")
    memory = LinearMemory(2, 10, provider=provider, owner=owner)
    assert memory.grow(1) == -1
    assert (memory.size, owner.used, memory.region.size) == (2, 2 * PAGE, 2 * PAGE)
    with pytest.raises(AllocationFailed, match="MemoryError"):
        LinearMemory(3, provider=provider, owner=owner)
    assert owner.used == 2 * PAGE
    assert provider.statistics.regions == len(freed) == 1


def test_an_unforeseen_error_takes_nothing_either() -> None:
    class Broken(BasicMemoryProvider):
        def reserve(self, length: int) -> mmap.mmap:
            raise ZeroDivisionError

    provider, owner = Broken(), Budget("guest")
    with pytest.raises(ZeroDivisionError):
        provider.allocate(PAGE, owner=owner)
    assert owner.used == 0
    assert provider.statistics.regions == 0


@pytest.mark.parametrize(
    ("buffer", "complaint"),
    [(bytes(PAGE), "read-only"), (bytearray(PAGE - 1), "too short"), (None, "bytes-like"), ("x" * PAGE, "bytes-like")],
)
def test_a_provider_that_breaks_its_contract_is_named(buffer: object, complaint: str) -> None:
    class Broken(MemoryProvider):
        def reserve(self, length: int) -> bytearray:
            return buffer  # type: ignore[return-value]

    provider, owner = Broken(), Budget("guest")
    with pytest.raises(PluginError, match=rf"Broken\.reserve broke its contract: .*{complaint}"):
        provider.allocate(PAGE, owner=owner)
    assert owner.used == 0


def test_an_error_of_free_is_told_after_the_books_are_right() -> None:
    class Broken(BasicMemoryProvider):
        def free(self, region: Region) -> None:
            raise OSError("free failed")

    provider, owner = Broken(), Budget("guest")
    memory = LinearMemory(1, provider=provider, owner=owner)
    with pytest.raises(OSError, match="free failed"):
        memory.close()
    assert memory.closed
    assert owner.used == 0
    assert provider.statistics.regions == 0


# --- owners ------------------------------------------------------------------------------------------------


def test_an_owner_by_name_is_charged_to_the_budget_of_that_name() -> None:
    with process_budget().child("a tenant by name", 2 * PAGE) as tenant:
        provider = BasicMemoryProvider()
        memory = LinearMemory(1, 10, provider=provider, owner="a tenant by name")
        assert tenant.used == PAGE
        assert memory.grow(2) == -1
        with pytest.raises(BudgetExceeded) as caught:
            provider.allocate(2 * PAGE, owner="a tenant by name")
        assert caught.value.owner == "a tenant by name"
        memory.close()


def test_an_owner_that_nobody_knows_is_charged_to_the_process() -> None:
    gc.collect()  # What other tests dropped is not returned in the middle of this one.
    before = process_budget().used
    with BasicMemoryProvider().allocate(PAGE, owner="nobody in particular") as region:
        assert region.owner == "nobody in particular"
        assert process_budget().used == before + PAGE
    assert process_budget().used == before


def test_nothing_escapes_the_budget_of_a_provider() -> None:
    tenant = Budget("tenant", 4 * PAGE)
    provider = BasicMemoryProvider(budget=tenant)
    with pytest.raises(BudgetMisuse, match="not within"):
        provider.allocate(PAGE, owner=Budget("outsider"))
    region = provider.allocate(3 * PAGE, owner=Budget("instance", parent=tenant))
    with pytest.raises(BudgetExceeded) as caught:
        provider.allocate(2 * PAGE, owner="by name")
    assert caught.value.owner == "tenant"
    region.release()


def test_capability_aware_memory_comes_from_a_budget() -> None:
    tenant = Budget("tenant", 100 * PAGE)
    provider = BudgetedMemoryProvider(limit=3 * PAGE, parent=tenant)
    memory = LinearMemory(1, provider=provider, owner=Budget("instance", parent=provider.budget))
    assert memory.grow(2) == 1
    assert memory.grow(1) == -1
    assert tenant.used == 3 * PAGE
    provider.budget.close()
    assert memory.closed
    assert tenant.used == 0
    default = BudgetedMemoryProvider()
    assert default.budget.path == "process/capability-aware"
    with pytest.raises(BudgetExceeded):
        default.allocate(DEFAULT_LIMIT + 1)


def test_sizes_that_make_no_sense_are_refused() -> None:
    provider = BasicMemoryProvider()
    for size, maximum in ((-1, None), (2, 1), (0, -1)):
        with pytest.raises(ValueError):
            provider.allocate(size, maximum)


def test_a_region_lends_only_what_it_holds() -> None:
    with BasicMemoryProvider().allocate(PAGE, 2 * PAGE) as region:
        for start, stop in ((0, PAGE + 1), (-1, 1), (2, 1)):
            with pytest.raises(ValueError):
                region.lend(start, stop)
