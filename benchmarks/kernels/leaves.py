"""Small functions that are called in a loop: clamping, and a pseudo-random number in a global."""

seed = 12345


def random() -> int:
    """Return the next number."""
    global seed
    seed = (seed * 1103515245 + 12345) & 0xFFFF_FFFF
    return seed >> 16


def clamp(x: int, low: int, high: int) -> int:
    """Return the nearest number to x that is from low to high."""
    if x < low:
        return low
    return min(x, high)


def run(n: int) -> int:
    """Return the sum of n clamped numbers."""
    global seed
    seed = 12345
    total = 0
    for _ in range(n):
        total += clamp(random() - 20000, -9000, 9000)
    return total
