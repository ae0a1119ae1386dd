"""Tracebacks: what they show of a guest, cut to what is worth keeping.

The entries of translated code are taken out, and such put in as show the guest's functions where they are in its source
(`wrt_core.debugging.python_frames`).

A traceback is a chain. Python 3.13 takes a chain apart by a recursion in C that may go 10,000 deep, about 1 MiB: more
than the whole stack of some threads, and then the process is gone. A guest chooses how deep its stack is, so what it
may leave behind is bounded here, before the interpreter has to take it apart.
"""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from types import TracebackType

from wrt_core.engines.stackless.compiled import MARK, Compiled, compiled_of
from wrt_core.execution.activation import Activation, backtrace
from wrt_core.runtime.host_function import HOST_CODE
from wrt_foundation.errors import Exit
from wrt_foundation.traps import Trap

__all__ = ["dismantle", "inherited", "tell"]

_LIMIT = 1_000
"""Entries that are harmless."""

_KEPT = 100
"""Entries that remain of more. They are the outermost: a frame holds those outside it, so the innermost hold all."""

_NOTED = 10
"""Innermost entries that a note shows instead."""


def tell(error: BaseException, callers: Sequence[Activation] = (), outside: int = 1) -> None:
    """Have the traceback of an error show the guest's own functions, which begin after the first `outside` entries.

    `callers` are activations that wait for the first of these, outermost first. A traceback that is long is cut; a note
    on the error then shows its innermost entries.
    """
    entries = _entries(error)
    if len(entries) <= outside and not callers:
        return
    # Few want to know where a program was when it ended itself, and reading debug information takes its time.
    located = not isinstance(error, Exit)
    if len(entries) > _LIMIT:
        innermost = traceback.format_list(traceback.extract_tb(_told(entries[-_NOTED:], located)))
        error.add_note(f"… {len(entries) - _KEPT:,} more calls, the innermost being:\n{''.join(innermost).rstrip()}")
        _cut(entries, _KEPT)
    told = _told(entries[outside:], located)
    for activation, frame in zip(reversed(callers[-_KEPT:]), backtrace(list(callers[-_KEPT:])), strict=True):
        compiled = compiled_of(activation.instance)
        assert compiled is not None
        told = compiled.python_frames.place(frame, located).entry(told)
    entries[min(outside, len(entries)) - 1].tb_next = told


def inherited(trap: Trap, error: BaseException) -> Trap:
    """Return a trap with the traceback that was told of the error it stands for."""
    trace = error.__traceback__
    return trap if trace is None else trap.with_traceback(trace.tb_next)


def dismantle(error: BaseException) -> None:
    """Take the traceback away from an error that is not to be shown, with all frames that only it holds."""
    entries = _entries(error)
    error.__traceback__ = None
    if entries:
        _cut(entries, 1)


def _told(entries: Sequence[TracebackType], located: bool) -> TracebackType | None:
    """A chain of entries in which the guest's show what they stand for; those of what is between are left out."""
    told: TracebackType | None = None
    for entry in reversed(entries):
        names, code = entry.tb_frame.f_globals, entry.tb_frame.f_code
        if MARK in names:
            compiled = names[MARK]
            place = compiled.place(code, entry.tb_lineno, located) if isinstance(compiled, Compiled) else None
            if place is not None:
                told = place.entry(told)
        elif code.co_filename != HOST_CODE:
            entry.tb_next = told
            told = entry
    return told


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
