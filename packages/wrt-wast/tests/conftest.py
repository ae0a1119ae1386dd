"""Where the test data is: the specification's suites, beside the repository or where WRT_SUITES says."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def suites() -> Path:
    root = Path(__file__).parents[3]
    path = Path(os.environ.get("WRT_SUITES", root.parent / "shared" / "suites"))
    if not path.is_dir():
        pytest.skip(f"no test suites at {path}; set WRT_SUITES to the folder that holds official/, peers/ …")
    return path
