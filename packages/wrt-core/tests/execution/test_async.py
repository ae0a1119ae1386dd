"""Host functions that are `async def`, for guests that know nothing of it: in asyncio, in trio, and under anyio."""

from __future__ import annotations

import asyncio
import gc
import importlib.util
import threading
import time
import weakref

import pytest

from wrt_core import Func
from wrt_core.execution import Reason
from wrt_core.execution.snapshot import Snapshot
from wrt_core.testing import ModuleBuilder
from wrt_foundation.errors import ExecutionError, ValueRangeError
from wrt_foundation.traps import Exhaustion, Trap, TrapCode
from wrt_foundation.types import I32, FuncType

BACKENDS = [
    "asyncio",
    *(
        pytest.param(
            name, marks=pytest.mark.skipif(missing, reason=f"{name} IS NOT TRIED: anyio and trio are not here")
        )
        for name, missing in (("trio", not all(map(importlib.util.find_spec, ("anyio", "trio")))),)
    ),
]


@pytest.fixture(params=BACKENDS)
def loop(request):
    """Runs an async function in an event loop, under anyio where that is there."""
    backend = request.param
    if importlib.util.find_spec("anyio") is None:
        return lambda function: asyncio.run(function())
    anyio = pytest.importorskip("anyio")
    return lambda function: anyio.run(function, backend=backend)


async def sleep(seconds: float) -> None:
    if importlib.util.find_spec("anyio") is None:
        await asyncio.sleep(seconds)
    else:
        import anyio

        await anyio.sleep(seconds)


@pytest.fixture
def asking(engine):
    """Make an instance that asks a host function: `twice` does so twice, `spin` never ends, `caught` catches."""

    def make(ask, **more):
        builder = ModuleBuilder()
        index = builder.import_function("env", "ask", "i32 -> i32")
        again = builder.import_function("env", "again", "i32 -> i32")
        tag = builder.import_tag("env", "tag", "i32 ->")
        builder.memory(1)
        builder.function(
            "twice",
            "i32 -> i32",
            f"local.get 0 call {index} local.get 0 i32.const 1 i32.add call {index} i32.const 10 i32.mul i32.add",
        )
        builder.function("spin", "->", "loop br 0 end")
        builder.function(
            "caught", "i32 -> i32", f"block i32 try_table i32 catch {tag} 0 local.get 0 call {index} end end"
        )
        builder.function("through", "i32 -> i32", f"local.get 0 call {again}")
        builder.function("tail", "i32 -> i32", f"local.get 0 return_call {index}")
        builder.function("table", "i32 -> i32", "local.get 0 i32.const 0 call_indirect 0")
        builder.table(1, name=None)
        builder.elements([index], 0)
        tags = {"tag": more.pop("tag", None) or exception_tag(), "again": more.pop("again", lambda value: value)}
        return builder.instantiate(engine, {"env": {"ask": ask, **tags}})

    return make


def exception_tag():
    from wrt_core.runtime.tag import Tag

    return Tag(FuncType((I32,)))


def test_a_guest_goes_on_with_what_the_host_awaited(asking, loop):
    asked = []

    async def ask(value: int) -> int:
        asked.append(value)
        await sleep(0.001)
        return value * 2

    assert loop(lambda: asking(ask).exports.twice.call_async(20)) == 40 + 420
    assert asked == [20, 21]
    assert loop(lambda: asking(ask).exports.tail.call_async(4)) == 8
    assert loop(lambda: asking(ask).exports.table.call_async(5)) == 10


def test_a_guest_that_waits_holds_no_thread_and_no_one_up(asking):
    running = set()

    async def ask(value: int) -> int:
        running.add(value)
        await asyncio.sleep(0)
        while len(running) < 100:  # nobody gets an answer before all have asked
            await asyncio.sleep(0)
        return value

    async def all_of_them():
        instances = [asking(ask) for _ in range(100)]
        before = threading.active_count()
        results = await asyncio.gather(*[each.exports.tail.call_async(n) for n, each in enumerate(instances)])
        assert threading.active_count() <= before + 1  # for deadlines
        return results

    assert asyncio.run(all_of_them()) == list(range(100))


def test_an_object_whose_call_is_async(asking, loop):
    class Asked:
        async def __call__(self, value: int) -> int:
            await sleep(0)
            return value + 1

    assert loop(lambda: asking(Asked()).exports.tail.call_async(1)) == 2
    assert loop(lambda: asking(Func(FuncType((I32,), (I32,)), Asked())).exports.tail.call_async(1)) == 2


def test_what_it_raises_goes_through_the_guest_unchanged(asking, loop):
    failure = LookupError("the host's")

    async def ask(value: int) -> int:
        await sleep(0)
        raise failure

    with pytest.raises(LookupError) as caught:
        loop(lambda: asking(ask).exports.twice.call_async(1))
    assert caught.value is failure


def test_what_it_raises_the_guest_may_catch(asking, loop):
    tag = exception_tag()

    async def ask(value: int) -> int:
        await sleep(0)
        raise tag.exception(value + 1)

    assert loop(lambda: asking(ask, tag=tag).exports.caught.call_async(5)) == 6


def test_what_does_not_fit_is_refused(asking, loop):
    async def ask(value: int) -> int:
        await sleep(0)
        return 1 << 40

    with pytest.raises(ValueRangeError):
        loop(lambda: asking(ask).exports.twice.call_async(1))


def test_a_plain_call_can_not_wait(asking, recwarn):
    async def ask(value: int) -> int:
        return value

    instance = asking(ask)
    with pytest.raises(ExecutionError, match="answers later: call it with call_async or start"):
        instance.exports.twice(1)
    gc.collect()
    assert not recwarn.list  # no coroutine was left that nobody awaits


def test_a_guest_inside_a_host_function_can_not_wait(asking, loop, recwarn):
    async def ask(value: int) -> int:
        return value

    instance = None

    def again(value: int) -> int:
        return instance.exports.tail(value)

    instance = asking(ask, again=again)
    with pytest.raises(ExecutionError, match="answers later"):
        loop(lambda: instance.exports.through.call_async(1))
    gc.collect()
    assert not recwarn.list


def test_nor_can_one_in_a_continuation(engine, loop, recwarn):
    async def ask() -> None:
        pass

    from wrt_wast.text.parser import parse_module

    module = engine.load(
        parse_module("""(module
            (type $f (func)) (type $c (cont $f))
            (import "env" "ask" (func $ask))
            (tag $t)
            (func $inner call $ask)
            (func $suspending (suspend $t) call $ask)
            (elem declare func $inner $suspending)
            (func (export "run") (resume $c (cont.new $c (ref.func $inner))))
            (func (export "both") (block $h (result (ref $c))
                (resume $c (on $t $h) (cont.new $c (ref.func $suspending))) return)
                (resume $c)))""")
    )
    instance = engine.instantiate(module, {"env": {"ask": ask}})
    for name in ("run", "both"):
        execution = instance.exports[name].start()
        with pytest.raises(ExecutionError, match="continuation"):
            execution.run()
        assert execution.state == "trapped"
        with pytest.raises(ExecutionError, match="continuation"):
            loop(instance.exports[name].call_async)
    gc.collect()
    assert not recwarn.list


def test_cancelling_the_task_unwinds_guest_and_host(asking):
    seen = []

    async def ask(value: int) -> int:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            seen.append("cancelled")
            raise
        finally:
            seen.append("finally")
        return value

    async def main():
        instance = asking(ask)
        task = asyncio.create_task(instance.exports.twice.call_async(1))
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert instance.exports.memory.size == 1

    asyncio.run(main())
    assert seen == ["cancelled", "finally"]


def test_a_timeout_ends_a_guest_that_waits_and_one_that_computes(asking):
    waiting = asyncio.Event()

    async def ask(value: int) -> int:
        waiting.set()
        await asyncio.sleep(60)
        return value

    async def main():
        instance = asking(ask)
        for call in (lambda: instance.exports.twice.call_async(1), instance.exports.spin.call_async):
            started = time.monotonic()
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.05):
                    await call()
            assert time.monotonic() - started < 5

    asyncio.run(main())
    assert waiting.is_set()


def test_a_cancelled_execution_is_trapped(asking):
    from wrt_core.execution.asynchronous import run_async

    async def ask(value: int) -> int:
        await asyncio.sleep(60)
        return value

    async def main():
        execution = asking(ask).exports.twice.start(1)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await run_async(execution)
        assert execution.state == "trapped"
        assert isinstance(execution.error, Trap)
        assert execution.error.code is TrapCode.INTERRUPTED
        assert execution.awaitable is None

    asyncio.run(main())


def test_an_anyio_scope_ends_it(asking, loop):
    anyio = pytest.importorskip("anyio")
    seen = []

    async def ask(value: int) -> int:
        try:
            await anyio.sleep(60)
        finally:
            seen.append(value)
        return value

    async def main():
        instance = asking(ask)
        for call in (lambda: instance.exports.twice.call_async(1), instance.exports.spin.call_async):
            with anyio.move_on_after(0.05) as scope:
                await call()
            assert scope.cancelled_caught

    loop(main)
    assert seen == [1]


def test_a_guest_that_computes_lets_others_run(asking, loop):
    async def main():
        turns = []

        async def others():
            while len(turns) < 5:
                turns.append(time.monotonic())
                await sleep(0)

        async def ask(value: int) -> int:
            return value

        anyio = pytest.importorskip("anyio")
        async with anyio.create_task_group() as group:
            group.start_soon(others)
            with anyio.move_on_after(10) as scope:
                await asking(ask).exports.spin.call_async(timeout=0.3, interval=0.01)
        assert not scope.cancelled_caught
        return turns

    with pytest.raises(BaseExceptionGroup) as caught:
        loop(main)
    assert caught.group_contains(TimeoutError)


def test_others_have_their_turn_at_each_interval(asking):
    async def ask(value: int) -> int:
        return value

    async def main():
        ticks = 0

        async def tick():
            nonlocal ticks
            while True:
                ticks += 1
                await asyncio.sleep(0)

        ticker = asyncio.create_task(tick())
        with pytest.raises(TimeoutError, match=r"spin has run for 0\.3 seconds"):
            await asking(ask).exports.spin.call_async(timeout=0.3, interval=0.01)
        ticker.cancel()
        return ticks

    assert asyncio.run(main()) >= 3  # once, without the intervals; thirty times on an idle machine


def test_out_of_fuel(asking):
    async def ask(value: int) -> int:
        return value

    async def main():
        instance = asking(ask)
        with pytest.raises(Exhaustion) as caught:
            await instance.exports.spin.call_async(fuel=1_000)
        assert caught.value.code is TrapCode.OUT_OF_FUEL
        return await instance.exports.twice.call_async(1, fuel=1_000)

    assert asyncio.run(main()) == 21


def test_answered_by_hand(asking):
    async def ask(value: int) -> int:
        raise AssertionError("nobody awaits it")

    execution = asking(ask).exports.twice.start(7)
    assert execution.run() == "paused"
    assert execution.reason == Reason.HOST_CALL
    assert execution.frames[0].name == "twice"
    with pytest.raises(ExecutionError, match="waits for a host function"):
        execution.run()
    for forbidden in (execution.fork, lambda: Snapshot.of(execution)):
        with pytest.raises(ExecutionError, match=r"waits for the host function env\.ask"):
            forbidden()
    execution.awaitable.close()
    with pytest.raises(ValueRangeError):
        execution.resolve(1 << 40)
    execution.resolve(5)
    with pytest.raises(ExecutionError, match="waits for no host function"):
        execution.resolve(5)
    copy = Snapshot.of(execution)  # answered, it can be saved before it goes on
    assert copy.state == "paused"
    assert execution.run() == "paused"
    execution.awaitable.close()
    execution.reject(KeyError("no"))
    with pytest.raises(KeyError):
        execution.run()


def test_a_pause_asked_for_when_it_goes_on_loses_no_answer(asking):
    async def ask(value: int) -> int:
        raise AssertionError("nobody awaits it")

    execution = asking(ask).exports.twice.start(7)
    for answer in (5, 6):
        while execution.run() == "paused" and execution.reason != Reason.HOST_CALL:
            pass
        assert execution.reason == Reason.HOST_CALL
        execution.awaitable.close()
        execution.resolve(answer)
        execution.pause()
    while execution.run() == "paused":
        pass
    assert execution.result == 5 + 60


def test_a_guest_that_has_waited_is_not_kept(asking):
    async def ask(value: int) -> int:
        await asyncio.sleep(0)
        return value

    async def main():
        instance = asking(ask)
        await instance.exports.twice.call_async(1)
        return weakref.ref(instance)

    gone = asyncio.run(main())
    gc.collect()
    assert gone() is None
