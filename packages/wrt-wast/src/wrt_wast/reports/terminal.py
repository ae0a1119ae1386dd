"""A run on a terminal: failures with their reasons, totals, times, and what changed since an earlier run.

Lines of text; `style`, such as click's, may colour parts of them. What comes from scripts may be hostile,
so characters that would command a terminal are written as escapes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from wrt_wast.execution.outcome import Failure, Tally
from wrt_wast.execution.suite import SuiteOutcome
from wrt_wast.reports.comparison import Comparison

__all__ = ["bench_lines", "comparison_lines", "failure_lines", "printable", "summary_lines"]


Style = Callable[..., str]
"""Takes a text, and `fg` or `bold` by keyword; returns the text as it is to be written."""


def _plain(text: str, **_: Any) -> str:
    return text


def printable(text: str) -> str:
    """Return text with all but printable characters written as escapes."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def _cut(text: str, width: int = 200) -> str:
    text = printable(text)
    return text if len(text) <= width else text[: width - 1] + "…"


def failure_lines(path: str, failure: Failure, style: Style = _plain) -> Iterator[str]:
    """Yield the lines that tell of a failure."""
    where = style(f"{printable(path)}:{failure.place}", bold=True)
    yield f"{where}: {printable(failure.directive)}: {style(failure.cause.value, fg='red')}"
    if failure.source_line:
        yield f"    | {_cut(failure.source_line)}"
    yield f"    expected: {_cut(failure.expected)}"
    yield f"    actual:   {_cut(failure.actual, 1000)}"


def summary_lines(suite: SuiteOutcome, style: Style = _plain) -> Iterator[str]:
    """Yield the lines of the totals: by group, by directive and by cause where there is something to tell."""
    groups = suite.by_group()
    if len(groups) > 1:
        yield from _table("group", [(name, *_cells(tally)) for name, tally in groups.items()], _COLUMNS, style)
        yield ""
    failed = suite.failed_directives
    directives = [(name, str(count), str(failed[name])) for name, count in sorted(suite.directives.items())]
    yield from _table("directive", directives, ("run", "failed"), style)
    yield ""
    if suite.causes:
        causes = [(cause.value, str(count)) for cause, count in suite.causes.most_common()]
        yield from _table("cause of failure", causes, ("times",), style)
        yield ""
    tally = suite.tally
    counts = f"{tally.passed} passed, {tally.failed} failed, {tally.skipped} skipped, {tally.errors} errors"
    whole = sum(script.tally.succeeded for script in suite.scripts)
    yield (
        style(counts, fg="green" if tally.succeeded else "red", bold=True)
        + f" in {len(suite.scripts)} files, {whole} of them whole; {suite.seconds:.1f} s on {suite.engine}"
    )


_COLUMNS = ("passed", "failed", "skipped", "errors")


def _cells(tally: Tally) -> tuple[str, ...]:
    return tuple(str(getattr(tally, name)) for name in _COLUMNS)


def _table(title: str, rows: Sequence[tuple[str, ...]], columns: tuple[str, ...], style: Style) -> Iterator[str]:
    header = (title, *columns)
    widths = [max(len(printable(row[i])) for row in [header, *rows]) for i in range(len(header))]
    for number, row in enumerate([header, *rows]):
        cells = [printable(row[0]).ljust(widths[0]), *(row[i].rjust(widths[i]) for i in range(1, len(row)))]
        line = "  ".join(cells)
        yield style(line, bold=True) if not number else line


def comparison_lines(comparison: Comparison, style: Style = _plain) -> Iterator[str]:
    """Yield the lines that tell what changed."""
    for title, color, items in (
        ("fails now and did not before", "red", comparison.regressions),
        ("failed before and does no longer", "green", comparison.mended),
    ):
        if items:
            yield style(f"{title}: {len(items)}", fg=color, bold=True)
            yield from _listed(f"{path}:{failure.place}: {failure.directive}" for path, failure in items)
    if comparison.missing:
        yield f"not run now: {len(comparison.missing)} files of the earlier run"
    if not comparison.regressions and not comparison.mended:
        yield "no change since the earlier run"


def _listed(lines: Iterable[str], most: int = 20) -> Iterator[str]:
    for number, line in enumerate(lines):
        if number == most:
            yield "    …"
            return
        yield f"    {printable(line)}"


def bench_lines(
    suite: SuiteOutcome, comparison: Comparison | None, style: Style = _plain, most: int = 20
) -> Iterator[str]:
    """Yield the lines that tell which scripts and which directives took longest, and how that was before."""
    earlier = {change.path: change for change in comparison.times} if comparison is not None else {}
    rows = []
    for script in sorted(suite.scripts, key=lambda s: -s.seconds)[:most]:
        change = earlier.get(script.path)
        before = (f"{change.before:.3f}", f"{change.ratio:.2f}") if change is not None else ("", "")
        rows.append((script.path, f"{script.seconds:.3f}", *(before if comparison is not None else ())))
    yield from _table(
        "slowest files", rows, ("seconds", "before", "ratio") if comparison is not None else ("seconds",), style
    )
    yield ""
    timings = [(timing, script.path) for script in suite.scripts for timing in script.slowest]
    timings.sort(key=lambda pair: -pair[0].seconds)
    slowest = [(f"{path}:{t.place}: {t.directive}", f"{t.seconds:.3f}") for t, path in timings[:most]]
    yield from _table("slowest directives", slowest, ("seconds",), style)
    yield ""
    if comparison is not None and comparison.times:
        before_all, now_all = comparison.seconds
        yield f"all files that both runs have: {before_all:.1f} s before, {now_all:.1f} s now"
        yield ""
