"""Atomic instructions and shared memories, with threads that really run at the same time."""

from __future__ import annotations

import signal
import sys
import threading
import time

import pytest

from wrt_core import EngineFactory, Memory
from wrt_core.runtime.waiting import WaitingList, WaitResult
from wrt_core.testing.assembler import ModuleBuilder
from wrt_foundation.features import Feature
from wrt_foundation.instructions import INSTRUCTIONS
from wrt_foundation.memory.errors import MemoryClosed
from wrt_foundation.traps import Trap
from wrt_foundation.types import I64, Limits, MemoryType

PAGE = 65_536
ATOMIC = [each for each in INSTRUCTIONS if each.feature is Feature.THREADS and each.atomic]
ACCESSING = [each for each in ATOMIC if not each.name.startswith("memory.")]
FOR_EVER = 30  # Seconds within which a thread that can end has ended.


@pytest.fixture(scope="module")
def engine():
    return EngineFactory.create("stackless")


@pytest.fixture
def hurried():
    """Threads that take turns all the time."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def shared_memory(minimum=1, maximum=4):
    return Memory(MemoryType(Limits(minimum, maximum), shared=True))


def trap_message(function, *arguments):
    with pytest.raises(Trap) as caught:
        function(*arguments)
    return str(caught.value)


def signature(instruction, address="i32"):
    operands = [address if each == "a" else each for each in instruction.operands]
    return f"{' '.join(operands)} -> {' '.join(instruction.results)}"


def gets(instruction):
    return " ".join(f"local.get {index}" for index in range(len(instruction.operands)))


def changed(instruction, old, *operands):
    """What an instruction leaves in memory, and what it returns."""
    mask = (1 << 8 * instruction.width) - 1
    operation = instruction.name.rpartition(".")[2].removesuffix("_u")
    new = {
        "add": lambda value: old + value,
        "sub": lambda value: old - value,
        "and": lambda value: old & value,
        "or": lambda value: old | value,
        "xor": lambda value: old ^ value,
        "xchg": lambda value: value,
        "cmpxchg": lambda expected, value: value if expected & mask == old else old,
    }.get(operation)
    if new is not None:
        return new(*operands) & mask, old
    if operation.startswith("load"):
        return old, old
    return operands[0] & mask, None


@pytest.mark.parametrize("instruction", ACCESSING, ids=str)
@pytest.mark.parametrize("shared", [False, True], ids=["own", "shared"])
def test_accesses(engine, instruction, shared):
    width = instruction.width
    builder = ModuleBuilder()
    builder.memory(1, 1, shared=shared)
    builder.function("access", signature(instruction), f"{gets(instruction)} {instruction.name} 8")
    builder.function("far", signature(instruction), f"{gets(instruction)} {instruction.name} {2**32 - 8}")
    constants = " ".join(["i32.const 16", *[f"{type_}.const 3" for type_ in instruction.operands[1:]]])
    builder.function("constant", f"-> {' '.join(instruction.results)}", f"{constants} {instruction.name}")
    exports = engine.instantiate(engine.load(builder.bytes())).exports
    memory, mask = exports.memory, (1 << 8 * width) - 1
    bits = 32 if instruction.name.startswith("i32") else 64
    other = 0x8182_8384_8586_8788 & ((1 << bits) - 1)
    count = len(instruction.operands) - 1
    olds = (0, 1, 0x88, 0xF1F2_F3F4_F5F6_F7F8 & mask, mask)
    for old in olds:
        for operands in [(other,) * count, (old, other)[2 - count :], (old | 1 << bits - 1, 1)[:count], (1,) * count]:
            for address in (0, width, PAGE - 8 - width):
                memory.fill(0, 0x55, PAGE)
                memory.write(address + 8, old.to_bytes(width, "little"))
                new, result = changed(instruction, old, *operands)
                got = exports.access(address, *operands)
                assert got == result if result is None else got % (1 << bits) == result
                assert memory.read(address + 8, width) == new.to_bytes(width, "little")
                assert memory.read(address, 8).count(0x55) == 8
                assert memory.read(0, PAGE).count(0x55) >= PAGE - width
    memory.fill(0, 0, PAGE)
    new, _ = changed(instruction, 0, *[3] * count)
    exports.constant()
    assert memory.read(16, width) == new.to_bytes(width, "little")
    memory.fill(0, 0x55, PAGE)
    for address in (PAGE - 8, PAGE, 2**32 - width):
        assert trap_message(exports.access, address, *[1] * count) == "out of bounds memory access"
    assert trap_message(exports.far, 8, *[1] * count) == "out of bounds memory access"
    for address in range(1, width):
        # Alignment is looked at first.
        assert trap_message(exports.access, address, *[1] * count) == "unaligned atomic"
        assert trap_message(exports.access, PAGE + address, *[1] * count) == "unaligned atomic"
    assert memory.read(0, PAGE) == b"\x55" * PAGE


@pytest.mark.parametrize("instruction", ATOMIC, ids=str)
def test_addresses_of_64_bits(engine, instruction):
    builder = ModuleBuilder()
    builder.memory(1, 1, shared=True, address=I64)
    builder.function("access", signature(instruction, "i64"), f"{gets(instruction)} {instruction.name} {2**64 - 8}")
    exports = engine.instantiate(engine.load(builder.bytes())).exports
    rest = [0] * (len(instruction.operands) - 1)
    for address in (0, 8, 2**32, 2**63, 2**64 - 8):
        assert trap_message(exports.access, address, *rest) == "out of bounds memory access"


def waiting_module(engine, memory=None, **limits):
    builder = ModuleBuilder()
    if memory is None:
        builder.memory(1, 1, **limits)
    else:
        builder.import_memory("env", "memory", 1, 4, shared=True)
    for bits in (32, 64):
        type_ = f"i32 i{bits} i64 -> i32"
        builder.function(f"wait{bits}", type_, f"local.get 0 local.get 1 local.get 2 memory.atomic.wait{bits} 4")
    builder.function("notify", "i32 i32 -> i32", "local.get 0 local.get 1 memory.atomic.notify 4")
    builder.function("fence", "", "atomic.fence 0")
    return engine.instantiate(engine.load(builder.bytes()), {"env": {"memory": memory}}).exports


def test_waiting_needs_a_shared_memory(engine):
    exports = waiting_module(engine)
    for wait in (exports.wait32, exports.wait64):
        assert trap_message(wait, 4, 0, 0) == "expected shared memory"
        assert trap_message(wait, 4, 1, 0) == "expected shared memory"
        assert trap_message(wait, 3, 0, 0) == "unaligned atomic"
    assert exports.notify(4, 1) == 0
    assert trap_message(exports.notify, 3, 1) == "unaligned atomic"
    assert trap_message(exports.notify, PAGE - 4, 1) == "out of bounds memory access"
    exports.fence()


def test_waiting_that_does_not_last(engine):
    exports = waiting_module(engine, shared=True)
    exports.memory.write(8, (2**64 - 2).to_bytes(8, "little"))
    assert exports.wait32(4, 0, -1) == WaitResult.NOT_EQUAL == 1
    assert exports.wait64(4, 2**32 - 2, -1) == WaitResult.NOT_EQUAL
    for wait in (exports.wait32, exports.wait64):
        assert wait(4, -2, 0) == WaitResult.TIMED_OUT == 2
        started = time.monotonic()
        assert wait(4, -2, 30_000_000) == WaitResult.TIMED_OUT
        assert 0.029 < time.monotonic() - started < FOR_EVER
    assert trap_message(exports.wait32, 5, 0, 0) == "unaligned atomic"
    assert trap_message(exports.wait64, 8, 0, 0) == "unaligned atomic"
    assert trap_message(exports.wait32, PAGE - 4, 0, 0) == "out of bounds memory access"
    assert trap_message(exports.wait64, PAGE - 4, 0, 0) == "out of bounds memory access"
    assert trap_message(exports.notify, PAGE - 4, 0) == "out of bounds memory access"
    assert exports.notify(4, -1) == 0  # nobody waits any more


class Waiting(threading.Thread):
    """A thread that calls something that waits, and keeps what came of it."""

    def __init__(self, call, *arguments):
        super().__init__(daemon=True)
        self._run = lambda: call(*arguments)
        self.result = None
        self.error = None
        self.start()

    def run(self):
        try:
            self.result = self._run()
        except Exception as error:  # noqa: BLE001 - looked at in the test's own thread
            self.error = error

    def outcome(self):
        self.join(FOR_EVER)
        assert not self.is_alive()
        return self.result


def until(condition):
    deadline = time.monotonic() + FOR_EVER
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.001)


def test_notifying_wakes_in_order_of_arrival_and_by_address(engine):
    memory = shared_memory()
    exports = [waiting_module(engine, memory) for _ in range(4)]
    threads = []
    for count, each in enumerate(exports[:3], 1):
        threads.append(Waiting(each.wait32 if count < 3 else each.wait64, 4, 0, -1))
        until(lambda count=count: len(memory._waiting) == count)
    elsewhere = Waiting(exports[3].wait32, 8, 0, 60_000_000_000)
    until(lambda: len(memory._waiting) == 4)
    assert exports[0].notify(0, 9) == 0
    assert exports[0].notify(4, 0) == 0
    assert exports[3].notify(4, 1) == 1
    assert threads[0].outcome() == WaitResult.OK == 0
    assert threads[1].is_alive()
    assert memory.notify(8) == 2
    assert [thread.outcome() for thread in threads] == [0, 0, 0]
    assert elsewhere.is_alive()
    assert exports[1].notify(8, -1) == 1
    assert elsewhere.outcome() == 0
    assert len(memory._waiting) == 0


def test_closing_a_memory_ends_waiting():
    memory = shared_memory()
    thread = Waiting(memory.wait, 0, 0)
    until(lambda: len(memory._waiting) == 1)
    memory.close()
    thread.outcome()
    assert isinstance(thread.error, MemoryClosed)


@pytest.mark.skipif(sys.platform == "win32", reason="signals are for POSIX")
def test_a_signal_interrupts_waiting(engine):
    memory = shared_memory()
    exports = waiting_module(engine, memory)
    timer = threading.Timer(0.05, lambda: signal.pthread_kill(threading.main_thread().ident, signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        exports.wait32(4, 0, 60_000_000_000)
    timer.join()
    assert len(memory._waiting) == 0
    assert exports.notify(4, 1) == 0


def test_no_notification_is_lost_to_a_time_out():
    """Who was notified says so, even if its time was up when it looked."""
    waiting = WaitingList()
    for _ in range(200):
        thread = Waiting(waiting.wait, 0, lambda: True, 200_000)
        woken = 0
        while thread.is_alive():
            woken += waiting.notify(0, 1)
        woken += waiting.notify(0, 1)
        assert (thread.outcome() is WaitResult.OK) == (woken == 1)


def test_whether_to_wait_is_decided_with_the_lock_held():
    waiting = WaitingList()
    held = []

    def expected():
        held.append(waiting.lock.locked())
        return False

    assert waiting.wait(0, expected) is WaitResult.NOT_EQUAL
    assert held == [True]


def in_threads(count, call):
    threads = [Waiting(call, index) for index in range(count)]
    results = [thread.outcome() for thread in threads]
    assert [thread.error for thread in threads] == [None] * count
    return results


LOOP = """
    loop
        {body}
        local.get 0  i32.const 1  i32.sub  local.tee 0  br_if 0
    end
"""


def import_shared(engine, memory, name, type_, code, locals_=""):
    builder = ModuleBuilder()
    builder.import_memory("env", "memory", 1, 4, shared=True)
    builder.function(name, type_, code, locals_)
    return engine.instantiate(engine.load(builder.bytes()), {"env": {"memory": memory}}).exports[name]


@pytest.mark.parametrize("width", [8, 16, 32, 64])
def test_no_addition_is_lost(engine, hurried, width):
    memory = shared_memory()
    narrow = f"rmw{width}.add_u" if width < 32 else "rmw.add"
    type_ = "i64" if width == 64 else "i32"
    body = f"i32.const 8  {type_}.const 1  {type_}.atomic.{narrow}  drop"
    functions = [import_shared(engine, memory, "run", "i32 ->", LOOP.format(body=body)) for _ in range(4)]
    in_threads(4, lambda index: functions[index](3_000))
    assert int.from_bytes(memory.read(8, width // 8), "little") == 12_000 % (1 << width)


def test_a_lock_of_compare_and_exchange_excludes(engine, hurried):
    """A spin lock around an addition that is not atomic."""
    memory = shared_memory()
    body = """
        loop
            i32.const 0  i32.const 0  i32.const 1  i32.atomic.rmw.cmpxchg
            br_if 0
        end
        i32.const 64  i32.const 64  i32.load  i32.const 1  i32.add  i32.store
        i32.const 0  i32.const 0  i32.atomic.store
    """
    functions = [import_shared(engine, memory, "run", "i32 ->", LOOP.format(body=body)) for _ in range(3)]
    in_threads(3, lambda index: functions[index](300))
    assert int.from_bytes(memory.read(64, 4), "little") == 900


def test_a_mutex_of_wait_and_notify_excludes(engine, hurried):
    memory = shared_memory()
    body = """
        block
            loop
                i32.const 0  i32.const 0  i32.const 1  i32.atomic.rmw.cmpxchg  i32.eqz  br_if 1
                i32.const 0  i32.const 1  i64.const -1  memory.atomic.wait32  drop
                br 0
            end
        end
        i32.const 64  i32.const 64  i32.load  i32.const 1  i32.add  i32.store
        i32.const 0  i32.const 0  i32.atomic.store
        i32.const 0  i32.const 1  memory.atomic.notify  drop
    """
    functions = [import_shared(engine, memory, "run", "i32 ->", LOOP.format(body=body)) for _ in range(3)]
    in_threads(3, lambda index: functions[index](300))
    assert int.from_bytes(memory.read(64, 4), "little") == 900
    assert len(memory._waiting) == 0


CHANGING = [each for each in ACCESSING if "load" not in each.name]


@pytest.mark.parametrize("instruction", CHANGING, ids=str)
def test_a_change_waits_for_its_turn(engine, instruction):
    memory = shared_memory()
    operands = " ".join(["i32.const 8", *[f"{type_}.const 0" for type_ in instruction.operands[1:]]])
    code = f"{operands} {instruction.name}"
    run = import_shared(engine, memory, "run", f"-> {' '.join(instruction.results)}", code)
    with memory.atomics:
        thread = Waiting(run)
        thread.join(0.02)
        assert thread.is_alive()
    thread.outcome()
    assert thread.error is None


def test_growth_is_seen_by_a_thread_that_runs(engine, hurried):
    memory = shared_memory(1, 4)
    watch = import_shared(
        engine,
        memory,
        "watch",
        "-> i32",
        """
        loop
            memory.size  i32.const 4  i32.lt_u  br_if 0
        end
        loop
            i32.const 0  i32.atomic.load  i32.eqz  br_if 0
        end
        i32.const 0  i32.atomic.load  i32.load
        """,
    )
    grow = import_shared(engine, memory, "grow", "i32 -> i32", "local.get 0  memory.grow")
    grow_far = """
        i32.const 1  memory.grow
        i32.const 262140  i32.const 77  i32.store
        i32.const 0  i32.const 262140  i32.atomic.store
    """
    finish = import_shared(engine, memory, "finish", "-> i32", grow_far)
    for _ in range(3):
        watching = [Waiting(watch) for _ in range(2)]
        if memory.size == 1:
            assert grow(2) == 1
            assert finish() == 3
        assert [thread.outcome() for thread in watching] == [77, 77]
    assert grow(1) == -1


def test_the_size_another_thread_is_told_can_be_reached(engine, hurried):
    """Who learns of a growth by `memory.size` must not be behind with its views."""
    for _ in range(20):
        memory = shared_memory(1, 4)
        body = "memory.size  i32.const 65536  i32.mul  i32.const 4  i32.sub  i32.load  local.set 1"
        readers = [import_shared(engine, memory, "run", "i32 ->", LOOP.format(body=body), "i32") for _ in range(2)]
        grow = import_shared(engine, memory, "grow", "-> i32", "i32.const 1  memory.grow")
        in_threads(
            3,
            lambda index, readers=readers, grow=grow: [grow() for _ in range(3)] if index == 2 else readers[index](200),
        )
        assert memory.size == 4
