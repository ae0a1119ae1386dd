"""Waiting for the host's descriptors in asyncio's event loop."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import ExitStack
from time import monotonic

from wrt_wasi.streams.readiness import ready

__all__ = ["arrival"]

_LOOK_AGAIN = 0.01  # Seconds between two looks where the loop can't wait for descriptors.


async def arrival(reading: Sequence[int], writing: Sequence[int], seconds: float | None) -> None:
    """Return when one of the descriptors is ready, or after so many seconds, None for never; others run meanwhile."""
    import asyncio  # takes longer to import than the rest of this package

    loop = asyncio.get_running_loop()
    arrived = asyncio.Event()
    with ExitStack() as watched:
        try:
            for descriptors, watch, forget in (
                (reading, loop.add_reader, loop.remove_reader),
                (writing, loop.add_writer, loop.remove_writer),
            ):
                for each in descriptors:
                    # A descriptor of its own: a loop has one watcher for each, and somebody else may be it.
                    copy = os.dup(each)
                    watched.callback(os.close, copy)
                    watch(copy, arrived.set)
                    watched.callback(forget, copy)
        except (NotImplementedError, OSError):  # Windows, or what can't be watched
            watched.close()
            await _look(reading, writing, seconds)
            return
        try:
            await asyncio.wait_for(arrived.wait(), seconds)
        except TimeoutError:
            return


async def _look(reading: Sequence[int], writing: Sequence[int], seconds: float | None) -> None:
    import asyncio

    until = None if seconds is None else monotonic() + seconds
    while not ready(reading, writing) and (until is None or monotonic() < until):
        await asyncio.sleep(_LOOK_AGAIN)
