"""`WastEngine` as an engine: the kit that any engine is tested with."""

from __future__ import annotations

import pytest

from wrt_core import EngineFactory
from wrt_core.testing import EngineConformance


class TestWastEngine(EngineConformance):
    @pytest.fixture
    def engine(self):
        return EngineFactory.create("wast", engine="stackless")
