"""The product of two matrices of floats."""


def run(n: int) -> int:
    """Return eight times the trace of the product."""
    a = [i % 7 * 0.5 for i in range(n * n)]
    b = [i % 5 * 0.25 for i in range(n * n)]
    c = [0.0] * (n * n)
    for i in range(n):
        for j in range(n):
            total = 0.0
            for k in range(n):
                total += a[i * n + k] * b[k * n + j]
            c[i * n + j] = total
    return int(sum(c[i * n + i] for i in range(n)) * 8)
