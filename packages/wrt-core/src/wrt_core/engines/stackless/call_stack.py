"""The call stack: how deep guests may recurse, and what of the host that touches.

CPython runs calls between Python functions without growing the C stack, and bounds their depth by its
recursion limit alone. While guests run, that limit is raised by the depth they are allowed; when the last
of them is done, it is what it was before.
"""

from __future__ import annotations

import threading
from sys import getrecursionlimit, setrecursionlimit
from threading import get_ident
from typing import Any

from wrt_foundation.traps import Exhaustion, TrapCode

__all__ = ["DEFAULT_DEPTH", "allow", "enter", "leave", "set_turn", "turn"]

DEFAULT_DEPTH = 10_000
"""Guest calls inside one another that are always possible (more, by what the host has left of its own limit).

A call that has gone on as a tail call counts twice: for the function that was called, and for the one that runs.
"""

_NESTING_LIMIT = 400
"""Times that a guest may call the host and the host a guest again: these do use the C stack, about 1 KiB each."""


class _Turn(threading.local):
    now: Any = None


_turn = _Turn()
_lock = threading.Lock()
_entries: dict[int, int] = {}
"""The threads that run guests, and how often each has entered one from the host."""
_saved = 0


def enter(depth: int) -> int:
    """Begin an entry from the host into a guest that may recurse `depth` calls deep; `leave` must follow.

    Return what `leave` is to be given: how many entries this thread is in already. The recursion limit belongs to the
    whole process, so the threads are noted; the first one saves it and the last one restores it. Raises `Exhaustion`
    where guests and host have called one another too often.
    """
    global _saved
    thread = get_ident()
    before = _entries.get(thread, 0)
    if before:
        if before >= _NESTING_LIMIT:
            raise Exhaustion(TrapCode.CALL_STACK_EXHAUSTED)
        _entries[thread] = before + 1
        return before
    try:
        with _lock:
            limit = getrecursionlimit()
            if not _entries:
                _saved = limit
            _entries[thread] = 1
            if limit < _saved + depth:
                setrecursionlimit(_saved + depth)
    except BaseException:  # Ctrl-C came just now
        leave(0)
        raise
    return 0


def allow(depth: int, paused: int, outermost: bool) -> None:
    """Let a guest recurse as deep as if `paused` calls more were on the stack; `outermost` if it is in no other.

    Raises `Exhaustion` where those alone are more than could ever have been. Where several threads run guests, each may
    go as deep as any of them may, and one inside another as deep as that.
    """
    with _lock:
        if paused > depth + _saved:
            raise Exhaustion(TrapCode.CALL_STACK_EXHAUSTED)
        limit = _saved + max(depth - paused, 0)
        if (outermost and len(_entries) == 1) or limit > getrecursionlimit():
            setrecursionlimit(limit)


def turn() -> Any:
    """Return the run of an execution that this thread is in, None if it is in none."""
    return _turn.now


def set_turn(turn: Any) -> Any:
    """Make it another; return what it was."""
    before, _turn.now = _turn.now, turn
    return before


def leave(before: int) -> None:
    """End an entry that `enter` began, given what that returned. To do so again does no harm.

    Python may raise `KeyboardInterrupt` just as this is called, so callers that see any exception call it again.
    """
    thread = get_ident()
    if before:
        _entries[thread] = before
        return
    with _lock:
        if thread in _entries:
            if len(_entries) == 1:
                setrecursionlimit(_saved)
            del _entries[thread]
