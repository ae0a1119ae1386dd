"""The conformance kit fails providers that deserve it: each of these breaks one promise."""

from __future__ import annotations

import inspect
from collections.abc import Callable

import pytest

from wrt_foundation.memory import BasicMemoryProvider, MemoryProvider, Region
from wrt_foundation.testing import MemoryProviderConformance

KIT = dict(inspect.getmembers(MemoryProviderConformance, inspect.isfunction))


class Dirty(MemoryProvider):
    """Gives out bytes that are not zero."""

    def reserve(self, length: int) -> bytearray:
        if length > 1 << 22:
            raise MemoryError
        return bytearray(b"\1" * length)


class Recycling(MemoryProvider):
    """Hands the last owner's bytes to the next one."""

    def __init__(self) -> None:
        super().__init__(reservation_cap=1 << 20)
        self.spare: list[bytearray] = []

    def reserve(self, length: int) -> bytearray:
        if length > 1 << 22:
            raise MemoryError
        return self.spare.pop() if self.spare else bytearray(1 << 22)

    def free(self, region: Region) -> None:
        self.spare.append(region.exporter)  # type: ignore[arg-type]


class Shared(Recycling):
    """Gives everybody the same bytes."""

    same = bytearray(1 << 22)

    def reserve(self, length: int) -> bytearray:
        super().reserve(length)
        return self.same


class Dirtying(BasicMemoryProvider):
    """Writes into what it commits."""

    def commit(self, region: Region, size: int) -> None:
        with region.whole() as whole:
            whole[size - 1 if size else 0] = 1


class Leaking(BasicMemoryProvider):
    """Ends nothing."""

    def _lapse(self, lease: object) -> None:
        return


class Telling(BasicMemoryProvider):
    """Leaves what was written for whoever still looks."""

    def free(self, region: Region) -> None:
        region.unmap()


class Crashing(BasicMemoryProvider):
    """Refuses with an error of its own."""

    def reserve(self, length: int) -> bytearray:  # type: ignore[override]
        if length > 1 << 33:
            raise ZeroDivisionError
        return bytearray(1 << 20)


class Uncharged(BasicMemoryProvider):
    """Charges nobody for growth."""

    def _grow(self, region: Region, lease: object, size: int) -> None:
        self._commit(region, lease, size)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("make", "failed"),
    [
        (Recycling, {"test_reused_memory_reads_as_zero"}),
        (Shared, {"test_regions_do_not_overlap"}),
        (Dirtying, {"test_new_memory_reads_as_zero", "test_grown_memory_reads_as_zero"}),
        (Dirty, {"test_new_memory_reads_as_zero"}),
        (Leaking, {"test_release_returns_what_was_taken", "test_what_is_dropped_is_returned"}),
        (Telling, {"test_what_outlives_a_release_tells_nothing"}),
        (Crashing, {"test_what_no_host_has_is_refused"}),
        (Uncharged, {"test_a_budget_refuses_growth", "test_a_region_keeps_to_its_reservation"}),
    ],
)
def test_a_broken_promise_is_found(make: Callable[[], MemoryProvider], failed: set[str]) -> None:
    for name in failed:
        with pytest.raises((AssertionError, ZeroDivisionError, ValueError)):
            KIT[name](MemoryProviderConformance(), make())


def test_the_kit_has_a_test_for_each_promise() -> None:
    assert all(name.startswith("test_") for name in KIT)
    assert len(KIT) > 20
