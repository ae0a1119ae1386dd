"""Whatever a plugin does wrong, it is reported by name and the others still load."""

from __future__ import annotations

import sys

import pytest

from wrt_foundation.errors import PluginError
from wrt_foundation.plugins import PluginWarning, Registry, State, get_plugin_manager, list_plugins

HOOK = """
    from wrt_foundation.plugins import hookimpl

    @hookimpl
    def {signature}:
        {body}
"""


def hook(signature: str, body: str) -> str:
    return HOOK.format(signature=signature, body=body)


BROKEN = {
    "import error": ("from os import no_such_name", "ImportError: cannot import name 'no_such_name' from 'os'"),
    "missing dependency": ("import no_such_package.part", "pip install no_such_package"),
    "syntax error": ("def (:", "SyntaxError"),
    "error at import": ("1 / 0", "importing 'bad_plugin' raised ZeroDivisionError: division by zero"),
    "exit at import": ("raise SystemExit(3)", "importing 'bad_plugin' raised SystemExit: 3"),
    "no hook": ("", "'bad_plugin' has no @hookimpl named wrt_register_engine"),
    "hook of another kind": (hook("wrt_register_format()", "return int"), "has no @hookimpl named wrt_register_engine"),
    "misspelt hook": (
        hook("wrt_register_engin(name)", "return int"),
        r"no hook named wrt_register_engin \(did you mean 'wrt_register_engine'\?\)",
    ),
    "wrong signature": (hook("wrt_register_engine(nmae)", "return int"), "nmae"),
    "raising hook": (hook("wrt_register_engine()", "raise KeyError('x')"), "wrt_register_engine raised KeyError: 'x'"),
    "exiting hook": (hook("wrt_register_engine()", "raise SystemExit"), "wrt_register_engine raised SystemExit"),
    "missing dependency in the hook": (
        hook("wrt_register_engine()", "import no_such_package"),
        "wrt_register_engine raised ModuleNotFoundError: .*; to mend it: pip install no_such_package",
    ),
    "nothing returned": (hook("wrt_register_engine()", "pass"), "returned the wrong thing: it must be something"),
}


@pytest.mark.parametrize(("source", "message"), BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_plugin_is_named_and_the_others_load(install, acme, source, message):
    install("bad-wrt", {"wrt.engines": {"bad": "bad_plugin"}}, {"bad_plugin.py": source}, version="0.3")
    manager = get_plugin_manager()
    registry = manager.registry("wrt.engines")
    with pytest.raises(PluginError, match=message) as caught:
        registry.get("bad")
    assert str(caught.value).startswith("the engine 'bad' of bad-wrt 0.3 is broken: ")
    assert (caught.value.plugin, caught.value.distribution) == ("bad", "bad-wrt")
    (entry,) = [entry for entry in registry.entries() if entry.name == "bad"]
    assert (entry.state, entry.reason) == (State.BROKEN, str(caught.value))
    assert not [plugin for plugin in manager.get_plugins() if getattr(plugin, "__name__", "") == "bad_plugin"]
    assert registry.get("acme-fast") is sys.modules["acme_plugin"].Engine


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("bad_plugin:Absent", "importing 'bad_plugin:Absent' raised AttributeError"),
        ("not-a-module", "importing 'not-a-module' raised"),
        ("bad_plugin:Class", "'bad_plugin:Class' has no @hookimpl named wrt_register_engine"),
        ("bad_plugin:Nothing", "there is nothing but None"),
    ],
)
def test_an_entry_point_that_leads_to_the_wrong_place(install, value, message):
    install("bad-wrt", {"wrt.engines": {"bad": value}}, {"bad_plugin.py": "class Class: pass\nNothing = None\n"})
    with pytest.raises(PluginError, match=message):
        Registry("wrt.engines").get("bad")


def test_what_is_lacking_shows_in_the_list_without_an_import(install):
    points = {"there": "half.plugin", "gone": "half.gone", "all-gone": "no_such_package.x.y", "invalid": "not-a-module"}
    install("bad-wrt", {"wrt.engines": points}, {"half/__init__.py": "raise SystemExit", "half/plugin.py": ""})
    found = {entry.name: (entry.state, entry.reason) for entry in list_plugins() if entry.distribution == "bad-wrt"}
    assert found == {
        "there": (State.AVAILABLE, ""),
        "gone": (State.BROKEN, "there is no module named 'half.gone'"),
        "all-gone": (State.BROKEN, "there is no module named 'no_such_package'"),
        "invalid": (State.BROKEN, "there is no module named 'not-a-module'"),
    }
    assert "half" not in sys.modules


def test_list_plugins_tries_each_one_on_request(install, acme):
    install("bad-wrt", {"wrt.observers": {"bad": "bad_plugin"}}, {"bad_plugin.py": "1 / 0"})
    found = {entry.name: entry for entry in list_plugins(load=True)}
    assert found["acme-fast"].state is State.LOADED
    assert found["bad"].state is State.BROKEN
    assert "ZeroDivisionError" in found["bad"].reason


def test_a_plugin_that_was_mended_loads_the_next_time(install):
    site = install("bad-wrt", {"wrt.engines": {"bad": "bad_plugin"}}, {"bad_plugin.py": "import acme_late_dependency"})
    (site / "bad_plugin.py").write_text(
        "import acme_late_dependency\n"
        "from wrt_foundation.plugins import hookimpl\n"
        "@hookimpl\n"
        "def wrt_register_engine():\n"
        "    return acme_late_dependency.Engine\n"
    )
    registry = Registry("wrt.engines")
    with pytest.raises(PluginError, match="pip install acme_late_dependency"):
        registry.get("bad")
    install("late", "", {"acme_late_dependency.py": "class Engine: pass"})
    assert registry.get("bad").__name__ == "Engine"
    (entry,) = [entry for entry in registry.entries() if entry.name == "bad"]
    assert (entry.state, entry.reason) == (State.LOADED, "")


@pytest.mark.parametrize(
    ("requires", "value", "line"),
    [
        (("no.such_package>=2",), "bad_plugin", "pip install no.such_package"),
        (('no-such-package>=2 ; extra == "fast"',), "bad_plugin", 'pip install "bad-wrt[fast]"'),
        (("no-such-package; extra == 'fast'",), "bad_plugin", 'pip install "bad-wrt[fast]"'),
        ((), "bad_plugin [fast]", 'pip install "bad-wrt[fast]"'),
        ((), "bad_plugin", "pip install no_such_package"),
    ],
)
def test_the_line_that_mends_a_missing_dependency(install, requires, value, line):
    install("bad-wrt", {"wrt.engines": {"bad": value}}, {"bad_plugin.py": "import no_such_package"}, requires=requires)
    with pytest.raises(PluginError) as caught:
        Registry("wrt.engines").get("bad")
    assert str(caught.value).endswith(f"; to mend it: {line}")


def test_the_line_that_mends_a_plugin_whose_own_files_are_gone(install):
    install("bad-wrt", {"wrt.engines": {"bad": "gone_plugin.part"}})
    with pytest.raises(PluginError, match="pip install --force-reinstall bad-wrt$"):
        Registry("wrt.engines").get("bad")


def test_a_distribution_whose_entry_points_are_damaged_is_named_and_left_out(install, acme):
    install("damaged-wrt", "[wrt.engines]\nno equals sign here\n")
    with pytest.warns(PluginWarning, match="the plugins of damaged-wrt are left out: its metadata cannot be read"):
        names = Registry("wrt.engines").names()
    assert "acme-fast" in names


def test_a_distribution_without_a_name_is_told_by_its_folder_and_left_out(install, acme):
    site = install("damaged-wrt", {"wrt.engines": {"x": "y"}})
    (site / "damaged_wrt-1.0.dist-info" / "METADATA").write_text("Version: 1.0\n")
    with pytest.warns(PluginWarning, match="damaged_wrt-1.0.dist-info are left out: its metadata cannot be read"):
        names = Registry("wrt.engines").names()
    assert "acme-fast" in names
    assert "x" not in names
