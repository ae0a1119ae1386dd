"""Quicksort of n pseudo-random words."""

MASK = 0xFFFF_FFFF


def sort(items: list[int], low: int, high: int) -> None:
    """Sort the items from low to high."""
    if low >= high:
        return
    pivot, i, j = items[(low + high) // 2], low, high
    while i <= j:
        while items[i] < pivot:
            i += 1
        while items[j] > pivot:
            j -= 1
        if i <= j:
            items[i], items[j] = items[j], items[i]
            i += 1
            j -= 1
    sort(items, low, j)
    sort(items, i, high)


def run(n: int) -> int:
    """Return a sum of the sorted items that depends on their order."""
    seed = 42
    items = []
    for _ in range(n):
        seed = (seed * 1664525 + 1013904223) & MASK
        items.append(seed >> 8)
    sort(items, 0, n - 1)
    total = 0
    for item in items:
        total = (total * 31 + item) & MASK
    return total
