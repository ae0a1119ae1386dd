"""Comparing a run with an earlier one: what fails that did not, what no longer fails, and what takes longer."""

from __future__ import annotations

from dataclasses import dataclass, field

from wrt_wast.execution.outcome import Failure, ScriptOutcome
from wrt_wast.execution.suite import SuiteOutcome

__all__ = ["Comparison", "TimeChange", "compare"]


@dataclass(frozen=True, slots=True)
class TimeChange:
    """How long a script took before and takes now, in seconds."""

    path: str
    before: float
    now: float

    @property
    def ratio(self) -> float:
        """Now over before."""
        return self.now / self.before if self.before else float("inf")


@dataclass(slots=True)
class Comparison:
    """`regressions` are failures that the earlier run does not have, `mended` what failed only in it, with their paths.

    `missing` are scripts that only the earlier run has. `times` are of scripts that both have.
    """

    regressions: list[tuple[str, Failure]] = field(default_factory=list)
    mended: list[tuple[str, Failure]] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    times: list[TimeChange] = field(default_factory=list)

    @property
    def seconds(self) -> tuple[float, float]:
        """How long all the scripts that both runs have took before, and take now."""
        return sum(change.before for change in self.times), sum(change.now for change in self.times)


def compare(now: SuiteOutcome, before: SuiteOutcome) -> Comparison:
    """Compare two runs, script by script; a failure is the same if it is the same directive at the same place."""
    earlier = {script.path: script for script in before.scripts}
    found = Comparison()
    for script in now.scripts:
        previous = earlier.pop(script.path, None)
        known = _failures(previous) if previous is not None else {}
        present = _failures(script)
        found.regressions += [(script.path, failure) for key, failure in present.items() if key not in known]
        found.mended += [(script.path, failure) for key, failure in known.items() if key not in present]
        if previous is not None:
            found.times.append(TimeChange(script.path, previous.seconds, script.seconds))
    found.missing = list(earlier)
    return found


def _failures(script: ScriptOutcome) -> dict[tuple[int, int, str], Failure]:
    return {(f.place.line, f.place.column, f.directive): f for f in script.failures}
