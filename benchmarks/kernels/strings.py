"""Words of a text counted, turned around and compared, byte by byte."""

ALPHABET = b"the quick brown fox jumps over a lazy dog and "


def compare(a: bytearray, i: int, j: int, n: int) -> int:
    """Return the difference of the first bytes that differ, 0 if none of n do."""
    for k in range(n):
        if a[i + k] != a[j + k]:
            return a[i + k] - a[j + k]
    return 0


def run(n: int) -> int:
    """Return words, places where the middle is found, and bytes that are like their mirror, in one number."""
    text = bytearray(ALPHABET[i * 7 % 46] for i in range(n))
    size = 0
    for _ in text:
        size += 1
    words, inside = 0, False
    for c in text:
        if c == 32:
            inside = False
        elif not inside:
            inside = True
            words += 1
    mirror = bytearray(size)
    for i in range(size):
        c = text[i]
        mirror[size - 1 - i] = c - 32 if 97 <= c <= 122 else c
    found = 0
    for i in range(size - 4):
        found += compare(text, i, size // 2, 4) == 0
    equal = 0
    for i in range(size):
        equal += text[i] | 32 == mirror[i] | 32
    return words * 1000003 + found * 1009 + equal
