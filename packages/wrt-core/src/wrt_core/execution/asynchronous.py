"""Executions in an event loop: asyncio's, or trio's."""

from __future__ import annotations

import sys
from typing import Any

from wrt_core.execution.execution import Execution
from wrt_core.execution.interruption import Reason
from wrt_core.execution.state import State
from wrt_foundation.traps import Exhaustion, TrapCode

__all__ = ["run_async"]


async def run_async(execution: Execution, *, timeout: float | None = None, interval: float = 0.01) -> Any:
    """Run an execution to its end and return its result, awaiting its host functions that are `async def`.

    At least every `interval` seconds others have their turn. When the task is cancelled, so is the execution. Raises
    what the execution raises, `TimeoutError` when it has run for `timeout` seconds, waiting aside, and `Exhaustion`
    when it has no fuel left.
    """
    left = timeout
    try:
        while True:
            state = execution.run(timeout=left, interval=interval)
            if state is State.FINISHED:
                return execution.result
            if execution.reason == Reason.HOST_CALL:
                await _answer(execution)
            elif execution.reason == Reason.FUEL:
                raise Exhaustion(TrapCode.OUT_OF_FUEL)
            elif execution.reason == Reason.TIMEOUT:
                raise TimeoutError(f"{execution.func.name or 'the guest'} has run for {timeout} seconds")
            else:
                await _checkpoint()
            left = None  # what is left of it, the execution knows
    finally:
        execution.cancel()


async def _answer(execution: Execution) -> None:
    try:
        value = await execution.awaitable
    except Exception as error:  # noqa: BLE001 - it is the host function's, and goes through the guest unchanged
        execution.reject(error)
    else:
        try:
            execution.resolve(value)
        except Exception as error:  # noqa: BLE001 - as when a host function returns what does not fit its type
            execution.reject(error)


async def _checkpoint() -> None:
    """Let others run, and be cancelled if that is asked."""
    asyncio = sys.modules.get("asyncio")
    if asyncio is not None:
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            pass
        else:
            await asyncio.sleep(0)
            return
    await sys.modules["trio"].lowlevel.checkpoint()
