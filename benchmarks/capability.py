"""What the capability layer costs: the stackless engine alone and with a policy around it, in one run.

    python benchmarks/capability.py [--repeat 15]

Compute kernels, calls of host functions, and calls by the host; for each the best of several turns, taken in turns.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from time import thread_time
from typing import Any

from wrt_core import EngineFactory
from wrt_core.engine import Engine
from wrt_core.runtime.instance import Instance
from wrt_core.testing import ModuleBuilder

CALLS = 50_000


def program() -> ModuleBuilder:
    """Kernels that compute, and loops that call."""
    builder = ModuleBuilder()
    tick = builder.import_function("env", "tick", "i32 -> i32")
    builder.memory(2)
    fib = builder.function(
        "fib",
        "i32 -> i32",
        "local.get 0 i32.const 2 i32.lt_s if local.get 0 return end "
        "local.get 0 i32.const 1 i32.sub call 1 local.get 0 i32.const 2 i32.sub call 1 i32.add",
    )
    assert fib == 1
    builder.function(
        "sieve",
        "i32 -> i32",
        """
        i32.const 2 local.set 0
        loop
          local.get 0 local.get 0 i32.store8
          local.get 0 i32.const 1 i32.add local.tee 0 i32.const 65536 i32.lt_u br_if 0
        end
        i32.const 5 i32.load8_u
        """,
    )
    builder.function(
        "collatz",
        "i32 -> i32",
        """
        loop
          local.get 0 local.set 1
          loop
            local.get 1 i32.const 1 i32.and
            if
              local.get 1 i32.const 3 i32.mul i32.const 1 i32.add local.set 1
            else
              local.get 1 i32.const 1 i32.shr_u local.set 1
            end
            local.get 1 i32.const 1 i32.gt_u br_if 0
          end
          local.get 0 i32.const 1 i32.sub local.tee 0 br_if 0
        end
        local.get 0
        """,
        "i32",
    )
    builder.function("nothing", "->", "")
    loop = f"loop local.get 0 call {tick} drop local.get 0 i32.const 1 i32.sub local.tee 0 br_if 0 end"
    builder.function("ticks", "i32 ->", loop)
    return builder


def kernels(instance: Instance) -> dict[str, Callable[[], Any]]:
    """What is timed, each in one call of the guest."""
    exports = instance.exports
    return {
        "fib": lambda: exports.fib(22),
        "sieve": lambda: exports.sieve(0),
        "collatz": lambda: exports.collatz(2000),
    }


def taken(work: Callable[[], Any]) -> float:
    """How much of the processor it takes, in seconds: what others do on the machine meanwhile is not counted."""
    started = thread_time()
    work()
    return thread_time() - started


def host_calls(instance: Instance) -> Callable[[], Any]:
    """A guest that calls the host."""
    return lambda: instance.exports.ticks(CALLS)


def guest_calls(instance: Instance) -> Callable[[], Any]:
    """A host that calls a guest."""
    nothing = instance.exports.nothing

    def work() -> None:
        for _ in range(CALLS):
            nothing()

    return work


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeat", type=int, default=15, help="turns, of which the best counts")
    repeat = parser.parse_args().repeat
    engines: dict[str, Engine] = {
        "inner": EngineFactory.create("stackless"),
        "capability-aware": EngineFactory.create("capability-aware", inner="stackless", policy="trusted"),
    }
    instances = {name: program().instantiate(each, {"env": {"tick": lambda n: n}}) for name, each in engines.items()}
    works = {name: kernels(each) for name, each in instances.items()}
    for name, each in instances.items():
        works[name] |= {"host calls": host_calls(each), "guest calls": guest_calls(each)}
    times: dict[str, dict[str, float]] = {name: {} for name in engines}
    for _ in range(repeat):
        for kernel in works["inner"]:
            for name in engines:
                seconds = taken(works[name][kernel])
                times[name][kernel] = min(seconds, times[name].get(kernel, seconds))
    print(f"{'':12} {'inner':>10} {'around it':>10} {'ratio':>7} {'more a call':>12}")
    for kernel, inner in times["inner"].items():
        around = times["capability-aware"][kernel]
        more = f"{(around - inner) / CALLS * 1e6:9.2f} µs" if kernel.endswith("calls") else ""
        print(f"{kernel:12} {inner * 1e3:7.1f} ms {around * 1e3:7.1f} ms {around / inner:7.3f} {more:>12}")


if __name__ == "__main__":
    main()
