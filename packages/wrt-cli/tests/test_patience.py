"""A bar where it takes long, for who looks; and nothing otherwise."""

from __future__ import annotations

import io
import time

import pytest

from wrt_cli import patience
from wrt_cli.patience import Patience
from wrt_core import EngineFactory
from wrt_core.testing import ModuleBuilder
from wrt_foundation.plugins import get_plugin_manager


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def terminals(monkeypatch):
    """Make a terminal of the error output; in the test itself, as pytest changes it before that."""

    def make():
        monkeypatch.setenv("TERM", "xterm")
        monkeypatch.setenv("COLUMNS", "100")
        monkeypatch.setattr("sys.stderr", screen := Terminal())
        return screen

    return make


def big() -> bytes:
    builder = ModuleBuilder()
    for _ in range(20):
        builder.function(None, "->", "i32.const 1 drop " * 10_000)
    return builder.bytes()


def test_how_far_it_is_is_told_and_shown(terminals, monkeypatch):
    terminal = terminals()
    monkeypatch.setattr(patience, "_PATIENCE", 0.0)
    plugins = get_plugin_manager()
    waiting = Patience("loading [b]big[/b]")
    told = []
    note = Patience.wrt_module_validating

    def noting(self, done: int, total: int) -> None:
        note(self, done, total)
        told.append((done, total))
        while done > total // 2 and "%" not in terminal.getvalue():
            time.sleep(0.01)  # until the bar has been drawn

    monkeypatch.setattr(Patience, "wrt_module_validating", patience.hookimpl(noting))
    waiting.watch(plugins)
    with waiting:
        EngineFactory.create("stackless", manager=plugins).load(big())
    assert len(told) > 2
    assert all(0 < done <= total == 20 * 30_001 for done, total in told)
    assert told == sorted(told)
    assert "loading [b]big[/b]" in terminal.getvalue()


def test_what_is_quick_shows_nothing(terminals):
    terminal = terminals()
    with Patience("loading"):
        pass
    assert terminal.getvalue() == ""


def test_where_nobody_looks_nothing_is_shown_or_listened_to(monkeypatch):
    monkeypatch.setattr(patience, "_PATIENCE", 0.0)
    monkeypatch.setattr("sys.stderr", screen := io.StringIO())
    plugins = get_plugin_manager()
    waiting = Patience("loading")
    waiting.watch(plugins)
    with waiting:
        time.sleep(0.05)
    assert screen.getvalue() == ""
    assert "wrt patience" not in plugins.registry("wrt.observers").names()


def test_an_error_ends_it(terminals, monkeypatch):
    terminals()
    monkeypatch.setattr(patience, "_PATIENCE", 0.0)
    with pytest.raises(InterruptedError), Patience("loading"):
        raise InterruptedError
