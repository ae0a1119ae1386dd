"""What the tests of this package share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

pytest.register_assert_rewrite("wrt_capability.testing")


class Events:
    """A recorder that remembers what it was told, and fails when `failure` is set."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.failure: Exception | None = None

    def record(self, event: Mapping[str, Any], /) -> None:
        if self.failure is not None:
            raise self.failure
        self.events.append(dict(event))

    def of(self, event: str, **wanted: Any) -> list[dict[str, Any]]:
        """Return the events of a kind that have these values."""
        return [
            each
            for each in self.events
            if each["event"] == event and all(each.get(key) == value for key, value in wanted.items())
        ]


@pytest.fixture
def events() -> Events:
    return Events()
