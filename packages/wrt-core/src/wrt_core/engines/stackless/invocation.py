"""Entering translated code from Python, and turning Python's exceptions into the guest's traps.

The traceback of an exception that leaves translated code is the wasm stack: each entry whose code object is a
translation names a function, and its line the instruction.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any

from wrt_core.engines.stackless import call_stack
from wrt_core.engines.stackless.compiled import MARK, Compiled
from wrt_core.engines.stackless.tracebacks import dismantle, inherited, tell
from wrt_core.execution.interruption import Interruption
from wrt_core.runtime.function import Func
from wrt_foundation.errors import ExecutionError
from wrt_foundation.plugins.events import Event
from wrt_foundation.traps import Exhaustion, Frame, Trap, TrapCode

__all__ = ["MEANINGFUL", "entering", "trap_of"]

MEANINGFUL = (IndexError, ZeroDivisionError, RecursionError, Trap, struct.error, OverflowError)
"""What a guest's failure may look like in Python."""

_EXHAUSTED = "maximum recursion depth exceeded"
"""How Python says that its stack is used up."""

_FRAMES_KEPT = 100
"""Frames in a trap: of an exhausted call stack, the innermost are enough to see what recursed."""


def entering(depth: int, trapped: Event | None) -> Callable[[Func, Sequence[Any]], Any]:
    """Return the function that enters guests: it bounds their recursion, and raises `Trap` where they trap."""
    if depth < 1:
        raise ValueError(f"a guest needs a call depth of at least 1, not {depth}")

    def enter(func: Func, args: Sequence[Any]) -> Any:
        before = call_stack.enter(depth)
        try:
            if before and (turn := call_stack.turn()) is not None:  # what is metered stays so inside host calls
                return turn.edition.code(func)(*args)
            return func.code(*args)
        except MEANINGFUL as error:
            told = isinstance(error, Trap) and bool(error.frames)
            trap = trap_of(error)
            tell(error)
            if trap is None:
                raise
            if trapped is not None and not told:
                trapped(instance=func.instance, trap=trap)
            if trap is error:
                raise
            raise inherited(trap, error) from None
        except Interruption as stop:
            stop.close()
            dismantle(stop)
            raise ExecutionError(
                f"a host function that {func.name or 'the guest'} calls answers later: call it with call_async or start"
            ) from None
        except BaseException as error:
            tell(error)
            raise
        finally:
            try:
                call_stack.leave(before)
            except BaseException:
                call_stack.leave(before)
                raise

    return enter


def trap_of(error: Exception) -> Trap | None:
    """The trap that an exception stands for; None for an exception of a host function."""
    located, hosts = _frames(error.__traceback__)
    frames = tuple(frame for frame, _, _ in located[:_FRAMES_KEPT])
    if isinstance(error, Trap):
        if error.frames or not frames:
            return error
        error.frames = frames
        error.args = (error.code, error.message, frames)
        return error
    if not located:
        return None
    _, innermost, code = located[0]
    if isinstance(error, RecursionError):
        # Who runs out of stack at the edge may be one of our own functions, or the host's that the guest called.
        # It is the guest's doing if most of the stack is the guest's, and if it is Python that says so: a host function
        # may raise such an error itself.
        if len(located) < hosts or not str(error).startswith(_EXHAUSTED):
            return None
        return Exhaustion(TrapCode.CALL_STACK_EXHAUSTED, None, frames)
    if not innermost:
        return None
    if isinstance(error, ZeroDivisionError):
        return Trap(TrapCode.INTEGER_DIVIDE_BY_ZERO, None, frames)
    if isinstance(error, (struct.error, OverflowError)):
        # Only accesses to memory go through struct; past 2**63, it says that an address is none.
        return Trap(TrapCode.MEMORY_OUT_OF_BOUNDS, None, frames)
    return Trap(code, None, frames)


def _frames(trace: TracebackType | None) -> tuple[list[tuple[Frame, bool, TrapCode]], int]:
    """The wasm frames in a traceback, innermost first, and how many frames of the host are in it.

    With each frame: whether it is the traceback's innermost, and what an IndexError on its line means.
    """
    found: list[tuple[Frame, bool, TrapCode]] = []
    hosts = 0
    while trace is not None:
        names = trace.tb_frame.f_globals
        if MARK not in names:
            hosts += 1
        elif isinstance(compiled := names[MARK], Compiled):
            entry = compiled.locate(trace.tb_frame.f_code, trace.tb_lineno)
            if entry is not None:
                frame, trap = entry
                found.append((frame, trace.tb_next is None, trap))
        trace = trace.tb_next
    found.reverse()
    return found, hosts
