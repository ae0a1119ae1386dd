"""Registries: listing imports nothing, getting loads one alone, unknown names are answered with known ones."""

from __future__ import annotations

import sys
import threading

import pytest

from wrt_foundation.errors import PluginError, UnknownPlugin
from wrt_foundation.plugins import Contract, PluginEntry, Registry, State, get_plugin_manager, list_plugins


def entry_of(registry: Registry, name: str, distribution: str | None = None) -> PluginEntry:
    (entry,) = [
        entry
        for entry in registry.entries()
        if entry.name == name and (distribution is None or entry.distribution == distribution)
    ]
    return entry


def test_listing_imports_nothing(install):
    install(
        "acme-wrt",
        {"wrt.engines": {"acme-fast": "acme.plugin"}, "wrt.observers": {"acme-log": "acme.log:Log"}},
        {"acme/__init__.py": "", "acme/plugin.py": "raise SystemExit('imported')", "acme/log.py": "raise SystemExit"},
        version="2.5",
    )
    entries = {entry.name: entry for entry in list_plugins() if entry.distribution == "acme-wrt"}
    assert "acme" not in sys.modules
    assert entries["acme-fast"] == PluginEntry(
        "wrt.engines", "acme-fast", "acme-wrt", "2.5", State.AVAILABLE, "acme.plugin"
    )
    assert entries["acme-log"].kind == "wrt.observers"
    assert entries["acme-log"].value == "acme.log:Log"


def test_get_loads_that_one_alone(install, acme):
    install(
        "other-wrt", {"wrt.engines": {"other": "other_plugin"}}, {"other_plugin.py": "raise SystemExit('imported')"}
    )
    registry = Registry("wrt.engines")
    assert {"acme-fast", "other"} <= set(registry.names())
    engine = registry.get("acme-fast")
    assert engine is sys.modules["acme_plugin"].Engine
    assert registry.get("acme-fast") is engine
    assert "other_plugin" not in sys.modules
    assert entry_of(registry, "acme-fast").state is State.LOADED
    assert entry_of(registry, "other").state is State.AVAILABLE


def test_a_plugin_of_several_names_is_told_which(install):
    source = """
        from wrt_foundation.plugins import hookimpl

        @hookimpl
        def wrt_register_engine(name):
            return {"small": int, "big": float}[name]

        @hookimpl
        def wrt_register_format():
            return str
    """
    points = {"wrt.engines": {"small": "acme_both", "big": "acme_both"}, "wrt.formats": {"acme": "acme_both"}}
    install("acme-wrt", points, {"acme_both.py": source})
    manager = get_plugin_manager()
    assert manager.registry("wrt.engines").get("small") is int
    assert manager.registry("wrt.engines").get("big") is float
    assert manager.registry("wrt.formats").get("acme") is str


def test_registries_of_one_manager_share_what_is_loaded_and_managers_share_nothing(acme):
    manager = get_plugin_manager()
    manager.registry("wrt.engines").get("acme-fast")
    assert entry_of(manager.registry("wrt.engines"), "acme-fast").state is State.LOADED
    assert entry_of(Registry("wrt.engines"), "acme-fast").state is State.AVAILABLE


def test_an_unknown_name_is_answered_with_the_known_ones(acme):
    with pytest.raises(UnknownPlugin) as caught:
        Registry("wrt.engines").get("acme-fats")
    assert caught.value.plugin == "acme-fats"
    message = str(caught.value)
    assert "no engine is called 'acme-fats' (did you mean 'acme-fast'?); known: " in message
    assert isinstance(caught.value, LookupError)


def test_an_unknown_name_where_there_is_no_plugin_at_all(install):
    with pytest.raises(UnknownPlugin, match="no observer is called 'x'; none is installed"):
        Registry("wrt.observers").get("x")


def test_an_unknown_group_is_answered_with_the_known_ones():
    with pytest.raises(UnknownPlugin, match=r"'wrt.engine' \(did you mean 'wrt.engines'\?\)"):
        Registry("wrt.engine")


def test_the_contract_is_checked(acme):
    manager = get_plugin_manager()
    strict = manager.registry("wrt.engines", Contract.subclass_of(dict))
    with pytest.raises(PluginError, match="must be a subclass of builtins.dict, not acme_plugin.Engine") as caught:
        strict.get("acme-fast")
    assert caught.value.plugin == "acme-fast"
    assert caught.value.distribution == "acme-wrt"
    assert entry_of(strict, "acme-fast").state is State.BROKEN
    assert not manager.is_registered(sys.modules["acme_plugin"])


def test_the_contract_is_checked_for_what_another_registry_loaded(acme):
    manager = get_plugin_manager()
    manager.registry("wrt.engines").get("acme-fast")
    with pytest.raises(PluginError, match="must be an instance of builtins.dict, not acme_plugin.Engine"):
        manager.registry("wrt.engines", Contract.instance_of(dict)).get("acme-fast")


def test_a_thing_that_cannot_even_be_asked_breaks_the_contract():
    contract: Contract[object] = Contract("askable", lambda thing: 1 / 0 > 0)
    assert contract.complaint(1) == "it must be askable, and asking it raised ZeroDivisionError: division by zero"


def test_register_and_unregister_in_process(install):
    registry = Registry("wrt.observers")
    registry.register("here", list)
    registry.register("here", dict)
    assert registry.get("here") is dict
    assert registry.names() == ("here",)
    entry = entry_of(registry, "here")
    assert (entry.state, entry.distribution, entry.value) == (State.LOADED, None, "builtins:dict")
    registry.unregister("here")
    assert registry.names() == ()
    with pytest.raises(UnknownPlugin, match="'heer' was registered in this process"):
        registry.unregister("heer")


def test_register_checks_the_contract_and_refuses_to_hide_an_installed_one(acme):
    registry = get_plugin_manager().registry("wrt.engines", Contract.subclass_of(dict))
    with pytest.raises(PluginError, match="'mine' of this process is broken: it must be a subclass of builtins.dict"):
        registry.register("mine", list)
    with pytest.raises(PluginError, match="acme-wrt already offers the engine 'acme-fast'; pass replace=True"):
        registry.register("acme-fast", dict)
    registry.register("acme-fast", dict, replace=True)
    assert registry.get("acme-fast") is dict
    assert entry_of(registry, "acme-fast", "acme-wrt").state is State.SHADOWED
    assert "acme-wrt:acme-fast" in registry.names()
    registry.unregister("acme-fast")
    assert entry_of(registry, "acme-fast", "acme-wrt").state is State.AVAILABLE


def test_threads_that_pick_the_same_plugin_load_it_once(install):
    source = """
        import time
        from wrt_foundation.plugins import hookimpl

        calls = []

        @hookimpl
        def wrt_register_engine(name):
            calls.append(name)
            time.sleep(0.05)
            return type("Engine", (), {})
    """
    install("acme-wrt", {"wrt.engines": {"slow": "acme_slow"}}, {"acme_slow.py": source})
    registry = Registry("wrt.engines")
    start = threading.Barrier(8)
    got = []

    def pick() -> None:
        start.wait()
        got.append(registry.get("slow"))

    threads = [threading.Thread(target=pick) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == 8
    assert len(set(got)) == 1
    assert sys.modules["acme_slow"].calls == ["slow"]


def test_a_plugin_may_pick_another_but_not_itself(install, acme):
    source = """
        from wrt_foundation.plugins import hookimpl

        registry = None

        @hookimpl
        def wrt_register_engine(name):
            return [registry.get("acme-fast" if name == "outer" else name)]
    """
    install("wrap-wrt", {"wrt.engines": {"outer": "wrap", "self": "wrap"}}, {"wrap.py": source})
    registry = Registry("wrt.engines")
    import wrap

    wrap.registry = registry
    assert registry.get("outer") == [sys.modules["acme_plugin"].Engine]
    with pytest.raises(PluginError, match="'self' asks for itself while it is being loaded"):
        registry.get("self")
