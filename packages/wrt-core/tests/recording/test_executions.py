"""Calls that pause are recorded like any others: where they pause, and how often, is no part of the run."""

from __future__ import annotations

import asyncio
import time

import pytest

from wrt_core.execution import LimitedCalls, Pending, run_sync
from wrt_core.execution.interruption import Interruption
from wrt_core.recording import Divergence, RecordingEngine, replay
from wrt_core.recording.events import Answered, Call, Done, Failed, Imported, Raised
from wrt_core.recording.journal import JournalReader
from wrt_core.runtime.store import Store
from wrt_core.testing import ModuleBuilder
from wrt_foundation.errors import ExecutionError
from wrt_foundation.traps import Exhaustion, Trap


def asking() -> ModuleBuilder:
    """`run(n)` asks n times, adding up the answers; `spin` never ends, having asked once."""
    builder = ModuleBuilder()
    ask = builder.import_function("env", "ask", "i32 -> i32")
    builder.memory(1, 1)
    builder.function(
        "run",
        "i32 -> i32",
        f"block loop local.get 0 i32.eqz br_if 1 local.get 0 call {ask} local.get 1 i32.add local.set 1"
        " local.get 0 i32.const 1 i32.sub local.set 0 br 0 end end local.get 1",
        "i32",
    )
    builder.function("spin", "->", f"i32.const 7 call {ask} drop loop br 0 end")
    builder.function("load", "i32 -> i32", "local.get 0 i32.load")
    return builder


class Later(Pending):
    """An answer that is there when it is asked for the second time."""

    def __init__(self, value: object, done: object = None) -> None:
        self.value = value
        self.done = done
        self.asked = 0

    def wait(self, timeout: float | None = None) -> bool:
        if self.value is None:
            time.sleep(min(0.01, timeout or 0.01))
            return False
        if self.done is not None:
            self.done()
        return True

    def answer(self) -> object:
        if isinstance(self.value, Exception):
            raise self.value
        return self.value

    def __await__(self):
        yield from asyncio.sleep(0).__await__()
        return self.value


@pytest.fixture
def events(journal):
    """A function that returns what the journal tells, by kind."""

    def events():
        with JournalReader(journal) as reader:
            return [type(each) for each in reader]

    return events


@pytest.fixture
def check(engine, journal, record):
    def check(use, ask=lambda n: 10 * n):
        builder = asking()
        record(builder, use, {"env": {"ask": ask}})
        return replay(journal, engine, engine.load(builder.bytes()))

    return check


def test_a_call_that_pauses_here_and_there(check, events):
    def use(guest):
        call = guest.exports.run.start(3, fuel=1)
        pauses = 0
        while call.run(fuel=5) == "paused":
            pauses += 1
        assert pauses > 3
        assert call.result == 60

    found = check(use)
    assert (found.host_calls, found.guest_calls, found.cut) == (3, 1, False)
    assert events().count(Call) == events().count(Done) - 1 == 1


def test_one_that_is_given_up_is_replayed_up_to_there(check, events):
    def use(guest):
        with pytest.raises(Exhaustion):
            LimitedCalls(fuel=100_000).call(guest.exports.spin)

    started = time.monotonic()
    found = check(use)
    assert time.monotonic() - started < 60  # which, without a limit, would be for ever
    assert (found.host_calls, found.cut) == (1, True)
    assert events()[-2:-1] == [Failed]


def test_time_that_is_up_is_replayed_up_to_there(check):
    def use(guest):
        with pytest.raises(Exhaustion, match="time is up"):
            LimitedCalls(timeout=0.2).call(guest.exports.spin)

    assert check(use).cut


def test_others_may_follow_one_that_was_given_up(check, events):
    def use(guest):
        call = guest.exports.spin.start(fuel=50)
        call.run()
        call.cancel()
        assert guest.exports.run(2) == 30

    assert check(use).cut
    assert [each for each in events() if each in (Call, Failed, Done)] == [Done, Call, Failed, Call, Done]


def test_what_the_host_answers_later(check, events):
    def ask(number):
        raise Interruption(awaitable=Later(number), convert=int)

    def use(guest):
        assert run_sync(guest.exports.run.start(3)) == 6

    found = check(use, ask)
    assert (found.host_calls, found.guest_calls, found.cut) == (3, 1, False)
    assert [each for each in events() if each in (Imported, Answered)] == [Imported, Answered] * 3


def test_what_it_writes_while_the_guest_waits(engine, journal, record):
    builder = asking()
    guests = []

    def ask(number):
        def write():
            guests[0].exports.memory.write(8, b"\x2a\0\0\0")

        raise Interruption(awaitable=Later(number, write), convert=int)

    def use(guest):
        guests.append(guest)
        assert run_sync(guest.exports.run.start(1)) == 1
        assert guest.exports.load(8) == 42

    record(builder, use, {"env": {"ask": ask}})
    assert not replay(journal, engine, engine.load(builder.bytes())).cut


def test_what_it_raises_later(check, events):
    def ask(number):
        raise Interruption(awaitable=Later(ValueError("no answer")), convert=int)

    def use(guest):
        with pytest.raises(ValueError, match="no answer"):
            run_sync(guest.exports.run.start(1))

    assert check(use, ask).host_calls == 1
    assert [each for each in events() if each in (Raised, Failed)] == [Raised, Failed]


def test_a_wait_that_is_given_up(check, events):
    def ask(number):
        raise Interruption(awaitable=Later(None), convert=int)

    def use(guest):
        with pytest.raises(Exhaustion, match="time is up"):
            LimitedCalls(timeout=0.1).call(guest.exports.run, 1)

    found = check(use, ask)
    assert found.host_calls == 1
    assert [each for each in events() if each in (Raised, Failed)] == [Raised, Failed]


def test_async_functions(check):
    async def ask(number):
        await asyncio.sleep(0)
        return number

    found = check(lambda guest: asyncio.run(guest.exports.run.call_async(3)), ask)
    assert (found.host_calls, found.guest_calls, found.cut) == (3, 1, False)


def test_async_functions_in_plain_calls(check):
    async def ask(number):
        raise AssertionError("awaited")

    def use(guest):
        with pytest.raises(ExecutionError, match="answers later"):
            guest.exports.run(1)

    assert check(use, ask).host_calls == 1


def test_a_guest_that_is_called_while_it_waits(engine, journal, record):
    guests = []

    async def ask(number):
        await asyncio.sleep(0)
        return guests[0].exports.load(0) + number

    def use(guest):
        guests.append(guest)
        assert asyncio.run(guest.exports.run.call_async(2)) == 3

    builder = asking()
    record(builder, use, {"env": {"ask": ask}})
    found = replay(journal, engine, engine.load(builder.bytes()))
    assert (found.host_calls, found.guest_calls) == (2, 3)


@pytest.mark.parametrize(("fuel", "cut"), [(100_000, False), (10, True)])
def test_start_functions(engine, journal, fuel, cut):
    builder = ModuleBuilder()
    ask = builder.import_function("env", "ask", "->")
    builder.start(builder.function("start", "->", f"call {ask} " + "nop " * 20 + f"call {ask}"))
    calls = LimitedCalls(fuel=fuel)
    with RecordingEngine(engine, journal) as recording:
        module = recording.load(builder.bytes())
        try:
            recording.instantiate(module, {"env": {"ask": lambda: None}}, store=Store(start=calls.call))
        except Exhaustion:
            assert cut
    found = replay(journal, engine, module)
    assert (found.host_calls, found.cut) == (0 if cut else 2, cut)  # fuel is paid before it is used


def test_what_differs_is_found_in_such_calls_too(engine, journal, record, mistaken):
    builder = asking()
    record(builder, lambda guest: run_sync(guest.exports.run.start(3)), {"env": {"ask": int}})
    wrong = mistaken("local.get 0 i32.const 1 i32.sub", "local.get 0 i32.const 2 i32.sub")
    with pytest.raises(Divergence, match="argument 0"):
        replay(journal, wrong, wrong.load(builder.bytes()))


def test_traps(check):
    def use(guest):
        with pytest.raises(Trap, match="out of bounds"):
            run_sync(guest.exports.load.start(1 << 20))

    assert not check(use).cut
