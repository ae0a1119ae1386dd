"""A pytest plugin: .wast files are tests, `pytest --wrt-engine=NAME spec/`.

Without `--wrt-engine` it does nothing. A file is one item, or with `--wrt-each` every directive is one;
then the script is still run once, in its order, when the first of its items is due.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from wrt_wast.execution.outcome import Failure, ScriptOutcome, Step
    from wrt_wast.script.directives import Directive

__all__ = ["pytest_addoption", "pytest_collect_file"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options; they do nothing without the first."""
    group = parser.getgroup("wrt", "WebAssembly scripts")
    group.addoption("--wrt-engine", metavar="NAME", help="collect .wast files, and run them on this engine")
    group.addoption("--wrt-each", action="store_true", help="make every directive of a script an item")
    group.addoption("--wrt-match-messages", action="store_true", help="errors must say what scripts expect")


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Collect .wast files, if an engine was named."""
    if file_path.suffix == ".wast" and parent.config.getoption("--wrt-engine"):
        return ScriptFile.from_parent(parent, path=file_path)
    return None


class WrongOutcome(Exception):
    """Directives of a script did not do what they should."""

    def __init__(self, failures: list[Failure]) -> None:
        super().__init__(f"{len(failures)} failures")
        self.failures = failures


class ScriptFile(pytest.File):
    """A script; it runs when its outcome is first asked for."""

    _outcome: ScriptOutcome | None = None
    _steps: dict[str, Step] | None = None

    def collect(self) -> Iterator[pytest.Item]:
        """Yield the script as one item, or its directives."""
        if not self.config.getoption("--wrt-each"):
            yield ScriptItem.from_parent(self, name="script")
            return
        engine = self._engine()
        for directive, keyword in _all_directives(engine.read(self.path).directives):
            yield DirectiveItem.from_parent(self, name=f"{keyword}:{directive.place}")

    def _engine(self) -> Any:
        from wrt_wast.engine import WastEngine

        option = self.config.getoption
        return WastEngine(engine=option("--wrt-engine"), match_messages=option("--wrt-match-messages"))

    def outcome(self) -> ScriptOutcome:
        """Return what came of the script, which is run now if it was not yet."""
        if self._outcome is None:
            self._outcome = self._engine().run(self.path, record=True)
        return self._outcome

    def step(self, name: str) -> Step:
        """Return what came of the directive that is the item of that name."""
        if self._steps is None:
            self._steps = {f"{step.directive}:{step.place}": step for step in self.outcome().steps}
        return self._steps[name]


def _all_directives(directives: Iterable[Directive]) -> Iterator[tuple[Directive, str]]:
    """Yield directives with their keywords, those of threads where they stand."""
    from wrt_wast.script.directives import Thread, keyword_of

    pending = [iter(directives)]
    while pending:
        directive = next(pending[-1], None)
        if directive is None:
            pending.pop()
            continue
        yield directive, keyword_of(directive)
        if isinstance(directive, Thread):
            pending.append(iter(directive.directives))


class _Item(pytest.Item):
    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Show failures as `wrt wast` does."""
        if not isinstance(excinfo.value, WrongOutcome):
            return super().repr_failure(excinfo, style)
        from wrt_wast.reports.terminal import failure_lines

        lines = [line for failure in excinfo.value.failures for line in failure_lines(str(self.path), failure)]
        return "\n".join(lines)


class ScriptItem(_Item):
    """A whole script as a test."""

    parent: ScriptFile

    def runtest(self) -> None:
        """Run the script."""
        outcome = self.parent.outcome()
        if outcome.failures:
            raise WrongOutcome(outcome.failures)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Say where the test is."""
        return self.path, None, self.name


class DirectiveItem(_Item):
    """A directive as a test."""

    parent: ScriptFile

    def runtest(self) -> None:
        """Look up what came of the directive."""
        step = self.parent.step(self.name)
        if step.failure is not None:
            raise WrongOutcome([step.failure])

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Say where the test is."""
        line = int(self.name.split(":")[-2])
        return self.path, line - 1, self.name
