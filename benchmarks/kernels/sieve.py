"""Primes up to n by Eratosthenes' sieve."""


def run(n: int) -> int:
    """Return how many there are."""
    composite = bytearray(n + 1)
    count = 0
    for i in range(2, n + 1):
        if composite[i]:
            continue
        count += 1
        for j in range(2 * i, n + 1, i):
            composite[j] = 1
    return count
