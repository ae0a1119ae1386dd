"""Functions that only trap, for translated code to call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from wrt_foundation.traps import Trap, TrapCode

__all__ = ["trapping"]


def trapping(code: TrapCode) -> Callable[..., Any]:
    """Return a function that traps, whatever it is called with."""

    def trap(*_: Any) -> Any:
        raise Trap(code)

    return trap
