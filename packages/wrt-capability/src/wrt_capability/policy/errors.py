"""What is wrong with a policy, and where."""

from __future__ import annotations

from wrt_foundation.errors import WrtError

__all__ = ["PolicyError", "Unenforceable"]


class PolicyError(WrtError):
    """A policy that makes no sense.

    `filename`, `line` (from 1) and `key` say where, each None where that is not known.
    """

    def __init__(
        self, message: str, *, filename: str | None = None, line: int | None = None, key: str | None = None
    ) -> None:
        super().__init__(message)
        self.filename = filename
        self.line = line
        self.key = key

    def __str__(self) -> str:
        where = [*filter(None, [self.filename, None if self.line is None else str(self.line)])]
        prefix = f"{':'.join(where)}: " if where else ""
        return f"{prefix}{self.key}: {self.message}" if self.key else f"{prefix}{self.message}"


class Unenforceable(PolicyError):
    """A policy that asks for a limit which the chosen engine can't keep: it is refused, not forgotten."""
