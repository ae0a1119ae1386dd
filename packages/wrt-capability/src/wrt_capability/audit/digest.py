"""Digests of arguments: records tell whether two calls had the same arguments, and nobody what they were."""

from __future__ import annotations

import re
import secrets
import struct
from collections.abc import Iterable
from hashlib import blake2b

__all__ = ["Digester"]

_DIGEST = re.compile(r"blake2b:[0-9a-f]{32}")


class Digester:
    """Makes digests of arguments with a key; those of one key can be compared.

    The key is random unless given. Without one a digest would give short secrets away: there are only ten thousand
    PINs to try. Immutable, thread-safe.
    """

    __slots__ = ("_key",)

    def __init__(self, key: bytes | None = None) -> None:
        """`key` has 16 to 64 bytes; raises `ValueError` for others."""
        if key is not None and not 16 <= len(key) <= 64:
            raise ValueError(f"a key for digests has 16 to 64 bytes, not {len(key)}")
        self._key = secrets.token_bytes(32) if key is None else key

    def digest(self, arguments: Iterable[object]) -> str:
        """Return "blake2b:" and 32 hexadecimal digits.

        Numbers, texts and bytes count by type and value. Of anything else, which may be large or hostile to look at,
        the type counts.
        """
        state = blake2b(digest_size=16, key=self._key)
        for value in arguments:
            kind, content = _bytes_of(value)
            # The length in front: no two lists of values may run together into the same bytes.
            state.update(b"%b:%d:" % (kind, len(content)))
            state.update(content)
        return f"blake2b:{state.hexdigest()}"

    @staticmethod
    def is_digest(value: object) -> bool:
        """Whether `value` is what `digest` returns."""
        return isinstance(value, str) and _DIGEST.fullmatch(value) is not None

    def __repr__(self) -> str:
        return "<Digester>"  # the key stays here


def _bytes_of(value: object) -> tuple[bytes, bytes]:
    if value is None:
        return b"none", b""
    if isinstance(value, int):
        return b"int", value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)
    if isinstance(value, float):
        return b"float", struct.pack("<d", value)
    if isinstance(value, str):
        return b"str", value.encode("utf-8", "surrogatepass")
    if isinstance(value, (bytes, bytearray)):
        return b"bytes", bytes(value)
    return b"object", type(value).__qualname__.encode("utf-8", "surrogatepass")
