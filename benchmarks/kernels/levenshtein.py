"""The edit distance of two texts of n bytes."""


def run(n: int) -> int:
    """Return the distance."""
    a = bytes(97 + i * i % 11 for i in range(n))
    b = bytes(97 + i * 5 % 13 for i in range(n))
    row = list(range(n + 1))
    for i in range(1, n + 1):
        diagonal = row[0]
        row[0] = i
        for j in range(1, n + 1):
            best = diagonal + (a[i - 1] != b[j - 1])
            diagonal = row[j]
            if row[j] + 1 < best:
                best = row[j] + 1
            if row[j - 1] + 1 < best:
                best = row[j - 1] + 1
            row[j] = best
    return row[n]
