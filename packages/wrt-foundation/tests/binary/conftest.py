"""Where the inputs of these tests come from: the specification's suite, real modules, and one made by hand."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from wrt_foundation.binary import write_instructions
from wrt_foundation.immediates import Catch, CatchKind
from wrt_foundation.instructions import BY_NAME
from wrt_foundation.module import (
    Code,
    CustomSection,
    DataSegment,
    ElementSegment,
    Export,
    Expression,
    Global,
    Import,
    Mode,
    Module,
    Table,
)
from wrt_foundation.types import (
    ANYREF,
    EXTERNREF,
    F32,
    F64,
    FUNCREF,
    I32,
    I64,
    V128,
    AbstractHeapType,
    ArrayType,
    ContType,
    ExternKind,
    FieldType,
    FuncType,
    FuncUse,
    GlobalType,
    Limits,
    MemoryType,
    PackedType,
    RecType,
    RefType,
    StructType,
    SubType,
    TableType,
    TagUse,
)

ROOT = Path(__file__).resolve().parents[4]
SUITES = Path(os.environ.get("WRT_SUITES") or ROOT.parent / "shared" / "suites")
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
REAL = Path(os.environ.get("REALWASM_DIR") or CACHE / "realwasm") / "wasm"


class SuiteBinary(NamedTuple):
    """A module that a script of a suite gives as bytes; `malformed` is the message it must be refused with."""

    script: str
    line: int
    binary: bytes
    malformed: str | None


_TOKEN = re.compile(r'\s+|;;[^\n]*|\(;|\(|\)|"(?:[^"\\]|\\.)*"|[^\s()";]+|;', re.DOTALL)
_COMMENT = re.compile(r"\(;|;\)")
_ESCAPE = re.compile(rb'\\(?:u\{([0-9a-fA-F_]+)\}|([0-9a-fA-F]{2})|([tnr"\'\\]))')
_SIMPLE = {b"t": b"\t", b"n": b"\n", b"r": b"\r", b'"': b'"', b"'": b"'", b"\\": b"\\"}


def _tokens(text: str) -> Iterator[tuple[str, int]]:
    position = 0
    while position < len(text):
        found = _TOKEN.match(text, position)
        assert found is not None
        token, position = found.group(), found.end()
        if token == "(;":
            depth = 1
            while depth:
                mark = _COMMENT.search(text, position)
                assert mark is not None
                depth += 1 if mark.group() == "(;" else -1
                position = mark.end()
        elif not token.isspace() and not token.startswith(";;"):
            yield token, found.start()


def _string(token: str) -> bytes:
    def unescape(found: re.Match[bytes]) -> bytes:
        code, byte, simple = found.groups()
        if code is not None:
            return chr(int(code.replace(b"_", b""), 16)).encode()
        return bytes([int(byte, 16)]) if byte is not None else _SIMPLE[simple]

    return _ESCAPE.sub(unescape, token[1:-1].encode("utf-8", "surrogateescape"))


def binaries_of(script: Path) -> Iterator[SuiteBinary]:
    """The `(module binary "…")`s of a script, alone or within an assertion."""
    text = script.read_text("utf-8", "surrogateescape")
    tokens = list(_tokens(text)) if "binary" in text else []
    for at in range(len(tokens) - 1):
        if tokens[at][0] != "(" or tokens[at + 1][0] != "module":
            continue
        next_ = at + 2
        while tokens[next_][0] == "definition" or tokens[next_][0].startswith("$"):
            next_ += 1
        if tokens[next_][0] != "binary":
            continue
        strings = []
        while tokens[next_ := next_ + 1][0] != ")":
            strings.append(_string(tokens[next_][0]))
        message = _string(tokens[next_ + 1][0]).decode() if tokens[at - 1][0] == "assert_malformed" else None
        yield SuiteBinary(str(script), text.count("\n", 0, tokens[at][1]) + 1, b"".join(strings), message)


@pytest.fixture(scope="session")
def suite() -> Path:
    """The folder with the suites' scripts."""
    if not SUITES.is_dir():
        pytest.skip(f"no suites at {SUITES}: set WRT_SUITES to where they are")
    return SUITES


@pytest.fixture(scope="session")
def suite_binaries(suite: Path) -> list[SuiteBinary]:
    """Every binary module of every script."""
    return [binary for script in sorted(suite.rglob("*.wast")) for binary in binaries_of(script)]


@pytest.fixture(scope="session")
def real_modules() -> list[Path]:
    """Modules of real programs."""
    modules = sorted(REAL.glob("*.wasm"))
    if not modules:
        pytest.skip(f"no real modules at {REAL}: set REALWASM_DIR to where they are")
    return modules


def _expression(*instructions: tuple[str, object]) -> Expression:
    return Expression(write_instructions([*((BY_NAME[name], value) for name, value in instructions), _END]))


_END = (BY_NAME["end"], None)
_FUNCTIONS = RefType(False, AbstractHeapType.FUNC)


@pytest.fixture(scope="session")
def everything() -> Module:
    """A module with something of every section, and of every form that a section's contents can have."""
    zero = _expression(("i32.const", 0))
    body = _expression(("local.get", 0), ("call", 0), ("data.drop", 1), ("return", None)).code
    handlers = (Catch(CatchKind.CATCH, 0, 0), Catch(CatchKind.CATCH_ALL_REF, None, 1))
    catching = write_instructions([(BY_NAME["try_table"], (None, handlers)), _END, _END])
    return Module(
        types=[
            RecType((SubType(FuncType((I32, I64), (F32, F64))),)),
            RecType((SubType(FuncType()),), explicit=True),
            RecType(
                (
                    SubType(StructType((FieldType(PackedType.I8, True), FieldType(V128)))),
                    SubType(StructType((FieldType(RefType(True, 2)),)), final=False),
                    SubType(ArrayType(FieldType(RefType(False, 200, exact=True), True)), (3,), final=False),
                    SubType(ContType(100), (4,)),
                    SubType(StructType(), descriptor=7),
                    SubType(StructType(), (), False, None, 6),
                ),
                explicit=True,
            ),
        ],
        imports=[
            Import("a", "f", FuncUse(0)),
            Import("a", "exact", FuncUse(1, exact=True)),
            Import("a", "t", TableType(EXTERNREF, Limits(1, 2))),
            Import("a", "m", MemoryType(Limits(1), page_size=1)),
            Import("a", "g", GlobalType(ANYREF, True)),
            Import("ä", "", TagUse(1)),
        ],
        functions=[0, 1],
        tables=[
            Table(TableType(FUNCREF, Limits(0), I64)),
            Table(TableType(RefType(False, 1), Limits(5, 5)), _expression(("ref.func", 1))),
        ],
        memories=[
            MemoryType(Limits(1)),
            MemoryType(Limits(1, 1 << 40), I64),
            MemoryType(Limits(1, 2), shared=True),
            MemoryType(Limits(0, 1 << 63), I64, True, 1 << 63),
        ],
        tags=[TagUse(1)],
        globals=[Global(GlobalType(I32), zero), Global(GlobalType(F64, True), _expression(("f64.const", 1 << 63)))],
        exports=[Export("f", ExternKind.FUNC, 2), Export("", ExternKind.TAG, 0)],
        start=3,
        elements=[
            ElementSegment(Mode.ACTIVE, _FUNCTIONS, (0, 1), offset=zero, flags=0),
            ElementSegment(Mode.PASSIVE, _FUNCTIONS, (200,), flags=1),
            ElementSegment(Mode.ACTIVE, _FUNCTIONS, (), table=0, offset=zero, flags=2),
            ElementSegment(Mode.DECLARATIVE, _FUNCTIONS, (1,), flags=3),
            ElementSegment(Mode.ACTIVE, FUNCREF, (), (_expression(("ref.func", 0)),), 0, zero, 4),
            ElementSegment(Mode.PASSIVE, FUNCREF, (), (), flags=5),
            ElementSegment(Mode.ACTIVE, EXTERNREF, (), (), 2, zero, 6),
            ElementSegment(Mode.DECLARATIVE, RefType(False, 1), (), (_expression(("ref.func", 0)),), flags=7),
        ],
        data_count=3,
        codes=[Code(((2, I32), (0, F32), (300, RefType(True, 1))), body), Code((), catching)],
        data=[
            DataSegment(Mode.ACTIVE, b"abc", 0, zero, 0),
            DataSegment(Mode.PASSIVE, b"", flags=1),
            DataSegment(Mode.ACTIVE, b"d" * 200, 1, zero, 2),
        ],
        customs=[
            CustomSection("first", b"\1", 0),
            CustomSection("", b"", 1),
            CustomSection("after code", b"x" * 130, 10),
            CustomSection("after code too", b"", 10),
            CustomSection("name", b"\0\2\1m", 11),
        ],
    )
