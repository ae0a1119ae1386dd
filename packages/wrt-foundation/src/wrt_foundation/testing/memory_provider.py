"""The conformance kit for memory providers::

    class TestHugePages(MemoryProviderConformance):
        @pytest.fixture
        def provider(self):
            return HugePageMemoryProvider()

Each test gets a provider of its own, which must be able to give out a megabyte at a time. Our own providers are
tested by this kit too.
"""

from __future__ import annotations

import ctypes
import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from wrt_foundation.errors import BudgetExceeded
from wrt_foundation.memory.budget import Budget
from wrt_foundation.memory.errors import AllocationFailed, BudgetMisuse, MemoryClosed
from wrt_foundation.memory.linear_memory import LinearMemory
from wrt_foundation.memory.provider import MemoryProvider
from wrt_foundation.traps import Trap, TrapCode

__all__ = ["MemoryProviderConformance"]

PAGE = 65536
ZEROS = bytes(PAGE)


class MemoryProviderConformance:
    """What every memory provider must do. Inherit it in a class that pytest collects; define a fixture `provider`."""

    # --- bytes ---------------------------------------------------------------------------------------------

    def test_new_memory_reads_as_zero(self, provider: MemoryProvider) -> None:
        with LinearMemory(2, 2, provider=provider) as memory:
            assert memory.read(0, 2 * PAGE) == 2 * ZEROS

    def test_grown_memory_reads_as_zero(self, provider: MemoryProvider) -> None:
        with LinearMemory(1, 8, provider=provider) as memory:
            memory.fill(0, 0xFF, PAGE)
            for size in range(1, 8):
                assert memory.grow(1) == size
                assert memory.read(size * PAGE, PAGE) == ZEROS
                memory.fill(size * PAGE, 0xFF, PAGE)

    def test_reused_memory_reads_as_zero(self, provider: MemoryProvider) -> None:
        for _ in range(3):
            with LinearMemory(4, 4, provider=provider) as memory:
                assert memory.read(0, 4 * PAGE) == 4 * ZEROS, "one owner sees what another left"
                memory.fill(0, 0xFF, 4 * PAGE)

    def test_growth_keeps_contents_and_place(self, provider: MemoryProvider) -> None:
        with LinearMemory(1, 8, provider=provider) as memory:
            content = bytes(i * 7 & 0xFF for i in range(PAGE))
            memory.write(0, content)
            before = memory.view
            base = _address(before)
            assert memory.grow(7) == 1
            assert memory.read(0, PAGE) == content
            assert _address(memory.view) == base, "the memory moved"
            memory.write(10, b"after")
            assert bytes(before[10:15]) == b"after", "a view from before the growth sees other bytes"

    def test_regions_do_not_overlap(self, provider: MemoryProvider) -> None:
        with LinearMemory(1, 2, provider=provider) as one, LinearMemory(1, 2, provider=provider) as other:
            one.fill(0, 1, PAGE)
            other.fill(0, 2, PAGE)
            assert one.grow(1) == other.grow(1) == 1
            assert one.read(0, 2 * PAGE) == bytes([1]) * PAGE + ZEROS
            assert other.read(0, 2 * PAGE) == bytes([2]) * PAGE + ZEROS

    def test_sizes_need_no_alignment(self, provider: MemoryProvider) -> None:
        with LinearMemory(1, 100_000, page_size=1, provider=provider) as memory:
            for pages in (2, 4093, 4096, 70_000):
                size = memory.size
                assert memory.grow(pages) == size
                assert memory.read(size, pages) == bytes(pages)
                memory.write(size + pages - 1, b"!")
                with _raises(Trap):
                    memory.write(size + pages, b"!")

    # --- bounds --------------------------------------------------------------------------------------------

    def test_access_ends_where_the_memory_does(self, provider: MemoryProvider) -> None:
        with LinearMemory(1, 2, provider=provider) as memory:
            memory.write(PAGE - 4, b"last")
            assert memory.read(PAGE - 4, 4) == b"last"
            for address, length in ((PAGE - 3, 4), (PAGE, 1), (-1, 1), (0, PAGE + 1), (1 << 64, 1)):
                with _raises(Trap) as caught:
                    memory.read(address, length)
                assert caught[0].code is TrapCode.MEMORY_OUT_OF_BOUNDS
                with _raises(Trap):
                    memory.write(address, bytes(length))
            assert memory.read(PAGE - 4, 4) == b"last"

    def test_an_empty_memory_works(self, provider: MemoryProvider) -> None:
        with LinearMemory(0, 0, provider=provider) as memory:
            assert memory.size == 0
            assert memory.read(0, 0) == b""
            assert len(memory.view) == 0
            with _raises(Trap):
                memory.read(0, 1)
            assert memory.grow(1) == -1
        with LinearMemory(0, 1, provider=provider) as memory:
            assert memory.grow(1) == 0
            assert memory.read(0, PAGE) == ZEROS

    def test_growth_ends_at_the_maximum(self, provider: MemoryProvider) -> None:
        with LinearMemory(1, 3, provider=provider) as memory:
            assert memory.grow(3) == -1
            assert memory.grow(2) == 1
            assert memory.grow(1) == -1
            assert memory.size == 3

    def test_a_memory_without_maximum_can_be_had(self, provider: MemoryProvider) -> None:
        for address_bits in (32, 64):
            with LinearMemory(1, address_bits=address_bits, provider=provider) as memory:
                memory.write(PAGE - 1, b"!")
                # Where the host has room for no more, growth may fail; the memory is as it was then.
                assert memory.grow(1) in (1, -1)
                assert memory.read(PAGE - 1, 1) == b"!"

    # --- refusals ------------------------------------------------------------------------------------------

    def test_what_no_host_has_is_refused(self, provider: MemoryProvider) -> None:
        owner = _owner(provider)
        for size in (1 << 62, 1 << 64):
            # Where the provider has a limit, that refuses first.
            with _raises((AllocationFailed, BudgetExceeded)):
                provider.allocate(size, owner=owner)
        assert owner.used == 0
        assert provider.statistics.regions == 0
        assert provider.statistics.refusals == 2

    def test_a_budget_refuses_an_allocation(self, provider: MemoryProvider) -> None:
        owner = _owner(provider, PAGE)
        with _raises(BudgetExceeded):
            provider.allocate(PAGE + 1, owner=owner)
        assert owner.used == 0
        assert provider.statistics.regions == 0
        provider.allocate(PAGE, owner=owner).release()

    def test_a_budget_refuses_growth(self, provider: MemoryProvider) -> None:
        owner = _owner(provider, 2 * PAGE)
        with LinearMemory(1, 8, provider=provider, owner=owner) as memory:
            memory.write(0, b"kept")
            assert memory.grow(2) == -1
            assert (memory.size, owner.used) == (1, PAGE)
            assert memory.grow(1) == 1
            assert (memory.size, owner.used) == (2, 2 * PAGE)
            assert memory.read(0, 4) == b"kept"

    def test_a_region_keeps_to_its_reservation(self, provider: MemoryProvider) -> None:
        with provider.allocate(PAGE, 2 * PAGE, owner=_owner(provider)) as region:
            with _raises(AllocationFailed):
                region.grow(region.reservation + 1)
            assert region.size == PAGE
            with _raises(ValueError):
                region.grow(PAGE - 1)

    # --- the end -------------------------------------------------------------------------------------------

    def test_release_returns_what_was_taken(self, provider: MemoryProvider) -> None:
        owner = _owner(provider)
        with LinearMemory(1, 4, provider=provider, owner=owner) as memory:
            memory.grow(2)
            assert owner.used == 3 * PAGE
            assert provider.held_by_owner() == {owner.name: 3 * PAGE}
        assert owner.used == 0
        assert provider.held_by_owner() == {}
        statistics = provider.statistics
        assert (statistics.regions, statistics.bytes_held, statistics.bytes_reserved) == (0, 0, 0)
        assert (statistics.allocations, statistics.growths, statistics.releases) == (1, 1, 1)
        assert statistics.peak_bytes == 3 * PAGE

    def test_what_is_dropped_is_returned(self, provider: MemoryProvider) -> None:
        owner = _owner(provider)
        memory = LinearMemory(1, provider=provider, owner=owner)
        memory.write(0, b"!")
        del memory
        gc.collect()
        assert owner.used == 0
        assert provider.statistics.regions == 0

    def test_a_view_keeps_dropped_memory(self, provider: MemoryProvider) -> None:
        memory = LinearMemory(1, provider=provider, owner=_owner(provider))
        memory.write(0, b"still here")
        view = memory.view
        del memory
        gc.collect()
        assert bytes(view[:10]) == b"still here"

    def test_views_of_released_memory_raise(self, provider: MemoryProvider) -> None:
        memory = LinearMemory(1, 2, provider=provider)
        old, words = memory.view, memory.views["I"]
        memory.grow(1)
        new = memory.view
        memory.close()
        for view in (old, new, *words):
            with _raises(ValueError):
                view[0]
        for access in (lambda: memory.read(0, 1), lambda: memory.view, lambda: memory.size, lambda: memory.grow(0)):
            with _raises(MemoryClosed):
                access()

    def test_what_outlives_a_release_tells_nothing(self, provider: MemoryProvider) -> None:
        memory = LinearMemory(1, provider=provider, owner=_owner(provider))
        memory.write(1000, b"secret")
        outliving = memory.view[1000:1006]
        memory.close()
        assert bytes(outliving) != b"secret"
        outliving[0] = 1  # Nobody's any more, and no crash.

    def test_a_region_is_released_once(self, provider: MemoryProvider) -> None:
        region = provider.allocate(PAGE, owner=_owner(provider))
        region.release()
        with _raises(BudgetMisuse):
            region.release()
        with _raises(MemoryClosed):
            region.grow(2 * PAGE)
        assert provider.statistics.releases == 1

    def test_a_closing_budget_takes_its_memory_along(self, provider: MemoryProvider) -> None:
        owner = _owner(provider)
        memory = LinearMemory(1, provider=provider, owner=owner)
        view = memory.view
        owner.close()
        assert memory.closed
        with _raises(ValueError):
            view[0]
        assert provider.statistics.regions == 0
        memory.close()

    # --- many at once --------------------------------------------------------------------------------------

    def test_threads_do_not_get_in_each_others_way(self, provider: MemoryProvider) -> None:
        owner = _owner(provider, 8 * PAGE)
        errors: list[BaseException] = []

        def hammer(number: int) -> None:
            try:
                for turn in range(30):
                    with LinearMemory(1, 2, provider=provider, owner=owner) as memory:
                        mark = bytes([number, turn]) * (PAGE // 2)
                        assert memory.read(0, PAGE) == ZEROS
                        memory.write(0, mark)
                        assert memory.grow(1) == 1
                        assert memory.read(0, 2 * PAGE) == mark + ZEROS
            except BaseException as error:  # noqa: BLE001 - it is handed to the thread that tests
                errors.append(error)

        threads = [threading.Thread(target=hammer, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert errors == []
        assert owner.used == 0
        statistics = provider.statistics
        assert (statistics.regions, statistics.allocations, statistics.growths) == (0, 120, 120)


def _owner(provider: MemoryProvider, limit: int | None = None) -> Budget:
    return Budget("conformance", limit, provider.budget)


def _address(view: memoryview) -> int:
    return ctypes.addressof(ctypes.c_char.from_buffer(view))


@contextmanager
def _raises(kind: type[Exception] | tuple[type[Exception], ...]) -> Iterator[list[Any]]:
    """Do what `pytest.raises` does, so that the kit can be imported where pytest is not."""
    caught: list[Any] = []
    try:
        yield caught
    except kind as error:
        caught.append(error)
    else:
        raise AssertionError(f"{kind} was not raised")
