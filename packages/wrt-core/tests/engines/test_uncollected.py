"""The collector stays away while the functions of an instance are made, and comes back, whatever happens."""

from __future__ import annotations

import gc

import pytest

from wrt_core.engines.stackless.engine import StacklessEngine
from wrt_core.engines.uncollected import uncollected
from wrt_core.testing import ModuleBuilder


@pytest.fixture(autouse=True)
def _as_before():
    enabled = gc.isenabled()
    yield
    (gc.enable if enabled else gc.disable)()


class Watched(StacklessEngine):
    """An engine that notes whether the collector may come while it compiles."""

    seen: list[bool] = []

    def compile_functions(self, instance):
        self.seen.append(gc.isenabled())
        super().compile_functions(instance)


def test_while_functions_are_made():
    gc.enable()
    Watched.seen.clear()
    ModuleBuilder().instantiate(Watched())
    assert Watched.seen == [False]
    assert gc.isenabled()


def test_after_an_error():
    gc.enable()
    with pytest.raises(ZeroDivisionError), uncollected():
        raise ZeroDivisionError
    assert gc.isenabled()


def test_where_it_was_off_it_stays_off():
    gc.disable()
    with uncollected():
        assert not gc.isenabled()
    assert not gc.isenabled()


def test_inside_one_another():
    gc.enable()
    with uncollected(), uncollected():
        pass
    assert gc.isenabled()
