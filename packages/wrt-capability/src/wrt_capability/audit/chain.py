"""The hash chain: every line carries its number, the seal of the line before it, and a seal over all that.

A line is a JSON object whose last member is the seal::

    {"seq":7,"previous":"<seal of line 6>","time":…,"event":…,"seal":"<hash of all in front>"}

The head, beside the log, says how far the log goes: how many lines, how many bytes, the last seal. It is written after
the line and before the line is acknowledged, so a log may be longer than its head says, by what nobody was
promised, and is never shorter unless somebody took lines away.

With a key, seals are HMACs: who has no key can't make a new chain. Without one they are plain hashes, and whoever can
write both files can write another history; see docs/audit.md for what to do about that.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["GENESIS", "HEAD_SIZE", "Chain", "Head", "Line"]

GENESIS = "0" * 64
"""What the first line has for the seal of the line before it."""

_SEAL = b',"seal":"'
_TAIL = len(_SEAL) + 64 + len(b'"}')
_MAGIC = "wrt-audit-head/1"

HEAD_SIZE = len(f"{_MAGIC} {0:020d} {0:020d} {GENESIS} {GENESIS}\n")
"""Bytes of a head: always the same, so that writing one anew needs no new room on a disk that is full."""


@dataclass(frozen=True, slots=True)
class Head:
    """How far a log goes: `count` lines in `size` bytes, the last with the seal `seal`."""

    count: int = 0
    size: int = 0
    seal: str = GENESIS


@dataclass(frozen=True, slots=True)
class Line:
    """One line as it was read: what it says of itself, and whether its seal is right."""

    seq: int
    previous: str
    seal: str
    sound: bool
    record: Mapping[str, Any]


class Chain:
    """Makes and checks seals, with a key or without. Immutable, thread-safe."""

    __slots__ = ("_key",)

    def __init__(self, key: bytes | None = None) -> None:
        """`key` has at least 16 bytes; raises `ValueError` for a shorter one."""
        if key is not None and len(key) < 16:
            raise ValueError(f"a key for an audit log has at least 16 bytes, not {len(key)}")
        self._key = key

    @property
    def keyed(self) -> bool:
        """Whether seals need the key."""
        return self._key is not None

    def seal(self, data: bytes) -> str:
        """Return the seal of some bytes: 64 hexadecimal digits."""
        if self._key is None:
            return hashlib.sha256(data).hexdigest()
        return hmac.digest(self._key, data, "sha256").hex()

    # --- lines ---------------------------------------------------------------------------------------------

    def append(self, head: Head, record: Mapping[str, Any]) -> tuple[bytes, Head]:
        """Return the line for a record that follows `head`, with its line end, and the head after it."""
        seq = head.count + 1
        members = {"seq": seq, "previous": head.seal, **record}
        body = json.dumps(members, separators=(",", ":"), allow_nan=False).encode("ascii")
        seal = self.seal(body)
        line = b'%b%b%b"}\n' % (body[:-1], _SEAL, seal.encode("ascii"))
        return line, Head(seq, head.size + len(line), seal)

    def read(self, line: bytes) -> Line | None:
        """Return what a line, without its end, says; None if it is none of ours."""
        if len(line) < _TAIL or line[-_TAIL : -_TAIL + len(_SEAL)] != _SEAL or line[-2:] != b'"}':
            return None
        try:
            body = line[:-_TAIL] + b"}"
            record = json.loads(body)
            seq, previous = record.pop("seq"), record.pop("previous")
            seal = line[-66:-2].decode("ascii")
        except (ValueError, KeyError, AttributeError, RecursionError):
            return None
        if type(seq) is not int or type(previous) is not str:
            return None
        return Line(seq, previous, seal, hmac.compare_digest(self.seal(body), seal), record)

    @staticmethod
    def seal_of(line: bytes) -> str:
        """Return the seal that a line, with its end, carries, unchecked."""
        return line[-67:-3].decode("ascii", "replace")

    # --- heads ---------------------------------------------------------------------------------------------

    def write_head(self, head: Head) -> bytes:
        """Return a head as the `HEAD_SIZE` bytes of its file."""
        text = f"{_MAGIC} {head.count:020d} {head.size:020d} {head.seal}"
        return f"{text} {self.seal(text.encode('ascii'))}\n".encode("ascii")

    def read_head(self, data: bytes) -> Head | None:
        """Return what a head's file says; None if it is damaged, or sealed with another key."""
        text, _, check = data.decode("ascii", "replace").removesuffix("\n").rpartition(" ")
        words = text.split(" ")
        if len(words) != 4 or words[0] != _MAGIC or not (words[1].isdecimal() and words[2].isdecimal()):
            return None
        if not hmac.compare_digest(self.seal(text.encode()).encode(), check.encode()):
            return None
        return Head(int(words[1]), int(words[2]), words[3])
