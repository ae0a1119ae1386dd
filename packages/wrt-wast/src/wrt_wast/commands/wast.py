"""`wrt wast`: run scripts, and report."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from wrt_foundation.errors import WrtError
from wrt_foundation.features import Features
from wrt_foundation.features import features as features_named
from wrt_foundation.plugins import hookimpl
from wrt_wast.dialect import Dialect

if TYPE_CHECKING:
    from collections.abc import Callable

    from wrt_wast.execution.outcome import ScriptOutcome
    from wrt_wast.execution.suite import Job, SuiteOutcome
    from wrt_wast.reports.comparison import Comparison

__all__ = ["wast", "wrt_register_command"]

EXAMPLES = """\b
Examples:
  wrt wast spec/test/core                          all scripts in a folder
  wrt wast i32.wast --engine stackless             one script, on an engine by name
  wrt wast spec --jobs 4 --json now.json           four processes, and a report for programs
  wrt wast spec --baseline now.json                what fails that did not then?
  wrt wast spec --bench --baseline now.json        which files take longer than they did?
  wrt wast spec --engine a --engine b --html r.html    two engines side by side

\b
Exit status: 0 if nothing failed, or with --baseline nothing that had not failed before; else 1.
"""


def _features(ctx: click.Context, parameter: click.Parameter, text: str | None) -> Features | None:
    if text is None:
        return None
    try:
        return features_named(name.strip() for name in text.split(","))
    except WrtError as error:
        raise click.BadParameter(error.message) from error


def _options(ctx: click.Context, parameter: click.Parameter, texts: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    split = [text.partition("=") for text in texts]
    if wrong := [name for name, equals, _ in split if not name or not equals]:
        raise click.BadParameter(f"an option of an engine is NAME=VALUE, not {wrong[0]!r}")
    for name in ("engine", "features", "match_messages", "dialect"):
        if any(name == given for given, _, _ in split):
            raise click.BadParameter(f"for {name}, say --{name.replace('_', '-')}")
    return tuple([(name, value) for name, _, value in split])


def _output(name: str, what: str) -> Callable[[Any], Any]:
    return click.option(name, metavar="FILE", type=click.Path(dir_okay=False), help=f"Write {what} to FILE.")


@click.command(epilog=EXAMPLES, context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("paths", metavar="PATH...", nargs=-1, required=True)
@click.option(
    "--engine",
    "engines",
    metavar="NAME",
    multiple=True,
    envvar="WRT_ENGINE",
    help="The engine to test; again for another. [stackless]",
)
@click.option(
    "--engine-option",
    "options",
    metavar="NAME=VALUE",
    multiple=True,
    callback=_options,
    help="Make the engine with this option; repeatable.",
)
@_output("--json", "a report for programs")
@_output("--junit", "JUnit XML")
@_output("--html", "one self-contained page")
@click.option("--baseline", metavar="FILE", help="Compare with an earlier --json.")
@click.option("--beside", metavar="FILE", multiple=True, help="Show an earlier --json in --html too; may be repeated.")
@click.option("--jobs", "-j", metavar="N", type=click.IntRange(min=1), default=1, help="Use N processes.")
@click.option("--bench", is_flag=True, help="Show which files and directives took longest.")
@click.option("--match-messages", is_flag=True, help="Errors must say what scripts expect them to say.")
@click.option("--features", metavar="NAME,...", callback=_features, help="What scripts may use; else their paths say.")
@click.option(
    "--dialect",
    type=click.Choice([dialect.value for dialect in Dialect]),
    help="What scripts may take for granted beyond the specification; else their paths say.",
)
@click.option("--exclude", metavar="GLOB", multiple=True, help="Skip scripts of that path or name; may be repeated.")
@click.option(
    "--timeout",
    metavar="SECONDS",
    type=click.FloatRange(min=0, min_open=True),
    help="Stop a directive that takes longer.",
)
@click.option("--max-failures", metavar="N", type=click.IntRange(min=0), default=50, help="Show N failures [50].")
def wast(
    paths: tuple[str, ...],
    engines: tuple[str, ...],
    options: tuple[tuple[str, str], ...],
    json: str | None,
    junit: str | None,
    html: str | None,
    baseline: str | None,
    beside: tuple[str, ...],
    jobs: int,
    bench: bool,
    match_messages: bool,
    features: Features | None,
    dialect: str | None,
    exclude: tuple[str, ...],
    timeout: float | None,
    max_failures: int,
) -> None:
    """Run .wast scripts, the WebAssembly specification's form of tests.

    PATH is a script, or a folder with scripts anywhere below it. Every directive must do what it says: results are
    compared bit by bit, failures by kind and phase.
    """
    from wrt_core import EngineFactory
    from wrt_wast.execution.suite import Job, find_scripts

    scripts = find_scripts(paths)
    if not scripts:
        raise WrtError(f"no .wast files in {', '.join(paths)}")
    names = engines or ("stackless",)
    if len(names) > 1 and (json or junit or baseline):
        raise click.UsageError("--json, --junit and --baseline are for one engine; --html shows several")
    earlier = _read_report(baseline) if baseline else None
    others = [_read_report(file) for file in beside]
    made_with: dict[str, Any] = dict(options)
    for name in names:  # what nobody offers or takes is an error before anything has run
        try:
            EngineFactory.create(name, **made_with)
        except TypeError as error:
            raise click.UsageError(f"the engine {name!r} is not made like that: {error}") from None
    suites = []
    for name in names:
        chosen = Dialect(dialect) if dialect is not None else None
        job = Job(name, features, match_messages, junit is not None, exclude, chosen, timeout, options)
        suites.append(_run(scripts, job, jobs, max_failures))
    comparison = _report(suites, earlier, bench)
    _write(suites, others, json, junit, html)
    if comparison is not None:
        sys.exit(1 if comparison.regressions else 0)
    sys.exit(0 if all(suite.tally.succeeded for suite in suites) else 1)


def _run(scripts: list[str], job: Job, jobs: int, max_failures: int) -> SuiteOutcome:
    from wrt_wast.execution.suite import run_suite
    from wrt_wast.reports.terminal import failure_lines

    shown = 0
    with _progress(len(scripts), job.engine) as (advance, say):

        def finished(outcome: ScriptOutcome) -> None:
            nonlocal shown
            for failure in outcome.failures:
                shown += 1
                if shown <= max_failures:
                    for line in failure_lines(outcome.path, failure, click.style):
                        say(line)
            advance(outcome)

        suite = run_suite(scripts, job, processes=jobs, finished=finished)
    if shown > max_failures:
        click.echo(f"… and {shown - max_failures} more failures (see --max-failures, or --json for all)")
    return suite


@contextmanager
def _progress(total: int, engine: str) -> Iterator[tuple[Callable[[ScriptOutcome], None], Callable[[str], None]]]:
    """Show a progress bar on a terminal, if rich is there; give what advances it and what says a line."""
    try:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
        from rich.text import Text
    except ImportError:
        yield (lambda outcome: None), click.echo
        return
    if not sys.stderr.isatty():
        yield (lambda outcome: None), click.echo
        return
    from rich.console import Console

    name, path = TextColumn("{task.description}"), TextColumn("{task.fields[path]}")
    columns = (name, BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), path)
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(engine, total=total, path="")

        def advance(outcome: ScriptOutcome) -> None:
            bar.update(task, advance=1, path=Path(outcome.path).name)

        def say(line: str) -> None:
            if sys.stdout.isatty():
                bar.console.print(Text.from_ansi(line), highlight=False)
            else:
                click.echo(line)

        yield advance, say


def _report(suites: list[SuiteOutcome], earlier: SuiteOutcome | None, bench: bool) -> Comparison | None:
    from wrt_wast.reports.comparison import compare
    from wrt_wast.reports.terminal import bench_lines, comparison_lines, summary_lines

    comparison = compare(suites[0], earlier) if earlier is not None else None
    for suite in suites:
        if bench:
            _echo(bench_lines(suite, comparison, click.style))
        if comparison is not None:
            _echo(comparison_lines(comparison, click.style))
        _echo(summary_lines(suite, click.style))
    return comparison


def _echo(lines: Iterator[str]) -> None:
    for line in lines:
        click.echo(line)


def _write(
    suites: list[SuiteOutcome], others: list[SuiteOutcome], json_: str | None, junit: str | None, html: str | None
) -> None:
    from wrt_wast.reports.document import to_document
    from wrt_wast.reports.html import to_html
    from wrt_wast.reports.junit import to_junit

    if json_:
        Path(json_).write_text(json.dumps(to_document(suites[0]), indent=1) + "\n", encoding="utf-8")
    if junit:
        Path(junit).write_bytes(to_junit(suites[0]))
    if html:
        Path(html).write_text(to_html([*suites, *others]), encoding="utf-8")


def _read_report(path: str) -> SuiteOutcome:
    from wrt_wast.reports.document import from_document

    try:
        return from_document(json.loads(Path(path).read_text(encoding="utf-8")))
    except ValueError as error:
        raise WrtError(f"{path}: not JSON: {error}") from None


@hookimpl
def wrt_register_command() -> click.Command:
    """Hand over the command."""
    return wast
