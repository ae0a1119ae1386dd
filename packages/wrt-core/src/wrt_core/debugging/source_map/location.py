"""Where a source map is: in the URL itself, or in a file beside the module."""

from __future__ import annotations

import base64
import binascii
from pathlib import Path
from urllib.parse import unquote_to_bytes, urlsplit

from wrt_core.debugging.problem import MalformedDebugInfo

__all__ = ["fetch"]

_LARGEST = 16 << 20
"""Bytes of a source map that is read."""


def fetch(url: str, directory: str | None) -> bytes:
    """Return the source map that a URL of a module leads to.

    It is a `data:` URL, or a file in the module's own directory or below: a module does not make its host read other
    files, or speak to the network. Raises `MalformedDebugInfo`.
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        raise MalformedDebugInfo("sourceMappingURL", None, "not a URL") from None
    if parts.scheme == "data":
        return _data(url)
    if parts.scheme or parts.netloc or directory is None:
        raise MalformedDebugInfo("sourceMappingURL", None, f"{url[:100]!r} is no file beside the module")
    try:
        root = Path(directory).resolve()
        path = (root / unquote_to_bytes(parts.path).decode()).resolve()
        if not path.is_relative_to(root) or not path.is_file():
            raise MalformedDebugInfo("sourceMappingURL", None, f"{url[:100]!r} is no file beside the module")
        if path.stat().st_size > _LARGEST:
            raise MalformedDebugInfo("sourceMappingURL", None, "the file is too large")
        return path.read_bytes()
    except (OSError, ValueError, RuntimeError) as error:  # the last for links that lead in a circle
        raise MalformedDebugInfo("sourceMappingURL", None, f"{url[:100]!r} can't be read: {error}") from None


def _data(url: str) -> bytes:
    kind, comma, data = url.partition(",")
    if not comma:
        raise MalformedDebugInfo("sourceMappingURL", None, "a data URL without data")
    raw = unquote_to_bytes(data)
    if not kind.endswith(";base64"):
        return raw
    try:
        return base64.b64decode(raw, validate=True)
    except binascii.Error as error:
        raise MalformedDebugInfo("sourceMappingURL", None, str(error)) from None
