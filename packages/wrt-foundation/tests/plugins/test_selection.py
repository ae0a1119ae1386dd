"""WRT_PLUGINS and WRT_TRACE_PLUGINS."""

from __future__ import annotations

import pytest

from wrt_foundation.errors import PluginError
from wrt_foundation.plugins import PluginWarning, Registry, State, get_plugin_manager


@pytest.fixture
def installed(install):
    """A built-in distribution and two strangers', with engines, observers and commands."""
    everything = {
        "wrt-jit": {"wrt.engines": {"built": "m", "built-too": "m"}, "wrt.commands": {"built-command": "m"}},
        "acme": {"wrt.engines": {"fast": "m"}, "wrt.observers": {"log": "m"}, "wrt.commands": {"acme-command": "m"}},
        "zeta": {"wrt.observers": {"count": "m"}},
    }
    for distribution, entry_points in everything.items():
        install(distribution, entry_points, {"m.py": ""})
    return everything


def switched_on(installed, environment: dict[str, str]) -> dict[str, set[str]]:
    manager = get_plugin_manager(environment)
    return {
        group: {
            entry.name
            for entry in manager.registry(group).entries()
            if entry.distribution in installed and entry.state is not State.DISABLED
        }
        for group in ("wrt.engines", "wrt.observers", "wrt.commands")
    }


@pytest.mark.parametrize(
    ("environment", "engines", "observers", "commands"),
    [
        ({}, {"built", "built-too", "fast"}, {"log", "count"}, {"built-command", "acme-command"}),
        ({"WRT_PLUGINS": ""}, {"built", "built-too"}, set(), {"built-command"}),
        ({"WRT_PLUGINS": "built"}, {"built"}, set(), {"built-command"}),
        ({"WRT_PLUGINS": " fast , count,"}, {"fast"}, {"count"}, {"built-command"}),
        ({"WRT_PLUGINS": "fast,built"}, {"fast", "built"}, set(), {"built-command"}),
        ({"WRT_PLUGINS": "Acme:log"}, {"built", "built-too"}, {"log"}, {"built-command"}),
        ({"WRT_PLUGINS": "acme-command"}, {"built", "built-too"}, set(), {"built-command", "acme-command"}),
    ],
)
def test_what_is_switched_on(installed, environment, engines, observers, commands):
    found = switched_on(installed, environment)
    assert found == {"wrt.engines": engines, "wrt.observers": observers, "wrt.commands": commands}


@pytest.mark.parametrize("value", ["Wasi_x:io", "acme:Wasi_x:io", "ACME:Wasi_x:io"])
def test_names_with_colons_are_switched_on_as_they_are(install, value):
    install("acme", {"wrt.observers": {"Wasi_x:io": "m", "io": "m"}}, {"m.py": ""})
    entries = get_plugin_manager({"WRT_PLUGINS": value}).registry("wrt.observers").entries()
    assert [entry.name for entry in entries if entry.state is not State.DISABLED] == ["Wasi_x:io"]


def test_what_is_switched_off_says_so(installed, monkeypatch):
    monkeypatch.setenv("WRT_PLUGINS", "built")
    registry = Registry("wrt.engines")
    assert "fast" not in registry.names()
    with pytest.raises(PluginError, match="the engine 'fast' is switched off by WRT_PLUGINS=built; add it there"):
        registry.get("fast")
    (entry,) = [entry for entry in registry.entries() if entry.name == "fast"]
    assert entry.reason == "switched off by WRT_PLUGINS=built; add it there"


def test_a_name_that_no_plugin_has_is_warned_of(installed, monkeypatch):
    monkeypatch.setenv("WRT_PLUGINS", "built,fats")
    message = r"WRT_PLUGINS names 'fats', and no installed plugin is called that \(did you mean 'fast'\?\)"
    with pytest.warns(PluginWarning, match=message):
        Registry("wrt.engines").names()


def test_a_plugin_of_this_process_is_not_switched_off(installed):
    registry = get_plugin_manager({"WRT_PLUGINS": "built"}).registry("wrt.engines")
    registry.register("mine", int)
    assert registry.get("mine") is int


def test_tracing_tells_what_is_found_and_every_hook_call(acme, capsys):
    registry = get_plugin_manager({"WRT_TRACE_PLUGINS": "1"}).registry("wrt.engines")
    registry.get("acme-fast")
    traced = capsys.readouterr().err
    assert "found wrt.engines acme-wrt:acme-fast -> acme_plugin" in traced
    assert "wrt_register_engine [hook]" in traced
    assert "name: acme-fast" in traced


@pytest.mark.parametrize("value", ["", "0"])
def test_tracing_is_off_unless_asked_for(acme, capsys, value):
    get_plugin_manager({"WRT_TRACE_PLUGINS": value}).registry("wrt.engines").get("acme-fast")
    assert capsys.readouterr() == ("", "")
