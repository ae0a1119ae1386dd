"""Linear memory: sizes, bounds, growth, bulk operations, and what becomes of views."""

from __future__ import annotations

import array
import ctypes
import gc
import hashlib
import io
import os
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wrt_foundation.errors import ValidationError
from wrt_foundation.memory import (
    AllocationFailed,
    BasicMemoryProvider,
    Budget,
    LinearMemory,
    MemoryClosed,
    MemoryRequest,
    UnsupportedHost,
)
from wrt_foundation.traps import Trap, TrapCode

PAGE = 65536


@pytest.fixture
def memory() -> Iterator[LinearMemory]:
    with LinearMemory(1, 4) as memory:
        yield memory


def trapped(access: Callable[[], object]) -> None:
    with pytest.raises(Trap, match=r"^out of bounds memory access$") as caught:
        access()
    assert caught.value.code is TrapCode.MEMORY_OUT_OF_BOUNDS


# --- sizes and growth --------------------------------------------------------------------------------------


def test_sizes(memory: LinearMemory) -> None:
    assert (memory.size, memory.byte_length, memory.minimum, memory.maximum) == (1, PAGE, 1, 4)
    assert memory.grow(0) == 1
    assert memory.grow(2) == 1
    assert (memory.size, memory.byte_length, memory.minimum, memory.maximum) == (3, 3 * PAGE, 1, 4)
    assert memory.grow(2) == -1
    assert memory.grow(1 << 64) == -1
    assert memory.grow(1) == 3
    assert memory.grow(0) == 4
    assert repr(memory) == "<LinearMemory of 4 pages, at most 4>"
    with pytest.raises(ValueError, match="does not shrink"):
        memory.grow(-1)


@pytest.mark.parametrize(
    ("page_size", "address_bits", "most"),
    [(PAGE, 32, 1 << 16), (1, 32, (1 << 32) - 1), (PAGE, 64, 1 << 48), (1, 64, (1 << 64) - 1)],
)
def test_the_address_space_bounds_the_type(page_size: int, address_bits: int, most: int) -> None:
    def make(minimum: int, maximum: int | None) -> LinearMemory:
        return LinearMemory(minimum, maximum, page_size=page_size, address_bits=address_bits)

    with make(0, most) as memory:
        assert memory.maximum == most
    for minimum, maximum in ((0, most + 1), (most + 1, most + 1), (most + 1, None)):
        with pytest.raises(ValidationError, match=f"^memory size must be at most {most} pages$"):
            make(minimum, maximum)


def test_a_memory_grows_to_the_whole_address_space() -> None:
    with LinearMemory(0) as memory:
        assert memory.region.reservation == 1 << 32
        assert memory.grow(65537) == -1
        assert memory.grow(65536) == 0
        memory.write((1 << 32) - 4, b"last")
        assert memory.views["I"][0][(1 << 30) - 1] == int.from_bytes(b"last", "little")
        trapped(lambda: memory.read((1 << 32) - 3, 4))
        assert memory.grow(1) == -1
    with LinearMemory(0, page_size=1) as memory:
        assert memory.grow((1 << 32) - 1) == 0
        assert memory.grow(1) == -1


def test_a_64_bit_memory_reserves_with_sense() -> None:
    with LinearMemory(1, 1 << 48, address_bits=64) as memory:
        assert memory.region.reservation == 64 << 30
        assert memory.grow(1 << 20) == -1
        assert memory.grow(100_000) == 1  # Past four gigabytes.
        memory.write(5 << 30, b"far")
        assert memory.read(5 << 30, 3) == b"far"
    with pytest.raises(AllocationFailed):
        LinearMemory(1 << 48, address_bits=64)


def test_types_that_are_not_valid() -> None:
    for page_size in (0, 2, 4096, 65535, 1 << 17):
        with pytest.raises(ValidationError, match="^invalid custom page size$"):
            LinearMemory(1, page_size=page_size)
    with pytest.raises(ValidationError, match="^size minimum must not be greater than maximum$"):
        LinearMemory(2, 1)
    with pytest.raises(ValidationError, match="^shared memory must have maximum$"):
        LinearMemory(1, shared=True)
    with pytest.raises(ValidationError, match="at most"):
        LinearMemory(-1)
    with pytest.raises(ValueError, match="32 or 64 bits"):
        LinearMemory(1, address_bits=16)


def test_big_endian_hosts_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "byteorder", "big")
    with pytest.raises(UnsupportedHost, match="little-endian"):
        LinearMemory(1)


def test_growth_of_a_shared_memory_is_atomic() -> None:
    class Slow(BasicMemoryProvider):
        def admit(self, request: MemoryRequest) -> None:
            time.sleep(0)  # Another thread's turn, in the middle of a growth.

    befores: list[int] = []
    with LinearMemory(1, 401, page_size=1, shared=True, provider=Slow()) as memory:
        sizes: list[int] = []
        memory.attach(lambda: sizes.append(memory.size))

        def grow() -> None:
            befores.extend(memory.grow(1) for _ in range(100))

        threads = [threading.Thread(target=grow) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(befores) == list(range(1, 401))
        assert sizes == list(range(2, 402))
        assert memory.grow(1) == -1


# --- access ------------------------------------------------------------------------------------------------

NO_RANGES = [(PAGE, 1), (PAGE - 3, 4), (0, PAGE + 1), (PAGE + 1, 0), (-1, 1), (-4, 8), (1 << 32, 0), (1 << 70, 1)]


@pytest.mark.parametrize(("address", "length"), NO_RANGES)
def test_every_access_checks_both_ends(memory: LinearMemory, address: int, length: int) -> None:
    data = b"\1" * min(length, PAGE + 1)
    trapped(lambda: memory.read(address, length))
    trapped(lambda: memory.write(address, data))
    trapped(lambda: memory.fill(address, 1, length))
    trapped(lambda: memory.copy(address, 0, length))
    trapped(lambda: memory.copy(0, address, length))
    trapped(lambda: memory.init(address, 0, length, data))
    trapped(lambda: memory.init(0, address, length, b"\1" * PAGE))
    assert memory.read(0, PAGE) == bytes(PAGE)


def test_lengths_are_not_negative(memory: LinearMemory) -> None:
    trapped(lambda: memory.read(10, -1))
    trapped(lambda: memory.fill(10, 0, -1))
    trapped(lambda: memory.copy(10, 10, -1))
    trapped(lambda: memory.init(10, 10, -1, bytes(20)))


def test_nothing_is_a_valid_range_up_to_the_very_end(memory: LinearMemory) -> None:
    assert memory.read(PAGE, 0) == b""
    memory.write(PAGE, b"")
    memory.fill(PAGE, 1, 0)
    memory.copy(PAGE, PAGE, 0)
    memory.init(PAGE, 3, 0, b"abc")


def test_anything_with_a_buffer_can_be_written(memory: LinearMemory) -> None:
    for data in (b"\1\2\3\4", bytearray(b"\1\2\3\4"), memoryview(b"\1\2\3\4"), array.array("I", [0x04030201])):
        memory.write(8, data)
        assert memory.read(7, 6) == b"\0\1\2\3\4\0"
        memory.fill(0, 0, 16)
    memory.write(8, array.array("I"))
    trapped(lambda: memory.write(PAGE - 3, array.array("I", [1])))
    with pytest.raises(TypeError):
        memory.write(0, "text")  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        memory.write(0, memoryview(b"12345678")[::2])


def test_fill(memory: LinearMemory) -> None:
    memory.fill(10, 0x1FF, 5)
    assert memory.read(8, 10) == b"\0\0" + b"\xff" * 5 + b"\0\0\0"
    with LinearMemory(64) as large:
        large.fill(1, 7, (3 << 20) + 5)
        assert large.read(0, (3 << 20) + 7) == b"\0" + b"\7" * ((3 << 20) + 5) + b"\0"


@given(destination=st.integers(0, 40), source=st.integers(0, 40), length=st.integers(0, 40))
def test_copy_is_as_if_through_a_buffer(destination: int, source: int, length: int) -> None:
    with LinearMemory(64, 64, page_size=1) as memory:
        model = bytearray(range(64))
        memory.write(0, model)
        if max(destination, source) + length > 64:
            trapped(lambda: memory.copy(destination, source, length))
        else:
            memory.copy(destination, source, length)
            model[destination : destination + length] = model[source : source + length]
        assert memory.read(0, 64) == model


def test_copy_between_memories(memory: LinearMemory) -> None:
    with LinearMemory(10, page_size=1) as small:
        small.write(0, b"0123456789")
        memory.copy(100, 2, 8, origin=small)
        assert memory.read(99, 10) == b"\x0023456789\0"
        trapped(lambda: memory.copy(0, 2, 9, origin=small))
        trapped(lambda: small.copy(3, 0, 8, origin=memory))
        small.close()
        with pytest.raises(MemoryClosed):
            memory.copy(0, 0, 1, origin=small)


def test_init_is_bounded_by_the_segment_too(memory: LinearMemory) -> None:
    memory.init(4, 1, 3, b"abcd")
    assert memory.read(3, 5) == b"\0bcd\0"
    trapped(lambda: memory.init(4, 1, 4, b"abcd"))
    trapped(lambda: memory.init(0, 0, 1, b""))
    trapped(lambda: memory.init(0, 5, 0, b"abcd"))


def test_checks_hold_under_optimised_python() -> None:
    code = "from wrt_foundation.memory import LinearMemory; LinearMemory(1).read(65536, 1)"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    result = subprocess.run(
        [sys.executable, "-O", "-c", code], capture_output=True, text=True, env=environment, check=False
    )
    assert result.stderr.endswith("Trap: out of bounds memory access\n")


# --- the listener ------------------------------------------------------------------------------------------


def test_listeners_are_told_of_growth_and_nothing_else(memory: LinearMemory) -> None:
    told: list[int] = []
    detach = memory.attach(lambda: told.append(memory.byte_length))
    memory.grow(0)
    memory.grow(100)
    assert told == []
    memory.grow(1)
    memory.grow(2)
    assert told == [2 * PAGE, 4 * PAGE]
    detach()
    detach()
    with LinearMemory(1, 2) as other:
        other.attach(lambda: told.append(-1))
        detach()
        other.grow(1)
    assert told[2:] == [-1]


def test_detaching_ends_one_listener_alone(memory: LinearMemory) -> None:
    told: list[str] = []
    detach_one = memory.attach(lambda: told.append("one"))
    memory.attach(lambda: told.append("two"))
    detach_one()
    memory.attach(lambda: told.append("three"))
    detach_one()
    memory.grow(1)
    assert sorted(told) == ["three", "two"]


def test_a_listening_instance_is_not_kept_alive(memory: LinearMemory) -> None:
    class Instance:
        count = 0

        def rebind(self) -> None:
            Instance.count += 1

    instance = Instance()
    memory.attach(instance.rebind)
    memory.grow(1)
    gone = weakref.ref(instance)
    del instance
    gc.collect()
    assert gone() is None
    memory.grow(1)
    assert Instance.count == 1


def test_a_listener_that_raises_does_not_keep_others_from_hearing(memory: LinearMemory) -> None:
    told: list[str] = []

    def fail() -> None:
        told.append("fail")
        raise ZeroDivisionError

    memory.attach(fail)
    memory.attach(lambda: told.append("second"))
    with pytest.raises(ZeroDivisionError):
        memory.grow(1)
    assert told == ["fail", "second"]
    assert memory.size == 2


# --- views -------------------------------------------------------------------------------------------------


def test_the_view_is_the_memory(memory: LinearMemory) -> None:
    view = memory.view
    view[0:2] = b"hi"
    assert memory.read(0, 2) == b"hi"
    assert (len(view), view.readonly, view.format) == (PAGE, False, "B")
    memory.grow(1)
    assert (len(view), len(memory.view)) == (PAGE, 2 * PAGE)
    memory.write(2, b"!")
    assert bytes(view[:3]) == b"hi!"


@pytest.mark.skipif(sys.version_info < (3, 12), reason="classes in Python offer buffers from 3.12 on")
def test_the_buffer_protocol(memory: LinearMemory) -> None:
    memory.write(0, b"buffer")
    view = memoryview(memory)
    assert (len(view), bytes(view[:6])) == (PAGE, b"buffer")
    view[0] = ord("B")
    assert memory.read(0, 6) == b"Buffer"
    assert io.BytesIO(memory).read(6) == b"Buffer"


def test_other_exporters_stay_safe_after_close(memory: LinearMemory) -> None:
    memory.write(0, b"secret")
    exported = (ctypes.c_char * 6).from_buffer(memory.view)
    sliced = memory.view[0:6]
    memory.close()
    assert exported.raw == sliced.tobytes() == bytes(6)
    exported[0] = b"!"
    sliced[1] = 1


def test_views_given_back_early_are_no_trouble(memory: LinearMemory) -> None:
    with memory.view as view:
        view[0] = 1
    memory.view.release()
    assert memory.read(0, 1) == b"\1"
    memory.grow(1)
    assert memory.read(0, 1) == b"\1"


def test_polling_for_views_does_not_pile_up(memory: LinearMemory) -> None:
    for _ in range(1000):
        memory.view[0]
    memory.views["Q"]
    for _ in range(3):
        memory.grow(1)
    assert len(memory.region._lent) < 30


def test_closing_while_another_thread_reads(memory: LinearMemory) -> None:
    # hashlib reads without the interpreter's lock: the bytes must stay where they are until it is done.
    with LinearMemory(512) as large:
        view = large.view
        digests: list[str] = []
        started = threading.Event()

        def read() -> None:
            started.set()
            try:
                digests.append(hashlib.sha256(view).hexdigest())
            except ValueError:
                digests.append("closed first")

        thread = threading.Thread(target=read)
        thread.start()
        started.wait()
        large.close()
        thread.join()
        assert len(digests) == 1


# --- the end -----------------------------------------------------------------------------------------------


def test_closed_memory_says_so(memory: LinearMemory) -> None:
    memory.close()
    memory.close()
    assert memory.closed
    assert repr(memory) == "<LinearMemory, closed>"
    for use in (
        lambda: memory.read(0, 0),
        lambda: memory.write(0, b""),
        lambda: memory.fill(0, 0, 0),
        lambda: memory.copy(0, 0, 0),
        lambda: memory.init(0, 0, 0, b""),
        lambda: memory.grow(0),
        lambda: memory.grow(1),
        lambda: memory.size,
        lambda: memory.byte_length,
        lambda: memory.view,
        lambda: memory.views,
    ):
        with pytest.raises(MemoryClosed, match="the memory is closed"):
            use()


def test_a_memory_that_cannot_be_had_costs_nothing() -> None:
    owner = Budget("owner")
    with pytest.raises(AllocationFailed):
        LinearMemory(1 << 46, address_bits=64, owner=owner)
    assert owner.used == 0


def test_memory_is_freed_without_the_cycle_collector() -> None:
    owner = Budget("owner")
    gc.disable()
    try:
        memory = LinearMemory(1, 2, owner=owner)
        memory.attach(lambda: None)
        memory.grow(1)
        memory.views["I"]
        del memory
        assert owner.used == 0
    finally:
        gc.enable()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_forked_child_has_a_memory_of_its_own(memory: LinearMemory) -> None:
    memory.write(0, b"parent")
    child = os.fork()
    if child == 0:
        memory.write(0, b"child!")
        budget = Budget("child")
        budget.charge(1)
        os._exit(0 if memory.read(0, 6) == b"child!" else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert memory.read(0, 6) == b"parent"


def test_thousands_of_memories_at_once() -> None:
    provider = BasicMemoryProvider()
    memories = [LinearMemory(1, provider=provider) for _ in range(2000)]
    for number, memory in enumerate(memories):
        memory.write(0, number.to_bytes(4, "little"))
    assert all(memory.views["I"][0][0] == number for number, memory in enumerate(memories))
    assert provider.statistics.regions == 2000
    for memory in memories:
        memory.close()
    assert provider.statistics.bytes_reserved == 0
