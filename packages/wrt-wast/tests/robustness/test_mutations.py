"""Mutated texts and scripts: each loads or is refused with an error of ours; none crashes or hangs."""

from __future__ import annotations

import os
import random
import re
from pathlib import Path

import pytest

from wrt_foundation.binary import check_bodies, decode, encode
from wrt_foundation.errors import DecodeError, TextError, WrtError
from wrt_wast.script import parse_script
from wrt_wast.script.directives import Unreadable
from wrt_wast.text import parse_module, print_module
from wrt_wast.text.lexer import tokenize

COUNT = int(os.environ.get("WRT_MUTATIONS", "2000"))
"""Mutations for each test; CI takes few, 100,000 take minutes."""

WORDS = r"""
( ) (( )) () "" "a" "\u{110000}" "\ff" $ $x $"a b" 0 -1 0x 1e999999999 nan:0x0 inf 18446744073709551616 ;; (;
;) (@a (@custom (@name "x") func (func) (func i32.const 0 drop) block end else (then) i32.add v128.const
i8x16.shuffle 1 2 3 br_table (param i32) (result) (local i64) (type 0) (type $x) (import "" "" (func)) (export
"" (func 0)) offset=4 align=3 (rec (type (func))) (table 1 funcref) (elem 0) (data "x") (memory 1) (sub 0)
ref.null (ref null 0) try_table (catch 0 0) (func)
"""
SNIPPETS = [*WORDS.split(), "\x00", "\x7f", "é", "\U0001f600", "(param i32)", "(func)", "(; ;)"]


@pytest.fixture(scope="module")
def texts(suites: Path) -> list[str]:
    """Modules in text from the suites, each short enough to be mutated often."""
    found = []
    for path in sorted((suites / "official").rglob("*.wast")):
        source = path.read_text(encoding="utf-8")
        found += [m[0] for m in re.finditer(r"^\(module.*?^\)", source, re.DOTALL | re.MULTILINE) if len(m[0]) < 2000]
    assert len(found) > 500
    return found


def mutated(text: str, rng: random.Random, times: int = 1) -> str:
    """Change a token or a character: drop it, double it, replace it, swap it with the next, or cut the text there."""
    for _ in range(times):
        starts = tokenize(text).starts
        if len(starts) < 3:
            return text
        index = rng.randrange(len(starts) - 1)
        start, end = starts[index], starts[index + 1]
        match rng.randrange(8):
            case 0:
                text = text[:start] + text[end:]
            case 1:
                text = text[:end] + text[start:end] + text[end:]
            case 2:
                text = text[:start] + rng.choice(SNIPPETS) + " " + text[end:]
            case 3:
                text = text[:start] + rng.choice(SNIPPETS) + " " + text[start:]
            case 4:
                text = text[:start]
            case 5:
                at = rng.randrange(start, end)
                text = text[:at] + text[at + 1 :]
            case 6:
                at = rng.randrange(start, end)
                text = text[:at] + chr(rng.randrange(128)) + text[at + 1 :]
            case 7:
                other = rng.randrange(len(starts) - 1)
                moved = text[starts[other] : starts[other + 1]]
                text = text[:start] + moved + text[end:]
    return text


def check_place(error: TextError, text: str) -> None:
    line = text.split("\n")[error.line - 1]
    assert 1 <= error.column <= len(line) + 1, text
    assert error.message, text


def test_mutated_modules_parse_or_are_refused(texts):
    rng = random.Random(1)
    refused = 0
    for number in range(COUNT):
        text = mutated(rng.choice(texts), rng, rng.randrange(1, 4))
        try:
            module = parse_module(text)
        except TextError as error:
            refused += 1
            if "quote" not in text:  # else the place is in what is quoted
                check_place(error, text)
            continue
        except DecodeError:
            continue
        except Exception as error:  # noqa: BLE001 - what else is raised is the finding
            pytest.fail(f"mutation {number}: {type(error).__name__}: {error}\n{text}")
        binary = encode(module)
        again = decode(binary)
        if "binary" in text:
            continue  # what its strings say need not be well-formed
        check_bodies(again)
        assert encode(parse_module(print_module(again, folded=bool(number % 2)))) == binary, text
    assert COUNT // 4 < refused < COUNT


def test_mutated_scripts_are_read_to_their_end(suites):
    rng = random.Random(2)
    sources = [path.read_text() for path in sorted((suites / "official").glob("*.wast")) if path.stat().st_size < 8000]
    for _ in range(COUNT // 20):
        text = mutated(rng.choice(sources), rng, 3)
        try:
            script = parse_script(text + '\n"\n)))\n;)\n(invoke "last")')
        except Exception as error:  # noqa: BLE001 - what else is raised is the finding
            pytest.fail(f"{type(error).__name__}: {error}\n{text}")
        assert script.directives
        for directive in script.directives:
            if isinstance(directive, Unreadable):
                assert directive.error.line >= 1


def test_mutated_binaries_print_or_are_refused(suites):
    rng = random.Random(3)
    binaries = []
    for name in ("gc/struct", "i31", "simd_lane", "try_table", "memory_copy0", "call_indirect", "table_init", "names"):
        path = suites / "official" / f"{Path(name).name}.wast"
        for directive in parse_script(path.read_bytes()).directives if path.exists() else []:
            source = getattr(directive, "source", None)
            if source is not None and source.module is not None:
                binaries.append(encode(source.module))
    printed = 0
    for number in range(COUNT):
        data = bytearray(rng.choice(binaries))
        for _ in range(rng.randrange(1, 4)):
            data[rng.randrange(8, len(data))] = rng.choice((rng.randrange(256), 0, 0x7F, 0x80, 0xFF, 0x0B))
        try:
            module = decode(data)
            text = print_module(module, folded=bool(number % 2))
        except DecodeError:
            continue
        printed += 1
        try:
            same = encode(parse_module(text)) == encode(module)
        except WrtError as error:
            pytest.fail(f"{type(error).__name__}: {error}\n{data.hex()}")
        assert same, data.hex()
    assert printed > COUNT // 20


@pytest.mark.parametrize(
    "text",
    [
        "(" * 200_000,
        "(module " * 50_000,
        "(func (block " * 50_000,
        "(func " + "(i32.add " * 200_000,
        "(func " + "block " * 200_000 + "end " * 200_000 + ")",
        "(func " + "(if (then " * 100_000 + "))" * 100_000 + ")",
        "(type (struct " + "(field " * 100_000,
        "(type (func " + "(param i32) " * 100_000 + "))",
        "(rec " + "(type (func))" * 50_000 + ")",
        "(data " + '"a" ' * 200_000 + ")",
        "(table 0 funcref) (elem (i32.const 0) " + "0 " * 200_000 + ")",
        "(func br_table " + "0 " * 200_000 + ")",
        "(func (local " + "i32 " * 200_000 + "))",
        "(;" * 100_000,
        "(@" + "x" * 1_000_000 + "(" * 100_000,
        '"' + "\\u{" + "0" * 1_000_000 + "41}" + '"',
        "(func i32.const " + "9" * 1_000_000 + ")",
        "(func f64.const " + "9" * 100_000 + "e-" + "9" * 100_000 + ")",
        "$" + "a" * 1_000_000,
        "(memory 18446744073709551615) (table 18446744073709551615 funcref)",
        "(module quote " + '"' + "(module quote " * 10_000,
        "(func $" + "a" * 5000 + ") (func call $" + "a" * 4999 + ")",
    ],
    ids=lambda text: re.sub(r"\s+", " ", text[:24]),
)
def test_a_large_text_takes_time_and_memory_as_it_is_large(text):
    said = ""
    try:
        encode(parse_module(text))
    except WrtError as error:
        said = str(error)
    assert len(said) < 1000
