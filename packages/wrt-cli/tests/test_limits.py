"""What ends a program that takes too much, each limit by itself."""

from __future__ import annotations

import time

import pytest

from wrt_cli.options.quantities import DURATION, SIZE


@pytest.mark.parametrize("name", ["spinning", "beginning"])
def test_fuel(invoke, modules, name):
    result = invoke("run", "--fuel", "100000", modules(name))
    assert result.exit_code == 134
    assert "all fuel consumed" in result.stderr
    assert "_start" in result.stderr  # where it was


def test_fuel_that_suffices(invoke, modules):
    assert invoke("run", "--fuel", "100000", modules("counting"), "a").exit_code == 20


def test_fuel_is_for_all_calls_together(invoke, modules):
    assert invoke("run", "--fuel", "1000", modules("arithmetic"), "--invoke", "add", "1", "2").stdout == "3\n"
    enough = next(
        fuel
        for fuel in range(1, 100)
        if invoke("run", f"--fuel={fuel}", modules("reactor"), "--invoke", "calls").exit_code == 0
    )
    assert enough > 8  # two calls: of `_initialize`, and of `calls` with what that has left


@pytest.mark.parametrize("name", ["spinning", "beginning", "sleeping"])
def test_time(invoke, modules, name):
    started = time.monotonic()
    result = invoke("run", "--timeout", "300ms", modules(name))
    assert time.monotonic() - started < 60
    assert result.exit_code == 134
    assert "time is up: the guest has not ended within 0.3 seconds" in result.stderr
    assert "_start" in result.stderr


def test_time_that_suffices(invoke, modules):
    assert invoke("run", "--timeout", "60s", modules("counting"), "a", "b").exit_code == 30


def test_simulated_time_passes_at_once(invoke, modules):
    assert invoke("run", "--seed", "1", "--timeout", "30", modules("sleeping")).exit_code == 0


def test_memory(invoke, modules):
    assert invoke("run", modules("growing")).exit_code == 40
    assert invoke("run", "--max-memory", "4MiB", modules("growing")).exit_code == 3
    assert invoke("run", "--max-memory", "4MiB", "--fuel", "100000", modules("growing")).exit_code == 3


def test_memory_that_does_not_suffice_to_begin(invoke, modules):
    result = invoke("run", "--max-memory", "1KiB", modules("growing"))
    assert result.exit_code == 1
    assert "--max-memory" in result.stderr


@pytest.mark.parametrize(
    "option",
    [
        *(("--fuel", text) for text in ("-1", "much", "1.5", "")),
        *(("--timeout", text) for text in ("0", "-5s", "5 s", "5 min", "s", "", "inf", "nan", "1e3", "٣s")),
        *(("--max-memory", text) for text in ("0", "-1", "64mb", "64Mib", "MiB", "0x10", "0.0001")),
        ("--seed", "x"),
    ],
)
def test_what_is_no_limit_is_wrong_usage(invoke, modules, option):
    result = invoke("run", *option, modules("counting"))
    assert result.exit_code == 2
    assert option[0] in result.stderr


@pytest.mark.parametrize(
    ("text", "seconds"), [("5s", 5), ("500ms", 0.5), ("2m", 120), ("1h", 3600), ("5", 5), ("0.25s", 0.25)]
)
def test_durations(text, seconds):
    assert DURATION.convert(text, None, None) == seconds


@pytest.mark.parametrize(
    ("text", "size"),
    [("64MiB", 64 << 20), ("1KiB", 1024), ("2GiB", 2 << 30), ("1.5MB", 1_500_000), ("3kB", 3000), ("7", 7), ("7B", 7)],
)
def test_sizes(text, size):
    assert SIZE.convert(text, None, None) == size
