"""JUnit XML: what continuous-integration servers read. A suite a script, a case a directive."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from wrt_wast.execution.outcome import Failure, ScriptOutcome
from wrt_wast.execution.suite import SuiteOutcome, group_of

__all__ = ["to_junit"]

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def to_junit(suite: SuiteOutcome) -> bytes:
    """Return the run as JUnit XML in UTF-8.

    Every directive is a case if the run recorded its steps, else only those that failed are.
    """
    tally = suite.tally
    root = ElementTree.Element("testsuites", name=f"wrt wast ({suite.engine})", time=f"{suite.seconds:.3f}")
    root.set("failures", str(tally.failed))
    root.set("errors", str(tally.errors))
    for script in suite.scripts:
        _add_script(root, script)
    ElementTree.indent(root)
    text: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return text


def _add_script(root: ElementTree.Element, script: ScriptOutcome) -> None:
    steps = [(step.place, step.directive, step.seconds, step.failure) for step in script.steps] or [
        (failure.place, failure.directive, 0.0, failure) for failure in script.failures
    ]
    element = ElementTree.SubElement(root, "testsuite", name=_text(script.path), time=f"{script.seconds:.3f}")
    for name, count in (
        ("tests", len(steps)),
        ("failures", script.tally.failed),
        ("errors", script.tally.errors),
        ("skipped", script.tally.skipped),
    ):
        element.set(name, str(count))
    for place, directive, seconds, failure in steps:
        case = ElementTree.SubElement(
            element,
            "testcase",
            classname=f"{group_of(script.path)}.{_text(script.path)}",
            name=f"{_text(directive)} at {place}",
            file=_text(script.path),
            line=str(place.line),
            time=f"{seconds:.6f}",
        )
        if failure is not None:
            _add_failure(case, script, failure)


def _add_failure(case: ElementTree.Element, script: ScriptOutcome, failure: Failure) -> None:
    kind = "failure" if failure.is_assertion else "error"
    element = ElementTree.SubElement(case, kind, type=failure.cause.value, message=_text(failure.actual))
    element.text = _text(
        f"{script.path}:{failure.place}: {failure.directive}\n  {failure.source_line}\n"
        f"expected: {failure.expected}\nactual:   {failure.actual}\n"
    )


def _text(text: str) -> str:
    """Return text with the characters that XML can't hold written as escapes."""
    return _NOT_XML.sub(lambda match: ascii(match[0])[1:-1], text)
