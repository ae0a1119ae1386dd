"""The test provider finds what it says it finds."""

from __future__ import annotations

import pytest

from wrt_foundation.memory import AllocationFailed, LinearMemory, MemoryCorrupted, MemoryLeaked
from wrt_foundation.memory.test import POISONED, TestMemoryProvider

PAGE = 65536


@pytest.fixture
def provider() -> TestMemoryProvider:
    return TestMemoryProvider()


def overwrite(memory: LinearMemory, offset: int) -> None:
    """Write where Python code can't: as native code with a wrong address would."""
    with memory.region.whole() as whole:
        whole[memory.region.provider.margin + offset] = 0x42


def places(memory: LinearMemory) -> dict[str, int]:
    """Offsets that nobody may write at, from the region's first byte."""
    return {
        "the canary in front of it, its last byte": -1,
        "the canary in front of it, its first byte": -4096,
        "right behind the end": memory.byte_length,
        "the last poisoned byte": memory.byte_length + POISONED - 1,
        "the canary behind the reservation": memory.region.reservation,
        "the canary behind the reservation, its last byte": memory.region.reservation + 4095,
    }


@pytest.mark.parametrize("place", range(6))
def test_a_write_out_of_bounds_is_found_on_demand_and_on_release(provider: TestMemoryProvider, place: int) -> None:
    memory = LinearMemory(1, 100, provider=provider, owner="guest")
    provider.check()
    offset = list(places(memory).values())[place]
    overwrite(memory, offset)
    for find in (provider.check, memory.close):
        with pytest.raises(MemoryCorrupted, match="'guest' is corrupted") as caught:
            find()
        assert (caught.value.owner, caught.value.offset) == ("guest", offset)
    assert memory.closed
    assert provider.leaks() == {}
    provider.check()


def test_a_write_behind_the_end_is_found_by_growth(provider: TestMemoryProvider) -> None:
    memory = LinearMemory(1, 100, provider=provider)
    overwrite(memory, PAGE + 5)
    with pytest.raises(MemoryCorrupted) as caught:
        memory.grow(1)
    assert caught.value.offset == PAGE + 5
    assert (memory.size, provider.statistics.bytes_held) == (1, PAGE)


def test_writes_in_bounds_are_nobodys_business(provider: TestMemoryProvider) -> None:
    with LinearMemory(1, 4, provider=provider) as memory:
        for _ in range(4):
            memory.fill(0, 0xA7, memory.byte_length)
            provider.check()
            memory.grow(1)


def test_poison_gives_way_to_zeros(provider: TestMemoryProvider) -> None:
    with LinearMemory(1, 10, provider=provider) as memory:
        with memory.region.whole() as whole:
            assert whole[4096 + PAGE] == 0xA7
        # Past the poisoned part, so that a mistake at its end shows.
        assert memory.grow(3) == 1
        assert memory.read(PAGE, 3 * PAGE) == bytes(3 * PAGE)


def test_a_reservation_is_not_committed_by_poisoning_it(provider: TestMemoryProvider) -> None:
    with LinearMemory(1, provider=provider) as memory, memory.region.whole() as whole:
        assert memory.region.reservation > 100 * PAGE
        assert whole[4096 + PAGE + POISONED] == 0


def test_released_memory_is_poisoned_for_those_who_still_look(provider: TestMemoryProvider) -> None:
    memory = LinearMemory(1, provider=provider)
    memory.write(0, b"secret")
    outliving = memory.view[:6]
    memory.close()
    assert bytes(outliving) == b"\xdd" * 6


def test_the_nth_allocation_fails() -> None:
    provider = TestMemoryProvider(fail_allocations={2, 4})
    outcomes = []
    for _ in range(5):
        try:
            provider.allocate(PAGE).release()
            outcomes.append("ok")
        except AllocationFailed as error:
            outcomes.append(error.message)
    failures = [f"allocation {number}, 65536 bytes for 'anonymous', fails as injected" for number in (2, 4)]
    assert outcomes == ["ok", failures[0], "ok", failures[1], "ok"]
    assert provider.statistics.refusals == 2


def test_the_nth_growth_fails() -> None:
    provider = TestMemoryProvider(fail_growths={2})
    memory = LinearMemory(1, 10, provider=provider)
    assert [memory.grow(1) for _ in range(3)] == [1, -1, 2]


def test_failure_by_predicate() -> None:
    provider = TestMemoryProvider(fail_when=lambda request: request.owner == "unlucky" and request.held is not None)
    assert LinearMemory(1, 2, provider=provider, owner="lucky").grow(1) == 1
    assert LinearMemory(1, 2, provider=provider, owner="unlucky").grow(1) == -1
    provider.fail_when = None
    assert LinearMemory(1, 2, provider=provider, owner="unlucky").grow(1) == 1


def test_leaks_are_told_by_owner(provider: TestMemoryProvider) -> None:
    provider.check_leaks()
    held = [LinearMemory(pages, provider=provider, owner=owner) for pages, owner in ((1, "a"), (2, "b"), (3, "b"))]
    assert provider.leaks() == {"a": PAGE, "b": 5 * PAGE}
    with pytest.raises(MemoryLeaked, match=r"'a' holds 65536 bytes, 'b' holds 327680 bytes") as caught:
        provider.check_leaks()
    assert caught.value.leaks == {"a": PAGE, "b": 5 * PAGE}
    for memory in held:
        memory.close()
    provider.check_leaks()


def test_statistics(provider: TestMemoryProvider) -> None:
    one = LinearMemory(1, 4, provider=provider)
    two = LinearMemory(2, 4, provider=provider)
    one.grow(3)
    two.close()
    statistics = provider.statistics
    assert (statistics.regions, statistics.bytes_held, statistics.peak_bytes) == (1, 4 * PAGE, 6 * PAGE)
    assert (statistics.allocations, statistics.growths, statistics.releases) == (2, 1, 1)
    assert statistics.bytes_reserved == one.region.reservation
    one.close()
