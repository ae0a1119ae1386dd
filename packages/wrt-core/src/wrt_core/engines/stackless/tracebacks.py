"""Tracebacks of deep stacks: cut to what is worth keeping, before the interpreter has to take them apart.

A traceback is a chain. Python 3.13 takes a chain apart by a recursion in C that may go 10,000 deep, about 1 MiB: more
than the whole stack of some threads, and then the process is gone. A guest chooses how deep its stack is, so what it
may leave behind is bounded here.
"""

from __future__ import annotations

import traceback
from types import TracebackType

__all__ = ["dismantle", "shorten"]

_LIMIT = 1_000
"""Entries that are harmless."""

_KEPT = 100
"""Entries that remain of more. They are the outermost: a frame holds those outside it, so the innermost hold all."""

_NOTED = 10
"""Innermost entries that a note shows instead."""


def shorten(error: BaseException) -> None:
    """Cut the traceback of an error if it is long; a note on the error then shows its innermost entries."""
    entries = _entries(error)
    if len(entries) <= _LIMIT:
        return
    innermost = traceback.format_list(traceback.extract_tb(entries[-_NOTED]))
    error.add_note(f"… {len(entries) - _KEPT:,} more calls, the innermost being:\n{''.join(innermost).rstrip()}")
    _cut(entries, _KEPT)


def dismantle(error: BaseException) -> None:
    """Take the traceback away from an error that is not to be shown, with all frames that only it holds."""
    entries = _entries(error)
    error.__traceback__ = None
    if entries:
        _cut(entries, 1)


def _entries(error: BaseException) -> list[TracebackType]:
    entries: list[TracebackType] = []
    trace = error.__traceback__
    while trace is not None:
        entries.append(trace)
        trace = trace.tb_next
    return entries


def _cut(entries: list[TracebackType], kept: int) -> None:
    for index in range(kept - 1, len(entries)):
        entries[index].tb_next = None
    while len(entries) > kept:  # the innermost first: each is still held here when what it is held by goes
        del entries[-1]
