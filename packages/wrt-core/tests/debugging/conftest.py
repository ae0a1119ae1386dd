"""Modules that were compiled with debug information."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from wrt_foundation.binary import decode
from wrt_foundation.binary.instructions import read_instructions
from wrt_foundation.module import CustomSection, Module

SHAPES = Path(__file__).parent / "shapes"


@pytest.fixture
def shapes() -> Callable[[str], Module]:
    """Read the module of a version of DWARF, as if from bytes."""
    return lambda version: decode((SHAPES / f"shapes.{version}.wasm").read_bytes())


@pytest.fixture
def instructions() -> Callable[[Module], Iterator[tuple[str, int]]]:
    """The names and the offsets of a module's instructions."""

    def each(module: Module) -> Iterator[tuple[str, int]]:
        for code in module.codes:
            for instruction, _, offset in read_instructions(code.code, code.offset):
                yield instruction.name, offset

    return each


@pytest.fixture
def with_sections() -> Callable[..., Module]:
    """A module of one function, some nops long, and custom sections."""

    def make(sections: dict[str, bytes], nops: int = 200) -> Module:
        body = b"\x00" + b"\x01" * nops + b"\x0b"
        size = len(body).to_bytes(1, "little") if len(body) < 128 else bytes((len(body) & 0x7F | 0x80, len(body) >> 7))
        code = b"\x01" + size + body
        size = len(code).to_bytes(1, "little") if len(code) < 128 else bytes((len(code) & 0x7F | 0x80, len(code) >> 7))
        module = decode(b"\0asm\1\0\0\0" + b"\x01\x04\x01\x60\0\0" + b"\x03\x02\x01\x00" + b"\x0a" + size + code)
        module.customs += [CustomSection(name, data) for name, data in sections.items()]
        return module

    return make
