"""What came of a script: counts, failures, times."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import Enum

from wrt_wast.script.directives import Place

__all__ = ["Cause", "Failure", "ScriptOutcome", "Step", "Tally", "Timing"]


class Cause(Enum):
    """Why a directive failed; the value is for people."""

    WRONG_RESULT = "wrong result"
    """It returned, and returned something else."""
    SUCCEEDED = "should have failed"
    """A failure was expected, and nothing failed."""
    WRONG_FAILURE = "wrong kind of failure"
    """It failed, but in another phase or way than expected."""
    WRONG_MESSAGE = "wrong message"
    """It failed as expected, but says otherwise why."""
    UNEXPECTED_FAILURE = "unexpected failure"
    """It failed, and should not have."""
    UNSUPPORTED = "unsupported feature"
    """The engine does not run a feature that the module uses."""
    SCRIPT = "faulty script"
    """The directive can't be read, or refers to something that does not exist."""
    TIMEOUT = "timeout"
    """It took longer than it was given."""
    CRASH = "crash"
    """Something broke that has nothing to do with the guest: a fault of the engine."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A directive that did not do what it should. `directive` is its keyword, `source_line` the line it starts on."""

    place: Place
    directive: str
    expected: str
    actual: str
    cause: Cause
    source_line: str = ""

    @property
    def is_assertion(self) -> bool:
        """Whether it counts as a failed assertion, or else as an error."""
        return self.directive.startswith("assert_")


@dataclass(slots=True)
class Tally:
    """How often something happened: of assertions `passed`, `failed` and `skipped`, of other directives `errors`."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0
    errors: int = 0

    def __iadd__(self, other: Tally) -> Tally:
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped
        self.errors += other.errors
        return self

    @property
    def succeeded(self) -> bool:
        """Whether nothing went wrong."""
        return not self.failed and not self.errors


@dataclass(frozen=True, slots=True)
class Timing:
    """How long one directive took."""

    seconds: float
    place: Place
    directive: str


@dataclass(frozen=True, slots=True)
class Step:
    """One directive that was carried out, and its failure if it was one."""

    place: Place
    directive: str
    seconds: float
    failure: Failure | None = None


@dataclass(slots=True)
class ScriptOutcome:
    """What came of running one script.

    `slowest` are its slowest directives, slowest first; `features` the names of those that its modules use
    past the MVP. `steps` are all directives in order, if the runner was asked to record them.
    """

    path: str
    tally: Tally = field(default_factory=Tally)
    failures: list[Failure] = field(default_factory=list)
    directives: Counter[str] = field(default_factory=Counter)
    failed_directives: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    slowest: list[Timing] = field(default_factory=list)
    features: set[str] = field(default_factory=set)
    steps: list[Step] = field(default_factory=list)

    def passed(self, directive: str) -> None:
        """Note that a directive did what it should."""
        self.directives[directive] += 1
        if directive.startswith("assert_"):
            self.tally.passed += 1

    def failed(self, failure: Failure) -> None:
        """Note that a directive did not."""
        self.directives[failure.directive] += 1
        self.failed_directives[failure.directive] += 1
        self.failures.append(failure)
        if failure.is_assertion:
            self.tally.failed += 1
        else:
            self.tally.errors += 1

    def skipped(self, directive: str) -> None:
        """Note that a directive was left out because the user asked for that."""
        if directive.startswith("assert_"):
            self.tally.skipped += 1

    def merge(self, other: ScriptOutcome) -> None:
        """Add what came of a part that ran by itself."""
        self.tally += other.tally
        self.failures += other.failures
        self.directives += other.directives
        self.failed_directives += other.failed_directives
        self.features |= other.features
        self.steps += other.steps
        self.slowest = sorted(self.slowest + other.slowest, key=lambda t: -t.seconds)[:_SLOWEST]

    def timed(self, timing: Timing) -> None:
        """Note how long a directive took, if it is one of the slowest."""
        slowest = self.slowest
        if len(slowest) < _SLOWEST or timing.seconds > slowest[-1].seconds:
            slowest.append(timing)
            slowest.sort(key=lambda t: -t.seconds)
            del slowest[_SLOWEST:]


_SLOWEST = 10
