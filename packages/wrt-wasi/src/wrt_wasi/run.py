"""`run` and `run_async`: a program, from its file to its result, in one line."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wrt_core import Engine, EngineFactory
from wrt_core.execution import Execution, LimitedCalls
from wrt_core.runtime.function import Func
from wrt_core.runtime.instance import Instance
from wrt_core.runtime.store import Store
from wrt_core.validation import ValidatedModule
from wrt_foundation.errors import Exit, WrtError
from wrt_foundation.memory import Budget
from wrt_foundation.traps import Exhaustion, Trap, TrapCode, WasmException
from wrt_wasi.families import Chosen
from wrt_wasi.mounts import Mountable
from wrt_wasi.permission import Given, budget_above, confined, permitted
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
    families: Chosen | None = None,
    policy: Any = None,
    tenant: str | None = None,
    check: bool = False,
) -> Result:
    """Run a command that was compiled for WASI, and return what has become of it.

    `args` are without the program's own name, which is its file's. It has the variables in `env`, the directories in
    `dirs` by the path at which it finds each, sockets that listen, `stdin`, and nothing else; for what these may be see
    `Wasi`. What it writes goes where the host's own goes, unless `stdout` and `stderr` say otherwise, or to the result
    with `capture`, at most `capture_limit` bytes of each.

    It has as much `fuel` as is given, `timeout` seconds, of which waiting is part, and `max_memory` bytes of linear
    memory: `memory.grow` fails past it. With a `seed`, clocks and random bytes are the same in every run. `families`
    say who serves which functions of WASI, where that is not us.

    A program that traps, out of fuel or time included, is told by the result, as its status is: see `Result.check`,
    which `check` has called. What is no program raises: `OSError`, `DecodeError`, `ValidationError`, `LinkError`,
    `BudgetExceeded` if its memory does not fit from the beginning; and so does an interruption by Ctrl-C.

    A `policy`, as a file, a preset's name, a mapping or a `Policy`, is asked what the program may have of all this, for
    a `tenant` of it, and while it runs: what it denies at the start is left out or raises `CapabilityDenied`, what goes
    past a quota then raises `QuotaExceeded`, and is a trap later; what it has decided is in the result. An `engine`
    that holds programs to a policy already is asked likewise, and keeps its own records. Thread-safe.
    """
    outputs = _Outputs.captured(capture_limit) if capture else _Outputs(stdout, stderr)
    calls = LimitedCalls(fuel, timeout)
    with _prepared(
        program,
        args,
        Given(env or {}, dirs or {}, stdin, outputs.stdout, outputs.stderr),
        listeners,
        max_memory,
        seed,
        engine,
        families,
        policy,
        tenant,
        suspend=timeout is not None,
    ) as prepared:
        with prepared.watched():
            calls.call(prepared.start(calls))
        return prepared.result(calls, outputs, check=check)


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
    families: Chosen | None = None,
    policy: Any = None,
    tenant: str | None = None,
    check: bool = False,
) -> Result:
    """Do as `run` does in an event loop, asyncio's or trio's, in which others run while the program computes or waits.

    Only what has no descriptor of the host's, such as a file object written in Python, makes everybody wait. Cancelling
    ends the program.
    """
    import anyio  # takes longer to import than the rest of this package

    from wrt_core.execution.asynchronous import run_async as run_in_loop

    outputs = _Outputs.captured(capture_limit) if capture else _Outputs(stdout, stderr)
    calls = LimitedCalls(fuel, timeout)
    with _prepared(
        program,
        args,
        Given(env or {}, dirs or {}, stdin, outputs.stdout, outputs.stderr),
        listeners,
        max_memory,
        seed,
        engine,
        families,
        policy,
        tenant,
        suspend=True,
    ) as prepared:
        with prepared.watched():
            execution = prepared.start(calls).start(fuel=calls.fuel)
            try:
                with anyio.move_on_after(calls.time_left()) as limit:
                    await run_in_loop(execution)
            finally:
                calls.take(execution)
            if limit.cancelled_caught:
                raise _late(execution, timeout)
        return prepared.result(calls, outputs, check=check)


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

    def __init__(
        self, engine: Engine, module: ValidatedModule, wasi: Wasi, budget: Budget, decisions: list[Mapping[str, Any]]
    ) -> None:
        self._engine = engine
        self._module = module
        self._wasi = wasi
        self._budget = budget
        self._decisions = decisions
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

    def result(self, calls: LimitedCalls, outputs: _Outputs, *, check: bool) -> Result:
        stdout, stderr = outputs.data()
        result = Result(
            status=self._status,
            stdout=stdout,
            stderr=stderr,
            trap=self._trap,
            fuel_used=calls.fuel_used,
            peak_memory=self._budget.peak,
            decisions=tuple(self._decisions),
        )
        return result.check() if check else result


@contextmanager
def _prepared(
    program: Program,
    args: Sequence[str],
    given: Given,
    listeners: Sequence[socket.socket],
    max_memory: int | None,
    seed: int | None,
    engine: str | Engine,
    families: Chosen | None,
    policy: Any,
    tenant: str | None,
    *,
    suspend: bool,
) -> Iterator[_Prepared]:
    decisions: list[Mapping[str, Any]] = []
    with ExitStack() as stack:
        if policy is not None:
            chosen, decisions = stack.enter_context(confined(engine, policy, tenant))
        elif tenant is not None:
            raise WrtError("a tenant is one of a policy's, and no policy was given")
        else:
            chosen = EngineFactory.create(engine) if isinstance(engine, str) else engine
        module = program if isinstance(program, ValidatedModule) else chosen.load(program)
        left = permitted(chosen, module, given)
        budget = stack.enter_context(Budget("program", max_memory, budget_above(chosen)))
        wasi = Wasi(
            arguments=[_name(program), *args],
            environment=left.env,
            directories=left.dirs,
            listeners=listeners,
            stdin=left.stdin,
            stdout=left.stdout,
            stderr=left.stderr,
            seed=seed,
            suspend=suspend,
            families=families,
        )
        yield _Prepared(chosen, module, stack.enter_context(wasi), budget, decisions)


def _name(program: Program) -> str:
    return Path(program).name if isinstance(program, (str, os.PathLike)) else "program"


def _late(execution: Execution, timeout: float | None) -> Exhaustion:
    error: Any = execution.error
    frames = error.frames if isinstance(error, Trap) else ()
    return Exhaustion(TrapCode.INTERRUPTED, f"time is up: the guest has not ended within {timeout:g} seconds", frames)
