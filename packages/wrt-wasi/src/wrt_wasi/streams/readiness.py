"""Waiting for the host's descriptors, as far as the system can."""

from __future__ import annotations

import select
from collections.abc import Iterable

__all__ = ["ready"]


def ready(reading: Iterable[int], writing: Iterable[int], timeout: float | None = 0) -> set[tuple[int, bool]]:
    """Return which descriptors are ready, as (descriptor, for writing), waiting `timeout` seconds until one is.

    None waits for ever. What the system can't wait for, such as a file on Windows, is ready. Errors and hang-ups are
    readiness: who reads or writes then hears of them.
    """
    wanted = [*((each, False) for each in reading), *((each, True) for each in writing)]
    if not hasattr(select, "poll"):
        return _select(wanted, timeout)
    poll, masks = select.poll(), dict.fromkeys((each for each, _ in wanted), 0)
    for descriptor, write in wanted:
        masks[descriptor] |= select.POLLOUT if write else select.POLLIN
    for descriptor, mask in masks.items():
        poll.register(descriptor, mask)
    events = dict(poll.poll(None if timeout is None else timeout * 1000))
    broken = select.POLLERR | select.POLLHUP | select.POLLNVAL
    return {
        (descriptor, write)
        for descriptor, write in wanted
        if events.get(descriptor, 0) & (broken | (select.POLLOUT if write else select.POLLIN))
    }


def _select(wanted: list[tuple[int, bool]], timeout: float | None) -> set[tuple[int, bool]]:
    try:
        reading, writing, _ = select.select(
            [each for each, write in wanted if not write], [each for each, write in wanted if write], [], timeout
        )
    except (OSError, ValueError):
        return set(wanted)
    return {(each, False) for each in reading} | {(each, True) for each in writing}
