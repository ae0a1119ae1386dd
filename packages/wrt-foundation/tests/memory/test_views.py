"""Typed views: every access in bounds, aligned or not, and not one more."""

from __future__ import annotations

import struct

import pytest

from wrt_foundation.memory import FORMATS, LinearMemory


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
