"""The suites, whole, on the stackless engine: every assertion of the specification's holds."""

from __future__ import annotations

import pytest

from wrt_wast.execution.suite import Job, find_scripts, run_suite

TOTALS = {"official": 64_094, "spec-main": 220, "proposal-repos": 428, "peers": 5_000}
"""Assertions in each folder; those inside of threads are counted too."""


@pytest.mark.slow
@pytest.mark.parametrize("folder", TOTALS)
def test_every_assertion_of_a_suite_holds(suites, folder):
    outcome = run_suite(find_scripts([str(suites / folder)]), Job(), processes=2)
    failures = [f"{s.path}:{f.place}: {f.directive}: {f.actual}" for s in outcome.scripts for f in s.failures]
    assert failures == []
    tally = outcome.tally
    assert (tally.failed, tally.skipped, tally.errors) == (0, 0, 0)
    assert tally.passed == TOTALS[folder]


@pytest.mark.slow
def test_most_files_of_the_official_suite_hold_word_for_word(suites):
    outcome = run_suite(find_scripts([str(suites / "official")]), Job(match_messages=True), processes=2)
    assert sum(script.tally.succeeded for script in outcome.scripts) >= 281
