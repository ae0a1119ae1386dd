"""Problems: what is wrong with a module's debug information, which is reported and never raised."""

from __future__ import annotations

import logging
from dataclasses import dataclass

__all__ = ["MalformedDebugInfo", "Problem", "Problems"]

_logger = logging.getLogger("wrt_core.debugging")

_REPORTED = 20
"""Problems of one module that are reported; there may be as many as its debug information has bytes."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is wrong: in which section (or file), at which byte offset of it, and what."""

    section: str
    offset: int | None
    message: str

    def __str__(self) -> str:
        where = "" if self.offset is None else f" at offset 0x{self.offset:x}"
        return f"{self.section}{where}: {self.message}"


class MalformedDebugInfo(Exception):
    """Debug information can't be read. Caught here, before anybody who asks for a position sees it."""

    def __init__(self, section: str, offset: int | None, message: str) -> None:
        super().__init__(section, offset, message)
        self.problem = Problem(section, offset, message)


class Problems:
    """What was found to be wrong with a module's debug information so far.

    Each problem is logged as a warning to `wrt_core.debugging`, with itself as the record's `problem`.
    """

    def __init__(self) -> None:
        self.found: list[Problem] = []

    def report(self, error: MalformedDebugInfo) -> None:
        """Note what an error says, once."""
        problem = error.problem
        if problem in self.found or len(self.found) >= _REPORTED:
            return
        self.found.append(problem)
        _logger.warning("debug information is left out: %s", problem, extra={"problem": problem})
