"""Executions: how they begin, pause, are looked at, go on and end."""

from __future__ import annotations

import pickle
import threading
import time

import pytest

from wrt_core import Func
from wrt_core.execution import ActivationKind, Reason, State
from wrt_core.testing import ModuleBuilder
from wrt_foundation.errors import ExecutionError, ValueRangeError
from wrt_foundation.traps import Exhaustion, Trap, TrapCode
from wrt_foundation.types import FuncType


def test_from_beginning_to_end(guest):
    log = []
    instance = guest(log.append)
    execution = instance.exports.count.start(3, -5)
    assert (execution.state, execution.reason, execution.error) == ("ready", None, None)
    assert log == []
    assert execution.run() is State.FINISHED
    assert execution.state == "finished"
    assert execution.result == (-15, -5)
    assert log == [1, 2, 3]
    assert execution.fuel is None
    assert execution.fuel_used is None
    with pytest.raises(ExecutionError, match="has ended: it is finished"):
        execution.run()


def test_arguments_are_checked_when_it_is_made(guest):
    with pytest.raises(ValueRangeError):
        guest().exports.count.start(1 << 40, 0)
    with pytest.raises(TypeError, match="takes 2 arguments, not 1"):
        guest().exports.count.start(1)


@pytest.mark.parametrize("fuel", [-1, 1.5, True])
def test_fuel_is_a_whole_number(guest, fuel):
    with pytest.raises(ValueError, match="fuel is a whole number"):
        guest().exports.spin.start(fuel=fuel)
    with pytest.raises(ValueError, match="fuel is a whole number"):
        guest().exports.spin.start().run(fuel=fuel)


@pytest.mark.parametrize("timeout", [-1, float("nan")])
def test_a_timeout_is_a_number_of_seconds(guest, timeout):
    with pytest.raises(ValueError, match="a number of seconds"):
        guest().exports.spin.start(timeout=timeout)


def test_a_host_function_can_not_be_started():
    with pytest.raises(ExecutionError, match="can't be started"):
        Func(FuncType(), print).start()


def test_no_result_before_the_end(guest):
    execution = guest().exports.count.start(3, 1, fuel=10)
    with pytest.raises(ExecutionError, match="no result yet: the execution is ready"):
        _ = execution.result
    assert execution.run() == "paused"
    with pytest.raises(ExecutionError, match="no result yet: the execution is paused"):
        _ = execution.result


def test_out_of_fuel_it_pauses_and_goes_on_with_more(guest):
    log = []
    execution = guest(log.append).exports.count.start(100, 2, fuel=200)
    assert execution.run() == "paused"
    assert execution.reason == Reason.FUEL
    assert execution.fuel < execution.fuel_needed
    told = len(log)
    assert 0 < told < 100
    assert execution.run(fuel=1) == "paused"  # too little for anything
    assert len(log) == told
    assert execution.run(fuel=100_000) == "finished"
    assert execution.reason is None
    assert execution.result == (200, 2)
    assert log == list(range(1, 101))


def test_frames_say_where_it_is_and_with_what(engine):
    builder = ModuleBuilder()
    builder.function("inner", "i32 -> i32", "i32.const 77 loop local.get 0 i32.const 1 i32.add local.set 0 br 0 end")
    code = "f32.const 1.5 local.get 0 i64.const -2 local.set 1 i32.const 40 call 0 i32.add drop drop i32.const 0"
    builder.function("outer", "i32 -> i32", code, "i64 v128")
    instance = builder.instantiate(engine)
    execution = instance.exports.outer.start(-9, fuel=60)
    assert execution.run() == "paused"
    inner, outer = execution.frames
    assert (inner.function, inner.name, inner.kind, inner.stack) == (0, "inner", ActivationKind.LOOP, (77,))
    assert 40 < inner.locals[0] < 60
    assert (outer.function, outer.name, outer.kind) == (1, "outer", ActivationKind.CALL)
    assert outer.locals == (-9, -2, bytes(16))
    assert outer.stack == (1.5, -9)
    assert outer.instance is instance
    binary = instance.module.module.binary
    assert binary[inner.offset] == 0x03  # loop
    assert binary[outer.offset] == 0x10  # call
    assert str(outer) == f"outer @ 0x{outer.offset:x}"


def test_a_trap_ends_it(guest):
    execution = guest().exports.fail.start()
    with pytest.raises(Trap) as caught:
        execution.run()
    assert caught.value.code is TrapCode.UNREACHABLE
    assert caught.value.frames[0].name == "fail"
    assert execution.state == "trapped"
    assert execution.error is caught.value
    assert execution.frames == ()
    with pytest.raises(Trap):
        _ = execution.result
    with pytest.raises(ExecutionError, match="has ended: it is trapped"):
        execution.run()


def test_a_trap_after_a_pause_names_all_the_frames(engine):
    builder = ModuleBuilder()
    builder.function("inner", "->", "loop i32.const 1 br_if 0 end")
    builder.function("middle", "i32 -> i32", "loop local.get 0 i32.const 1 i32.sub local.tee 0 br_if 0 end unreachable")
    builder.function("outer", "i32 -> i32", "local.get 0 call 1")
    execution = builder.instantiate(engine).exports.outer.start(100, fuel=100)
    assert execution.run() == "paused"
    with pytest.raises(Trap) as caught:
        execution.run(fuel=10_000)
    assert [each.name for each in caught.value.frames] == ["middle", "outer"]


def test_an_exception_of_the_host_passes_through_a_resumed_guest_unchanged(guest):
    class Failure(Exception):
        pass

    failure = Failure("unchanged")

    def log(value: int) -> None:
        if value == 50:
            raise failure

    execution = guest(log).exports.count.start(100, 1, fuel=100)
    assert execution.run() == "paused"
    with pytest.raises(Failure) as caught:
        execution.run(fuel=100_000)
    assert caught.value is failure
    assert execution.error is failure


def test_an_exception_that_is_held_is_thrown_after_a_pause(engine):
    builder = ModuleBuilder()
    tag = builder.tag(None, "i32 ->")
    catch = f"block exnref try_table catch_all_ref 0 local.get 0 throw {tag} end unreachable end local.set 1"
    wait = "loop local.get 0 i32.const 1 i32.sub local.tee 0 br_if 0 end"
    code = f"{catch} {wait} block i32 try_table catch {tag} 0 local.get 1 throw_ref end unreachable end"
    builder.function("f", "i32 -> i32", code, "exnref")
    execution = builder.instantiate(engine).exports.f.start(30, fuel=60)
    assert execution.run() == "paused"
    assert execution.frames[0].kind is ActivationKind.LOOP
    assert execution.run(fuel=1_000) == "finished"
    assert execution.result == 30


@pytest.mark.parametrize("fuel", [None, 1 << 40])
def test_pausing_from_another_thread(guest, fuel):
    execution = guest().exports.spin.start(fuel=fuel)
    for _ in range(3):
        timer = threading.Timer(0.02, execution.pause)
        timer.start()
        assert execution.run() == "paused"
        timer.join()
        assert execution.reason == Reason.REQUESTED
        assert [each.name for each in execution.frames] == ["spin"]
        assert execution.frames[0].kind is ActivationKind.LOOP


def test_a_pause_asked_for_before_it_runs_counts(guest):
    execution = guest().exports.count.start(5, 1)
    execution.pause()
    assert execution.run() == "paused"
    assert execution.reason == Reason.REQUESTED
    assert execution.frames[0].kind is ActivationKind.ENTRY
    assert execution.frames[0].locals == (5, 1)
    assert execution.run() == "finished"
    assert execution.result == (5, 1)


def test_pausing_at_random_points_from_threads_changes_nothing(guest):
    count = 20_000
    log, expected = [], []
    plain = guest(expected.append)
    result = plain.exports.count(count, 3)
    instance = guest(log.append)
    execution = instance.exports.count.start(count, 3)
    ended = threading.Event()

    def hammer() -> None:
        while not ended.is_set():
            execution.pause()
            time.sleep(0.001)

    threads = [threading.Thread(target=hammer) for _ in range(2)]
    for each in threads:
        each.start()
    pauses = 0
    while execution.run() == "paused":
        pauses += 1
    ended.set()
    for each in threads:
        each.join()
    assert pauses
    assert execution.result == result
    assert log == expected
    assert instance.exports.n.value == plain.exports.n.value


def test_several_executions_in_several_threads(guest):
    results = {}

    def work(number: int) -> None:
        instance = guest()
        execution = instance.exports.count.start(3_000, number)
        pauses = 0
        timer = threading.Timer(0.01, execution.pause)
        timer.start()
        while execution.run(interval=0.005) == "paused":
            pauses += 1
        timer.join()
        results[number] = execution.result

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert results == {number: (3_000 * number, number) for number in range(6)}


def test_one_thread_runs_it_at_a_time(guest):
    started = threading.Event()
    execution = guest(lambda _: started.set()).exports.count.start(1 << 30, 1)
    thread = threading.Thread(target=execution.run)
    thread.start()
    assert started.wait(10)
    assert execution.state == "running"
    for forbidden in (execution.run, execution.fork, lambda: execution.frames, lambda: pickle.dumps(execution)):
        with pytest.raises(ExecutionError, match=r"running|runs"):
            forbidden()
    assert not execution.wait(0.001)
    execution.pause()
    assert execution.wait(10)
    thread.join()
    assert execution.state == "paused"


def test_its_instance_may_be_used_while_it_is_paused(guest):
    instance = guest()
    execution = instance.exports.count.start(10, 1, fuel=60)
    assert execution.run() == "paused"
    done = instance.exports.n.value
    assert 0 < done < 10
    instance.exports.n.value = 9
    assert execution.run(fuel=1_000) == "finished"
    assert execution.result == (done + 1, 1)


def test_cancelling(guest):
    running = guest().exports.spin.start()
    timer = threading.Timer(0.02, running.cancel)
    timer.start()
    with pytest.raises(Trap) as caught:
        running.run()
    timer.join()
    assert caught.value.code is TrapCode.INTERRUPTED
    assert [each.name for each in caught.value.frames] == ["spin"]
    assert running.state == "trapped"

    paused = guest().exports.count.start(10, 1, fuel=60)
    paused.run()
    paused.cancel()
    assert paused.state == "trapped"
    assert isinstance(paused.error, Trap)
    with pytest.raises(ExecutionError, match="has ended"):
        paused.run(fuel=100)

    finished = guest().exports.count.start(1, 1)
    finished.run()
    finished.cancel()
    assert finished.result == (1, 1)


def test_forks_part_ways(guest):
    log = []
    instance = guest(log.append)
    execution = instance.exports.count.start(10, 1, fuel=60)
    execution.run()
    before = instance.exports.n.value
    assert 0 < before < 10
    fork = execution.fork()
    other = fork.func.instance
    assert other is not instance
    other.exports.memory.write(8, (1000).to_bytes(8, "little"))
    assert fork.run(fuel=1_000) == "finished"
    assert fork.result == (1000 + 10 - before, 1)
    assert instance.exports.n.value == before
    assert execution.run(fuel=1_000) == "finished"
    assert execution.result == (10, 1)
    assert log == [*range(1, before + 1), *range(before + 1, 11), *range(before + 1, 11)]


def test_forking_what_has_trapped_is_refused(guest):
    execution = guest().exports.fail.start()
    with pytest.raises(Trap):
        execution.run()
    with pytest.raises(ExecutionError, match="ended with an error"):
        execution.fork()


def test_endless_recursion_ends_however_it_is_paused(guest):
    execution = guest().exports.recurse.start(0, fuel=0)
    pauses = 0

    def go_on() -> None:
        nonlocal pauses
        while execution.run(fuel=5) == "paused":
            pauses += 1

    with pytest.raises(Exhaustion) as caught:
        go_on()
    assert caught.value.code is TrapCode.CALL_STACK_EXHAUSTED
    assert pauses > 9_000
    assert {each.name for each in caught.value.frames} == {"recurse"}
    assert len(caught.value.frames) == 100


def test_what_may_recurse_without_pauses_may_with_them(guest):
    execution = guest().exports.down.start(9_900, fuel=0)
    while execution.run(fuel=3_000) == "paused":
        pass
    assert execution.result == 9_900
    # and as the calls that were paused return, there is room again
    execution = guest().exports.down.start(9_900, fuel=9_900 * 4)
    assert execution.run() == "paused"
    assert execution.run(fuel=1 << 30) == "finished"


def test_repr_says_what_it_does(guest):
    execution = guest().exports.count.start(10, 1, fuel=60)
    assert repr(execution) == "<Execution of count, ready>"
    execution.run()
    assert repr(execution) == "<Execution of count, paused (fuel)>"
