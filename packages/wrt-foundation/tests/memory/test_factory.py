"""Memory providers by name: those that come with WRT, and a stranger's."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from wrt_foundation.errors import PluginError, UnknownPlugin
from wrt_foundation.memory import BasicMemoryProvider, Budget, LinearMemory, MemoryProviderFactory, MemoryProviderType
from wrt_foundation.memory.budgeted import BudgetedMemoryProvider
from wrt_foundation.memory.test import TestMemoryProvider
from wrt_foundation.plugins import PluginManager, Registry, get_plugin_manager

GROUP = "wrt.memory_providers"
PYPROJECT = Path(__file__).parents[2] / "pyproject.toml"

OWN = {"basic": BasicMemoryProvider, "capability-aware": BudgetedMemoryProvider, "test": TestMemoryProvider}


@pytest.fixture
def manager(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PluginManager:
    """A manager that sees the entry points of pyproject.toml, whether or not this tree is installed."""
    entry_points = tomllib.loads(PYPROJECT.read_text("utf-8"))["project"]["entry-points"][GROUP]
    metadata = tmp_path / "wrt_foundation-0.1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: wrt-foundation\nVersion: 0.1.0\n")
    lines = [f"{name} = {value}" for name, value in entry_points.items()]
    (metadata / "entry_points.txt").write_text("\n".join([f"[{GROUP}]", *lines, ""]))
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delenv("WRT_PLUGINS", raising=False)
    return get_plugin_manager()


def test_every_provider_of_ours_is_registered(manager: PluginManager) -> None:
    assert set(OWN) <= set(Registry(GROUP, manager).names())
    assert {kind.value for kind in MemoryProviderType} == set(OWN)


@pytest.mark.parametrize("name", OWN)
def test_a_provider_is_made_by_name(manager: PluginManager, name: str) -> None:
    for spelling in (name, MemoryProviderType(name)):
        provider = MemoryProviderFactory.create(spelling, manager=manager)
        assert type(provider) is OWN[name]
        with LinearMemory(1, 2, provider=provider) as memory:
            assert memory.grow(1) == 1
    assert MemoryProviderFactory.create(name, manager=manager) is not provider


def test_options_reach_the_provider(manager: PluginManager) -> None:
    tenant = Budget("tenant")
    provider = MemoryProviderFactory.create("capability-aware", manager=manager, limit=65536, parent=tenant)
    assert LinearMemory(1, provider=provider).grow(1) == -1
    assert tenant.peak == 65536
    with pytest.raises(TypeError):
        MemoryProviderFactory.create("basic", manager=manager, nonsense=1)


def test_an_unknown_name_is_answered_with_the_known_ones(manager: PluginManager) -> None:
    with pytest.raises(UnknownPlugin, match=r"did you mean 'basic'.*capability-aware"):
        MemoryProviderFactory.create("basik", manager=manager)


def test_a_strangers_provider_is_picked_by_name(manager: PluginManager) -> None:
    class Strange(BasicMemoryProvider):
        pass

    Registry[object](GROUP, manager).register("strange", Strange)
    assert type(MemoryProviderFactory.create("strange", manager=manager)) is Strange


@pytest.mark.parametrize("thing", [dict, lambda: None])
def test_a_thing_that_is_no_provider_is_named(manager: PluginManager, thing: object) -> None:
    Registry[object](GROUP, manager).register("strange", thing)
    with pytest.raises(PluginError, match="'strange' is broken.*no MemoryProvider") as caught:
        MemoryProviderFactory.create("strange", manager=manager)
    assert caught.value.plugin == "strange"


def test_no_names_of_others_are_answered_by_our_plugin() -> None:
    from wrt_foundation.memory.plugin import wrt_register_memory_provider

    assert wrt_register_memory_provider("somebody else's") is None
