"""A view of a memory that is used too late raises: it reads neither another's memory nor what is gone, nor crashes."""

from __future__ import annotations

import gc
import struct

import pytest

from wrt_foundation.memory.errors import MemoryClosed

TEXT = """(module (memory (export "memory") 1 4)
  (func (export "grow") (result i32) (memory.grow (i32.const 1)))
  (func (export "store") (param i32 i32) (i32.store (local.get 0) (local.get 1)))
  (func (export "load") (param i32) (result i32) (i32.load (local.get 0))))"""

PAGE = 65_536


@pytest.fixture
def instance(instantiate):
    return instantiate(TEXT)


def test_a_view_from_before_a_growth_is_the_same_bytes_and_no_longer(instance):
    memory = instance.exports.memory
    view, words = memory.view, memory.view.cast("I")
    assert instance.exports.grow() == 1
    instance.exports.store(8, 0x01020304)
    assert view[8:12].tobytes() == b"\4\3\2\1"
    assert words[2] == 0x01020304
    assert len(view) == PAGE
    view[0] = 5
    assert instance.exports.load(0) == 5
    for use in (lambda: view[PAGE], lambda: words[PAGE // 4], lambda: struct.unpack_from("<I", view, PAGE)):
        with pytest.raises((IndexError, struct.error)):
            use()
    assert len(memory.view) == 2 * PAGE


def test_a_view_raises_after_its_memory_was_closed(instance):
    memory = instance.exports.memory
    view = memory.view
    memory.close()
    for use in (
        lambda: view[0],
        lambda: bytes(view),
        lambda: view.__setitem__(0, 1),
        lambda: view[:4],
        lambda: len(view),
    ):
        with pytest.raises(ValueError, match="released"):
            use()
    for use in (lambda: memory.view, lambda: memory.views, lambda: memory.read(0, 1), lambda: memory.write(0, b"1")):
        with pytest.raises(MemoryClosed):
            use()


def test_a_slice_of_a_view_outlives_the_memory_and_shows_nothing_of_others(instance, instantiate):
    memory = instance.exports.memory
    instance.exports.store(0, 0x55555555)
    part = memory.view[:16]
    memory.close()
    assert bytes(part) == bytes(16), "what was there is cleared"
    other = instantiate(TEXT)
    other.exports.store(0, 0x77777777)
    assert bytes(part) == bytes(16), "and what comes after is elsewhere"
    part[0] = 9
    assert other.exports.load(0) == 0x77777777


def test_a_guest_whose_memory_was_closed_fails_and_does_not_crash(instance):
    instance.exports.store(0, 1)
    instance.exports.memory.close()
    for _ in range(3):
        with pytest.raises(Exception, match=r"closed|released|out of bounds"):
            instance.exports.load(0)
        with pytest.raises(Exception, match=r"closed|released|out of bounds"):
            instance.exports.grow()


def test_a_view_of_a_memory_that_nobody_holds_is_still_good(instantiate):
    instance = instantiate(TEXT)
    instance.exports.store(0, 0x01020304)
    view = instance.exports.memory.view
    del instance
    gc.collect()
    others = [instantiate(TEXT) for _ in range(4)]
    for other in others:
        other.exports.store(0, -1)
    assert bytes(view[:4]) == b"\4\3\2\1"


def test_numpy_sees_the_same(instance):
    numpy = pytest.importorskip("numpy")
    array = numpy.frombuffer(instance.exports.memory.view, dtype=numpy.uint8)
    instance.exports.grow()
    instance.exports.store(0, 3)
    assert array[0] == 3
    assert len(array) == PAGE
    instance.exports.memory.close()
    assert not array.any()
