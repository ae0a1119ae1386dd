"""The engine is an engine: the kit that every engine passes, around the stackless one."""

from __future__ import annotations

import pytest

from wrt_capability.policy import Policy
from wrt_core import EngineFactory
from wrt_core.engine import Engine
from wrt_core.testing import EngineConformance

pytestmark = pytest.mark.slow

GENEROUS = """
extends = "trusted"
[capabilities.statistics]
[[rule]]
log = true
limits = { gc = "1 GiB", fuel = 1_000_000_000_000, time = "1 h", cpu = "1 h" }
[rule.quota]
instances = 100_000
fuel = 1_000_000_000_000_000
concurrency = 1000
time = "10 h"
"""


class TestTrusted(EngineConformance):
    @pytest.fixture
    def engine(self) -> Engine:
        return EngineFactory.create("capability-aware", policy="trusted")


class TestMetered(EngineConformance):
    """With all that can be limited for guests that share memories and tables with the host, far from what they need."""

    @pytest.fixture
    def engine(self, events) -> Engine:
        return EngineFactory.create("capability-aware", policy=Policy.parse(GENEROUS), audit=events)
