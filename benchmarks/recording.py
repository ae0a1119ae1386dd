"""What does recording a run cost, and replaying it? `python benchmarks/recording.py [CALLS]`

Guests that do nothing but call their host: for the time, for 64 random bytes, to write a line; and the same with some
computing between two calls. In one process, seconds of the processor, the best of several; a journal is a real file.
"""

from __future__ import annotations

import io
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import process_time

from wrt_core import Engine, EngineFactory
from wrt_core.recording import RecordingEngine, replay
from wrt_core.testing import ModuleBuilder
from wrt_wasi import MODULE, Wasi

REPEATS = 5
CALLS = {
    "clock_time_get": ("i32 i64 i32 -> i32", "i32.const 1 i64.const 0 i32.const 64"),
    "random_get": ("i32 i32 -> i32", "i32.const 64 i32.const 64"),
    "fd_write": ("i32 i32 i32 i32 -> i32", "i32.const 1 i32.const 0 i32.const 1 i32.const 32"),
}
BETWEEN = "i32.const 1000 local.set 1 loop local.get 1 i32.const 1 i32.sub local.tee 1 br_if 0 end"


def guest(name: str, between: str) -> bytes:
    """Return a module whose `run(n)` calls a function of WASI n times."""
    type_, arguments = CALLS[name]
    builder = ModuleBuilder()
    call = builder.import_function(MODULE, name, type_)
    builder.memory(1)
    builder.data(bytes([64, 0, 0, 0, 32, 0, 0, 0]), 0)  # one buffer, of 32 bytes at 64
    body = f"loop {between} {arguments} call {call} drop local.get 0 i32.const 1 i32.sub local.tee 0 br_if 0 end"
    builder.function("run", "i32 ->", body, "i32")
    return builder.bytes()


def run(engine: Engine, binary: bytes, count: int) -> float:
    """Return how long `count` calls take."""
    with Wasi(stdout=io.BytesIO()) as wasi:
        instance = engine.instantiate(engine.load(binary), wasi.imports())
        wasi.attach(instance)
        instance.exports.run(1)
        started = process_time()
        instance.exports.run(count)
        return process_time() - started


def best(measure: Callable[[], float]) -> float:
    """Return the least of several."""
    return min(measure() for _ in range(REPEATS))


def main() -> None:
    """Print a row for each guest."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    engine = EngineFactory.create("stackless")
    print("| guest | µs a call | recorded | replayed | bytes of journal a call |")
    print("|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as directory:
        journal = Path(directory) / "run.journal"
        for name in CALLS:
            for between in ("", BETWEEN):
                binary = guest(name, between)
                calls = count // 20 if between else count

                def recorded(binary: bytes = binary, calls: int = calls) -> float:
                    with RecordingEngine(engine, journal) as recording:
                        return run(recording, binary, calls)

                def replayed(binary: bytes = binary) -> float:
                    started = process_time()
                    replay(journal, engine, engine.load(binary))
                    return process_time() - started

                plain = best(lambda binary=binary, calls=calls: run(engine, binary, calls))
                slower, again = best(recorded), best(replayed)
                what = f"{name}, and 4,000 instructions" if between else name
                size = journal.stat().st_size / (calls + 1)
                cells = (
                    what,
                    f"{plain / calls * 1e6:.1f}",
                    f"{slower / plain:.1f}×",
                    f"{again / plain:.1f}×",
                    f"{size:.0f}",
                )
                print(f"| {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
