"""The states of an execution."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["State"]


class State(StrEnum):
    """Where an execution is in its life."""

    READY = "ready"
    """It has not begun."""
    RUNNING = "running"
    """A thread runs it now."""
    PAUSED = "paused"
    """It can be run on, saved or forked; `Execution.reason` says why it stopped."""
    FINISHED = "finished"
    """It has a result."""
    TRAPPED = "trapped"
    """It has ended by a trap, or by any other exception that nobody caught; `Execution.error` is that."""

    @property
    def ended(self) -> bool:
        """Whether it can't be run any more."""
        return self in (State.FINISHED, State.TRAPPED)
