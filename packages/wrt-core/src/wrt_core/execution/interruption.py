"""What stops a guest at a safe point: an exception whose traceback is the guest's stack."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wrt_core.runtime.instance import Instance

__all__ = ["Interruption", "Reason"]


class Reason(StrEnum):
    """Why an execution is paused."""

    REQUESTED = "requested"
    """Somebody called `pause`."""
    FUEL = "fuel"
    """What is to be done next costs more fuel than there is."""
    TIMEOUT = "timeout"
    """The time it was given is over."""
    HOST_CALL = "host call"
    """A host function has not answered yet: an `async def`, or one that raised `Interruption`."""
    CANCELLED = "cancelled"
    """It is to end here."""
    INTERVAL = "interval"
    """It has run for long, and others are to run."""


class Interruption(BaseException):
    """Raised at a safe point to pause the execution that runs there; `Execution.run` catches it.

    A host function may raise it to answer later: the call then gives what `Execution.resolve` is given, which
    `convert` turns into the engine's values. `awaitable` is what to wait for, if anything. Not an `Exception`, so that
    nothing on the way takes it for an error.
    """

    def __init__(
        self,
        reason: str = Reason.HOST_CALL,
        *,
        awaitable: Any = None,
        convert: Callable[[Any], Any] | None = None,
        at: int | None = None,
        needed: int = 0,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.awaitable = awaitable
        self.convert = convert
        self.at = at
        """The offset where the innermost function is, if its line does not tell."""
        self.needed = needed
        """The fuel that it takes to pass the safe point."""
        self.entered: tuple[Instance, int] | None = None
        """The function that was about to be entered, by its instance and index, where no frame of it tells."""
        self.answer: tuple[Any, Exception | None] = (None, None)
        """What a call has given, or thrown, that the innermost activation has not seen yet."""

    def close(self) -> None:
        """Give up what is waited for: it will not be."""
        close = getattr(self.awaitable, "close", None)
        if close is not None:
            close()
