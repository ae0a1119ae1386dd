"""Backtraces: the frames of a guest that is running, read off Python's own stack."""

from __future__ import annotations

import sys
from types import FrameType

from wrt_core.engines.stackless.compiled import INSTANCE, MARK, Compiled
from wrt_core.runtime.instance import Instance
from wrt_foundation.traps import Frame

__all__ = ["present_frames"]


def present_frames(instance: Instance) -> tuple[Frame, ...]:
    """Return the frames that functions of `instance` have on this thread's stack, innermost first."""
    found: list[Frame] = []
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        names = frame.f_globals
        if names.get(INSTANCE) is instance and isinstance(compiled := names.get(MARK), Compiled):
            located = compiled.locate(frame.f_code, frame.f_lineno)
            if located is not None:
                found.append(located[0])
        frame = frame.f_back
    return tuple(found)
