"""Reports: the JSON document both ways, JUnit, HTML, comparisons, and what a terminal shows."""

from __future__ import annotations

import json
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from wrt_foundation.errors import WrtError
from wrt_wast.execution.outcome import Cause
from wrt_wast.execution.suite import Job, SuiteOutcome, find_scripts, group_of, run_suite
from wrt_wast.reports.comparison import compare
from wrt_wast.reports.document import from_document, to_document
from wrt_wast.reports.html import to_html
from wrt_wast.reports.junit import to_junit
from wrt_wast.reports.terminal import bench_lines, comparison_lines, failure_lines, printable, summary_lines

GOOD = '(module (func (export "f") (result i32) i32.const 1))\n(assert_return (invoke "f") (i32.const 1))\n'
BAD = GOOD + '  (assert_return (invoke "f") (i32.const 2)) ;; \x1b[31m</script><!--\n(module (func $"\u202e" $x))\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "proposals" / "gc").mkdir(parents=True)
    (tmp_path / "good.wast").write_text(GOOD)
    (tmp_path / "proposals" / "gc" / "bad.wast").write_text(BAD)
    (tmp_path / "notes.txt").write_text("no script")
    return tmp_path


@pytest.fixture
def suite(folder: Path) -> SuiteOutcome:
    return run_suite(find_scripts([str(folder)]), Job(record=True))


def test_scripts_are_found_in_folders_and_each_once(folder):
    bad, good = str(folder / "proposals" / "gc" / "bad.wast"), str(folder / "good.wast")
    assert find_scripts([str(folder)]) == [good, bad]
    assert find_scripts([bad, str(folder)]) == [bad, good]
    with pytest.raises(FileNotFoundError):
        find_scripts([str(folder / "absent")])


def test_totals_are_by_group_feature_directive_and_cause(suite):
    tally = suite.tally
    assert (tally.passed, tally.failed, tally.skipped, tally.errors) == (2, 1, 0, 1)
    assert {name: (t.passed, t.failed, t.errors) for name, t in suite.by_group().items()} == {
        "core": (1, 0, 0),
        "gc": (1, 1, 1),
    }
    assert suite.directives == {"module": 3, "assert_return": 3}
    assert suite.failed_directives == {"module": 1, "assert_return": 1}
    assert suite.causes == {Cause.WRONG_RESULT: 1, Cause.UNEXPECTED_FAILURE: 1}
    assert suite.by_feature().keys() == {"mvp"}


def test_groups_follow_from_folders():
    assert group_of("a/proposals/threads/x.wast") == "threads"
    assert group_of("a/proposal-repos/stack-switching/x.wast") == "stack-switching"
    assert group_of("a/legacy/x.wast") == "legacy"
    assert group_of("legacy.wast") == "core"


def test_the_document_has_the_promised_schema(suite):
    document = json.loads(json.dumps(to_document(suite)))
    assert document["engine"] == "stackless"
    assert document["totals"] == {"passed": 2, "failed": 1, "skipped": 0, "errors": 1}
    good, bad = document["files"]
    assert good.keys() >= {"path", "passed", "failed", "skipped", "errors", "seconds", "failures"}
    assert (good["passed"], good["failures"]) == (1, [])
    assert (bad["passed"], bad["failed"], bad["skipped"], bad["errors"]) == (1, 1, 0, 1)
    wrong, _ = bad["failures"]
    assert wrong == {
        "line": 3, "column": 3, "directive": "assert_return", "cause": "wrong result",
        "expected": "(i32.const 2)", "actual": "(i32.const 1)",
        "source": '(assert_return (invoke "f") (i32.const 2)) ;; \x1b[31m</script><!--',
    }  # fmt: skip


def test_a_document_can_be_read_back(suite):
    document = to_document(suite)
    assert to_document(from_document(json.loads(json.dumps(document)))) == document


@pytest.mark.parametrize("document", [{}, [], None, {"engine": "x", "files": [{}]}, {"engine": "x", "files": 1}, "x"])
def test_what_is_no_report_is_refused(document):
    with pytest.raises(WrtError, match="not a report"):
        from_document(document)


def test_junit_has_a_case_for_each_directive(suite):
    root = ElementTree.fromstring(to_junit(suite))
    good, bad = root.findall("testsuite")
    assert (good.get("tests"), good.get("failures"), len(good.findall("testcase"))) == ("2", "0", 2)
    assert (bad.get("tests"), bad.get("failures"), bad.get("errors")) == ("4", "1", "1")
    assert [case.get("name") for case in bad.findall("testcase")][2] == "assert_return at 3:3"
    failure = bad.find("testcase/failure")
    assert failure.get("type") == "wrong result"
    assert "expected: (i32.const 2)\nactual:   (i32.const 1)" in failure.text
    assert "\\x1b[31m" in failure.text


def test_junit_without_recorded_steps_has_the_failures(folder):
    root = ElementTree.fromstring(to_junit(run_suite(find_scripts([str(folder)]), Job())))
    assert [len(each) for each in root.findall("testsuite")] == [0, 2]


def test_html_is_one_page_that_holds_its_data(suite):
    page = to_html([suite, SuiteOutcome("another", suite.scripts)])
    data = re.search(r"const runs = (.*);\n", page)[1]
    assert "<" not in data
    first, second = json.loads(data)
    assert (first["engine"], second["engine"]) == ("stackless", "another")
    assert first["files"][1]["group"] == "gc"
    assert not re.search(r'(src|href)="', page)
    assert page.count("</script>") == 1


def test_comparison_tells_what_changed(folder, suite):
    same = compare(suite, suite)
    assert (same.regressions, same.mended, same.missing) == ([], [], [])
    assert [change.ratio for change in same.times] == [1, 1]
    assert list(comparison_lines(same)) == ["no change since the earlier run"]
    (folder / "good.wast").write_text(GOOD + '(assert_return (invoke "f"))')
    (folder / "proposals" / "gc" / "bad.wast").unlink()
    now = run_suite(find_scripts([str(folder)]), Job())
    comparison = compare(now, suite)
    assert [(Path(path).name, failure.place.line) for path, failure in comparison.regressions] == [("good.wast", 3)]
    assert [Path(path).name for path in comparison.missing] == ["bad.wast"]
    (folder / "good.wast").write_text(GOOD)
    fixed = compare(run_suite(find_scripts([str(folder)]), Job()), now)
    assert (len(fixed.regressions), len(fixed.mended)) == (0, 1)


def test_the_terminal_shows_what_failed_and_why(suite):
    script = suite.scripts[1]
    lines = list(failure_lines("x.wast", script.failures[0]))
    assert lines == [
        "x.wast:3:3: assert_return: wrong result",
        '    | (assert_return (invoke "f") (i32.const 2)) ;; \\x1b[31m</script><!--',
        "    expected: (i32.const 2)",
        "    actual:   (i32.const 1)",
    ]
    summary = list(summary_lines(suite))
    assert summary[-1].startswith("2 passed, 1 failed, 0 skipped, 1 errors in 2 files, 1 of them whole")
    assert "gc          1       1        0       1" in summary
    assert all(line.isprintable() for line in [*lines, *summary, *bench_lines(suite, compare(suite, suite))])


def test_nothing_commands_a_terminal():
    assert printable("a\x1b[0m\u202e\té") == "a\\x1b[0m\\u202e\\té"


def test_several_processes_find_the_same(folder, suite):
    told = []
    parallel = run_suite(find_scripts([str(folder)]), Job(), processes=2, finished=told.append)
    assert [(s.path, s.tally) for s in parallel.scripts] == [(s.path, s.tally) for s in suite.scripts]
    assert {outcome.path for outcome in told} == {script.path for script in suite.scripts}


def test_a_script_that_can_t_be_read_is_an_error_of_its_own(folder):
    (folder / "latin.wast").write_bytes(b"(module) ;; \xe9")
    suite = run_suite(find_scripts([str(folder)]), Job())
    (latin,) = (script for script in suite.scripts if script.path.endswith("latin.wast"))
    assert (latin.tally.errors, latin.failures[0].cause) == (1, Cause.SCRIPT)
    assert "malformed UTF-8 encoding" in latin.failures[0].actual


def test_excluded_scripts_are_counted_as_skipped(folder):
    suite = run_suite(find_scripts([str(folder)]), Job(exclude=("bad.*",)))
    assert (suite.tally.passed, suite.tally.failed, suite.tally.skipped, suite.tally.errors) == (1, 0, 2, 0)
