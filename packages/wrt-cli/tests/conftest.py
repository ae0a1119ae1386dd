"""Modules to give to `wrt`, written to files; and two ways to run it, in this process and as a command."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from wrt_cli.main import wrt
from wrt_foundation.binary import encode, write_instructions
from wrt_foundation.immediates import MemArg
from wrt_foundation.instructions import BY_NAME
from wrt_foundation.module import Code, CustomSection, DataSegment, Export, Expression, Import, Mode, Module, Names
from wrt_foundation.types import (
    EXTERNREF,
    F32,
    F64,
    I32,
    I64,
    V128,
    ExternKind,
    FuncType,
    FuncUse,
    Limits,
    MemoryType,
    RecType,
    SubType,
)

WASI = "wasi_snapshot_preview1"


def code(*instructions: tuple[str, object] | str) -> Code:
    """A body, its `end` added."""
    pairs = [(each, None) if isinstance(each, str) else each for each in (*instructions, "end")]
    return Code((), write_instructions((BY_NAME[name], immediate) for name, immediate in pairs))


def types(*function_types: FuncType) -> list[RecType]:
    return [RecType((SubType(each),)) for each in function_types]


def arithmetic() -> Module:
    """Functions of every type that a user can type: they give back what they get, but for `add` and `swap`."""
    identities = {"i32": I32, "i64": I64, "f32": F32, "f64": F64, "ref": EXTERNREF}
    functions = [
        FuncType((I32, I32), (I32,)),
        FuncType((I32, I64), (I64, I32)),
        FuncType(),
        *(FuncType((type_,), (type_,)) for type_ in identities.values()),
    ]
    names = ["add", "swap", "nothing", *identities]
    return Module(
        types=types(*functions),
        functions=list(range(len(functions))),
        exports=[Export(name, ExternKind.FUNC, index) for index, name in enumerate(names)],
        codes=[
            code(("local.get", 0), ("local.get", 1), "i32.add"),
            code(("local.get", 1), ("local.get", 0)),
            code(),
            *(code(("local.get", 0)) for _ in identities),
        ],
    )


def trapping() -> Module:
    """A command that traps two calls deep, with names for what it calls."""
    module = Module(
        types=types(FuncType()),
        functions=[0, 0, 0],
        exports=[Export("_start", ExternKind.FUNC, 0)],
        codes=[code(("call", 1)), code(("call", 2)), code("unreachable")],
    )
    module.defer_names(lambda: Names("crasher", {0: "main", 1: "parse_input", 2: "\x1b[2Jabort"}))
    return module


def command(*instructions: tuple[str, object] | str, imports: dict[str, FuncType], data: bytes = b"") -> Module:
    """A WASI command: `_start` runs the instructions."""
    return Module(
        types=types(*imports.values(), FuncType()),
        imports=[Import(WASI, name, FuncUse(index)) for index, name in enumerate(imports)],
        functions=[len(imports)],
        memories=[MemoryType(Limits(1))],
        exports=[Export("_start", ExternKind.FUNC, len(imports)), Export("memory", ExternKind.MEMORY, 0)],
        codes=[code(*instructions)],
        data=[DataSegment(Mode.ACTIVE, data, offset=Expression(code(("i32.const", 0)).code))] if data else [],
    )


def counting() -> Module:
    """A command that exits with the number of its arguments times ten, plus that of its variables."""
    sizes = FuncType((I32, I32), (I32,))
    load = ("i32.load", MemArg(2, 0))
    return command(
        *(("i32.const", 0), ("i32.const", 4), ("call", 0), "drop"),
        *(("i32.const", 8), ("i32.const", 12), ("call", 1), "drop"),
        *(("i32.const", 0), load, ("i32.const", 10), "i32.mul", ("i32.const", 8), load, "i32.add", ("call", 2)),
        imports={"args_sizes_get": sizes, "environ_sizes_get": sizes, "proc_exit": FuncType((I32,))},
    )


def echoing() -> Module:
    """A command that writes its first 100 bytes of input to its output, and "done" to its error output."""
    io = FuncType((I32, I32, I32, I32), (I32,))
    vectors = b"".join(number.to_bytes(4, "little") for number in (100, 100, 300, 5))
    data = vectors + bytes(300 - len(vectors)) + b"done\n"
    count = ("i32.const", 1)
    return command(
        *(("i32.const", 0), ("i32.const", 0), count, ("i32.const", 4), ("call", 0), "drop"),
        *(("i32.const", 1), ("i32.const", 0), count, ("i32.const", 16), ("call", 1), "drop"),
        *(("i32.const", 2), ("i32.const", 8), count, ("i32.const", 16), ("call", 1), "drop"),
        imports={"fd_read": io, "fd_write": io},
        data=data,
    )


def spinning() -> Module:
    """A command that writes "ready" and then never ends."""
    io = FuncType((I32, I32, I32, I32), (I32,))
    return command(
        *(("i32.const", 1), ("i32.const", 0), ("i32.const", 1), ("i32.const", 100), ("call", 0), "drop"),
        *(("loop", None), ("br", 0), "end"),
        imports={"fd_write": io},
        data=(16).to_bytes(4, "little") + (6).to_bytes(4, "little") + bytes(8) + b"ready\n",
    )


def sleeping() -> Module:
    """A command that sleeps for an hour."""
    subscription = bytes(16) + (1).to_bytes(8, "little") + (3600 * 10**9).to_bytes(8, "little") + bytes(16)
    return command(
        *(("i32.const", 0), ("i32.const", 64), ("i32.const", 1), ("i32.const", 128), ("call", 0), "drop"),
        imports={"poll_oneoff": FuncType((I32, I32, I32, I32), (I32,))},
        data=subscription,
    )


def beginning() -> Module:
    """A command that never even begins: its start function never ends."""
    module = spinning()
    module.start = 1
    return module


def growing() -> Module:
    """A command that asks for 16 pages more until it gets none, or 40 times, and exits with how often it got them."""
    memarg = MemArg(2, 0)
    count = (("i32.const", 0), ("i32.load", memarg))
    return command(
        *(("block", None), ("loop", None)),
        *(("i32.const", 16), ("memory.grow", 0), ("i32.const", -1), "i32.eq", ("br_if", 1)),
        *(("i32.const", 0), *count, ("i32.const", 1), "i32.add", ("i32.store", memarg)),
        *(*count, ("i32.const", 40), "i32.lt_s", ("br_if", 0), "end", "end"),
        *(*count, ("call", 0)),
        imports={"proc_exit": FuncType((I32,))},
    )


def drawing() -> Module:
    """A command that writes 8 random bytes and the time, 16 bytes in all."""
    return command(
        *(("i32.const", 100), ("i32.const", 8), ("call", 0), "drop"),
        *(("i32.const", 0), ("i64.const", 0), ("i32.const", 108), ("call", 1), "drop"),
        *(("i32.const", 1), ("i32.const", 0), ("i32.const", 1), ("i32.const", 16), ("call", 2), "drop"),
        imports={
            "random_get": FuncType((I32, I32), (I32,)),
            "clock_time_get": FuncType((I32, I64, I32), (I32,)),
            "fd_write": FuncType((I32, I32, I32, I32), (I32,)),
        },
        data=(100).to_bytes(4, "little") + (16).to_bytes(4, "little"),
    )


def making() -> Module:
    """A command that makes "made" in the first directory that it has, and exits with the error code."""
    return command(
        *(("i32.const", 3), ("i32.const", 0), ("i32.const", 4), ("call", 0), ("call", 1)),
        imports={"path_create_directory": FuncType((I32, I32, I32), (I32,)), "proc_exit": FuncType((I32,))},
        data=b"made",
    )


def naming() -> Module:
    """A command that writes by which path it finds its first directory, or nothing."""
    length = (("i32.const", 4), ("i32.load", MemArg(2, 0)))
    return command(
        *(("i32.const", 3), ("i32.const", 0), ("call", 2), "drop"),
        *(("i32.const", 3), ("i32.const", 200), *length, ("call", 0), "drop"),
        *(("i32.const", 0), ("i32.const", 200), ("i32.store", MemArg(2, 0))),
        *(("i32.const", 1), ("i32.const", 0), ("i32.const", 1), ("i32.const", 16), ("call", 1), "drop"),
        imports={
            "fd_prestat_dir_name": FuncType((I32, I32, I32), (I32,)),
            "fd_write": FuncType((I32, I32, I32, I32), (I32,)),
            "fd_prestat_get": FuncType((I32, I32), (I32,)),
        },
    )


def strange() -> Module:
    """A command that calls what nobody offers when it is invoked as "ask", and not otherwise."""
    return Module(
        types=types(FuncType(), FuncType((I32,), (I32,))),
        imports=[Import("strange", "question", FuncUse(1)), Import("strange", "other", FuncUse(0))],
        functions=[0, 1],
        exports=[Export("_start", ExternKind.FUNC, 2), Export("ask", ExternKind.FUNC, 3)],
        codes=[code(), code(("local.get", 0), ("call", 0))],
    )


def reactor() -> Module:
    """A WASI reactor: `_initialize` counts in memory how often it was called, and `calls` tells."""
    memarg = MemArg(2, 0)
    return Module(
        types=types(FuncType(), FuncType((), (I32,))),
        functions=[0, 1],
        memories=[MemoryType(Limits(1))],
        exports=[Export("_initialize", ExternKind.FUNC, 0), Export("calls", ExternKind.FUNC, 1)],
        codes=[
            code(
                *(("i32.const", 0), ("i32.const", 0), ("i32.load", memarg)),
                *(("i32.const", 1), "i32.add", ("i32.store", memarg)),
            ),
            code(("i32.const", 0), ("i32.load", memarg)),
        ],
    )


def vectors() -> Module:
    """A function of vectors."""
    return Module(
        types=types(FuncType((V128,), (V128,))),
        functions=[0],
        exports=[Export("v128", ExternKind.FUNC, 0)],
        codes=[code(("local.get", 0))],
        customs=[CustomSection("producers", b"12345", after=10)],
    )


def invalid() -> Module:
    """A function that ought to return something."""
    return Module(types=types(FuncType((), (I32,))), functions=[0], codes=[code()])


MODULES = {
    each.__name__: each
    for each in (
        *(arithmetic, trapping, counting, echoing, spinning, strange, reactor, vectors, invalid),
        *(sleeping, beginning, growing, drawing, making, naming),
    )
}


@pytest.fixture(autouse=True)
def _no_cache_of_the_users(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WRT_CACHE", "off")


@pytest.fixture
def modules(tmp_path: Path) -> Callable[[str], str]:
    """Write one of the modules above to a file and return its name."""

    def write(name: str) -> str:
        path = tmp_path / f"{name}.wasm"
        path.write_bytes(encode(MODULES[name]()))
        return str(path)

    return write


@pytest.fixture
def invoke(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Run `wrt` in this process."""
    for variable in ("WRT_ENGINE", "WRT_PLUGINS", "NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(variable, raising=False)

    def run(*arguments: str, stdin: bytes | None = None) -> Result:
        return CliRunner().invoke(wrt, arguments, input=stdin, prog_name="wrt")

    return run


@pytest.fixture
def shell() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run `python -m wrt_cli` in a process of its own."""

    def run(*arguments: str, stdin: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
        clean = {name: value for name, value in os.environ.items() if name not in ("WRT_ENGINE", "WRT_PLUGINS")}
        command_line = [sys.executable, "-m", "wrt_cli", *arguments]
        return subprocess.run(
            command_line, check=False, capture_output=True, text=True, input=stdin, env=clean | environment
        )

    return run
