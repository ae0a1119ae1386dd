"""Overlaps: where two patterns both match, and neither covers the other."""

from __future__ import annotations

from pathlib import PurePath

from wrt_capability.policy.patterns import NamePattern, PathPattern, Pattern, symbols

__all__ = ["overlap"]

_STAR, _ONE = "*", "?"


def overlap(one: Pattern, other: Pattern) -> Pattern | None:
    """Return a pattern of what both match, as wide as one pattern can be; None if there is no such thing.

    Of `a*` and `*b`, that is `a*b`, though `ab` in one piece is matched by both as well.
    """
    if one.covers(other):
        return other
    if other.covers(one):
        return one
    if isinstance(one, NamePattern) and isinstance(other, NamePattern):
        text = _names(one.text, other.text)
        return None if text is None else NamePattern(text)
    if isinstance(one, PathPattern) and isinstance(other, PathPattern):
        return _paths(one, other)
    return None


def _names(one: str, other: str) -> str | None:
    mine, theirs = symbols(one), symbols(other)
    if _STAR not in mine and _STAR not in theirs:
        merged = _merged(mine, theirs) if len(mine) == len(theirs) else None
        return None if merged is None else _written(merged)
    if _STAR not in mine or _STAR not in theirs:
        return _fixed(*((mine, theirs) if _STAR not in mine else (theirs, mine)))
    head = _merged(*_padded(_head(mine), _head(theirs)))
    tail = _merged(*_padded(_head(mine[::-1]), _head(theirs[::-1])))
    if head is None or tail is None:
        return None
    middle = (*_middle(mine), *_middle(theirs))
    return _written((*head, *middle, *([] if middle[-1:] == (_STAR,) else [_STAR]), *tail[::-1]))


def _fixed(fixed: tuple[str, ...], starred: tuple[str, ...]) -> str | None:
    """What matches symbols without a star, some of which are question marks, and a pattern with stars."""
    ends: dict[int, tuple[str, ...]] = {0: ()}
    for symbol in starred:
        following: dict[int, tuple[str, ...]] = {}
        for at, so_far in ends.items():
            if symbol == _STAR:
                for end in range(at, len(fixed) + 1):
                    following.setdefault(end, (*so_far, *fixed[at:end]))
            elif at < len(fixed):
                merged = _merged((symbol,), fixed[at : at + 1])
                if merged is not None:
                    following.setdefault(at + 1, (*so_far, *merged))
        ends = following
    return _written(ends[len(fixed)]) if len(fixed) in ends else None


def _paths(one: PathPattern, other: PathPattern) -> PathPattern | None:
    short, long = sorted((one, other), key=lambda each: len(each.parts))
    if len(short.parts) < len(long.parts) and not short.deep:
        return None
    merged: list[str] = []
    for mine, theirs in zip(short.parts, long.parts, strict=False):
        part = overlap(NamePattern(mine), NamePattern(theirs))
        if part is None:
            return None
        merged.append(part.text)
    merged += long.parts[len(short.parts) :]
    return PathPattern(str(PurePath(*merged, *["**"] * (short.deep and long.deep))))


def _head(pattern: tuple[str, ...]) -> tuple[str, ...]:
    return pattern[: pattern.index(_STAR)]


def _middle(pattern: tuple[str, ...]) -> tuple[str, ...]:
    """What stands between the first star, which it includes, and the last."""
    return pattern[pattern.index(_STAR) : len(pattern) - 1 - pattern[::-1].index(_STAR)]


def _padded(one: tuple[str, ...], other: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    size = max(len(one), len(other))
    return one + (_ONE,) * (size - len(one)), other + (_ONE,) * (size - len(other))


def _merged(one: tuple[str, ...], other: tuple[str, ...]) -> tuple[str, ...] | None:
    merged = []
    for mine, theirs in zip(one, other, strict=True):
        if mine != theirs and _ONE not in (mine, theirs):
            return None
        merged.append(theirs if mine == _ONE else mine)
    return tuple(merged)


def _written(pattern: tuple[str, ...]) -> str:
    return "".join(each if each in (_STAR, _ONE) else "\\" * (each[1:] in "*?\\") + each[1:] for each in pattern)
