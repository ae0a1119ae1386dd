"""Executions in a thread of their own, to their end: the twin of `run_async`."""

from __future__ import annotations

from time import monotonic
from typing import Any

from wrt_core.execution.execution import Execution
from wrt_core.execution.interruption import Reason
from wrt_core.execution.pending import Pending
from wrt_core.execution.state import State
from wrt_foundation.errors import ExecutionError
from wrt_foundation.traps import Exhaustion, Trap, TrapCode

__all__ = ["run_sync"]


def run_sync(execution: Execution, *, timeout: float | None = None) -> Any:
    """Run an execution to its end and return its result, waiting for host functions that answer later.

    Raises what the execution raises, and `Exhaustion`, with the frames that it was in, when it has no fuel left, or has
    not ended `timeout` seconds from now, whether it ran or waited. A host function can only be waited for so if it
    gives a `Pending`; `ExecutionError` for any other, such as an `async def`.
    """
    deadline = None if timeout is None else monotonic() + timeout
    try:
        while True:
            left = None if deadline is None else max(0.0, deadline - monotonic())
            if execution.run(timeout=left) is State.FINISHED:
                return execution.result
            match execution.reason:
                case Reason.FUEL:
                    raise _ended(execution, TrapCode.OUT_OF_FUEL, None)
                case Reason.HOST_CALL:
                    if not _answered(execution, deadline):
                        raise _ended(execution, TrapCode.INTERRUPTED, timeout)
                case Reason.TIMEOUT:
                    raise _ended(execution, TrapCode.INTERRUPTED, timeout)
    finally:
        execution.cancel()


def _answered(execution: Execution, deadline: float | None) -> bool:
    pending = execution.awaitable
    if not isinstance(pending, Pending):
        raise ExecutionError("a host function answers in an event loop: run it with call_async")
    try:
        if not pending.wait(None if deadline is None else max(0.0, deadline - monotonic())):
            return False
        execution.resolve(pending.answer())
    except Exception as error:  # noqa: BLE001 - it is the host function's, and goes through the guest unchanged
        execution.reject(error)
    return True


def _ended(execution: Execution, code: TrapCode, timeout: float | None) -> Exhaustion:
    execution.cancel()
    error = execution.error
    message = None if timeout is None else f"time is up: the guest has not ended within {timeout:g} seconds"
    return Exhaustion(code, message, error.frames if isinstance(error, Trap) else ())
