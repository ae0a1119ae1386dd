"""The JSON document of a run, both ways.

Its schema is stable: keys may be added, none is renamed or taken away::

    {"engine": NAME, "seconds": S, "versions": {"wrt-wast": V, "python": V},
     "totals": COUNTS,
     "directives": {KEYWORD: {"run": N, "failed": N}},
     "groups": {NAME: COUNTS}, "features": {NAME: COUNTS}, "causes": {CAUSE: N},
     "files": [{"path": P, COUNTS…, "seconds": S, "features": [NAME…],
                "directives": {KEYWORD: {"run": N, "failed": N}},
                "slowest": [{"line": N, "column": N, "directive": KEYWORD, "seconds": S}],
                "failures": [{"line": N, "column": N, "directive": KEYWORD, "cause": CAUSE,
                              "expected": TEXT, "actual": TEXT, "source": LINE}]}]}

COUNTS are `"passed"`, `"failed"` and `"skipped"`, which count assertions, and `"errors"`, which counts
other directives that did not do what they should.
"""

from __future__ import annotations

import platform
from collections import Counter
from typing import Any

from wrt_foundation.errors import WrtError
from wrt_wast.__about__ import __version__
from wrt_wast.execution.outcome import Cause, Failure, ScriptOutcome, Tally, Timing
from wrt_wast.execution.suite import SuiteOutcome
from wrt_wast.script.directives import Place

__all__ = ["from_document", "to_document"]

_COUNTS = ("passed", "failed", "skipped", "errors")


def to_document(suite: SuiteOutcome) -> dict[str, Any]:
    """Return the document of a run, ready for JSON."""
    return {
        "engine": suite.engine,
        "seconds": round(suite.seconds, 3),
        "versions": {"wrt-wast": __version__, "python": platform.python_version()},
        "totals": _counts(suite.tally),
        "directives": _directives(suite.directives, suite.failed_directives),
        "groups": {name: _counts(tally) for name, tally in suite.by_group().items()},
        "features": {name: _counts(tally) for name, tally in suite.by_feature().items()},
        "causes": {cause.value: count for cause, count in suite.causes.most_common()},
        "files": [_file(script) for script in suite.scripts],
    }


def _counts(tally: Tally) -> dict[str, int]:
    return {name: getattr(tally, name) for name in _COUNTS}


def _directives(run: Counter[str], failed: Counter[str]) -> dict[str, dict[str, int]]:
    return {name: {"run": count, "failed": failed[name]} for name, count in sorted(run.items())}


def _file(script: ScriptOutcome) -> dict[str, Any]:
    return {
        "path": script.path,
        **_counts(script.tally),
        "seconds": round(script.seconds, 6),
        "features": sorted(script.features),
        "directives": _directives(script.directives, script.failed_directives),
        "slowest": [
            {**_place(timing.place), "directive": timing.directive, "seconds": round(timing.seconds, 6)}
            for timing in script.slowest
        ],
        "failures": [
            {
                **_place(failure.place),
                "directive": failure.directive,
                "cause": failure.cause.value,
                "expected": failure.expected,
                "actual": failure.actual,
                "source": failure.source_line,
            }
            for failure in script.failures
        ],
    }


def _place(place: Place) -> dict[str, int]:
    return {"line": place.line, "column": place.column}


def from_document(document: Any) -> SuiteOutcome:
    """Return the run that a document tells of. Raises `WrtError` if it is none."""
    try:
        scripts = [_script(file) for file in document["files"]]
        return SuiteOutcome(str(document["engine"]), scripts, float(document.get("seconds", 0)))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise WrtError(f"not a report of wrt wast: {type(error).__name__}: {error}") from None


def _script(file: dict[str, Any]) -> ScriptOutcome:
    directives = file.get("directives", {})
    return ScriptOutcome(
        path=str(file["path"]),
        tally=Tally(*(int(file[name]) for name in _COUNTS)),
        failures=[
            Failure(
                Place(int(each["line"]), int(each["column"])),
                each["directive"],
                each["expected"],
                each["actual"],
                Cause(each["cause"]),
                each.get("source", ""),
            )
            for each in file["failures"]
        ],
        directives=Counter({name: int(each["run"]) for name, each in directives.items()}),
        failed_directives=Counter({name: int(each["failed"]) for name, each in directives.items()}),
        seconds=float(file["seconds"]),
        slowest=[
            Timing(float(each["seconds"]), Place(int(each["line"]), int(each["column"])), each["directive"])
            for each in file.get("slowest", [])
        ],
        features=set(file.get("features", [])),
    )
