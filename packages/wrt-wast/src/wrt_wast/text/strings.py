"""String literals and names: text ↔ bytes (specification, sections 6.3.3 and 6.3.4)."""

from __future__ import annotations

import re

from wrt_foundation.errors import WrtError

__all__ = ["StringError", "decode_name", "decode_string", "quote"]

_ESCAPE = re.compile(rb"\\(?:([tnr\"'\\])|([0-9a-fA-F]{2})|u\{([0-9a-fA-F_]+)\})")
_SIMPLE = {b"t": b"\t", b"n": b"\n", b"r": b"\r", b'"': b'"', b"'": b"'", b"\\": b"\\"}


class StringError(WrtError):
    """A string literal that stands for nothing; whoever read it knows its place."""


def decode_string(lexeme: str) -> bytes:
    """Return the bytes that a string token, quotes included, stands for.

    Raises `StringError` for an escape of no Unicode scalar value.
    """
    raw = lexeme[1:-1].encode()
    return raw if b"\\" not in raw else _ESCAPE.sub(_unescape, raw)


def _unescape(match: re.Match[bytes]) -> bytes:
    simple, byte, scalar = match.groups()
    if simple is not None:
        return _SIMPLE[simple]
    if byte is not None:
        return bytes.fromhex(byte.decode())
    digits = scalar.replace(b"_", b"").lstrip(b"0") or b"0"
    code = int(digits, 16) if len(digits) <= 6 else 0x110000
    if code >= 0x110000 or 0xD800 <= code < 0xE000:
        raise StringError("illegal escape: not a Unicode scalar value")
    return chr(code).encode()


def decode_name(lexeme: str) -> str:
    """Return the name that a string token stands for. Raises `StringError` if its bytes are not UTF-8."""
    try:
        return decode_string(lexeme).decode()
    except UnicodeDecodeError:
        raise StringError("malformed UTF-8 encoding") from None


_PLAIN = frozenset(range(0x20, 0x7F)) - set(b'"\\')
_NAMED = {0x09: "\\t", 0x0A: "\\n", 0x0D: "\\r", 0x22: '\\"', 0x5C: "\\\\"}


def quote(data: bytes | str) -> str:
    r"""Return a string literal, quotes included, that stands for `data`.

    Text keeps its printable characters; bytes past ASCII and all that is not printable are escaped,
    so that nothing of a guest's reaches a terminal as a control sequence.
    """
    if isinstance(data, str):
        return '"' + "".join(_character(c) for c in data) + '"'
    return '"' + "".join(chr(b) if b in _PLAIN else _NAMED.get(b) or f"\\{b:02x}" for b in data) + '"'


def _character(character: str) -> str:
    code = ord(character)
    if code < 0x80:
        return character if code in _PLAIN else _NAMED.get(code) or f"\\{code:02x}"
    return character if character.isprintable() else f"\\u{{{code:x}}}"
