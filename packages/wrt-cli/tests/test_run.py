"""`wrt run`: commands with their arguments and streams, functions by their types, and every way it can go wrong."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

# --- commands ----------------------------------------------------------------------------------------------


def test_the_guests_exit_status_is_the_status(invoke, modules):
    assert invoke("run", modules("counting")).exit_code == 10


@pytest.mark.parametrize(
    ("words", "count"),
    [
        (["a", "b"], 3),
        (["--verbose", "--env", "x"], 4),
        (["file", "--help"], 3),
        (["-x"], 2),
        (["--", "--help"], 2),
        (["--", "--", "a"], 3),
        (["a", "--"], 3),
        ([""], 2),
    ],
)
def test_what_follows_the_module_is_the_programs(invoke, modules, words, count):
    assert invoke("run", modules("counting"), *words).exit_code == 10 * count


@pytest.mark.parametrize("place", ["before", "behind"])
def test_options_stand_before_the_module_and_right_behind_it(invoke, modules, place):
    options = ["--env", "A=1", "--env=B=", "--engine", "stackless"]
    words = [*options, modules("counting")] if place == "before" else [modules("counting"), *options]
    assert invoke("run", *words, "argument").exit_code == 22


def test_a_variable_is_handed_on_by_name(invoke, modules, monkeypatch):
    monkeypatch.setenv("WRT_TEST_VARIABLE", "1")
    assert invoke("run", "--env", "WRT_TEST_VARIABLE", modules("counting")).exit_code == 11
    monkeypatch.delenv("WRT_TEST_VARIABLE")
    result = invoke("run", "--env", "WRT_TEST_VARIABLE", modules("counting"))
    assert result.exit_code == 2
    assert "WRT_TEST_VARIABLE=VALUE" in result.stderr


def test_the_hosts_variables_are_not_the_guests(shell, modules):
    assert shell("run", modules("counting"), SECRET="1").returncode == 10


def test_streams_are_the_guests(shell, modules):
    result = shell("run", modules("echoing"), stdin="good morning")
    assert (result.returncode, result.stdout, result.stderr) == (0, "good morning", "done\n")


def test_a_module_from_the_standard_input(modules):
    source = Path(modules("counting")).read_bytes()
    command = [sys.executable, "-m", "wrt_cli", "run", "-", "--verbose"]
    assert subprocess.run(command, check=False, input=source).returncode == 20


def test_a_file_whose_name_looks_like_text(invoke, modules, tmp_path, monkeypatch):
    Path(modules("counting")).rename(tmp_path / "(module).wasm")
    monkeypatch.chdir(tmp_path)
    assert invoke("run", "(module).wasm").exit_code == 10


# --- functions ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("function", "arguments", "printed"),
    [
        ("add", ["19", "23"], "42\n"),
        ("add", ["-1", "0x10"], "15\n"),
        ("add", ["4294967295", "1"], "0\n"),
        ("swap", ["1", "-2"], "-2\n1\n"),
        ("nothing", [], ""),
        ("i64", ["0xffffffffffffffff"], "-1\n"),
        ("i64", ["-0x8000000000000000"], "-9223372036854775808\n"),
        ("f64", ["0.1"], "0.1\n"),
        ("f64", ["-inf"], "-inf\n"),
        ("f64", ["nan"], "nan\n"),
        ("f64", ["0x1.8p1"], "3.0\n"),
        ("f32", ["0.1"], "0.1\n"),
        ("f32", ["16777217"], "16777216.0\n"),
        ("f32", ["3.4028235e38"], "3.4028235e+38\n"),
        ("f32", ["-0"], "-0.0\n"),
        ("f32", ["1e-45"], "1e-45\n"),
        ("f32", ["nan"], "nan\n"),
        ("ref", ["null"], "null\n"),
    ],
)
def test_results_are_printed_one_a_line(invoke, modules, function, arguments, printed):
    result = invoke("run", modules("arithmetic"), "--invoke", function, *arguments)
    assert (result.exit_code, result.stdout) == (0, printed)


def test_arguments_that_a_function_does_not_take_are_the_program_s(invoke, modules):
    assert invoke("run", modules("counting"), "--invoke", "_start", "a", "-b").exit_code == 30
    assert invoke("run", modules("counting"), "--invoke", "_start", "--", "--env").exit_code == 20


def test_a_file_that_is_no_module_is_named(invoke, tmp_path):
    (tmp_path / "program.py").write_text("print(1)")
    result = invoke("run", str(tmp_path / "program.py"))
    assert result.exit_code == 1
    assert "program.py is no valid module: magic header not detected" in result.stderr


@pytest.mark.parametrize(
    ("function", "arguments", "message"),
    [
        ("add", ["1"], "takes 2 arguments, not 1: i32 i32"),
        ("add", ["1", "2", "3"], "takes 2 arguments, not 3"),
        ("nothing", ["1"], "takes 0 arguments, not 1: none"),
        ("add", ["1", "x"], "'x' is no i32"),
        ("add", ["1", ""], "'' is no i32"),
        ("add", ["1", "--1"], "'--1' is no i32"),
        ("add", ["1", "1_0"], "'1_0' is no i32"),
        ("add", ["1", "1.5"], "'1.5' is no i32"),
        ("add", ["1", "0x"], "'0x' is no i32"),
        ("add", ["1", "٣"], "is no i32"),
        ("add", ["1", "4294967296"], "out of the range of i32"),
        ("add", ["1", "-2147483649"], "out of the range of i32"),
        ("i64", ["18446744073709551616"], "out of the range of i64"),
        ("i64", ["1" * 10000], "out of the range of i64"),
        ("f64", ["one"], "'one' is no f64"),
        ("f64", ["0x1p99999"], "is no f64"),
        ("ref", ["1"], "only null"),
        ("ad", ["1"], "did you mean 'add'?"),
        ("no\x1b[2Jsuch", [], r"\x1b"),
    ],
)
def test_arguments_that_do_not_fit_are_wrong_usage(invoke, modules, function, arguments, message):
    result = invoke("run", modules("arithmetic"), "--invoke", function, *arguments)
    assert result.exit_code == 2
    assert message in result.stderr


def test_a_module_that_is_no_command(invoke, modules):
    result = invoke("run", modules("arithmetic"))
    assert result.exit_code == 2
    assert "say --invoke NAME; it exports add, swap" in result.stderr


def test_a_reactor_is_initialised_once(invoke, modules):
    assert invoke("run", modules("reactor"), "--invoke", "calls").stdout == "1\n"


# --- failures ----------------------------------------------------------------------------------------------


def test_a_trap_shows_where_with_names(shell, modules):
    result = shell("run", modules("trapping"))
    assert result.returncode == 134
    lines = result.stderr.splitlines()
    assert lines[0] == "Trap: unreachable"
    assert [line.split(" @ ")[0] for line in lines[1:]] == [
        r"  0: crasher!\x1b[2Jabort",
        "  1: crasher!parse_input",
        "  2: crasher!main",
    ]
    assert "\x1b" not in result.stderr
    assert result.stdout == ""


@pytest.fixture
def _interrupts():
    # What a shell starts in the background has SIGINT ignored, and so have its children.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals")
@pytest.mark.usefixtures("_interrupts")
def test_a_guest_can_be_interrupted(modules):
    command = [sys.executable, "-m", "wrt_cli", "run", modules("spinning")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"ready\n"
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) == 130
        assert process.stderr.read() == b""


@pytest.mark.parametrize(
    ("contents", "message"),
    [
        (b"", "unexpected end"),
        (b"\0asm\2\0\0\0", "unknown binary version"),
        (b"not wasm at all", "magic header not detected"),
    ],
)
def test_a_malformed_module(invoke, tmp_path, contents, message):
    path = tmp_path / "bad.wasm"
    path.write_bytes(contents)
    result = invoke("run", str(path))
    assert result.exit_code == 1
    assert message in result.stderr


def test_an_invalid_module(invoke, modules):
    result = invoke("run", modules("invalid"))
    assert result.exit_code == 1
    assert "type mismatch" in result.stderr


def test_a_file_that_is_not_there(invoke, tmp_path):
    result = invoke("run", str(tmp_path / "none.wasm"))
    assert result.exit_code == 1
    assert "none.wasm: No such file or directory" in result.stderr
    assert invoke("run", str(tmp_path)).exit_code == 1


def test_an_import_that_nobody_offers(invoke, modules):
    result = invoke("run", modules("strange"))
    assert result.exit_code == 1
    assert "unknown import: nothing was given for 'strange' 'question'" in result.stderr
    assert "--unknown-imports trap" in result.stderr


def test_without_wasi_it_says_how_to_get_it(invoke, modules, monkeypatch):
    monkeypatch.setattr("wrt_core.host_modules.host_modules_for", lambda *_, **__: {})
    result = invoke("run", modules("counting"))
    assert result.exit_code == 1
    assert "pip install wrt-wasi" in result.stderr


def test_unknown_imports_may_trap_when_they_are_called(invoke, modules):
    module = modules("strange")
    assert invoke("run", "--unknown-imports", "trap", module).exit_code == 0
    result = invoke("run", "--unknown-imports", "trap", module, "--invoke", "ask", "1")
    assert result.exit_code == 134
    assert "unknown import called: strange.question" in result.stderr


def test_known_imports_stay_known_when_unknown_ones_trap(invoke, modules):
    assert invoke("run", "--unknown-imports", "trap", modules("counting")).exit_code == 10


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["run"], "Missing argument 'MODULE'"),
        (["run", "--nonsense", "x.wasm"], "No such option"),
        (["run", "--unknown-imports", "maybe", "x.wasm"], "'maybe' is not one of"),
        (["run", "--env", "=x", "x.wasm"], "names no variable"),
        (["run", "--engine", "stackles", "x.wasm"], "did you mean 'stackless'?"),
    ],
)
def test_wrong_usage(invoke, words, message):
    result = invoke(*words)
    assert result.exit_code == 2
    assert message in result.stderr


def test_an_unknown_host_module(invoke, modules):
    result = invoke("run", "--host-module", "wasi_snapshot_preview", modules("counting"))
    assert result.exit_code == 2
    assert "did you mean 'wasi_snapshot_preview1'?" in result.stderr


def test_the_engine_can_be_named_by_the_environment(invoke, modules, monkeypatch):
    monkeypatch.setenv("WRT_ENGINE", "imaginary")
    result = invoke("run", modules("counting"))
    assert result.exit_code == 2
    assert "no engine is called 'imaginary'" in result.stderr
