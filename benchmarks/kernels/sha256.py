"""SHA-256 of n blocks of 64 bytes."""

import struct
from math import isqrt

MASK = 0xFFFF_FFFF
PRIMES = [p for p in range(2, 312) if all(p % q for q in range(2, isqrt(p) + 1))]


def fraction(p: int, root: int) -> int:
    """Return the first 32 bits of the fraction of a root of p."""
    low, high = 0, p << 32
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if middle**root <= p << 32 * root else (low, middle)
    return low & MASK


K = [fraction(p, 3) for p in PRIMES]
INITIAL = [fraction(p, 2) for p in PRIMES[:8]]


def rotate(x: int, n: int) -> int:
    """Return a word rotated to the right."""
    return (x >> n | x << (32 - n)) & MASK


def compress(state: list[int], block: bytes) -> list[int]:
    """Return the state after one block."""
    w = list(struct.unpack(">16I", block))
    for i in range(16, 64):
        s0 = rotate(w[i - 15], 7) ^ rotate(w[i - 15], 18) ^ w[i - 15] >> 3
        s1 = rotate(w[i - 2], 17) ^ rotate(w[i - 2], 19) ^ w[i - 2] >> 10
        w.append((w[i - 16] + s0 + w[i - 7] + s1) & MASK)
    a, b, c, d, e, f, g, h = state
    for ki, wi in zip(K, w, strict=True):
        s1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)
        t1 = h + s1 + ((e & f) ^ (~e & g)) + ki + wi
        s0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)
        t2 = s0 + ((a & b) ^ (a & c) ^ (b & c))
        a, b, c, d, e, f, g, h = (t1 + t2) & MASK, a, b, c, (d + t1) & MASK, e, f, g
    return [(old + new) & MASK for old, new in zip(state, (a, b, c, d, e, f, g, h), strict=True)]


def run(n: int) -> int:
    """Return the first word of the state xor the last."""
    state = INITIAL
    block = bytearray(i * 7 & 255 for i in range(64))
    for i in range(n):
        block[0] = i & 255
        state = compress(state, block)
    return state[0] ^ state[7]
