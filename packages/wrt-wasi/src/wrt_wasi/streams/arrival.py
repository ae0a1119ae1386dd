"""Waiting for the host's descriptors in an event loop: asyncio's, or trio's."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Sequence
from contextlib import ExitStack

from wrt_wasi.streams.readiness import ready

__all__ = ["arrival"]

_LOOK_AGAIN = 0.01  # Seconds between two looks at what the loop can't wait for.


async def arrival(reading: Sequence[int], writing: Sequence[int], seconds: float | None) -> None:
    """Return when one of the descriptors is ready, or after so many seconds, None for never; others run meanwhile."""
    import anyio  # takes longer to import than the rest of this package

    with anyio.move_on_after(seconds), ExitStack() as copies:
        async with anyio.create_task_group() as waiting:

            async def first(arrives: Callable[[int], Awaitable[None]], descriptor: int) -> None:
                # A descriptor of its own: a loop has one watcher for each, and somebody else may be it.
                copy = os.dup(descriptor)
                copies.callback(os.close, copy)
                try:
                    await arrives(copy)
                except (NotImplementedError, OSError):  # Windows, or what can't be watched
                    while not ready(reading, writing):
                        await anyio.sleep(_LOOK_AGAIN)
                waiting.cancel_scope.cancel()

            for each in reading:
                waiting.start_soon(first, anyio.wait_readable, each)
            for each in writing:
                waiting.start_soon(first, anyio.wait_writable, each)
            await anyio.sleep_forever()
