"""How a vector instruction is held to what it should do to each lane."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import pytest

from wrt_core.numerics import NUMERICS
from wrt_foundation.values import lanes_of, vector_of


def _interesting(bits: int) -> list[int]:
    top, half = 1 << bits, 1 << bits - 1
    patterns = [top // 3, 2 * top // 3, 0x40, 0x7F, 0x80, 0xFF, 1 << bits // 2, (1 << bits // 2) - 1]
    return sorted({value % top for n in [0, half, *patterns] for value in (n - 2, n - 1, n, n + 1, -n)})


@pytest.fixture(scope="session")
def interesting() -> Callable[[int], list[int]]:
    """The numbers of that many bits at which lanes overflow, change sign or carry."""
    return _interesting


def _vectors(lanes: Sequence[int], bits: int) -> Iterable[bytes]:
    count = 128 // bits
    for start in range(0, len(lanes), count):
        chunk = list(lanes[start : start + count])
        yield vector_of(chunk + [0] * (count - len(chunk)), bits)


@pytest.fixture(scope="session")
def check() -> Callable[..., None]:
    """Hold instruction `name` on `operands` to `expected`, a function of unsigned lanes of that many bits."""

    def check(name: str, bits: int, expected: Callable[..., int], *operands: bytes) -> None:
        lanes = zip(*(lanes_of(operand, bits) for operand in operands), strict=True)
        result = NUMERICS[name](*operands)
        assert lanes_of(result, bits) == tuple(expected(*lane) % 2**bits for lane in lanes), (name, *operands)

    return check


@pytest.fixture(scope="session")
def all_pairs() -> Callable[[int], list[tuple[bytes, bytes]]]:
    """Pairs of vectors whose lanes hold, next to one another, all pairs of interesting numbers of that many bits."""

    def pairs(bits: int) -> list[tuple[bytes, bytes]]:
        both = [(a, b) for a in _interesting(bits) for b in _interesting(bits)]
        return list(zip(_vectors([a for a, _ in both], bits), _vectors([b for _, b in both], bits), strict=True))

    return pairs
