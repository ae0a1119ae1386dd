"""The header of a line number program: its files, and how its opcodes are to be read (DWARF 5, section 6.2.4)."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass

from wrt_core.debugging.dwarf.cursor import Cursor, Sections
from wrt_core.debugging.dwarf.forms import DEBUG_STRING, LINE_STRING, Encoding, read_form

__all__ = ["LineHeader", "SourceFile", "read_line_header"]

_PATH, _DIRECTORY, _SOURCE = 1, 2, 0x2001
"""Content types of an entry: its name, its directory's index, and (a producer's extension) its text."""

_SECTIONS = {LINE_STRING: ".debug_line_str", DEBUG_STRING: ".debug_str"}


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A source file: its path, relative if nothing says to what, and its text if the module carries it."""

    path: str
    text: bytes | None = None


@dataclass(frozen=True, slots=True)
class LineHeader:
    """What a line number program needs; `program` is a cursor at its first opcode.

    `files` are by index: from 1 in versions before 5, the first one being None then.
    """

    files: list[SourceFile | None]
    minimum_length: int
    line_base: int
    line_range: int
    operand_counts: bytes
    program: Cursor


def read_line_header(sections: Sections, offset: int, directory: str) -> LineHeader:
    """Read the header at an offset of `.debug_line`; `directory` is where its unit was compiled, "" if unknown.

    Raises `MalformedDebugInfo`.
    """
    cursor, offset_size = sections.cursor(".debug_line", offset).unit()
    version = cursor.fixed(2)
    if not 2 <= version <= 5:
        raise cursor.malformed(f"unknown version {version}")
    address_size = 4
    if version >= 5:
        address_size = cursor.fixed(1)
        cursor.skip(1)  # the size of segment selectors, which wasm has none of
    encoding = Encoding(version, address_size, offset_size)
    length = cursor.fixed(offset_size)
    if length > cursor.end - cursor.position:
        raise cursor.malformed("a header longer than its unit")
    program = Cursor(cursor.data, cursor.section, cursor.position + length, cursor.end)
    cursor.end = program.position
    minimum_length = cursor.fixed(1)
    cursor.skip(2 if version >= 4 else 1)  # how many operations an instruction has, and which rows begin statements
    line_base = (cursor.fixed(1) ^ 0x80) - 0x80
    line_range = cursor.fixed(1)
    opcode_base = cursor.fixed(1)
    if not line_range or not opcode_base:
        raise cursor.malformed("special opcodes without a range")
    operand_counts = cursor.take(opcode_base - 1)
    files = _files_5(cursor, sections, encoding, directory) if version >= 5 else _files_4(cursor, sections, directory)
    return LineHeader(files, minimum_length, line_base, line_range, operand_counts, program)


def _files_4(cursor: Cursor, sections: Sections, directory: str) -> list[SourceFile | None]:
    directories = [directory]
    while name := cursor.string():
        directories.append(_joined(sections, directory, _text(name)))
    files: list[SourceFile | None] = [None]
    while name := cursor.string():
        index = cursor.unsigned()
        cursor.unsigned()  # when it was last modified
        cursor.unsigned()  # how long it is
        files.append(SourceFile(_joined(sections, _at(directories, index, cursor), _text(name))))
    return files


def _files_5(cursor: Cursor, sections: Sections, encoding: Encoding, directory: str) -> list[SourceFile | None]:
    directories: list[str] = []
    for entry in _entries(cursor, sections, encoding):
        name = _text(_bytes(entry.get(_PATH, b""), cursor))
        directories.append(_joined(sections, directories[0] if directories else directory, name))
    files: list[SourceFile | None] = []
    for entry in _entries(cursor, sections, encoding):
        name = _text(_bytes(entry.get(_PATH, b""), cursor))
        index = entry.get(_DIRECTORY, 0)
        if not isinstance(index, int):
            raise cursor.malformed("a directory that is no index")
        source = _bytes(entry[_SOURCE], cursor) if _SOURCE in entry else None
        files.append(SourceFile(_joined(sections, _at(directories, index, cursor), name), source or None))
    return files


def _entries(cursor: Cursor, sections: Sections, encoding: Encoding) -> list[dict[int, int | bytes]]:
    """Read a table of directories or files, each as its values by content type."""
    formats = [(cursor.unsigned(), cursor.unsigned()) for _ in range(cursor.fixed(1))]
    count = cursor.unsigned()
    if count and not formats:
        raise cursor.malformed("entries without any contents")
    entries = []
    for _ in range(count):
        sections.budget.spend(len(formats), cursor.section)
        entry: dict[int, int | bytes] = {}
        for content, form in formats:
            form, value = read_form(cursor, form, encoding)
            if isinstance(value, int) and form in _SECTIONS:
                value = sections.string(_SECTIONS[form], value) if content in (_PATH, _SOURCE) else b""
            entry[content] = value
        entries.append(entry)
    return entries


def _bytes(value: int | bytes, cursor: Cursor) -> bytes:
    if isinstance(value, int):
        raise cursor.malformed("a name that is no string")
    return value


def _at(directories: list[str], index: int, cursor: Cursor) -> str:
    if index >= len(directories):
        raise cursor.malformed(f"no directory {index}")
    return directories[index]


def _text(name: bytes) -> str:
    return name.decode("utf-8", "replace")


_ABSOLUTE = re.compile(r"/|\\|[A-Za-z]:[/\\]")


def _joined(sections: Sections, directory: str, name: str) -> str:
    """A path in a directory, which has the form of the system that the module was compiled on."""
    sections.budget.spend(len(directory) + len(name), ".debug_line")
    if not directory or _ABSOLUTE.match(name):
        path = name
    else:
        path = f"{directory.rstrip('/')}/{name}"
    return path if "\\" in path else posixpath.normpath(path)
