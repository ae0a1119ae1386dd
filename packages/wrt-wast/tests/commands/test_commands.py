"""`wrt parse`, `wrt print` and `wrt wast`, as users type them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from wrt_foundation.binary import decode, encode
from wrt_wast.text import parse_module

pytest.importorskip("wrt_cli", reason="the subcommands need the wrt command: pip install wrt-cli")

from click.testing import CliRunner

from wrt_cli.main import wrt

WAT = '(module $m (func $f (export "f") (result i32) (i32.add (i32.const 1) (i32.const 2))))'


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("a.wat").write_text(WAT)
    Path("a.wasm").write_bytes(encode(parse_module(WAT)))
    Path("good.wast").write_text('(module (func (export "f")))\n(assert_return (invoke "f"))')
    Path("bad.wast").write_text('(module (func (export "f")))\n(assert_return (invoke "f") (i32.const 1))')

    def invoke(*arguments: str, stdin: bytes | None = None):
        return CliRunner().invoke(wrt, arguments, input=stdin, prog_name="wrt")

    return invoke


def test_parse_writes_a_binary_beside_the_text(run):
    binary = Path("a.wasm").read_bytes()
    Path("a.wasm").unlink()
    result = run("parse", "a.wat")
    assert (result.exit_code, result.output) == (0, "")
    assert Path("a.wasm").read_bytes() == binary


def test_parse_reads_and_writes_the_standard_streams(run):
    result = run("parse", "-", stdin=WAT.encode())
    assert result.stdout_bytes == Path("a.wasm").read_bytes()
    assert run("parse", "a.wat", "-o", "-").stdout_bytes == result.stdout_bytes


def test_parse_can_leave_names_out(run):
    run("parse", "--strip", "a.wat", "-o", "b.wasm")
    assert decode(Path("b.wasm").read_bytes()).customs == []


def test_parse_says_where_an_error_is(run):
    Path("bad.wat").write_text("(module\n  (func i32.cnst))")
    result = run("parse", "bad.wat")
    assert result.exit_code == 1
    assert "bad.wat:2:9: unknown operator i32.cnst (did you mean 'i32.const'?)" in result.output
    assert "          ^" in result.output
    assert not Path("bad.wasm").exists()


def test_parse_refuses_a_binary(run):
    result = run("parse", "a.wasm")
    assert result.exit_code == 1
    assert "wrt print" in result.output


def test_print_gives_text_that_parses_back(run):
    text = run("print", "a.wasm").output
    assert "    i32.add\n" in text
    assert encode(parse_module(text)) == Path("a.wasm").read_bytes()
    folded = run("print", "--folded", "a.wasm").output
    assert "(i32.add (i32.const 1) (i32.const 2))" in folded
    assert run("print", "--folded", "a.wat").output == folded
    assert run("print", "-f", "-", stdin=WAT.encode()).output == folded
    assert run("print", "-f", "-", stdin=Path("a.wasm").read_bytes()).output == folded
    run("print", "a.wasm", "-o", "b.wat")
    assert Path("b.wat").read_text() == text


def test_print_can_leave_annotations_out(run):
    padded = parse_module('(func (@wrt.code "\\41\\80\\00\\1a\\0b") (drop (i32.const 0)))')
    Path("padded.wasm").write_bytes(encode(padded))
    exact, plain = run("print", "padded.wasm").output, run("print", "--plain", "padded.wasm").output
    assert "@wrt.code" in exact
    assert "@wrt" not in plain


def test_print_refuses_what_is_no_module(run):
    Path("x.wasm").write_bytes(b"\0asm")
    assert run("print", "x.wasm").exit_code == 1
    assert run("print", "absent.wasm").exit_code == 1


def test_text_is_a_module_for_every_command(run):
    assert run("validate", "a.wat").exit_code == 0
    assert run("run", "a.wat", "--invoke", "f").output.strip() == "3"


def test_wast_exits_with_what_came_of_it(run):
    good = run("wast", "good.wast")
    assert good.exit_code == 0
    assert "1 passed, 0 failed, 0 skipped, 0 errors in 1 files" in good.output
    bad = run("wast", ".")
    assert bad.exit_code == 1
    assert "bad.wast:2:1: assert_return: wrong result" in bad.output


def test_wast_writes_reports_and_compares_with_them(run):
    result = run(
        "wast", ".", "--json", "r.json", "--junit", "r.xml", "--html", "r.html", "--bench", "--max-failures", "0"
    )
    assert result.exit_code == 1
    assert "… and 1 more failures" in result.output
    assert "slowest directives" in result.output
    assert json.loads(Path("r.json").read_text())["totals"] == {"passed": 1, "failed": 1, "skipped": 0, "errors": 0}
    assert Path("r.xml").read_text().count("<testcase") == 4
    assert '"engine": "stackless"' in Path("r.html").read_text()
    known = run("wast", ".", "--baseline", "r.json")
    assert (known.exit_code, "no change since the earlier run" in known.output) == (0, True)
    Path("good.wast").write_text("(frobnicate)")
    regressed = run("wast", ".", "--baseline", "r.json", "--bench")
    assert regressed.exit_code == 1
    assert "fails now and did not before: 1" in regressed.output
    assert "before" in regressed.output


def test_wast_makes_engines_as_it_is_told(run):
    assert run("wast", "good.wast", "--engine-option", "memory_provider=test").exit_code == 0
    absent = run("wast", "good.wast", "--engine-option", "memory_provider=tset")
    assert absent.exit_code != 0


def test_wast_shows_engines_side_by_side(run):
    result = run("wast", "good.wast", "--engine", "stackless", "--engine", "wast", "--html", "r.html")
    assert result.exit_code == 0
    page = Path("r.html").read_text()
    assert '"engine": "stackless"' in page
    assert '"engine": "wast"' in page


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["absent.wast"], "No such file"),
        (["good.wast", "--engine", "stakless"], "stackless"),
        (["good.wast", "--features", "gcc"], "did you mean 'gc'"),
        (["good.wast", "--baseline", "a.wat"], "not JSON"),
        (["good.wast", "--engine", "a", "--engine", "b", "--json", "x"], "for one engine"),
        (["good.wast", "--jobs", "0"], "jobs"),
        (["good.wast", "--engine-option", "policy"], "NAME=VALUE"),
        (["good.wast", "--engine-option", "features=gc"], "say --features"),
        (["good.wast", "--engine-option", "policy=trusted"], "is not made like that"),
        ([], "Missing argument"),
    ],
)
def test_wast_refuses_what_makes_no_sense(run, arguments, message):
    result = run("wast", *arguments)
    assert result.exit_code != 0
    assert message in result.output


def test_wast_wants_scripts(run, tmp_path):
    (tmp_path / "empty").mkdir()
    result = run("wast", "empty")
    assert result.exit_code == 1
    assert "no .wast files" in result.output


def test_wast_can_be_told_what_scripts_may_use(run):
    Path("x.wast").write_text('(assert_invalid (module (func (return_call 0))) "")')
    assert run("wast", "x.wast").exit_code == 1
    assert run("wast", "x.wast", "--features", "wasm-2.0").exit_code == 0
    Path("y.wast").write_text("(module (func (drop i32.const 1)))")
    assert run("wast", "y.wast").exit_code == 1
    assert run("wast", "y.wast", "--dialect", "wasmtime").exit_code == 0
    assert run("wast", "y.wast", "--exclude", "y.*").exit_code == 0


@pytest.mark.parametrize("command", ["parse", "print", "wast"])
def test_every_command_has_help_with_examples(run, command):
    result = run(command, "--help")
    assert result.exit_code == 0
    assert "Examples:" in result.output
