"""How long from the start of a process to the first result? `python benchmarks/cold_start.py [--peer PYTHON]…`

Two modules are made, of about 30 KB and 1 MB, whose `main` calls a tenth of their functions, as programs do. Each way
of starting is a process of its own, timed from outside from start to end; rounds of all ways are interleaved, and the
least of each counts. Bytecode of all packages is compiled beforehand into a folder of its own.

--peer names a Python in which pywasm, ppci or wasmtime are installed; may be repeated. A way that takes longer than a
minute is left out.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from random import Random
from time import perf_counter

from wrt_core.testing import ModuleBuilder

SIZES = {"30 KB": 90, "1 MB": 3_050}
CALLED = 10
"""One of so many functions is called."""

LIBRARY = """
import sys
from wrt_core import EngineFactory
cache = sys.argv[2] if sys.argv[2:] else False
engine = EngineFactory.create("stackless", cache=cache)
print(engine.instantiate(engine.load(sys.argv[1])).exports.main(7))
"""

PEERS = {
    "pywasm": """
import sys, pywasm
runtime = pywasm.core.Runtime()
print(runtime.invocate(runtime.instance_from_file(sys.argv[1]), "main", [7])[0])
""",
    "ppci": """
import sys
from ppci.wasm import Module, instantiate
with open(sys.argv[1], "rb") as file:
    instance = instantiate(Module(file), imports={}, target="python")
print(instance.exports["main"](7))
""",
    "wasmtime": """
import sys
from wasmtime import Instance, Module, Store
store = Store()
instance = Instance(store, Module.from_file(store.engine, sys.argv[1]), [])
print(instance.exports(store)["main"](store, 7))
""",
}


def generate(functions: int) -> bytes:
    """Return a module of so many functions, 330 bytes each: loops, conditions, memory, calls and arithmetic."""
    random = Random(functions)
    builder = ModuleBuilder("generated")
    builder.memory(1)

    def operation() -> str:
        number, address = random.randrange(1 << 28), random.randrange(0, 4096, 4)
        return random.choice(
            (
                f"local.get 0 i32.const {number} i32.xor local.set 0",
                f"i32.const {address} local.get 0 i32.store",
                f"local.get 1 i32.const {address} i32.load i32.add local.set 1",
                f"local.get 0 local.get 1 i32.const {number} i32.mul i32.add local.set 1",
                f"local.get 1 i32.const {number} i32.lt_u if local.get 0 i32.const 1 i32.shl local.set 0 end",
                "block local.get 0 i32.eqz br_if 0 local.get 1 i32.const 5 i32.rotl local.set 1 end",
            )
        )

    for index in range(functions):
        body = " ".join(operation() for _ in range(22))
        onwards = f"call {index + CALLED}" if index + CALLED < functions else ""
        code = f"""
            i32.const 3 local.set 2
            loop {body} local.get 2 i32.const 1 i32.sub local.tee 2 br_if 0 end
            local.get 0 local.get 1 i32.add {onwards}
        """
        builder.function("main" if index == 0 else None, "i32 -> i32", code, "i32 i32")
    return builder.bytes()


def ways(module: Path, cold: Path, warm: Path, peers: list[str]) -> dict[str, list[str]]:
    """Return the command line of each way to start."""
    run = [sys.executable, "-m", "wrt_cli", "run"]
    library = [sys.executable, "-c", LIBRARY, str(module)]
    called = [str(module), "--invoke", "main", "7"]
    found = {
        "python -c pass": [sys.executable, "-c", "pass"],
        "import wrt_core": [sys.executable, "-c", "import wrt_core"],
        "library, no cache": library,
        "library, cold cache": [*library, str(cold)],
        "library, warm cache": [*library, str(warm)],
        "wrt run, no cache": [*run, "--no-cache", *called],
        "wrt run, cold cache": [*run, *called],
        "wrt run, warm cache": [*run, *called],
    }
    for python in peers:
        for name, program in PEERS.items():
            installed = [python, "-c", f"import importlib.util as u, sys; sys.exit(u.find_spec({name!r}) is None)"]
            if subprocess.run(installed, check=False).returncode == 0:
                found[name] = [python, "-c", program, str(module)]
    return found


def time(command: list[str], environment: dict[str, str]) -> tuple[float, str] | None:
    """Return how many seconds a process takes, and what it prints; None if that is more than a minute, or it fails."""
    started = perf_counter()
    try:
        done = subprocess.run(command, capture_output=True, env=environment, timeout=60, text=True, check=True)
    except (subprocess.TimeoutExpired, subprocess.CalledProcessError):
        return None
    return perf_counter() - started, done.stdout.strip()


def measure(name: str, module: bytes, folder: Path, peers: list[str], rounds: int) -> None:
    """Print a table for one module."""
    path = folder / "module.wasm"
    path.write_bytes(module)
    clean = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    clean["PYTHONPYCACHEPREFIX"] = str(folder / "bytecode")
    cold, warm = folder / "cold", folder / "warm"
    times: dict[str, float] = {}
    results: set[int] = set()
    for round_ in range(-1, rounds):  # the first fills the caches, and compiles bytecode
        for way, command in ways(path, cold, warm, peers).items():
            if round_ >= 0 and way not in times:
                continue
            for pack in cold.glob("*.pack"):
                pack.unlink()
            which = cold if "cold" in way else warm
            measured = time(command, clean | {"WRT_CACHE": str(which)})
            if measured is None:
                times.pop(way, None)
                print(f"{way}: left out, it failed or took more than a minute", flush=True)
                continue
            seconds, output = measured
            results |= {int(output) % 2**32} if output else set()
            times[way] = min(seconds, times.get(way, 1e9)) if round_ >= 0 else 1e9
    assert len(results) == 1, f"they disagree: {results}"
    print(f"\n{name}: {len(module):,} bytes, result {results.pop()}")
    print(f"{'':24}{'ms':>10}{'of no cache':>14}{'of python -c pass':>20}")
    for way, seconds in times.items():
        relative, absolute = seconds / times["library, no cache"], seconds / times["python -c pass"]
        print(f"{way:24}{seconds * 1000:10.0f}{relative:13.2f}×{absolute:19.1f}×", flush=True)


def main() -> None:
    """Print a table for each module."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--peer", action="append", default=[], metavar="PYTHON")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    for name, functions in SIZES.items():
        with tempfile.TemporaryDirectory() as folder:
            measure(name, generate(functions), Path(folder), options.peer, options.rounds)


if __name__ == "__main__":
    main()
