"""Fibonacci numbers by recursion."""


def run(n: int) -> int:
    """Return the `n`th number."""
    return n if n < 2 else run(n - 1) + run(n - 2)
