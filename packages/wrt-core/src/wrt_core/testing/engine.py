"""The conformance kit for engines::

    class TestMyEngine(EngineConformance):
        @pytest.fixture
        def engine(self):
            return EngineFactory.create("my-engine")

Our own engines are tested by this kit too.
"""

from __future__ import annotations

from wrt_core.testing.conformance.call_stack import CallStackConformance
from wrt_core.testing.conformance.calls import CallsConformance
from wrt_core.testing.conformance.exceptions import ExceptionsConformance
from wrt_core.testing.conformance.floats import FloatsConformance
from wrt_core.testing.conformance.globals import GlobalsConformance
from wrt_core.testing.conformance.host_functions import HostFunctionsConformance
from wrt_core.testing.conformance.instantiation import InstantiationConformance
from wrt_core.testing.conformance.interruptions import InterruptionsConformance
from wrt_core.testing.conformance.lifetimes import LifetimesConformance
from wrt_core.testing.conformance.linking import LinkingConformance
from wrt_core.testing.conformance.loading import LoadingConformance
from wrt_core.testing.conformance.memories import MemoriesConformance
from wrt_core.testing.conformance.random_programs import RandomProgramsConformance
from wrt_core.testing.conformance.tables import TablesConformance
from wrt_core.testing.conformance.traps import TrapsConformance

__all__ = ["EngineConformance"]


class EngineConformance(
    LoadingConformance,
    LinkingConformance,
    InstantiationConformance,
    CallsConformance,
    HostFunctionsConformance,
    MemoriesConformance,
    TablesConformance,
    GlobalsConformance,
    FloatsConformance,
    TrapsConformance,
    ExceptionsConformance,
    CallStackConformance,
    InterruptionsConformance,
    LifetimesConformance,
    RandomProgramsConformance,
):
    """What every engine must do. Inherit it in a class that pytest collects; define a fixture `engine`.

    A fixture of a wider scope will do: the tests leave an engine as it was. Tests of features that the engine does
    not run are skipped. It takes some seconds.
    """
