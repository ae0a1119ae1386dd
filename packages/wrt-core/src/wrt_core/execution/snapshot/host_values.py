"""The host's own values in snapshots: the few plain kinds that mean the same in every process."""

from __future__ import annotations

import struct
from typing import Any

from wrt_foundation.errors import SnapshotError

__all__ = ["host_bytes", "host_value", "is_plain"]

_KINDS = (bool, int, float, str, bytes)


def is_plain(value: object) -> bool:
    """Say whether a snapshot can hold a value of the host's. One of a subclass is more than its value: not those."""
    return type(value) in _KINDS


def host_bytes(value: Any) -> bytes:
    """Return a plain value as bytes: the number of its kind, then what it is."""
    kind = _KINDS.index(type(value))
    match value:
        case bool():
            data = bytes([value])
        case int():
            data = value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)
        case float():
            data = struct.pack("<d", value)
        case str():
            data = value.encode("utf-8", "surrogatepass")
        case _:
            data = value
    return bytes([kind]) + data


def host_value(data: bytes) -> Any:
    """Return the value that bytes are. Raises `SnapshotError` if they are not what `host_bytes` returns."""
    if data and data[0] < len(_KINDS):
        kind, rest = _KINDS[data[0]], data[1:]
        value: Any
        try:
            if kind is bool:
                value = bool(rest and rest[0])
            elif kind is int:
                value = int.from_bytes(rest, "little", signed=True)
            elif kind is float:
                (value,) = struct.unpack("<d", rest)
            elif kind is str:
                value = rest.decode("utf-8", "surrogatepass")
            else:
                value = rest
        except (struct.error, UnicodeDecodeError):
            pass
        else:
            if host_bytes(value) == data:
                return value
    raise SnapshotError("the snapshot is malformed: a value of the host's is none")
