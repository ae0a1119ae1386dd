"""One kernel in one runtime, as a process that `speed.py` talks to: `python runtime.py RUNTIME MODULE`

For each line "N REPEATS" on its standard input it runs the kernel that often and prints the least seconds, of processor
time, and the result. It imports only the runtime that it is for, so it works where no other is installed.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from time import process_time
from typing import Any

Run = Callable[[int], int]


def _guest(module: str) -> Any:
    from wrt_core import EngineFactory

    engine = EngineFactory.create("stackless")
    return engine.instantiate(engine.load(module)).exports.run


def _executed(function: Any, fuel: int | None = None) -> Run:
    def run(n: int) -> int:
        execution = function.start(n, fuel=fuel)
        execution.run()
        return execution.result

    return run


def wrt(module: str) -> Run:
    """Our pure-Python engine."""
    return _guest(module)


def wrt_execution(module: str) -> Run:
    """The same, as an execution that can be paused from outside."""
    return _executed(_guest(module))


def wrt_metered(module: str) -> Run:
    """The same, metered with fuel."""
    return _executed(_guest(module), fuel=10**15)


def python(module: str) -> Run:
    """The algorithm in idiomatic Python."""
    spec = importlib.util.spec_from_file_location("kernel", Path(module).with_suffix(".py"))
    assert spec is not None
    assert spec.loader is not None
    kernel = importlib.util.module_from_spec(spec)
    sys.modules["kernel"] = kernel
    spec.loader.exec_module(kernel)
    return kernel.run


def pywasm(module: str) -> Run:
    """An interpreter in pure Python."""
    import pywasm

    runtime = pywasm.core.Runtime()
    instance = runtime.instance_from_file(module)
    return lambda n: runtime.invocate(instance, "run", [n])[0]


def ppci(module: str) -> Run:
    """A compiler in pure Python whose output is Python."""
    from ppci.wasm import Module, instantiate

    with Path(module).open("rb") as file:
        instance = instantiate(Module(file), imports={}, target="python")
    return instance.exports["run"]


def wasmtime(module: str) -> Run:
    """A compiler to native code."""
    from wasmtime import Instance, Module, Store

    store = Store()
    run = Instance(store, Module.from_file(store.engine, module), []).exports(store)["run"]
    return lambda n: run(store, n)


RUNTIMES = {each.__name__: each for each in (wrt, wrt_execution, wrt_metered, python, pywasm, ppci, wasmtime)}


def main() -> None:
    """Serve until the input ends."""
    sys.setrecursionlimit(20_000)
    run = RUNTIMES[sys.argv[1]](sys.argv[2])
    run(2)  # what is made on the first call is made now
    print("ready", flush=True)
    for line in sys.stdin:
        n, repeats = map(int, line.split())
        least = float("inf")
        result = 0
        for _ in range(repeats):
            started = process_time()
            result = run(n)
            least = min(least, process_time() - started)
        print(least, int(result) % 2**32, flush=True)


if __name__ == "__main__":
    main()
