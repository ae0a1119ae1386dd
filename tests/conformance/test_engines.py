"""Every engine that is installed, whoever wrote it: the kit, and every assertion of the specification's suite."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from wrt_core import EngineFactory
from wrt_core.engine import Engine
from wrt_core.testing import EngineConformance
from wrt_foundation.features import WASM_3_0
from wrt_wast.execution.suite import Job, find_scripts, run_suite

pytestmark = pytest.mark.slow

NAMES = EngineFactory.names()
OPTIONS: dict[str, dict[str, str]] = {"capability-aware": {"policy": "trusted"}}
"""What engines around others are made with that do nothing of what the kit asks unless they are told that they may."""
ASSERTIONS = 64_094
"""Assertions of the suite in its folder `official`."""


def kit(name: str) -> type[EngineConformance]:
    """Return the kit's class for the engine of that name."""

    class Kit(EngineConformance):
        @pytest.fixture
        def engine(self) -> Engine:
            return EngineFactory.create(name, **OPTIONS.get(name, {}))

    Kit.__name__ = Kit.__qualname__ = "Test" + "".join(part.title() for part in name.replace(":", "-").split("-"))
    return Kit


globals().update({each.__name__: each for each in map(kit, NAMES)})


@pytest.fixture(scope="session")
def suite() -> Path:
    root = Path(__file__).parents[2]
    path = Path(os.environ.get("WRT_SUITES", root.parent / "shared" / "suites")) / "official"
    if not path.is_dir():
        pytest.skip(f"no test suite at {path}; set WRT_SUITES to the folder that holds official/")
    return path


@pytest.mark.parametrize("name", [name for name in NAMES if name not in OPTIONS])  # those run others' code
def test_the_suite(name: str, suite: Path) -> None:
    missing = WASM_3_0 - EngineFactory.create(name).features
    if missing:
        pytest.skip(f"{name} does not run {', '.join(sorted(each.value for each in missing))}")
    outcome = run_suite(find_scripts([str(suite)]), Job(engine=name), processes=2)
    failures = [f"{s.path}:{f.place}: {f.directive}: {f.actual}" for s in outcome.scripts for f in s.failures]
    assert failures == []
    tally = outcome.tally
    assert (tally.passed, tally.failed, tally.skipped, tally.errors) == (ASSERTIONS, 0, 0, 0)
