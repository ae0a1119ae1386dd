"""`positions`: where in a source text each instruction of a module came from."""

from __future__ import annotations

from pathlib import Path

from wrt_core.validation import ValidatedModule
from wrt_foundation.binary.leb128 import read_unsigned
from wrt_foundation.binary.sections import Section
from wrt_foundation.errors import DecodeError
from wrt_foundation.module import Module
from wrt_foundation.positions import FoundPosition, Positions

__all__ = ["positions"]

_SOURCE_MAP = "sourceMappingURL"


def positions(module: ValidatedModule | Module) -> Positions:
    """Return the positions of a module's instructions: by the text it was made from, its DWARF, or its source map.

    They are found once for each module and kept with it; nothing is read before a position is asked for. A module
    that says nothing about its source has positions of nothing.
    """
    if isinstance(module, ValidatedModule):
        module = module.module
    found = module.positions
    if found is None:
        found = module.positions = _positions(module)
    return found


def _positions(module: Module) -> Positions:
    customs = {each.name: each.data for each in module.customs}
    if not customs.get(".debug_line") and _SOURCE_MAP not in customs:
        return _NOWHERE
    # Engines import this file; few modules need what reads debug information.
    from wrt_core.debugging.dwarf.positions import DwarfPositions
    from wrt_core.debugging.source_map.positions import SourceMapPositions
    from wrt_core.debugging.sources import Sources

    directory = None if module.filename is None else str(Path(module.filename).absolute().parent)
    sources = Sources(() if directory is None else (directory,))
    if customs.get(".debug_line") and (code := _code_section(module.binary)) is not None:
        sections = {name: data for name, data in customs.items() if name.startswith(".debug_")}
        return DwarfPositions(sections, *code, sources)
    url = _url(customs.get(_SOURCE_MAP, b""))
    return _NOWHERE if url is None else SourceMapPositions(url, directory, sources)


_NOWHERE = FoundPosition(None)
"""The positions of a module that says nothing about its source."""


def _code_section(binary: bytes) -> tuple[int, int] | None:
    """Where the contents of the code section begin in a module's binary, and their size; None if there are none."""
    position = 8
    while position < len(binary):
        id_ = binary[position]
        size, position = read_unsigned(binary, position + 1)
        if id_ == Section.CODE.value:
            return position, size
        position += size
    return None


def _url(data: bytes) -> str | None:
    try:
        size, start = read_unsigned(data, 0)
        return data[start : start + size].decode() if 0 < size <= len(data) - start else None
    except (DecodeError, UnicodeDecodeError):
        return None
