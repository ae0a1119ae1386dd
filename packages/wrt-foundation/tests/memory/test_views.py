"""Typed views: every access in bounds, aligned or not, and not one more."""

from __future__ import annotations

import gc
import struct

import pytest

from wrt_foundation.errors import CapabilityDenied
from wrt_foundation.memory import (
    FORMATS,
    LinearMemory,
    MemoryClosed,
    MemoryOperation,
    default_provider,
    overlapping,
)
from wrt_foundation.memory.budgeted import BudgetedMemoryProvider


@pytest.fixture(params=["by C's means", "by choosing"])
def means(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The two ways to make an overlapping view, of which the second is for where the first can't be."""
    if request.param == "by choosing":
        monkeypatch.setattr(overlapping, "_is_possible", lambda: False)
    return str(request.param)


def test_this_python_makes_overlapping_views() -> None:
    assert overlapping._is_possible()


@pytest.mark.parametrize("code", FORMATS)
@pytest.mark.parametrize("size", [0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 33])
@pytest.mark.parametrize("start", [0, 1, 3, 8, 40])
@pytest.mark.usefixtures("means")
def test_an_overlapping_view_reaches_just_what_is_in_bounds(code: str, size: int, start: int) -> None:
    width = struct.calcsize(code)
    with LinearMemory(size, size + 9, page_size=1) as memory:
        memory.write(0, bytes(i * 37 + 11 & 0x3F for i in range(size)))
        view = memory.views.overlapping(code, start)
        memory.grow(9)  # it is as long as the memory was
        for address in [*range(size + 20), (1 << 32) - 1, 1 << 33, 1 << 64, 1 << 65]:
            if start <= address <= size - width:
                assert view[address - start] == struct.unpack("<" + code, memory.read(address, width))[0]
                view[address - start] = view[address - start]
            elif address >= start:
                with pytest.raises(IndexError):
                    view[address - start]
                with pytest.raises(IndexError):
                    view[address - start] = 0
        assert memory.read(0, size) == bytes(i * 37 + 11 & 0x3F for i in range(size))


@pytest.mark.parametrize("code", FORMATS)
@pytest.mark.usefixtures("means")
def test_stores_at_any_byte(code: str) -> None:
    width = struct.calcsize(code)
    with LinearMemory(64, page_size=1) as memory:
        view = memory.views.overlapping(code, 2)
        for address in range(20):
            memory.fill(0, 0, 64)
            view[address] = 5
            assert memory.read(0, 64) == bytes(address + 2) + struct.pack("<" + code, 5) + bytes(62 - address - width)
        for beyond in (1 << 8 * width, "1"):
            if code in "fd" and isinstance(beyond, int):
                continue
            with pytest.raises((ValueError, TypeError)):
                view[0] = beyond


@pytest.mark.parametrize("code", FORMATS)
@pytest.mark.parametrize("size", [0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 33])
def test_a_view_reaches_just_what_is_in_bounds(code: str, size: int) -> None:
    width = struct.calcsize(code)
    mask, shift = width - 1, width.bit_length() - 1
    with LinearMemory(size, size, page_size=1) as memory:
        memory.write(0, bytes(i * 37 + 11 & 0x3F for i in range(size)))
        views = memory.views[code]
        assert len(views) == width
        for address in [*range(size + 20), (1 << 32) - 1, 1 << 33, 1 << 64, 1 << 65]:
            if address + width <= size:
                assert (
                    views[address & mask][address >> shift] == struct.unpack("<" + code, memory.read(address, width))[0]
                )
            else:
                with pytest.raises(IndexError):
                    views[address & mask][address >> shift]
                with pytest.raises(IndexError):
                    views[address & mask][address >> shift] = 0


@pytest.mark.parametrize(
    ("code", "value"),
    [
        *(("B", 255), ("b", -2), ("H", 65534), ("h", -3), ("I", 2**32 - 4), ("i", -5), ("Q", 2**64 - 6), ("q", -7)),
        *(("f", 1.5), ("d", -1e300)),
    ],
)
def test_stores(code: str, value: float) -> None:
    width = struct.calcsize(code)
    with LinearMemory(64, page_size=1) as memory:
        for address in range(20):
            memory.fill(0, 0, 64)
            memory.views[code][address % width][address // width] = value
            assert memory.read(0, 64) == bytes(address) + struct.pack("<" + code, value) + bytes(64 - address - width)


def test_views_are_made_when_asked_for_and_kept() -> None:
    with LinearMemory(1) as memory:
        views = memory.views
        assert len(views) == 0
        words = views["I"]
        assert memory.views is views
        assert memory.views["I"] is words
        assert list(views) == ["I"]
        for unknown in ("c", "", "II", "<I", "x"):
            with pytest.raises(KeyError):
                views[unknown]


def test_growth_makes_new_views_and_leaves_the_old_ones() -> None:
    with LinearMemory(1, 3, page_size=1) as memory:
        old = memory.views
        old["B"][0][0] = 1
        memory.grow(2)
        new = memory.views
        assert new is not old
        assert (len(old["B"][0]), len(new["B"][0])) == (1, 3)
        new["B"][0][0] = 2
        assert old["B"][0][0] == 2
        # A format that is first asked for after the growth is of the views' own size too.
        assert (len(old["H"][0]), len(new["H"][0])) == (0, 1)


def test_views_end_with_the_memory() -> None:
    memory = LinearMemory(1, 2)
    old = memory.views
    made = old["Q"]
    memory.grow(1)
    memory.close()
    for view in made:
        with pytest.raises(ValueError, match="released"):
            view[0]
    with pytest.raises(ValueError, match="closed"):
        old["I"]


def test_overlapping_views_end_with_the_memory() -> None:
    memory = LinearMemory(1, 2)
    old = memory.views
    made = old.overlapping("Q")
    memory.grow(1)
    memory.close()
    with pytest.raises(ValueError, match="released"):
        made[0]
    with pytest.raises(MemoryClosed):
        old.overlapping("I")


def test_an_overlapping_view_keeps_dropped_memory() -> None:
    memory = LinearMemory(1)
    memory.write(5, b"still here")
    view = memory.views.overlapping("I", 5)
    del memory
    gc.collect()
    assert view[0] == int.from_bytes(b"stil", "little")
    assert default_provider().statistics.regions >= 1


def test_overlapping_views_are_no_more_than_the_provider_allows() -> None:
    provider = BudgetedMemoryProvider()
    memory = LinearMemory(1, provider=provider)
    provider.operations &= ~MemoryOperation.WRITE
    view = memory.views.overlapping("I")
    assert view[3] == 0
    with pytest.raises(TypeError, match="read-only"):
        view[3] = 1
    provider.operations &= ~MemoryOperation.READ
    with pytest.raises(CapabilityDenied):
        memory.views.overlapping("I")
    with pytest.raises(KeyError):
        memory.views.overlapping("x")
