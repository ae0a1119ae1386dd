"""Running many scripts: finding them, one process or several, and their outcomes together."""

from __future__ import annotations

import multiprocessing
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from fnmatch import fnmatch
from itertools import pairwise
from pathlib import Path, PurePath
from time import perf_counter

from wrt_foundation.errors import TextError
from wrt_foundation.features import Features
from wrt_wast.dialect import Dialect
from wrt_wast.execution.failures import described
from wrt_wast.execution.outcome import Cause, Failure, ScriptOutcome, Tally
from wrt_wast.script.directives import Place

__all__ = ["Job", "SuiteOutcome", "find_scripts", "group_of", "run_suite"]


@dataclass(frozen=True, slots=True)
class Job:
    """How scripts are to be run; goes to other processes.

    `engine` is the name of the engine below `WastEngine`, and `options` what it is made with, as names and values;
    scripts that match one of the patterns `exclude` are skipped. For the rest see `WastEngine`.
    """

    engine: str = "stackless"
    features: Features | None = None
    match_messages: bool = False
    record: bool = False
    exclude: tuple[str, ...] = ()
    dialect: Dialect | None = None
    timeout: float | None = None
    options: tuple[tuple[str, str], ...] = ()

    def run(self, path: str) -> ScriptOutcome:
        """Run the script at `path`. What goes wrong with the file itself is an error in its outcome."""
        from wrt_wast.engine import WastEngine

        engine = WastEngine(
            engine=self.engine,
            features=self.features,
            match_messages=self.match_messages,
            dialect=self.dialect,
            **dict(self.options),
        )
        skipped = any(fnmatch(path, pattern) or fnmatch(PurePath(path).name, pattern) for pattern in self.exclude)
        try:
            return engine.run(Path(path), only=lambda _: not skipped, record=self.record, timeout=self.timeout)
        except (TextError, OSError) as error:
            return _failed(path, Cause.SCRIPT, described(error) if isinstance(error, TextError) else str(error))


def _failed(path: str, cause: Cause, what: str) -> ScriptOutcome:
    outcome = ScriptOutcome(path)
    outcome.failed(Failure(Place(1, 1), "script", "a script that can be run", what, cause))
    return outcome


@dataclass(slots=True)
class SuiteOutcome:
    """What came of running scripts on one engine."""

    engine: str
    scripts: list[ScriptOutcome] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def tally(self) -> Tally:
        """The counts of all scripts together."""
        total = Tally()
        for script in self.scripts:
            total += script.tally
        return total

    @property
    def directives(self) -> Counter[str]:
        """How many directives of each kind were carried out."""
        return sum((script.directives for script in self.scripts), Counter())

    @property
    def failed_directives(self) -> Counter[str]:
        """How many directives of each kind failed."""
        return sum((script.failed_directives for script in self.scripts), Counter())

    @property
    def causes(self) -> Counter[Cause]:
        """How often each cause made a directive fail."""
        return Counter(failure.cause for script in self.scripts for failure in script.failures)

    def by_group(self) -> dict[str, Tally]:
        """Return the counts by folder: the standard's own, and each proposal."""
        return _sums((group_of(script.path), script.tally) for script in self.scripts)

    def by_feature(self) -> dict[str, Tally]:
        """Return the counts by feature, of the scripts that use it; a script may use several."""
        return _sums((feature, script.tally) for script in self.scripts for feature in script.features or {"mvp"})


def _sums(tallies: Iterable[tuple[str, Tally]]) -> dict[str, Tally]:
    found: dict[str, Tally] = {}
    for key, tally in tallies:
        total = found.setdefault(key, Tally())
        total += tally
    return dict(sorted(found.items()))


_GROUPS = frozenset({"legacy", "custom"})


def group_of(path: str) -> str:
    """Return the group that a script belongs to by its place: a proposal, `legacy`, `custom`, or else `core`."""
    parts = PurePath(path).parts[:-1]
    for parent, name in pairwise(parts):
        if parent in ("proposals", "proposal-repos"):
            return name
    return next((part for part in reversed(parts) if part in _GROUPS), "core")


def find_scripts(paths: Sequence[str]) -> list[str]:
    """Return the scripts at `paths`: files as they are, folders with all .wast files below them, each once, sorted.

    Raises `FileNotFoundError` for a path that does not exist.
    """
    found: dict[str, None] = {}
    for path in map(Path, paths):
        if path.is_dir():
            found |= dict.fromkeys(sorted(str(file) for file in path.rglob("*.wast")))
        elif path.exists():
            found[str(path)] = None
        else:
            raise FileNotFoundError(2, "No such file or directory", str(path))
    return list(found)


def run_suite(
    scripts: Sequence[str], job: Job, *, processes: int = 1, finished: Callable[[ScriptOutcome], None] = lambda _: None
) -> SuiteOutcome:
    """Run scripts, in several `processes` at once, and return their outcomes in the given order.

    `finished` is told of each outcome as it comes, in the caller's thread.
    """
    started = perf_counter()
    outcomes: dict[str, ScriptOutcome] = {}
    for outcome in _in_turn(scripts, job) if processes <= 1 else _in_parallel(scripts, job, processes):
        outcomes[outcome.path] = outcome
        finished(outcome)
    return SuiteOutcome(job.engine, [outcomes[path] for path in scripts], perf_counter() - started)


def _in_turn(scripts: Sequence[str], job: Job) -> Iterator[ScriptOutcome]:
    return map(job.run, scripts)


def _in_parallel(scripts: Sequence[str], job: Job, processes: int) -> Iterator[ScriptOutcome]:
    # The largest scripts first, so that none is left alone at the end.
    waiting = sorted(scripts, key=lambda path: -Path(path).stat().st_size)
    broken: list[str] = []
    with _pool(processes) as pool:
        futures: dict[Future[ScriptOutcome], str] = {pool.submit(job.run, path): path for path in waiting}
        for future in as_completed(futures):
            try:
                yield future.result()
            except BrokenProcessPool:
                broken.append(futures[future])
    # One script took its process down, and with it the others that were under way: each gets one to itself.
    for path in broken:
        with _pool(1) as pool:
            try:
                yield pool.submit(job.run, path).result()
            except BrokenProcessPool:
                yield _failed(path, Cause.CRASH, "the process died")


def _pool(processes: int) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(processes, mp_context=multiprocessing.get_context("spawn"))
