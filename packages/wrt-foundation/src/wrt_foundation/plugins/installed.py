"""Installed distributions and their entry points, read from the folders on `sys.path`.

importlib-metadata does this and much more, and takes 45 ms to be imported and to answer, a third of the time in which a
small guest is started, run and gone. So it is asked only for what lies in no folder: distributions in archives, and
those that a finder of its own knows of.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from importlib.machinery import PathFinder
from operator import attrgetter
from pathlib import Path
from typing import Any, Protocol

__all__ = ["Distribution", "EntryPoint", "distributions", "entry_points", "header", "normalized"]

_VALUE = re.compile(r"(?P<module>[\w.]+)\s*(?::\s*(?P<attribute>[\w.]+)\s*)?(?:\[(?P<extras>.*)\]\s*)?")
_SUFFIXES = (".dist-info", ".egg-info")


def normalized(distribution: str) -> str:
    """Return a distribution's name as package indexes compare it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", distribution).lower()


@dataclass(frozen=True)
class EntryPoint:
    """One line of a distribution's `entry_points.txt`: "name = value" under "[group]"."""

    group: str
    name: str
    value: str
    """The module that it leads to, perhaps ":" and an attribute, perhaps extras in brackets."""

    def load(self) -> Any:
        """Import what it leads to. Raises `ValueError` for a value that leads nowhere, and what the import raises."""
        module = import_module(self._parts["module"])
        attribute = self._parts["attribute"]
        return attrgetter(attribute)(module) if attribute else module

    @property
    def extras(self) -> list[str]:
        """The extras that it needs."""
        return re.findall(r"\w+", self._parts["extras"] or "")

    @property
    def _parts(self) -> dict[str, Any]:
        match = _VALUE.fullmatch(self.value)
        if match is None:
            raise ValueError(f"{self.value!r} names no module")
        return match.groupdict()


class Distribution(Protocol):
    """A distribution, as far as it is looked at here; importlib-metadata's are such as well."""

    def read_text(self, filename: str) -> str | None:
        """Return the text of one of its metadata files, None if it has no such file."""


class _Folder:
    """A distribution whose metadata is a folder."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __str__(self) -> str:
        return self.path

    def read_text(self, filename: str) -> str | None:
        try:
            return Path(self.path, filename).read_text("utf-8")
        except (FileNotFoundError, NotADirectoryError):
            return None


def distributions() -> Iterator[tuple[str, Distribution]]:
    """Yield the normalized name of each distribution on the path, with the distribution.

    Of one that is there twice, the first one counts: it is the one that would be imported.
    """
    seen: set[str] = set()
    for name, distribution in _everywhere():
        if name not in seen:
            seen.add(name)
            yield name, distribution


def _everywhere() -> Iterator[tuple[str, Distribution]]:
    for place in sys.path:
        try:
            files = os.listdir(place or ".")  # noqa: PTH208 - a Path for each of a thousand files is slow
        except NotADirectoryError:
            from importlib_metadata import Distribution as Archived

            for archived in Archived.discover(path=[place]):
                yield normalized(archived.name), archived
            continue
        except OSError:
            continue
        for file in files:
            if file.endswith(_SUFFIXES):
                name = file.rpartition(".")[0].partition("-")[0]
                yield normalized(name), _Folder(f"{place or '.'}{os.sep}{file}")
    for finder in sys.meta_path:
        # importlib-metadata's own finder joins when it is imported, and knows nothing but what was seen above.
        ours = finder is PathFinder or type(finder).__module__.startswith("importlib_metadata")
        if not ours and hasattr(finder, "find_distributions"):
            for found in finder.find_distributions():
                yield normalized(found.name), found


def header(distribution: Distribution) -> dict[str, list[str]]:
    """Return the fields of a distribution's metadata with all their values. Raises `ValueError` if it has no name."""
    fields: dict[str, list[str]] = {}
    for line in (distribution.read_text("METADATA") or distribution.read_text("PKG-INFO") or "").splitlines():
        if not line:
            break  # what follows is its description
        field, _, value = line.partition(":")
        fields.setdefault(field, []).append(value.strip())
    if not fields.get("Name"):
        raise ValueError("it does not say its name")
    return fields


def entry_points(text: str) -> Iterator[EntryPoint]:
    """Yield the entry points of an `entry_points.txt`. Raises `ValueError` for a line that is none."""
    group = ""
    for line in map(str.strip, text.splitlines()):
        if line.startswith("[") and line.endswith("]"):
            group = line[1:-1]
        elif line and not line.startswith(("#", ";")):
            name, equals, value = line.partition("=")
            if not equals:
                raise ValueError(f"{line!r} is no entry point")
            yield EntryPoint(group, name.strip(), value.strip())
