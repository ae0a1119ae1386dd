"""The steps that all numbers up to n take to reach 1."""


def run(n: int) -> int:
    """Return how many steps they take together."""
    steps = 0
    for i in range(1, n + 1):
        x = i
        while x != 1:
            x = x * 3 + 1 if x & 1 else x >> 1
            steps += 1
    return steps
