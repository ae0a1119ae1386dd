"""What all tests of this package have in common: they neither use nor fill a developer's own cache."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _no_cache_of_the_users(monkeypatch: pytest.MonkeyPatch) -> None:
    # Some tests spoil translations on purpose, to see that it is noticed.
    monkeypatch.delenv("WRT_CACHE", raising=False)
