"""The stackless engine meets the conformance kit."""

from __future__ import annotations

import pytest

from wrt_core.engine import Engine
from wrt_core.factory import EngineFactory
from wrt_core.testing import EngineConformance


class TestStacklessEngine(EngineConformance):
    @pytest.fixture
    def engine(self) -> Engine:
        return EngineFactory.create("stackless")
