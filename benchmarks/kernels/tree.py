"""A search tree of n keys, and its sum."""

from __future__ import annotations


class Node:
    """A key, how often it came, and the trees of lesser and greater ones."""

    __slots__ = ("count", "key", "left", "right")

    def __init__(self, key: int) -> None:
        self.key, self.count = key, 1
        self.left: Node | None = None
        self.right: Node | None = None


def insert(at: Node | None, key: int) -> Node:
    """Return a tree with a key in it."""
    if at is None:
        return Node(key)
    if key < at.key:
        at.left = insert(at.left, key)
    elif key > at.key:
        at.right = insert(at.right, key)
    else:
        at.count += 1
    return at


def sum_of(at: Node | None, depth: int) -> int:
    """Return the sum of keys and depths."""
    if at is None:
        return 0
    return at.key * at.count + depth + sum_of(at.left, depth + 1) + sum_of(at.right, depth + 1)


def run(n: int) -> int:
    """Return the sum of n keys."""
    root = None
    seed = 7
    for _ in range(n):
        seed = (seed * 1664525 + 1013904223) & 0xFFFF_FFFF
        root = insert(root, seed >> 20)
    return sum_of(root, 0)
