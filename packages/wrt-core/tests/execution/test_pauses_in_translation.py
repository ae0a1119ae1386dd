"""Whoever asks for a pause need not wait for a translation: the guest is left where it waits for that."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest

from wrt_core import EngineFactory
from wrt_core.engine import Engine
from wrt_core.engines.stackless import compiled
from wrt_core.engines.stackless.translation.function import Translation
from wrt_core.engines.stackless.translation.steps import Steps
from wrt_core.execution import Execution
from wrt_core.execution.activation import ActivationKind
from wrt_core.execution.snapshot import Snapshot
from wrt_core.execution.state import State
from wrt_core.testing import ModuleBuilder
from wrt_core.validation import ValidatedModule
from wrt_foundation.errors import SnapshotError
from wrt_foundation.traps import Trap, TrapCode

Asked = Callable[[int, int | None], None]
"""Told, at each step of a translation, of which function it is, and of the rest at which offset if not of the whole."""


@pytest.fixture
def steps(monkeypatch) -> Iterator[list[Asked]]:
    """What is told of the steps of translations; and how many are begun is a matter of `begun`."""
    told: list[Asked] = []
    original = compiled.translating

    def translating(module: ValidatedModule, index: int, **how: object) -> Steps[Translation]:
        steps = original(module, index, **how)
        begun.append((index, how["form"].resumed))
        while True:
            try:
                next(steps)
            except StopIteration as end:
                return end.value
            for each in told:
                each(index, how["form"].resumed)
            yield

    begun.clear()
    monkeypatch.setattr(compiled, "translating", translating)
    return told


begun: list[tuple[int, int | None]] = []

LONG = "local.get 1 i32.const 3 i32.add local.set 1 " * 150


def program() -> ModuleBuilder:
    """`run` calls a long function in a loop, with an operand below, and sums what it gives."""
    builder = ModuleBuilder()
    builder.memory(1)
    step = builder.function("step", "i32 i32 -> i32", f"{LONG} local.get 0 local.get 1 i32.mul")
    code = f"local.get 1 local.get 0 i32.const 5 call {step} i32.add local.tee 1"
    less = "local.get 0 i32.const 1 i32.sub local.tee 0 i32.eqz"
    builder.function("run", "i32 -> i32", f"loop i32 {code} {less} if local.get 1 return end drop br 0 end", "i32")
    return builder


STEP, RUN = 0, 1
RESULT = sum(range(1, 5)) * 455


def engine() -> Engine:
    return EngineFactory.create("stackless")


FUEL = [None, 1_000_000]


def asking(execution: Execution, wanted: int, first: int = 1) -> Asked:
    """Ask for a pause at a step of the translation of a function, that of such a number, and at no other."""
    count = 0

    def ask(index: int, resumed: int | None) -> None:
        nonlocal count
        count += index == wanted and resumed is None
        if count == first:
            execution.pause()

    return ask


@pytest.mark.parametrize("fuel", FUEL)
@pytest.mark.parametrize("step", [1, 2, 5])
def test_a_guest_is_left_where_it_is_about_to_enter_what_is_translated(steps, fuel, step):
    execution = program().instantiate(engine()).exports.run.start(4, fuel=fuel)
    seen: list[int] = []
    steps.extend((asking(execution, STEP, step), lambda index, _: seen.append(index)))
    assert execution.run() is State.PAUSED
    assert seen.count(STEP) == step  # it did not wait for more
    inner, outer = execution.frames
    assert (inner.name, inner.kind, inner.locals) == ("step", ActivationKind.ENTRY, (4, 5))
    assert (outer.name, outer.kind, outer.stack) == ("run", ActivationKind.CALL, (0,))
    steps.clear()
    assert execution.run() is State.FINISHED
    assert execution.result == RESULT
    assert begun.count((STEP, None)) == 1  # it was gone on with


@pytest.mark.parametrize("fuel", FUEL)
def test_what_is_entered_is_given_what_is_its_own(steps, fuel):
    builder = ModuleBuilder()
    last = builder.function("last", "i64 i32 -> i32", f"{LONG} local.get 1")
    middle = builder.function("middle", "i32 -> i32", f"i64.const -5 local.get 0 i32.const 1 i32.add call {last}")
    builder.function("run", "i32 -> i32", f"local.get 0 i32.const 2 i32.mul call {middle}")
    execution = builder.instantiate(engine()).exports.run.start(10, fuel=fuel)
    steps.append(asking(execution, last))
    assert execution.run() is State.PAUSED
    found = [(frame.name, frame.kind, frame.locals) for frame in execution.frames]
    assert found == [
        ("last", ActivationKind.ENTRY, (-5, 21)),
        ("middle", ActivationKind.CALL, (20,)),
        ("run", ActivationKind.CALL, (10,)),
    ]
    assert execution.run() is State.FINISHED
    assert execution.result == 471


@pytest.mark.parametrize("fuel", FUEL)
def test_so_it_is_where_it_has_not_begun(steps, fuel):
    execution = program().instantiate(engine()).exports.run.start(4, fuel=fuel)
    steps.append(asking(execution, RUN))
    assert execution.run() is State.PAUSED
    (frame,) = execution.frames
    assert (frame.name, frame.kind, frame.locals) == ("run", ActivationKind.ENTRY, (4,))
    steps.clear()
    assert execution.run() is State.FINISHED
    assert execution.result == RESULT


def saved(execution: Execution) -> Execution:
    data = Snapshot.of(execution).to_bytes()
    instance = execution.func.instance
    return Snapshot.from_bytes(data).resume(instance.engine, instance.module)


@pytest.mark.parametrize("fuel", FUEL)
@pytest.mark.parametrize("saving", [False, True])
def test_it_gets_on_however_often_it_is_asked(steps, fuel, saving):
    plain = program().instantiate(engine()).exports.run.start(4, fuel=1_000_000)
    plain.run()
    execution = program().instantiate(engine()).exports.run.start(4, fuel=fuel)
    pauses = 0
    steps.append(lambda *_: execution.pause())
    while execution.run() is State.PAUSED:
        pauses += 1
        assert pauses < 500
        if saving:  # what goes on is another execution, in an instance that has what was translated
            execution = saved(execution)
    assert pauses > 10
    assert execution.result == RESULT
    assert fuel is None or execution.fuel_used == plain.fuel_used


@pytest.mark.parametrize("fuel", FUEL)
def test_what_a_call_has_given_is_kept_while_what_is_left_of_its_caller_is_translated(steps, fuel):
    execution = program().instantiate(engine()).exports.run.start(4, fuel=fuel)
    steps.append(asking(execution, STEP))
    assert execution.run() is State.PAUSED
    steps.clear()
    execution = saved(execution)
    rests = 0

    def ask(index: int, resumed: int | None) -> None:
        nonlocal rests
        if resumed is not None:
            rests += 1
            execution.pause()

    steps.append(ask)
    assert execution.run() is State.PAUSED
    (frame,) = execution.frames
    assert (frame.name, frame.kind, frame.stack) == ("run", ActivationKind.CALL, (0,))
    while execution.run() is State.PAUSED:
        execution = saved(execution)  # with what the call has given
    assert execution.result == RESULT
    assert rests > 1


def test_a_timeout_and_a_cancellation_do_not_wait_either(steps):
    execution = program().instantiate(engine()).exports.run.start(4)
    steps.append(lambda index, _: execution.cancel() if index == STEP else None)
    with pytest.raises(Trap) as trap:
        execution.run()
    assert trap.value.code is TrapCode.INTERRUPTED
    assert [frame.name for frame in trap.value.frames] == ["step", "run"]


def test_a_call_that_nobody_asks_is_not_stopped(steps):
    exports = program().instantiate(engine()).exports
    seen: list[int] = []
    steps.append(lambda index, _: seen.append(index))
    assert exports.run(4) == RESULT
    assert {STEP, RUN} == set(seen)


def test_ctrl_c_ends_a_translation_which_then_begins_anew(steps):
    exports = program().instantiate(engine()).exports

    def interrupt(index: int, _: int | None) -> None:
        if index == STEP:
            steps.clear()
            raise KeyboardInterrupt

    steps.append(interrupt)
    with pytest.raises(KeyboardInterrupt):
        exports.run(4)
    assert exports.run(4) == RESULT
    assert begun.count((STEP, None)) == 2


def test_a_guest_that_a_host_function_has_called_is_not_left(steps):
    builder = ModuleBuilder()
    call = builder.import_function("env", "call", "-> i32")
    long = builder.function("long", "i32 i32 -> i32", f"{LONG} local.get 1")
    builder.function("run", "-> i32", f"call {call}")
    instance = builder.instantiate(engine(), {"env": {"call": lambda: instance.exports.long(1, 2)}})
    execution = instance.exports.run.start()
    steps.append(asking(execution, long))
    if execution.run() is State.PAUSED:  # behind it
        assert [frame.name for frame in execution.frames] == ["run"]
        execution.run()
    assert execution.result == 452


def test_one_thread_need_not_wait_for_what_another_translates(steps):
    instance = program().instantiate(engine())
    execution, reached, ended = instance.exports.run.start(4), threading.Event(), threading.Event()

    def hold(index: int, _: int | None) -> None:
        if index == STEP and threading.current_thread() is other:
            reached.set()
            assert ended.wait(60)

    steps.append(hold)
    other = threading.Thread(target=lambda: instance.exports.step(1, 5))
    other.start()
    try:
        assert reached.wait(60)
        threading.Timer(0.05, execution.pause).start()
        assert execution.run() is State.PAUSED  # or it would wait for ever
        assert execution.frames
    finally:
        ended.set()
        other.join()
    steps.clear()
    assert execution.run() is State.FINISHED
    assert execution.result == RESULT


def test_what_a_host_function_throws_is_not_kept_waiting(steps):
    builder = ModuleBuilder()
    call = builder.import_function("env", "call", "-> i32")
    builder.function("run", "-> i32", f"call {call} {'i32.const 1 i32.add ' * 200}")

    async def fails() -> int:
        raise ValueError("mine")

    instance = builder.instantiate(engine(), {"env": {"call": fails}})
    execution = instance.exports.run.start()
    assert execution.run() is State.PAUSED
    execution.awaitable.close()
    execution.reject(ValueError("mine"))
    steps.append(lambda *_: execution.pause())
    with pytest.raises(ValueError, match="mine"):
        execution.run()


def test_what_is_paused_before_it_has_an_answer_can_be_saved_unless_it_waits(steps):
    builder = ModuleBuilder()
    call = builder.import_function("env", "call", "-> i32")
    builder.function("run", "-> i32", f"call {call} {'i32.const 1 i32.add ' * 200}")

    async def answers() -> int:
        return 5

    instance = builder.instantiate(engine(), {"env": {"call": answers}})
    execution = instance.exports.run.start()
    assert execution.run() is State.PAUSED
    execution.awaitable.close()
    with pytest.raises(Exception, match="waits for") as error:
        Snapshot.of(execution)
    assert not isinstance(error.value, SnapshotError)
    execution.resolve(5)
    ask: Asked = lambda *_: execution.pause()  # noqa: E731
    steps.append(ask)
    assert execution.run() is State.PAUSED
    steps.clear()
    data = Snapshot.of(execution).to_bytes()
    again = Snapshot.from_bytes(data).resume(engine(), instance.module, {"env": {"call": answers}})
    assert again.run() is State.FINISHED
    assert (again.result, execution.run(), execution.result) == (205, State.FINISHED, 205)
