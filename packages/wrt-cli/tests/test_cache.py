"""`wrt run` keeps what it finds out, unless told not to; `wrt cache` shows it and removes it."""

from __future__ import annotations

import json
import re

import pytest

from wrt_core.cache import Cache


@pytest.fixture
def directory(tmp_path, monkeypatch):
    """The user's cache directory."""
    monkeypatch.setenv("WRT_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def translated(result) -> int:
    """How many functions were translated, says --timings."""
    found = re.search(r"^translate .* ms   ([\d,]+) functions$", result.stderr, re.MULTILINE)
    return int(found[1]) if found else 0


ADD = ("--invoke", "add", "19", "23")


def test_a_second_run_translates_nothing(invoke, modules, directory, collect):
    module = modules("arithmetic")
    for expected in (1, 0):
        result = invoke("run", "--timings", module, *ADD)
        assert (result.stdout, result.exit_code) == ("42\n", 0)
        assert translated(result) == expected
        collect()


def test_processes(shell, modules, directory):
    module = modules("arithmetic")
    counts = [translated(shell("run", "--timings", module, *ADD)) for _ in range(2)]
    assert counts == [1, 0]


@pytest.mark.parametrize("command", ["trapping", "counting"])
def test_a_program_that_ends_badly_is_kept_too(shell, modules, directory, command):
    results = [shell("run", "--timings", modules(command)) for _ in range(2)]
    assert translated(results[0]) > 0
    assert translated(results[1]) == 0
    assert results[0].returncode == results[1].returncode != 0
    text = [re.sub(r"^\w+ +[\d.,]+ ms.*\n", "", each.stderr, flags=re.MULTILINE) for each in results]
    assert text[0] == text[1]


def test_no_cache(invoke, modules, directory, collect):
    module = modules("arithmetic")
    for _ in range(2):
        assert translated(invoke("run", "--no-cache", "--timings", module, *ADD)) == 1
        collect()
    assert not directory.exists()


def test_off_by_the_environment(invoke, modules, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    invoke("run", modules("arithmetic"), *ADD)
    assert not (tmp_path / "xdg").exists()


def test_an_unsafe_directory_is_told_and_done_without(shell, modules, directory):
    directory.mkdir()
    directory.chmod(0o777)
    result = shell("run", modules("arithmetic"), *ADD)
    assert result.stdout == "42\n"
    assert "Warning: running without a cache" in result.stderr
    assert ".py" not in result.stderr


def test_info(invoke, modules, directory, collect):
    invoke("run", modules("arithmetic"), *ADD)
    collect()
    text = invoke("cache", "info").stdout
    (kept,) = Cache(directory).modules()
    assert str(directory) in text
    assert kept.module[:12] in text
    assert f"{kept.size:,} of at most 536,870,912 bytes" in text
    record = json.loads(invoke("cache", "info", "--json").stdout)
    assert record["directory"] == str(directory)
    assert record["size"] == kept.size
    assert [each["module"] for each in record["modules"]] == [kept.module]


def test_info_of_nothing(invoke, directory):
    result = invoke("cache", "info")
    assert result.exit_code == 0
    assert "modules    0" in result.stdout


def test_clear(invoke, modules, directory, collect):
    invoke("run", modules("arithmetic"), *ADD)
    collect()
    size = sum(each.size for each in Cache(directory).modules())
    assert invoke("cache", "clear").stdout == f"removed 1 modules, {size:,} bytes, from {directory}\n"
    assert json.loads(invoke("cache", "clear", "--json").stdout)["modules"] == []
    assert list(directory.iterdir()) == []


def test_off_is_no_cache_to_show(invoke, monkeypatch):
    monkeypatch.setenv("WRT_CACHE", "off")
    result = invoke("cache", "info")
    assert result.exit_code == 2
    assert "WRT_CACHE=off" in result.stderr


def test_an_unsafe_directory_is_not_cleared(invoke, directory):
    directory.mkdir()
    directory.chmod(0o777)
    result = invoke("cache", "clear")
    assert result.exit_code == 1
    assert "others could run code as you" in result.stderr


def test_help_teaches_by_example(invoke):
    for command in (["cache"], ["cache", "info"], ["cache", "clear"]):
        result = invoke(*command, "-h")
        assert result.exit_code == 0
        assert "wrt run --no-cache program.wasm" in result.stdout


@pytest.fixture
def collect():
    """End what a run in this process has left: its packs are written when they are collected."""
    import gc

    return gc.collect
