"""Modules of real programs come back byte for byte, and every one of their instructions is known."""

from __future__ import annotations

from pathlib import Path

from wrt_foundation.binary import check_bodies, decode, encode, read_instructions, write_instructions

WHOLE = 2_000_000
"""Bytes of bodies up to which all of a module's are read; of 100 MB, which take many minutes, every fiftieth."""


def test_modules_come_back(real_modules: list[Path]) -> None:
    for path in real_modules:
        binary = path.read_bytes()
        module = decode(binary)
        encoded = encode(module)
        assert decode(encoded) == module, path
        # Linkers that leave room in their numbers are undone; nothing else may change.
        assert len(encoded) <= len(binary), path
        if len(encoded) == len(binary):
            assert encoded == binary, path


def test_bodies_come_back(real_modules: list[Path]) -> None:
    for path in real_modules:
        module = decode(path.read_bytes())
        step = 1 + sum(len(code.code) for code in module.codes) // WHOLE
        if step == 1:
            check_bodies(module)
        for code in module.codes[::step]:
            read = [(instruction, immediates) for instruction, immediates, _ in read_instructions(code.code)]
            written = write_instructions(read)
            assert written == code.code or len(written) < len(code.code), path
