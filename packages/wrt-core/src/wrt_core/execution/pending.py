"""`Pending`: an answer of a host function that is not there yet, and that needs no event loop to be waited for."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Generator
from typing import Any

__all__ = ["Pending"]


class Pending(ABC):
    """What a host function gives as the `awaitable` of an `Interruption` if others than event loops can wait for it.

    `run_async` awaits it, and `run_sync` waits for it in its thread. It belongs to the execution that waits.
    """

    @abstractmethod
    def wait(self, timeout: float | None = None) -> bool:
        """Wait for the answer, at most `timeout` seconds, None for ever; return whether it is there."""

    @abstractmethod
    def answer(self) -> Any:
        """Return the answer, once it is there; raises what the host function raises."""

    @abstractmethod
    def __await__(self) -> Generator[Any, Any, Any]:
        """Wait for the answer while others run, and return it."""

    def close(self) -> None:  # noqa: B027 - most hold nothing
        """Give up: nobody will ask for the answer any more."""
