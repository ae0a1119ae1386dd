"""Patterns: which names, and which paths, an entry of a policy is about.

Names know two wildcards: `*` for any characters, none included, and `?` for one. A backslash makes the next
character an ordinary one. Everything else is itself, case and all; brackets have no meaning.

Paths are compared component by component, after links and `..` have been resolved: `*` and `?` stay within a
component, and a component `**` at the end stands for the folder itself and everything below it.
"""

from __future__ import annotations

import os
import re
from functools import lru_cache
from pathlib import PurePath
from typing import Protocol

__all__ = ["ANY", "ModulePattern", "NamePattern", "PathPattern", "Pattern", "resolve_path", "symbols"]


class Pattern(Protocol):
    """What matches objects. Immutable, hashable, and equal to patterns of the same text."""

    @property
    def text(self) -> str:
        """As it stands in the policy."""

    @property
    def specificity(self) -> tuple[int, int]:
        """How much it says; the greater wins: first whether it has no wildcard, then how long it is without them."""

    def matches(self, object: str) -> bool:  # noqa: A002 - the word for it in policies
        """Say whether the object is one of those that the pattern is about."""

    def covers(self, other: Pattern) -> bool:
        """Say whether everything that `other` matches is matched by this; False where that can't be told."""


class NamePattern:
    """A pattern of names."""

    __slots__ = ("_regex", "_symbols", "text")

    def __init__(self, text: str) -> None:
        if not text:
            raise ValueError("a pattern must not be empty")
        self.text = text
        self._symbols = symbols(text)
        self._regex = _regex(text)

    @property
    def specificity(self) -> tuple[int, int]:
        """How much it says."""
        literal = sum(1 for symbol in self._symbols if symbol not in (_STAR, _ONE))
        return int(literal == len(self._symbols)), literal

    def matches(self, object: str) -> bool:  # noqa: A002
        """Say whether a name is one of those."""
        return self._regex.fullmatch(object) is not None

    def covers(self, other: Pattern) -> bool:
        """Say whether this matches whatever `other` matches."""
        return isinstance(other, NamePattern) and _covers(self._symbols, other._symbols)

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and other.text == self.text

    def __hash__(self) -> int:
        return hash(self.text)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.text!r})"


class ModulePattern(NamePattern):
    """A pattern of modules: `sha256:` and 64 hexadecimal digits for one by its content, or else of names.

    Such an object is written "name" or "name sha256:…".
    """

    __slots__ = ("hash",)

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.hash = ""
        if text.startswith("sha256:"):
            self.hash = text.removeprefix("sha256:").lower()
            if re.fullmatch("[0-9a-f]{64}", self.hash) is None:
                raise ValueError("a module's hash is sha256: and 64 hexadecimal digits")

    @property
    def specificity(self) -> tuple[int, int]:
        """How much it says: a hash more than any name."""
        return (2, 64) if self.hash else super().specificity

    def admits(self, name: str, hash: str) -> bool:  # noqa: A002
        """Say whether the module of that name and hash is one of those."""
        return hash == self.hash if self.hash else self.matches(name)


class PathPattern:
    """A pattern of absolute paths of the host."""

    __slots__ = ("_deep", "_parts", "text")

    def __init__(self, text: str) -> None:
        if "\0" in text:
            raise ValueError("a path has no null characters")
        if text != "**" and not PurePath(text).is_absolute():
            raise ValueError("a path must be absolute, or ** for all")
        parts = PurePath(text).parts
        if ".." in parts:
            raise ValueError("a path in a policy must not go through ..")
        self.text = text
        self._deep = parts[-1] == "**"
        self._parts = parts[:-1] if self._deep else parts
        if "**" in self._parts:
            raise ValueError("** can only be the last component")

    @property
    def specificity(self) -> tuple[int, int]:
        """How much it says: by literal characters, and a path more than what is below a folder."""
        wild = self._deep or any(_is_wild(part) for part in self._parts)
        return int(not wild), sum(len(part) + 1 for part in self._parts if not _is_wild(part))

    def matches(self, object: str) -> bool:  # noqa: A002
        """Say whether a resolved path is one of those. The pattern's own folders are resolved now, as they are now."""
        mine, theirs = self.parts, PurePath(object).parts
        if len(theirs) < len(mine) or (len(theirs) > len(mine) and not self._deep):
            return False
        return all(
            _regex(part).fullmatch(each) is not None if _is_wild(part) else part == each
            for part, each in zip(mine, theirs, strict=False)
        )

    def covers(self, other: Pattern) -> bool:
        """Say whether this matches whatever `other` matches."""
        if not isinstance(other, PathPattern) or (other._deep and not self._deep):
            return False
        mine, theirs = self.parts, other.parts
        if len(theirs) < len(mine) or (len(theirs) > len(mine) and not self._deep):
            return False
        return all(_covers(symbols(part), symbols(each)) for part, each in zip(mine, theirs, strict=False))

    @property
    def deep(self) -> bool:
        """Whether it is about everything below a folder."""
        return self._deep

    @property
    def parts(self) -> tuple[str, ...]:
        """The components but for a last `**`, those before the first wildcard with links resolved."""
        if not self._parts:
            return ()
        count = next((index for index, part in enumerate(self._parts) if _is_wild(part)), len(self._parts))
        return (*PurePath(os.path.realpath(PurePath(*self._parts[:count]))).parts, *self._parts[count:])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PathPattern) and other.text == self.text

    def __hash__(self) -> int:
        return hash(self.text)

    def __repr__(self) -> str:
        return f"PathPattern({self.text!r})"


def resolve_path(path: str) -> str:
    """Return the absolute path without links and `..` that the host would open for `path`; it need not exist.

    Raises `ValueError` for what is no path, such as one with a null character.
    """
    if "\0" in path or not path:
        raise ValueError("a path is not empty and has no null characters")
    return os.path.realpath(path)


_STAR, _ONE = "*", "?"


@lru_cache(4096)
def symbols(text: str) -> tuple[str, ...]:
    """Return a pattern's characters, the ordinary ones marked with "=", so that an escaped star is no star.

    Wildcards next to each other are put in one order, since `*?`, `?*` and `?**` mean the same.
    """
    found: list[str] = []
    characters = iter(text)
    for character in characters:
        starred = found[-1:] == [_STAR]
        if character == "\\":
            found.append("=" + next(characters, "\\"))
        elif character == _ONE and starred:
            found.insert(-1, _ONE)
        elif character == _STAR:
            found += [] if starred else [_STAR]
        else:
            found.append(_ONE if character == _ONE else "=" + character)
    return tuple(found)


def _is_wild(text: str) -> bool:
    return any(symbol in (_STAR, _ONE) for symbol in symbols(text))


@lru_cache(4096)
def _regex(text: str) -> re.Pattern[str]:
    # What is between stars is looked for once, from the left, and not again: no name takes long to compare.
    pieces = [""]
    for symbol in symbols(text):
        if symbol == _STAR:
            pieces.append("")
        else:
            pieces[-1] += "." if symbol == _ONE else re.escape(symbol[1:])
    if len(pieces) == 1:
        return re.compile(pieces[0], re.DOTALL)
    middle = "".join(f"(?>.*?{piece})" for piece in pieces[1:-1] if piece)
    return re.compile(f"{pieces[0]}{middle}.*{pieces[-1]}", re.DOTALL)


def _covers(wide: tuple[str, ...], narrow: tuple[str, ...]) -> bool:
    """Match one pattern's symbols with another: its star is matched by a star alone, its question mark by either."""
    reached = _past_stars(wide, {0})
    for symbol in narrow:
        following = set()
        for at in reached:
            if at == len(wide):
                continue
            if wide[at] == _STAR:
                following.add(at)
            elif symbol != _STAR and (wide[at] == _ONE or wide[at] == symbol):
                following.add(at + 1)
        reached = _past_stars(wide, following)
    return len(wide) in reached


def _past_stars(wide: tuple[str, ...], reached: set[int]) -> set[int]:
    found = set(reached)
    for at in reached:
        while at < len(wide) and wide[at] == _STAR:
            at += 1
            found.add(at)
    return found


ANY = NamePattern("*")
"""Matches every name."""
