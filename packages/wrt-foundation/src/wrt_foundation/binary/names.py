"""The name section: names of functions, locals and more, for people (appendix A.4.1, and the extended names proposal).

The specification wants it ignored where it is malformed, so decoding never fails: what was read up to
the first malformed byte of a subsection is kept, unknown subsections are passed over.
"""

from __future__ import annotations

from contextlib import suppress

from wrt_foundation.binary.externs import write_name
from wrt_foundation.binary.leb128 import write_unsigned
from wrt_foundation.binary.reader import Reader
from wrt_foundation.errors import DecodeError
from wrt_foundation.limits import DEFAULT_LIMITS
from wrt_foundation.module import Names

__all__ = ["NAME_SECTION", "decode_names", "encode_names"]

NAME_SECTION = "name"
"""The name of the custom section that holds names."""

_MODULE = 0
_MAPS = {
    1: "functions",
    4: "types",
    5: "tables",
    6: "memories",
    7: "globals",
    8: "elements",
    9: "data",
    11: "tags",
}
_MAPS_OF_MAPS = {2: "locals", 3: "labels", 10: "fields"}


def decode_names(data: bytes) -> Names:
    """Return the names that the contents of a name section give."""
    names = Names()
    section = Reader(data, 0, DEFAULT_LIMITS)
    with suppress(DecodeError):
        while section.position < len(data):
            kind = section.byte()
            contents = section.bytes()
            # Names are for people: a subsection that can't be read doesn't hide the others.
            with suppress(DecodeError):
                _decode_subsection(names, kind, Reader(contents, 0, DEFAULT_LIMITS))
    return names


def _decode_subsection(names: Names, kind: int, reader: Reader) -> None:
    if kind == _MODULE:
        names.module = reader.name()
    elif kind in _MAPS:
        _decode_map(reader, getattr(names, _MAPS[kind]))
    elif kind in _MAPS_OF_MAPS:
        outer: dict[int, dict[int, str]] = getattr(names, _MAPS_OF_MAPS[kind])
        for _ in range(reader.size()):
            _decode_map(reader, outer.setdefault(reader.unsigned(), {}))


def _decode_map(reader: Reader, names: dict[int, str]) -> None:
    for _ in range(reader.size()):
        index = reader.unsigned()
        names[index] = reader.name()


def encode_names(names: Names) -> bytes:
    """Return the contents of the name section that gives `names`, subsections and indices in order."""
    out = bytearray()
    if names.module is not None:
        subsection = bytearray()
        write_name(subsection, names.module)
        _write_subsection(out, _MODULE, subsection)
    for kind in sorted(_MAPS | _MAPS_OF_MAPS):
        subsection = bytearray()
        if kind in _MAPS:
            table: dict[int, str] = getattr(names, _MAPS[kind])
            if table:
                _encode_map(subsection, table)
        else:
            tables: dict[int, dict[int, str]] = getattr(names, _MAPS_OF_MAPS[kind])
            outer = sorted((index, inner) for index, inner in tables.items() if inner)
            if outer:
                write_unsigned(subsection, len(outer))
                for index, inner in outer:
                    write_unsigned(subsection, index)
                    _encode_map(subsection, inner)
        if subsection:
            _write_subsection(out, kind, subsection)
    return bytes(out)


def _encode_map(out: bytearray, names: dict[int, str]) -> None:
    write_unsigned(out, len(names))
    for index, name in sorted(names.items()):
        write_unsigned(out, index)
        write_name(out, name)


def _write_subsection(out: bytearray, kind: int, contents: bytearray) -> None:
    out.append(kind)
    write_unsigned(out, len(contents))
    out += contents
