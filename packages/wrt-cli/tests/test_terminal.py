"""What a person sees: tables and colours on a terminal, plain text elsewhere, and no colour where none is wanted."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

COLOUR = re.compile(r"\x1b\[[0-9;]*3[0-7]")
LINE = "─"


def on_a_terminal(*arguments: str, **environment: str) -> str:
    """Run `wrt` with its output and its error output on a pseudo-terminal, and return what it wrote there."""
    pty = pytest.importorskip("pty", reason="needs POSIX terminals")
    clean = {
        name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "FORCE_COLOR", "WRT_PLUGINS")
    }
    controller, terminal = pty.openpty()
    command = [sys.executable, "-m", "wrt_cli", *arguments]
    settings = clean | {"TERM": "xterm", "COLUMNS": "120"} | environment
    process = subprocess.Popen(command, stdin=terminal, stdout=terminal, stderr=terminal, env=settings)
    os.close(terminal)
    written = b""
    try:
        while block := os.read(controller, 65536):
            written += block
    except OSError:  # Linux says so when the last writer is gone
        pass
    finally:
        os.close(controller)
        process.wait()
    return written.decode()


def test_tables_are_drawn_and_coloured():
    text = on_a_terminal("plugins")
    assert LINE in text
    assert COLOUR.search(text)
    assert "stackless" in text


def test_no_color_is_respected():
    text = on_a_terminal("plugins", NO_COLOR="1")
    assert LINE in text
    assert not COLOUR.search(text)


def test_messages_are_coloured_unless_no_color(modules):
    module = modules("trapping")
    assert COLOUR.search(on_a_terminal("run", module))
    assert not COLOUR.search(on_a_terminal("run", module, NO_COLOR="1"))
    assert COLOUR.search(on_a_terminal("validate", module))
    assert not COLOUR.search(on_a_terminal("validate", module, NO_COLOR="1"))


def test_a_modules_names_can_not_command_the_terminal(modules):
    for command in (["run"], ["inspect"]):
        assert "\x1b[2J" not in on_a_terminal(*command, modules("trapping"))


def test_plain_where_nobody_looks(shell):
    result = shell("plugins")
    assert "\x1b" not in result.stdout
    assert LINE not in result.stdout
