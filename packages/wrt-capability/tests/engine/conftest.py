"""Engines and modules for the tests of this folder."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from wrt_capability.engine import CapabilityAwareEngine
from wrt_capability.policy import Policy

Make = Callable[..., CapabilityAwareEngine]


@pytest.fixture
def make(events) -> Any:
    """Return a function that makes an engine of a policy's text, or of a mapping, and closes it afterwards."""
    engines: list[CapabilityAwareEngine] = []

    def made(policy: Any = None, **options: Any) -> CapabilityAwareEngine:
        if isinstance(policy, str) and "\n" in policy:
            policy = Policy.parse(policy)
        if "tenant" not in options or isinstance(options["tenant"], str):
            options |= {"policy": policy, "audit": events}
        engine = CapabilityAwareEngine(**options)
        engines.append(engine)
        return engine

    yield made
    for engine in engines:
        engine.close()


@pytest.fixture
def trusting(make) -> Any:
    """Return a function that makes an engine that allows everything, with more lines for its rule."""

    def made(lines: str = "", **options: Any) -> CapabilityAwareEngine:
        return make(f'extends = "trusted"\n[[rule]]\n{lines}\n', **options)

    return made
