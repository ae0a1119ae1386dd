"""A loop that calls one of four functions through a list."""

MASK = 0xFFFF_FFFF


def add(a: int, b: int) -> int:
    """The sum."""
    return (a + b) & MASK


def sub(a: int, b: int) -> int:
    """The difference."""
    return (a - b) & MASK


def xor(a: int, b: int) -> int:
    """The bits that differ."""
    return a ^ b


def mul(a: int, b: int) -> int:
    """The product with an odd number."""
    return a * (b | 1) & MASK


OPERATIONS = (add, sub, xor, mul)


def run(n: int) -> int:
    """Return what n operations make of 1."""
    x = 1
    for i in range(n):
        x = OPERATIONS[i >> 1 & 3](x, i)
    return x
