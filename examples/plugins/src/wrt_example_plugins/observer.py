"""An observer: logs how long modules take to load, and which guests trap."""

from __future__ import annotations

import logging
from typing import Any

from wrt_foundation.plugins import hookimpl
from wrt_foundation.traps import Trap

log = logging.getLogger("wrt.example")


class LoadingTimes:
    """Listens to two events, and of each takes the facts that it needs.

    It logs text, not the objects: a log may be kept for long, and a trap keeps its guest alive.
    """

    @hookimpl
    def wrt_module_loaded(self, module: Any, seconds: float) -> None:
        """Log a module."""
        log.info("%s loaded in %.3f s", repr(module), seconds)

    @hookimpl
    def wrt_guest_trapped(self, trap: Trap) -> None:
        """Log a trap, with the function it happened in."""
        where = f" in {trap.frames[0]}" if trap.frames else ""
        log.warning("trapped: %s%s", str(trap), where)
