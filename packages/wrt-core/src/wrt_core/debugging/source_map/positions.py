"""`SourceMapPositions`: positions by the source map that a module refers to."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from wrt_core.debugging.problem import MalformedDebugInfo, Problems
from wrt_core.debugging.source_map.location import fetch
from wrt_core.debugging.source_map.mappings import Mappings, read_mappings
from wrt_core.debugging.sources import Sources
from wrt_foundation.positions import Position

__all__ = ["SourceMapPositions"]

_WHAT = "source map"


@dataclass(frozen=True, slots=True)
class _Map:
    files: list[str | None]
    texts: list[bytes | None]
    names: list[str]
    mappings: Mappings


class SourceMapPositions:
    """Positions by a source map, which is read when the first one is asked for.

    `url` is what the section `sourceMappingURL` says, `directory` that of the module's file, None if it has none. What
    is malformed, or not there, is reported to `problems` and taken for absent.
    """

    def __init__(self, url: str, directory: str | None, sources: Sources) -> None:
        self.problems = Problems()
        self._url = url
        self._directory = directory
        self._sources = sources
        self._lock = threading.Lock()
        self._map: _Map | None = None
        self._read = False

    def __reduce__(self) -> tuple[object, ...]:
        return SourceMapPositions, (self._url, self._directory, self._sources)

    def at(self, offset: int) -> Position | None:
        """Return where the instruction at an offset of the binary came from; never raises."""
        map_ = self._loaded()
        found = None if map_ is None else map_.mappings.at(offset)
        if map_ is None or found is None or (file := map_.files[found.source]) is None:
            return None
        function = None if found.name is None else map_.names[found.name]
        return Position(file, found.line + 1, found.column + 1, function)

    def text(self, position: Position) -> str | None:
        """Return the line of source at a position: as the map carries it, or from a file that may be shown."""
        return self._sources.line(position, self._text(position.file))

    def lines(self, file: str) -> Sequence[str] | None:
        """Return the lines of a file, as the map carries it, or from one that may be shown."""
        return self._sources.lines(file, self._text(file))

    def path(self, file: str) -> str | None:
        """Return where a file is; None if the map carries it, or it may not be shown."""
        return None if self._text(file) is not None else self._sources.path(file)

    def _text(self, file: str) -> bytes | None:
        map_ = self._loaded()
        return None if map_ is None or file not in map_.files else map_.texts[map_.files.index(file)]

    def _loaded(self) -> _Map | None:
        with self._lock:
            if not self._read:
                self._read = True
                try:
                    self._map = _parse(fetch(self._url, self._directory))
                except MalformedDebugInfo as error:
                    self.problems.report(error)
            return self._map


def _parse(data: bytes) -> _Map:
    if data[:3] == b")]}":  # what servers begin a map with, so that no page can run it
        data = data.partition(b"\n")[2]
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise MalformedDebugInfo(_WHAT, None, f"not JSON: {error}") from None
    if not isinstance(document, dict) or document.get("version") != 3:
        raise MalformedDebugInfo(_WHAT, None, "not of version 3")
    if "sections" in document:
        raise MalformedDebugInfo(_WHAT, None, "an index of maps, which is not read")
    files = _list(document, "sources", (str, type(None)))
    root = document.get("sourceRoot") or ""
    if not isinstance(root, str):
        raise MalformedDebugInfo(_WHAT, None, "sourceRoot is no string")
    prefix = f"{root.rstrip('/')}/" if root else ""
    texts = _list(document, "sourcesContent", (str, type(None)))[: len(files)]
    names = _list(document, "names", (str,))
    mappings = document.get("mappings")
    if not isinstance(mappings, str):
        raise MalformedDebugInfo(_WHAT, None, "no mappings")
    return _Map(
        [None if file is None else prefix + file for file in files],
        [None if text is None else text.encode("utf-8", "replace") for text in texts]
        + [None] * (len(files) - len(texts)),
        names,
        read_mappings(mappings, len(files), len(names)),
    )


def _list(document: dict[str, Any], key: str, types: tuple[type, ...]) -> list[Any]:
    value = document.get(key) or []
    if not isinstance(value, list) or not all(isinstance(each, types) for each in value):
        raise MalformedDebugInfo(_WHAT, None, f"{key} is not a list of strings")
    return value
