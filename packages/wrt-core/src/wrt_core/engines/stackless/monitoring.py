"""Monitoring: how code that does not look out for it is stopped at its next safe point (Python 3.12 and later).

Nothing is switched on until somebody asks. Then all translated code has its jumps and entries reported
(`sys.monitoring`, PEP 669), and what is reported from a thread that is asked to stop interrupts it. Running code
notices at its next jump or call.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from types import CodeType, FrameType

from wrt_core.engines.stackless.compiled import COMPILED, MARK, Compiled
from wrt_core.engines.stackless.translation.writing.source import ENTRY

__all__ = ["MONITOR", "Monitor"]

Reached = Callable[[FrameType, int], None]
"""Called with the guest's frame at a safe point, and its offset; it raises, or the guest goes on."""


class Monitor:
    """Calls back at the safe points of threads that are asked to stop. Thread-safe, and safe in signal handlers.

    True if Python can.
    """

    def __init__(self) -> None:
        self._reached: dict[int, list[Reached]] = {}
        self._asked: set[int] = set()
        self._lock = threading.RLock()
        self._tool: int | None = None

    def __bool__(self) -> bool:
        return sys.version_info >= (3, 12)

    def begin(self, reached: Reached) -> Callable[[], None]:
        """Begin a run in this thread, inside those that it runs already; return what asks it to stop.

        `end` must follow. Once asked, `reached` is called at each safe point.
        """
        thread = threading.get_ident()
        self._reached.setdefault(thread, []).append(reached)
        return lambda: self._ask(thread, reached)

    def end(self, reached: Reached) -> None:
        """End a run of this thread. To do so again, or before it has begun, does no harm."""
        thread = threading.get_ident()
        with self._lock:
            runs = self._reached.get(thread, [])
            if reached in runs:
                runs.remove(reached)
            if not runs:
                self._reached.pop(thread, None)
                if thread in self._asked:
                    if len(self._asked) == 1:
                        self._switch(on=False)
                    self._asked.discard(thread)

    def _ask(self, thread: int, reached: Reached) -> None:
        with self._lock:
            if reached not in self._reached.get(thread, ()):
                return
            first = not self._asked
            self._asked.add(thread)
            if first or self._tool is None:
                self._switch(on=True)

    @property
    def is_on(self) -> bool:
        """Whether anybody is asked to stop."""
        return bool(self._asked)

    def watch(self, code: CodeType) -> None:
        """Report from code that has just been made, if anything is reported."""
        if sys.version_info >= (3, 12) and self._asked:
            with self._lock:
                if self._tool is not None:
                    sys.monitoring.set_local_events(self._tool, code, _events())

    if sys.version_info >= (3, 12):

        def _switch(self, on: bool) -> None:
            monitoring = sys.monitoring
            if on:
                self._tool = _free_tool()
                monitoring.use_tool_id(self._tool, "wrt")
                monitoring.register_callback(self._tool, monitoring.events.PY_START, self._started)
                monitoring.register_callback(self._tool, monitoring.events.JUMP, self._jumped)
            if self._tool is None:  # it was off, or not yet all on
                return
            for compiled in COMPILED:
                for code in compiled.codes:
                    monitoring.set_local_events(self._tool, code, _events() if on else 0)
            if not on:
                monitoring.register_callback(self._tool, monitoring.events.PY_START, None)
                monitoring.register_callback(self._tool, monitoring.events.JUMP, None)
                monitoring.free_tool_id(self._tool)
                self._tool = None

    else:

        def _switch(self, on: bool) -> None:
            raise NotImplementedError

    def _started(self, code: CodeType, offset: int) -> None:
        if threading.get_ident() not in self._asked:
            return
        frame = sys._getframe(1)
        compiled = frame.f_globals.get(MARK)
        # What goes on in the middle of a function has begun already: what it was given would be lost.
        if isinstance(compiled, Compiled) and not compiled.is_resumption(code):
            self._report(frame, ENTRY)

    def _jumped(self, code: CodeType, offset: int, destination: int) -> None:
        if threading.get_ident() not in self._asked:
            return
        frame = sys._getframe(1)
        compiled = frame.f_globals.get(MARK)
        if isinstance(compiled, Compiled):
            at = compiled.head(frame, destination)
            if at is not None:
                self._report(frame, at)

    def _report(self, frame: FrameType, at: int) -> None:
        for reached in reversed(self._reached.get(threading.get_ident(), ())):
            reached(frame, at)


def _events() -> int:
    if sys.version_info >= (3, 12):
        return sys.monitoring.events.PY_START | sys.monitoring.events.JUMP
    return 0


def _free_tool() -> int:
    if sys.version_info >= (3, 12):
        for tool in (4, 3, 5, 2, 1, 0):  # the others are set aside for debuggers, coverage, profilers and optimizers
            if sys.monitoring.get_tool(tool) is None:
                return tool
    raise RuntimeError("all of Python's monitoring tools are in use: a guest can't be interrupted")


MONITOR = Monitor()
"""The process's: there is one `sys.monitoring`."""

Compiled.made.append(MONITOR.watch)
