"""Deadlines, Ctrl-C and other signals: a guest that does not end by itself is stopped, and the host stays sound."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from wrt_core.execution import Reason
from wrt_core.execution.deadlines import DEADLINES, Deadlines
from wrt_core.testing import ModuleBuilder
from wrt_foundation.traps import Exhaustion, Trap, TrapCode

SOON = 0.05
PATIENCE = 5
"""Seconds that a stop may take on a machine that does much else; what it takes on an idle one, benchmarks tell."""


@pytest.fixture(autouse=True)
def _sound():
    """The host is after each test as it was before."""
    limit, handler = sys.getrecursionlimit(), signal.getsignal(signal.SIGINT)
    yield
    assert sys.getrecursionlimit() == limit
    assert signal.getsignal(signal.SIGINT) is handler
    if sys.version_info >= (3, 12):
        assert "wrt" not in [sys.monitoring.get_tool(tool) for tool in range(6)]


@pytest.fixture
def interrupted():
    """Have SIGINT sent to this process soon; return when it was.

    Python drops what a handler raises while it collects garbage, say, so it is sent again if nothing came of it.
    """
    sent, done = [], threading.Event()

    def send() -> None:
        seconds = SOON
        while not done.wait(seconds):
            sent.append(time.monotonic())
            os.kill(os.getpid(), signal.SIGINT)
            seconds = PATIENCE

    thread = threading.Thread(target=send)
    thread.start()
    yield sent
    done.set()
    thread.join()


GUESTS = {
    "empty loop": "loop br 0 end",
    "loop with memory": "loop i32.const 0 i32.const 0 i32.load i32.const 1 i32.add i32.store br 0 end",
    "loop of calls": "loop call 0 br 0 end",
    "nested loops": "loop loop i32.const 1 global.get 0 i32.add global.set 0 i32.const 0 br_if 0 end br 0 end",
    "tail calls": "return_call 1",
    "in a handler": "loop block try_table catch_all 0 loop br 0 end end end br 0 end",
}


@pytest.fixture
def spinning(engine):
    def make(code: str):
        builder = ModuleBuilder()
        builder.memory(1)
        builder.global_("n", "i32", "i32.const 0")
        builder.function("nothing", "->", "nop")
        builder.function("spin", "->", code)
        builder.function("one", "-> i32", "i32.const 1")
        return builder.instantiate(engine)

    return make


# Where Python drops what the first signal raised, as it may (see `interrupted`), pytest warns of it.
@pytest.mark.filterwarnings("ignore:Exception ignored in:pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("code", GUESTS.values(), ids=GUESTS)
@pytest.mark.parametrize("way", ["call", "execution", "metered"])
def test_ctrl_c(spinning, interrupted, code, way):
    instance = spinning(code)
    execution = instance.exports.spin.start(fuel=1 << 50 if way == "metered" else None)
    with pytest.raises(KeyboardInterrupt):
        instance.exports.spin() if way == "call" else execution.run()
    assert time.monotonic() - interrupted[-1] < PATIENCE
    assert instance.exports.one() == 1
    if way != "call":
        assert execution.state == "trapped"
        assert isinstance(execution.error, KeyboardInterrupt)


HAMMERED = """
import os, signal, sys, threading, time
from random import Random
from wrt_core import EngineFactory
from wrt_core.engines.stackless import call_stack
from wrt_core.testing import ModuleBuilder
builder = ModuleBuilder()
builder.function("one", "-> i32", "i32.const 1")
builder.function("spin", "->", "loop br 0 end")
exports = builder.instantiate(EngineFactory.create("stackless")).exports
limit, random, came, execution = sys.getrecursionlimit(), Random(1), 0, None
def calls():
    global execution
    timer.start()
    ends = time.monotonic() + 2
    while time.monotonic() < ends:
        exports.one()
        execution = exports.one.start(timeout=60)
        execution.run()
for _ in range(300):
    timer = threading.Timer(random.random() * 0.003, os.kill, (os.getpid(), signal.SIGINT))
    try:
        calls()
    except KeyboardInterrupt:
        came += 1
    timer.join()
    assert sys.getrecursionlimit() == limit
    assert call_stack.turn() is None
    assert execution is None or execution.state != "running"
assert came > 200
assert exports.one() == 1
assert exports.spin.start(timeout=0.05).run() == "paused"  # deadlines are met
"""


def test_ctrl_c_at_any_moment_leaves_the_host_sound():
    # Guests that take no time: most of these signals come while one is entered or left.
    done = subprocess.run([sys.executable, "-c", HAMMERED], check=False, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr


def test_a_signal_handler_that_pauses(spinning):
    instance = spinning(GUESTS["loop with memory"])
    execution = instance.exports.spin.start()
    before = signal.signal(signal.SIGINT, lambda *_: execution.pause())
    try:
        for _ in range(3):
            timer = threading.Timer(SOON, os.kill, (os.getpid(), signal.SIGINT))
            timer.start()
            assert execution.run() == "paused"
            timer.join()
            assert execution.reason == Reason.REQUESTED
    finally:
        signal.signal(signal.SIGINT, before)
    assert int.from_bytes(instance.exports.memory.read(0, 4), "little") > 0


@pytest.mark.parametrize("code", GUESTS.values(), ids=GUESTS)
@pytest.mark.parametrize("fuel", [None, 1 << 50])
def test_a_timeout(spinning, code, fuel):
    execution = spinning(code).exports.spin.start(timeout=SOON, fuel=fuel)
    started = time.monotonic()
    assert execution.run() == "paused"
    took = time.monotonic() - started
    assert execution.reason == Reason.TIMEOUT
    assert SOON * 0.9 < took < PATIENCE
    started = time.monotonic()
    assert execution.run() == "paused"  # nothing is left of it
    assert time.monotonic() - started < PATIENCE
    assert execution.reason == Reason.TIMEOUT
    assert execution.run(timeout=SOON) == "paused"
    assert execution.reason == Reason.TIMEOUT


def test_a_timeout_is_counted_over_several_runs(spinning):
    execution = spinning(GUESTS["empty loop"]).exports.spin.start(timeout=0.2)
    ran, started = 0, time.monotonic()
    while execution.run(interval=0.02) == "paused" and execution.reason == Reason.INTERVAL:
        ran += 1
        time.sleep(0.01)  # which does not count
    assert execution.reason == Reason.TIMEOUT
    assert ran > 2
    assert time.monotonic() - started >= 0.2


def test_no_timeout_where_it_ends_in_time(guest):
    execution = guest().exports.count.start(3, 1, timeout=60)
    assert execution.run() == "finished"


def test_a_timeout_ends_what_can_not_be_paused(engine):
    # A host function is in between: it can't be left and gone on with, so the guest is trapped.
    builder = ModuleBuilder()
    back = builder.import_function("env", "back", "->")
    builder.function("inner", "->", "loop br 0 end")
    builder.function("outer", "->", f"call {back}")
    instance = None
    instance = builder.instantiate(engine, {"env": {"back": lambda: instance.exports.inner()}})
    execution = instance.exports.outer.start(timeout=SOON)
    started = time.monotonic()
    with pytest.raises(Exhaustion) as caught:
        execution.run()
    assert time.monotonic() - started < PATIENCE
    assert caught.value.code is TrapCode.INTERRUPTED


def test_a_pause_waits_for_a_host_function(engine):
    # Meanwhile the guest that the host function calls goes on.
    builder = ModuleBuilder()
    back = builder.import_function("env", "back", "->")
    loop = "loop local.get 0 i32.const 1 i32.sub local.tee 0 br_if 0 end"
    builder.function("inner", "i32 ->", loop)
    builder.function("outer", "->", f"call {back} loop br 0 end")
    instance, execution = None, None
    done = []

    def again() -> None:
        execution.pause()
        instance.exports.inner(1_000)
        done.append(True)

    instance = builder.instantiate(engine, {"env": {"back": again}})
    execution = instance.exports.outer.start()
    assert execution.run() == "paused"
    assert done == [True]
    assert [each.name for each in execution.frames] == ["outer"]


def test_only_the_one_that_is_asked_pauses(spinning, guest):
    instance = spinning(GUESTS["empty loop"])
    first, second = instance.exports.spin.start(), spinning(GUESTS["empty loop"]).exports.spin.start()
    threads = [threading.Thread(target=each.run) for each in (first, second)]
    for each in threads:
        each.start()
    time.sleep(SOON)
    first.pause()
    assert first.wait(PATIENCE)
    time.sleep(SOON)
    assert second.state == "running"
    with pytest.raises(Trap):
        guest().exports.fail()  # and plain calls go on meanwhile
    second.pause()
    for each in threads:
        each.join()
    assert (first.state, second.state) == ("paused", "paused")


def test_deadlines_are_met_in_order_and_forgotten_when_cancelled():
    deadlines = Deadlines()
    called, done = [], threading.Event()
    for name, seconds in (("c", 0.06), ("a", 0.02), ("b", 0.04)):
        deadlines.after(seconds, lambda name=name: called.append(name))
    cancelled = deadlines.after(0.03, lambda: called.append("cancelled"))
    deadlines.after(0.08, done.set)
    deadlines.cancel(cancelled)
    deadlines.cancel(cancelled)
    assert done.wait(PATIENCE)
    assert called == ["a", "b", "c"]


def test_deadlines_do_not_pile_up(spinning):
    execution = spinning("nop").exports.one.start
    for _ in range(500):
        execution(timeout=3600).run()
    assert len(DEADLINES._waiting) < 200
