"""`run` and `run_async`: a program, from its file to its result, in one line."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wrt_core import Engine, EngineFactory
from wrt_core.execution import Execution, LimitedCalls
from wrt_core.host_modules import Grants
from wrt_core.runtime.function import Func
from wrt_core.runtime.instance import Instance
from wrt_core.runtime.store import Store
from wrt_core.validation import ValidatedModule
from wrt_foundation.errors import Exit, WrtError
from wrt_foundation.memory import Budget, process_budget
from wrt_foundation.traps import Exhaustion, Trap, TrapCode, WasmException
from wrt_wasi.mounts import Mountable
from wrt_wasi.result import TRAPPED, Result
from wrt_wasi.streams import INHERIT, Capture, Source, Target
from wrt_wasi.streams.capture import CAPTURE_LIMIT
from wrt_wasi.wasi import Wasi

if TYPE_CHECKING:
    import socket

__all__ = ["run", "run_async"]

Program = str | os.PathLike[str] | bytes | ValidatedModule
"""A file, the bytes of a module, or a module that the engine has loaded."""


def run(
    program: Program,
    *,
    args: Sequence[str] = (),
    env: Mapping[str, str] | None = None,
    dirs: Mapping[str, Mountable] | None = None,
    listeners: Sequence[socket.socket] = (),
    stdin: Source = None,
    stdout: Target = INHERIT,
    stderr: Target = INHERIT,
    capture: bool = False,
    capture_limit: int = CAPTURE_LIMIT,
    fuel: int | None = None,
    timeout: float | None = None,
    max_memory: int | None = None,
    seed: int | None = None,
    engine: str | Engine = "stackless",
    check: bool = False,
) -> Result:
    """Run a command that was compiled for WASI, and return what has become of it.

    `args` are without the program's own name, which is its file's. It has the variables in `env`, the directories in
    `dirs` by the path at which it finds each, sockets that listen, `stdin`, and nothing else; for what these may be see
    `Wasi`. What it writes goes where the host's own goes, unless `stdout` and `stderr` say otherwise, or to the result
    with `capture`, at most `capture_limit` bytes of each.

    It has as much `fuel` as is given, `timeout` seconds, of which waiting is part, and `max_memory` bytes of linear
    memory: `memory.grow` fails past it. With a `seed`, clocks and random bytes are the same in every run.

    A program that traps, out of fuel or time included, is told by the result, as its status is: see `Result.check`,
    which `check` has called. What is no program raises: `OSError`, `DecodeError`, `ValidationError`, `LinkError`,
    `BudgetExceeded` if its memory does not fit from the beginning; and so does an interruption by Ctrl-C. An engine
    that holds programs to a policy is refused with `WrtError`: nobody would ask it about what is given here.
    Thread-safe.
    """
    outputs = _Outputs.captured(capture_limit) if capture else _Outputs(stdout, stderr)
    calls = LimitedCalls(fuel, timeout)
    with _prepared(
        program, args, env, dirs, listeners, stdin, outputs, max_memory, seed, engine, suspend=timeout is not None
    ) as prepared:
        with prepared.watched():
            calls.call(prepared.start(calls))
        return prepared.result(calls, check=check)


async def run_async(
    program: Program,
    *,
    args: Sequence[str] = (),
    env: Mapping[str, str] | None = None,
    dirs: Mapping[str, Mountable] | None = None,
    listeners: Sequence[socket.socket] = (),
    stdin: Source = None,
    stdout: Target = INHERIT,
    stderr: Target = INHERIT,
    capture: bool = False,
    capture_limit: int = CAPTURE_LIMIT,
    fuel: int | None = None,
    timeout: float | None = None,
    max_memory: int | None = None,
    seed: int | None = None,
    engine: str | Engine = "stackless",
    check: bool = False,
) -> Result:
    """Do as `run` does in asyncio's event loop, in which others run while the program computes or waits.

    Only what has no descriptor of the host's, such as a file object written in Python, makes everybody wait. Cancelling
    ends the program.
    """
    import asyncio  # takes longer to import than the rest of this package

    from wrt_core.execution.asynchronous import run_async as run_in_loop

    outputs = _Outputs.captured(capture_limit) if capture else _Outputs(stdout, stderr)
    calls = LimitedCalls(fuel, timeout)
    with _prepared(
        program, args, env, dirs, listeners, stdin, outputs, max_memory, seed, engine, suspend=True
    ) as prepared:
        with prepared.watched():
            execution = prepared.start(calls).start(fuel=calls.fuel)
            try:
                async with asyncio.timeout(calls.time_left()) as limit:
                    await run_in_loop(execution)
            except TimeoutError:
                if not limit.expired():
                    raise
                raise _late(execution, timeout) from None
            finally:
                calls.take(execution)
        return prepared.result(calls, check=check)


@dataclass
class _Outputs:
    """Where a program writes to."""

    stdout: Target
    stderr: Target

    @classmethod
    def captured(cls, limit: int) -> _Outputs:
        return cls(Capture(limit), Capture(limit))

    def data(self) -> tuple[bytes, bytes]:
        return _data(self.stdout), _data(self.stderr)


def _data(target: Target) -> bytes:
    return target.data if isinstance(target, Capture) else b""


class _Prepared:
    """A program that can begin, with what it is given."""

    def __init__(self, engine: Engine, module: ValidatedModule, wasi: Wasi, budget: Budget, outputs: _Outputs) -> None:
        self._engine = engine
        self._module = module
        self._wasi = wasi
        self._budget = budget
        self._outputs = outputs
        self._status = 0
        self._trap: Trap | WasmException | None = None

    def start(self, calls: LimitedCalls) -> Func:
        """Make an instance, and return what runs the program."""
        store = Store(
            memory_provider=getattr(self._engine, "memory_provider", None),
            owner=self._budget,
            start=calls.call if calls.limited else None,
        )
        instance: Instance = self._engine.instantiate(self._module, self._wasi.imports(), store=store)
        self._wasi.attach(instance)
        found = instance.exports.get("_start")
        if not isinstance(found, Func):
            raise WrtError("the module exports no function '_start', so it is no command that could be run")
        return found

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Note how the program ends within the block."""
        try:
            yield
        except Exit as exit_:
            self._status = exit_.status
        except (Trap, WasmException) as trap:
            self._status, self._trap = TRAPPED, trap

    def result(self, calls: LimitedCalls, *, check: bool) -> Result:
        stdout, stderr = self._outputs.data()
        result = Result(
            status=self._status,
            stdout=stdout,
            stderr=stderr,
            trap=self._trap,
            fuel_used=calls.fuel_used,
            peak_memory=self._budget.peak,
        )
        return result.check() if check else result


@contextmanager
def _prepared(
    program: Program,
    args: Sequence[str],
    env: Mapping[str, str] | None,
    dirs: Mapping[str, Mountable] | None,
    listeners: Sequence[socket.socket],
    stdin: Source,
    outputs: _Outputs,
    max_memory: int | None,
    seed: int | None,
    engine: str | Engine,
    *,
    suspend: bool,
) -> Iterator[_Prepared]:
    chosen = EngineFactory.create(engine) if isinstance(engine, str) else engine
    module = program if isinstance(program, ValidatedModule) else chosen.load(program)
    if chosen.permitted(module, Grants()).permits is not None:
        raise WrtError(
            "a policy holds this engine's programs, and run would not ask it what they may be given: "
            "use wrt run --policy, or host_modules_for with the grants that engine.permitted leaves"
        )
    with (
        Budget("program", max_memory, process_budget()) as budget,
        Wasi(
            arguments=[_name(program), *args],
            environment=env,
            directories=dirs,
            listeners=listeners,
            stdin=stdin,
            stdout=outputs.stdout,
            stderr=outputs.stderr,
            seed=seed,
            suspend=suspend,
        ) as wasi,
    ):
        yield _Prepared(chosen, module, wasi, budget, outputs)


def _name(program: Program) -> str:
    return Path(program).name if isinstance(program, (str, os.PathLike)) else "program"


def _late(execution: Execution, timeout: float | None) -> Exhaustion:
    error: Any = execution.error
    frames = error.frames if isinstance(error, Trap) else ()
    return Exhaustion(TrapCode.INTERRUPTED, f"time is up: the guest has not ended within {timeout:g} seconds", frames)
