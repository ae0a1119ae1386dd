"""A hash of n bytes, each mixed into 64 bits."""

MASK = 0xFFFF_FFFF_FFFF_FFFF


def run(n: int) -> int:
    """Return the hash, folded to 32 bits."""
    h, s = 14695981039346656037, 88172645463325252
    for _ in range(n):
        s ^= s << 13 & MASK
        s ^= s >> 7
        s ^= s << 17 & MASK
        h = (h ^ s & 255) * 1099511628211 & MASK
        h = (h << 23 | h >> 41) & MASK
        h = (h + (s ^ s >> 29)) & MASK
    return h ^ h >> 32
