"""The engine system: one pool for the process, made early, or an error early."""

from __future__ import annotations

from contextlib import suppress

import pytest

from wrt_core import engine_pool, initialize_engine_system
from wrt_core.testing import ModuleBuilder
from wrt_foundation.errors import BudgetExceeded, UnknownPlugin, WrtError
from wrt_foundation.memory import AllocationFailed, process_budget
from wrt_foundation.memory.test import TestMemoryProvider


@pytest.fixture(autouse=True)
def _limit():
    before = process_budget().limit
    yield
    process_budget().limit = before
    with suppress(WrtError):
        engine_pool().close()


def test_everybody_finds_the_pool():
    with pytest.raises(WrtError, match="call initialize_engine_system first"):
        engine_pool()
    with initialize_engine_system("stackless", size=2, max_call_depth=50) as pool:
        assert engine_pool() is pool
        assert pool.statistics.size == 2
        with pool.engine() as engine:
            assert engine.max_call_depth == 50
    with pytest.raises(WrtError, match="call initialize_engine_system first"):
        engine_pool()


def test_it_is_initialised_once_until_it_is_closed():
    first = initialize_engine_system(size=1)
    with pytest.raises(WrtError, match="initialised already"):
        initialize_engine_system(size=1)
    assert engine_pool() is first
    first.close()
    assert initialize_engine_system(size=1) is not first


def test_the_limit_is_the_processes():
    with initialize_engine_system(size=1, memory_limit=process_budget().used + (1 << 20)) as pool:
        builder = ModuleBuilder()
        builder.memory(17)
        with pool.engine() as engine, pytest.raises(BudgetExceeded):
            builder.instantiate(engine)


def test_engines_get_the_provider_by_name():
    with initialize_engine_system(size=2, memory_provider="test") as pool, pool.engine() as one, pool.engine() as two:
        assert isinstance(one.memory_provider, TestMemoryProvider)
        assert one.memory_provider is two.memory_provider
        assert one.memory_provider.leaks() == {}, "what was tried out was given back"


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"name": "stackles"}, UnknownPlugin),
        ({"memory_provider": "basik"}, UnknownPlugin),
        ({"memory_provider": TestMemoryProvider(fail_allocations={1})}, AllocationFailed),
        ({"memory_provider": TestMemoryProvider(fail_growths={1})}, WrtError),
        ({"no_such_option": 1}, TypeError),
        ({"size": 0}, ValueError),
    ],
)
def test_what_is_wrong_is_told_at_once_and_nothing_has_changed(options, error):
    before = process_budget().limit
    with pytest.raises(error):
        initialize_engine_system(**{"memory_limit": 1 << 30, **options})
    assert process_budget().limit == before
    with pytest.raises(WrtError, match="call initialize_engine_system first"):
        engine_pool()


def test_a_limit_without_room_for_a_page_is_told_at_once():
    with pytest.raises(BudgetExceeded):
        initialize_engine_system(memory_limit=process_budget().used + 1000)
