"""Two distributions that offer the same name: never the luck of the order on the path."""

from __future__ import annotations

import pytest

from wrt_foundation.errors import PluginError, UnknownPlugin
from wrt_foundation.plugins import Registry, State
from wrt_foundation.plugins.discovery import BUILT_IN

SOURCE = """
    from wrt_foundation.plugins import hookimpl

    @hookimpl
    def wrt_register_observer(name):
        return __name__
"""


def offer(install, distribution: str, name: str = "same") -> None:
    module = distribution.replace("-", "_") + "_plugin"
    install(distribution, {"wrt.observers": {name: module}}, {f"{module}.py": SOURCE})


def test_a_built_in_wins_and_the_other_is_reached_by_its_full_name(install):
    # Prepended to the path: the stranger's comes first there.
    offer(install, "wrt-jit")
    offer(install, "stranger")
    registry = Registry("wrt.observers")
    assert registry.get("same") == "wrt_jit_plugin"
    assert registry.names() == ("same", "stranger:same")
    assert registry.get("stranger:same") == "stranger_plugin"
    assert registry.get("wrt-jit:same") == "wrt_jit_plugin"
    states = {entry.distribution: (entry.state, entry.reason) for entry in Registry("wrt.observers").entries()}
    assert states["wrt-jit"] == (State.AVAILABLE, "")
    assert states["stranger"] == (
        State.SHADOWED,
        "shadowed by the observer of wrt-jit; say 'stranger:same' for this one",
    )


def test_between_strangers_the_bare_name_is_refused(install):
    offer(install, "acme-wrt")
    offer(install, "zeta-wrt")
    registry = Registry("wrt.observers")
    with pytest.raises(PluginError, match="2 distributions; say which: 'acme-wrt:same', 'zeta-wrt:same'") as caught:
        registry.get("same")
    assert not isinstance(caught.value, UnknownPlugin)
    assert registry.names() == ("acme-wrt:same", "zeta-wrt:same")
    assert registry.get("zeta-wrt:same") == "zeta_wrt_plugin"
    # As package indexes see it, this is the same distribution.
    assert registry.get("Zeta_wrt:same") == "zeta_wrt_plugin"
    assert {entry.state for entry in registry.entries() if entry.distribution == "acme-wrt"} == {State.SHADOWED}


def test_switching_one_off_settles_it(install, monkeypatch):
    offer(install, "acme-wrt")
    offer(install, "zeta-wrt")
    monkeypatch.setenv("WRT_PLUGINS", "zeta-wrt:same")
    registry = Registry("wrt.observers")
    assert registry.get("same") == "zeta_wrt_plugin"
    assert registry.names() == ("same",)


def test_a_distribution_that_is_twice_on_the_path_counts_once(install, tmp_path):
    offer(install, "acme-wrt")
    install("second", "", {})
    # The same distribution in another folder, as a --user install next to a virtual environment's.
    old = tmp_path / "second" / "acme_wrt-0.1.dist-info"
    old.mkdir()
    (old / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-wrt\nVersion: 0.1\n")
    (old / "entry_points.txt").write_text("[wrt.observers]\nsame = gone\n")
    (entry,) = Registry("wrt.observers").entries()
    # "second" was prepended last, so its copy is the one that an import would find.
    assert entry.version == "0.1"


def test_a_newer_copy_that_offers_nothing_hides_an_older_one_that_did(install, tmp_path):
    offer(install, "acme-wrt")
    install("second", "", {})
    (tmp_path / "second" / "acme_wrt-2.0.dist-info").mkdir()
    (tmp_path / "second" / "acme_wrt-2.0.dist-info" / "METADATA").write_text("Name: acme-wrt\nVersion: 2.0\n")
    assert Registry("wrt.observers").entries() == ()


def test_the_full_name_of_a_distribution_that_offers_no_such_plugin(install):
    offer(install, "acme-wrt")
    with pytest.raises(UnknownPlugin, match="'zeta:same'"):
        Registry("wrt.observers").get("zeta:same")


def test_a_name_with_colons_is_picked_as_it_is(install):
    offer(install, "acme-wrt", "wasi:clocks/wall-clock")
    registry = Registry("wrt.observers")
    assert registry.names() == ("wasi:clocks/wall-clock",)
    for name in ("wasi:clocks/wall-clock", "acme-wrt:wasi:clocks/wall-clock", "Acme_WRT:wasi:clocks/wall-clock"):
        assert registry.get(name) == "acme_wrt_plugin"
    for name in ("clocks/wall-clock", "acme-wrt:clocks/wall-clock", "zeta:wasi:clocks/wall-clock"):
        with pytest.raises(UnknownPlugin):
            registry.get(name)


def test_two_plugins_of_one_name_with_colons(install):
    offer(install, "acme-wrt", "a:b")
    offer(install, "zeta-wrt", "a:b")
    registry = Registry("wrt.observers")
    with pytest.raises(PluginError, match="say which: 'acme-wrt:a:b', 'zeta-wrt:a:b'"):
        registry.get("a:b")
    assert registry.get("zeta-wrt:a:b") == "zeta_wrt_plugin"


def test_a_full_name_is_not_taken_over_by_a_plugin_that_is_called_like_it(install):
    offer(install, "acme-wrt")
    offer(install, "zeta-wrt", "acme-wrt:same")
    registry = Registry("wrt.observers")
    assert registry.get("acme-wrt:same") == "acme_wrt_plugin"
    assert registry.get("zeta-wrt:acme-wrt:same") == "zeta_wrt_plugin"
    # Where full names are not meant, it is just a name.
    assert registry.get("acme-wrt:same", full_names=False) == "zeta_wrt_plugin"
    with pytest.raises(UnknownPlugin):
        registry.get("zeta-wrt:acme-wrt:same", full_names=False)


def test_built_in_names_are_normalized():
    assert all(name == name.lower() and "_" not in name for name in BUILT_IN)
