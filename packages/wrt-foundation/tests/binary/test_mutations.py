"""Random damage: a damaged module is read or refused with a `DecodeError`, soon, and nothing else happens."""

from __future__ import annotations

import random
import time
from pathlib import Path
from typing import Any

from wrt_foundation.binary import check_bodies, decode, encode
from wrt_foundation.errors import DecodeError
from wrt_foundation.module import Module

INTERESTING = (0x00, 0x01, 0x0B, 0x40, 0x60, 0x63, 0x7F, 0x80, 0xFF)


def damage(data: bytes, rng: random.Random) -> bytes:
    mutant = bytearray(data)
    for _ in range(rng.randrange(1, 5)):
        at = rng.randrange(8, len(mutant))
        match rng.randrange(6):
            case 0:
                mutant[at] ^= 1 << rng.randrange(8)
            case 1:
                mutant[at] = rng.choice(INTERESTING)
            case 2:
                mutant.insert(at, rng.randrange(256))
            case 3:
                del mutant[at : at + rng.randrange(1, 5)]
            case 4:
                mutant[at:at] = mutant[at : at + rng.randrange(1, 20)]
            case _:
                mutant[at : at + 1] = b"\xff\xff\xff\xff" + bytes([rng.randrange(16)])
        if len(mutant) <= 8:
            return bytes(mutant)
    return bytes(mutant)


def refusal(mutant: bytes) -> DecodeError | None:
    try:
        module = decode(mutant)
        check_bodies(module)
        _ = module.names
    except DecodeError as error:
        return error
    return None


def read(mutant: bytes) -> bool:
    """Whether the mutant is well-formed; if it is, it must come back from its encoding."""
    error = refusal(mutant)
    if error is not None:
        assert error.offset is None or 0 <= error.offset <= len(mutant)
        return False
    assert decode(encode(decode(mutant))) == decode(mutant)
    return True


def test_ten_thousand_damaged_modules(everything: Module) -> None:
    rng = random.Random(20)
    original = encode(everything)
    started = time.monotonic()
    well_formed = sum(read(damage(original, rng)) for _ in range(10_000))
    # Most damage shows, some (a name's letter, a constant's bits) makes another well-formed module.
    assert 50 < well_formed < 5_000
    assert time.monotonic() - started < 60


def test_damaged_modules_of_the_suite(suite_binaries: list[Any]) -> None:
    rng = random.Random(21)
    originals = [each.binary for each in suite_binaries if each.malformed is None and len(each.binary) > 30]
    assert {read(damage(rng.choice(originals), rng)) for _ in range(3_000)} == {True, False}


def test_damaged_modules_of_real_programs(real_modules: list[Path]) -> None:
    rng = random.Random(22)
    small = [path.read_bytes() for path in real_modules if path.stat().st_size < 10_000]
    assert small
    assert {read(damage(rng.choice(small), rng)) for _ in range(150)} == {True, False}


def test_random_bytes_after_a_header() -> None:
    rng = random.Random(23)
    for _ in range(3_000):
        read(b"\0asm\1\0\0\0" + bytes([rng.randrange(14)]) + rng.randbytes(rng.randrange(40)))
