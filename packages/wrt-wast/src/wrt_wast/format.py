"""`TextFormat`: the text format as a way to load modules (`wrt.formats`)."""

from __future__ import annotations

from wrt_core.formats import ModuleFormat
from wrt_foundation.module import Module
from wrt_wast.text import assemble

__all__ = ["TextFormat"]


class TextFormat(ModuleFormat):
    """Reads .wat files, and whatever else begins like one. Stateless, so thread-safe."""

    suffixes = (".wat",)

    def recognises(self, source: bytes) -> bool:
        """Say whether the first thing that is not white space is a parenthesis or a comment."""
        return source[:4096].lstrip(b" \t\r\n")[:1] in (b"(", b";")

    def read(self, source: bytes, filename: str | None = None) -> Module:
        """Return the module, which knows its text. Raises `TextError`, `DecodeError` for what only decoding finds."""
        return assemble(source, filename)
