"""What all tests of this package have in common: no cache of a developer's own, and a Ctrl-C that interrupts."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def _no_cache_of_the_users(monkeypatch: pytest.MonkeyPatch) -> None:
    # Some tests spoil translations on purpose, to see that it is noticed.
    monkeypatch.delenv("WRT_CACHE", raising=False)


@pytest.fixture(autouse=True, scope="session")
def _interrupts() -> Iterator[None]:
    # A shell that starts the tests in the background has SIGINT ignored, and guests would not be stopped.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
