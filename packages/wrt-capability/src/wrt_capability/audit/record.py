"""A record: one event of the audit log as plain data, bounded in size, and without a guest's arguments.

Keys that the log itself sets come first in a record; `wrt_capability.recorder` says what the others mean.

==========  =================================================================================================
`time`      when it was recorded, UTC, "2026-11-24T09:30:00.123456Z"
`event`     what happened: "decision", "quota", "trap" …, and "audit" for what happens to the log itself
`clipped`   true where values were shortened to bound the record's size
==========  =================================================================================================
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

__all__ = ["KNOWN", "Record", "bounded", "timestamp"]

Record = dict[str, Any]
"""Plain values (str, int, bool, None, and lists of them) by key."""

KNOWN = (
    "time",
    "event",
    "tenant",
    "module",
    "hash",
    "kind",
    "object",
    "operation",
    "allowed",
    "rule",
    "reason",
    "function",
    "backtrace",
    "arguments",
)
"""The keys in the order in which they are written."""

RESERVED = frozenset(("seq", "previous", "seal", "clipped"))
"""Keys that are the log's own."""

MAX_KEYS = 64
MAX_TEXT = 4096
"""Characters of one text; what a guest names may be as long as a module."""
MAX_ITEMS = 128
"""Items of one list: of a backtrace, the innermost frames are enough."""
MAX_SIZE = 60_000
"""Characters of all texts together, so that a line stays below a size that is written at once."""

SMALL_TEXT, SMALL_ITEMS = 256, 16
"""The bounds for records that are too large with the ones above; keys that nobody knows are left out then."""


def bounded(event: Mapping[str, Any]) -> Record:
    """Return `event` as a record: its known keys first, plain values only, long ones cut.

    Raises `TypeError` for a value that is not plain, and `ValueError` for no `event`, a reserved key or too many keys.
    """
    if not isinstance(event.get("event"), str):
        raise ValueError("an audit record says what happened: its key 'event' is a str")
    if taken := RESERVED.intersection(event):
        raise ValueError(f"the audit log sets {min(taken)!r} itself")
    if len(event) > MAX_KEYS:
        raise ValueError(f"an audit record has at most {MAX_KEYS} keys, not {len(event)}")
    keys = [*(key for key in KNOWN if key in event), *(key for key in event if key not in KNOWN)]
    record, cut = _cut(event, keys, MAX_TEXT, MAX_ITEMS)
    if sum(map(_size, record.values())) > MAX_SIZE:
        record, cut = _cut(event, [key for key in keys if key in KNOWN], SMALL_TEXT, SMALL_ITEMS)[0], True
    if cut:
        record["clipped"] = True
    return record


def timestamp(nanoseconds: int) -> str:
    """Return a time since 1970 as text in UTC, to the microsecond. Texts sort as times do."""
    seconds, fraction = divmod(nanoseconds, 1_000_000_000)
    return f"{_second(seconds)}.{fraction // 1000:06d}Z"


@lru_cache(8)
def _second(seconds: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))


def _cut(event: Mapping[str, Any], keys: list[str], text: int, items: int) -> tuple[Record, bool]:
    record: Record = {}
    cut = False
    for key in keys:
        if not isinstance(key, str) or not 0 < len(key) <= SMALL_TEXT:
            raise TypeError(f"a key of an audit record is a short str, not {key!r:.80}")
        value = event[key]
        if isinstance(value, (list, tuple)):
            short = [_plain(key, item, text) for item in value[:items]]
            cut = cut or len(short) < len(value) or any(a is not b for a, b in zip(short, value, strict=False))
            record[key] = short
        else:
            record[key] = _plain(key, value, text)
            cut = cut or record[key] is not value
    return record, cut


def _plain(key: str, value: object, most: int) -> str | int | None:
    """The value itself, or a new text if it was too long."""
    if value is None or isinstance(value, int):
        # Past a few thousand digits Python does not write an int as text.
        return value if value is None or value.bit_length() <= 256 else f"an int of {value.bit_length()} bits"
    if isinstance(value, str):
        # An enumeration's member is written as its text.
        text = value if type(value) is str else str.__str__(value)
        return text if len(text) <= most else f"{text[:most]}… ({len(text)} characters)"
    raise TypeError(
        f"an audit record holds str, int, bool, None and lists of them: {key!r} is a {type(value).__name__}"
    )


def _size(value: object) -> int:
    if isinstance(value, list):
        return sum(map(_size, value))
    return len(value) if isinstance(value, str) else 8
