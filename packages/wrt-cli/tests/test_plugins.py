"""`wrt plugins`, and the group itself: what is installed, what is broken, what was meant."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

METADATA = "Metadata-Version: 2.1\nName: {name}\nVersion: 1.5\n"


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Put a distribution with plugins on the path: entry points, and the source of its module."""

    def put(name: str, entry_points: str, source: str = "") -> None:
        info = tmp_path / f"{name}-1.5.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(METADATA.format(name=name))
        (info / "entry_points.txt").write_text(entry_points)
        (tmp_path / f"{name}_plugin.py").write_text(source)
        monkeypatch.syspath_prepend(str(tmp_path))
        placed.append(f"{name}_plugin")

    placed: list[str] = []
    yield put
    for module in placed:
        sys.modules.pop(module, None)


GREETING = """
import click
from wrt_foundation.errors import WrtError
from wrt_foundation.plugins import hookimpl

@click.command(short_help="Say hello.")
@click.option("--fail", is_flag=True)
def greet(fail):
    if fail:
        raise WrtError("it failed")
    click.echo("hello")

@hookimpl
def wrt_register_command():
    return greet
"""


def test_our_own_plugins_are_listed(invoke):
    result = invoke("plugins")
    assert result.exit_code == 0
    rows = [line.split() for line in result.stdout.splitlines()]
    assert rows[0] == ["kind", "name", "distribution", "version", "state"]
    assert ["wrt.engines", "stackless", "wrt-core"] in [row[:3] for row in rows]
    assert ["wrt.commands", "run", "wrt-cli"] in [row[:3] for row in rows]


def test_nothing_is_imported(install):
    install("acme", "[wrt.engines]\nfast = acme_plugin\n", "raise SystemExit('imported')")
    code = (
        "import sys; from wrt_cli.main import wrt\n"
        "try: wrt(['plugins', '--json'])\n"
        "except SystemExit as end: assert not end.code, end.code\n"
        "assert 'acme_plugin' not in sys.modules\n"
        "assert 'wrt_core' not in sys.modules, 'the core was imported'\n"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    outcome = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True, env=environment)
    assert outcome.returncode == 0, outcome.stderr
    assert {"kind": "wrt.engines", "name": "fast", "distribution": "acme", "version": "1.5"}.items() <= next(
        entry for entry in json.loads(outcome.stdout) if entry["name"] == "fast"
    ).items()


def test_a_broken_plugin_is_reported_by_name(invoke, install):
    install("acme", "[wrt.engines]\nfast = acme_missing\n")
    result = invoke("plugins", "--kind", "engines")
    assert result.exit_code == 0
    assert "broken: the engine 'fast': there is no module named 'acme_missing'" in result.stdout
    assert "stackless" in result.stdout


def test_check_finds_what_only_an_import_can(invoke, install):
    install("acme", "[wrt.engines]\nfast = acme_plugin\n", "import surely_not_there")
    assert invoke("plugins").exit_code == 0
    result = invoke("plugins", "--check", "--kind", "engine")
    assert result.exit_code == 1
    assert "pip install surely_not_there" in result.stdout
    assert "loaded" in result.stdout


@pytest.mark.parametrize("kind", ["wrt.memory_providers", "memory_providers", "memory-provider", "memory provider"])
def test_kinds_as_people_write_them(invoke, kind):
    entries = json.loads(invoke("plugins", "--kind", kind, "--json").stdout)
    assert {entry["kind"] for entry in entries} == {"wrt.memory_providers"}
    assert {"basic", "test"} <= {entry["name"] for entry in entries}


def test_a_kind_that_there_is_not(invoke):
    result = invoke("plugins", "--kind", "enignes")
    assert result.exit_code == 2
    assert "did you mean 'engines'?" in result.stderr


def test_a_kind_of_which_none_is_installed(invoke):
    assert "none installed: wrt.observers" in invoke("plugins", "--kind", "observers").stdout


# --- the group ---------------------------------------------------------------------------------------------


def test_help_lists_commands_and_teaches(invoke):
    result = invoke("--help")
    assert result.exit_code == 0
    for word in ("inspect", "plugins", "run", "validate", "wrt run add.wasm --invoke add 19 23"):
        assert word in result.stdout


@pytest.mark.parametrize("command", ["inspect", "plugins", "run", "validate"])
@pytest.mark.parametrize("option", ["-h", "--help"])
def test_help_of_each_command_has_examples(invoke, command, option):
    result = invoke(command, option)
    assert result.exit_code == 0
    assert "Examples:" in result.stdout
    assert f"wrt {command} " in result.stdout


def test_help_imports_no_engine():
    code = (
        "import sys; from wrt_cli.main import wrt\n"
        "try: wrt(['-h'])\n"
        "except SystemExit: print('wrt_core' in sys.modules)"
    )
    outcome = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert outcome.stdout.splitlines()[-1] == "False"


def test_a_strangers_command(invoke, install):
    install("acme", "[wrt.commands]\ngreet = acme_plugin\n", GREETING)
    assert "Say hello." in invoke("--help").stdout
    assert invoke("greet").stdout == "hello\n"
    failed = invoke("greet", "--fail")
    assert (failed.exit_code, failed.stderr) == (1, "Error: it failed\n")


@pytest.mark.parametrize("source", ["import surely_not_there", "x = 1", GREETING.replace("return greet", "return 1")])
def test_a_broken_command_is_named_and_the_others_work(invoke, install, source):
    install("acme", "[wrt.commands]\ngreet = acme_plugin\n", source)
    listing = invoke("--help")
    assert listing.exit_code == 0
    assert "(broken)" in listing.stdout
    assert "run " in listing.stdout
    for words in (["greet"], ["greet", "--help"], ["greet", "-x", "y"]):
        result = invoke(*words)
        assert result.exit_code == 1
        assert "the command 'greet' of acme 1.5 is broken" in result.stderr
    assert invoke("plugins").exit_code == 0


def test_an_unknown_command_is_answered_with_the_closest(invoke):
    result = invoke("rnu", "x")
    assert result.exit_code == 2
    assert "no command is called 'rnu' (did you mean 'run'?); known: " in result.stderr


def test_version(invoke):
    from wrt_cli.__about__ import __version__

    assert invoke("--version").stdout == f"wrt, version {__version__}\n"


def test_no_arguments_show_help(invoke):
    assert "Usage: wrt" in invoke().output
