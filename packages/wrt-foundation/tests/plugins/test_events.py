"""Observers: told of events, each on its own, at no cost where there are none."""

from __future__ import annotations

import pluggy
import pytest

from wrt_foundation.errors import PluginError
from wrt_foundation.plugins import Kind, PluginWarning, State, get_plugin_manager, hookimpl, hookspec


class UpperLayer:
    """The hookspecs of a layer above the foundation."""

    @hookspec
    def wrt_module_loaded(self, module, size):
        """A module was loaded."""


@pytest.fixture
def manager(install):
    manager = get_plugin_manager()
    manager.add_hookspecs(UpperLayer)
    return manager


class Log:
    def __init__(self) -> None:
        self.heard: list[object] = []

    @hookimpl
    def wrt_module_loaded(self, module):
        self.heard.append(module)


def test_nobody_listens(manager):
    assert manager.event("wrt_module_loaded") is None


def test_every_observer_is_told_what_it_asks_for(manager):
    class Sizes:
        heard: list[int] = []

        @staticmethod
        @hookimpl
        def wrt_module_loaded(size, module):
            Sizes.heard.append(size)

    log = Log()
    manager.observe(log)
    manager.observe(Sizes, "sizes")
    loaded = manager.event("wrt_module_loaded")
    assert loaded(module="m", size=3) is None
    assert log.heard == ["m"]
    assert Sizes.heard == [3]


def test_an_observer_hears_what_was_set_up_after_it(manager):
    early, late = Log(), Log()
    manager.observe(early)
    before = manager.event("wrt_module_loaded")
    manager.observe(late)
    before(module=1, size=0)
    manager.event("wrt_module_loaded")(module=2, size=0)
    assert early.heard == [1, 2]
    assert late.heard == [2]
    manager.unregister(early)
    manager.unregister(late)
    assert manager.event("wrt_module_loaded") is None


def test_an_observer_that_raises_is_left_out_and_the_others_are_told(manager):
    class Bad(Log):
        @hookimpl
        def wrt_module_loaded(self, module):
            super().wrt_module_loaded(module)
            raise KeyError(module)

    first, bad, last = Log(), Bad(), Log()
    manager.observe(first)
    manager.observe(bad, "bad")
    manager.observe(last)
    loaded = manager.event("wrt_module_loaded")
    with pytest.warns(PluginWarning, match="'bad' is left out of wrt_module_loaded: KeyError: 1"):
        loaded(module=1, size=0)
    loaded(module=2, size=0)
    assert bad.heard == [1]
    assert first.heard == last.heard == [1, 2]


def test_order_is_pluggys(manager):
    order = []

    def observer(name: str, **options: bool) -> object:
        def wrt_module_loaded(module):
            order.append(name)

        return type(name, (), {"wrt_module_loaded": staticmethod(hookimpl(**options)(wrt_module_loaded))})

    for name, options in (("a", {}), ("b", {"tryfirst": True}), ("c", {})):
        manager.observe(observer(name, **options), name)
    manager.event("wrt_module_loaded")(module=0, size=0)
    assert order == ["b", "c", "a"]


@pytest.mark.parametrize(
    ("name", "parameters", "options", "message"),
    [
        ("wrt_module_loadde", "module", {}, r"no hook named wrt_module_loadde \(did you mean 'wrt_module_loaded'\?\)"),
        ("wrt_module_loaded", "modul", {}, "modul"),
        ("wrt_module_loaded", "module", {"wrapper": True}, "wraps hooks"),
        ("wrt_module_loaded", "module", {"hookwrapper": True}, "wraps hooks"),
        ("wrt_module_loaded", "module", None, "listens to nothing"),
    ],
)
def test_an_observer_that_cannot_work_is_refused(manager, name, parameters, options, message):
    scope: dict[str, object] = {}
    exec(f"def {name}({parameters}): yield", scope)
    method = scope[name] if options is None else hookimpl(**options)(scope[name])
    observer = type("Observer", (), {name: staticmethod(method)})
    with pytest.raises(PluginError, match=message):
        manager.observe(observer)
    assert not manager.is_registered(observer)
    assert manager.event("wrt_module_loaded") is None


def test_an_event_that_no_layer_specifies(manager):
    with pytest.raises(PluginError, match=r"no event named wrt_module_load \(did you mean 'wrt_module_loaded'\?\)"):
        manager.event("wrt_module_load")


SOURCE = """
    from wrt_foundation.plugins import hookimpl

    class Observer:
        heard = []

        @hookimpl
        def wrt_module_loaded(self, module):
            self.heard.append(module)

        @hookimpl
        def wrt_plugin_loaded(self, entry):
            self.heard.append((entry.name, entry.state.value))

        @hookimpl
        def wrt_plugin_broken(self, entry, error):
            self.heard.append((entry.name, entry.state.value, error.plugin))

    @hookimpl
    def wrt_register_observer():
        return Observer()
"""


def test_installed_observers_are_loaded_and_a_broken_one_is_named(install, acme, manager):
    install("log-wrt", {"wrt.observers": {"log": "log_plugin"}}, {"log_plugin.py": SOURCE})
    install("bad-wrt", {"wrt.observers": {"bad": "bad_plugin"}}, {"bad_plugin.py": "1 / 0"})
    with pytest.warns(PluginWarning, match="the observer 'bad' of bad-wrt 1.0 is broken"):
        manager.load_observers()
    with pytest.warns(PluginWarning, match="the observer 'bad' of bad-wrt 1.0 is broken"):
        manager.load_observers()
    import log_plugin

    log_plugin.Observer.heard.clear()
    manager.event("wrt_module_loaded")(module="m", size=1)
    assert log_plugin.Observer.heard == ["m"]


def test_observers_hear_of_plugins(install, acme, manager):
    install("log-wrt", {"wrt.observers": {"log": "log_plugin"}}, {"log_plugin.py": SOURCE})
    install("bad-wrt", {"wrt.engines": {"bad": "bad_plugin"}}, {"bad_plugin.py": "1 / 0"})
    manager.load_observers()
    engines = manager.registry("wrt.engines")
    engines.get("acme-fast")
    engines.get("acme-fast")
    with pytest.raises(PluginError):
        engines.get("bad")
    import log_plugin

    assert log_plugin.Observer.heard == [("acme-fast", "loaded"), ("bad", "broken", "bad")]


def test_an_installed_observer_that_listens_to_nothing_is_named(install, manager):
    source = """
        from wrt_foundation.plugins import hookimpl

        @hookimpl
        def wrt_register_observer():
            return object()
    """
    install("mute-wrt", {"wrt.observers": {"mute": "mute_plugin"}}, {"mute_plugin.py": source})
    with pytest.warns(PluginWarning, match="mute does not observe: .* listens to nothing"):
        manager.load_observers()


def test_events_are_traced(install, capsys):
    manager = get_plugin_manager({"WRT_TRACE_PLUGINS": "1"})
    manager.add_hookspecs(UpperLayer)
    manager.observe(Log(), "log")
    manager.event("wrt_module_loaded")(module="m", size=1)
    assert capsys.readouterr().err == "wrt_module_loaded -> log [event]\n    module: m\n    size: 1\n"


def test_an_upper_layer_adds_a_kind(install):
    class Specs:
        @hookspec(firstresult=True)
        def wrt_register_clock(self, name):
            """Hand over a clock."""

    source = """
        from wrt_foundation.plugins import hookimpl

        @hookimpl
        def wrt_register_clock():
            return int
    """
    install("clock-wrt", {"wrt.clocks": {"sundial": "clock_plugin"}}, {"clock_plugin.py": source})
    kind = Kind("wrt.clocks", "clock", "wrt_register_clock", "Tells the time.")
    manager = get_plugin_manager()
    assert manager.registry("wrt.observers").names() == ()  # the installed plugins are read before the kind is known
    manager.add_kind(kind)
    manager.add_kind(kind)
    with pytest.raises(PluginError, match="already one of another kind"):
        manager.add_kind(Kind("wrt.clocks", "watch", "wrt_register_watch", ""))
    clocks = manager.registry("wrt.clocks")
    with pytest.raises(PluginError, match="no hookspec wrt_register_clock was added"):
        clocks.get("sundial")
    manager.add_hookspecs(Specs)
    assert clocks.get("sundial") is int
    (entry,) = clocks.entries()
    assert entry.state is State.LOADED


def test_the_manager_is_pluggys(install):
    manager = get_plugin_manager()
    assert isinstance(manager, pluggy.PluginManager)
    assert get_plugin_manager() is not manager
