"""`Result`: what has become of a program."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from wrt_foundation.errors import Exit
from wrt_foundation.traps import Trap, WasmException

__all__ = ["TRAPPED", "Result"]

TRAPPED = 134
"""The status of a program that trapped, as a shell tells it of one that aborted, and `wrt run` too."""


@dataclass(frozen=True)
class Result:
    """How a program has ended, and what it took.

    `status` is the program's own, or 134 where it trapped: then `trap` says why, with the frames that it was in, as
    also for one that ran out of fuel or time, or threw an exception that nobody caught. `stdout` and `stderr` are what
    was captured, or empty. `fuel_used` is None where no fuel was given: what is not metered runs faster. `peak_memory`
    is the most bytes of linear memory that it had at one time.
    """

    status: int
    stdout: bytes = field(default=b"", repr=False)
    stderr: bytes = field(default=b"", repr=False)
    trap: Trap | WasmException | None = None
    fuel_used: int | None = None
    peak_memory: int = 0
    decisions: tuple[Mapping[str, Any], ...] = field(default=(), repr=False)
    """What a policy decided about it, as `wrt_capability.recorder` describes events; nothing where none is in force."""

    @property
    def ok(self) -> bool:
        """Whether it ended by itself, with status 0."""
        return self.status == 0

    def check(self) -> Result:
        """Return this result if it is `ok`; raises the trap, or `Exit` with the status."""
        if self.trap is not None:
            raise self.trap
        if self.status:
            raise Exit(self.status)
        return self
