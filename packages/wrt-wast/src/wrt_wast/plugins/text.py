"""The text format, as a plugin of `wrt.formats`."""

from __future__ import annotations

from wrt_foundation.plugins import hookimpl

__all__ = ["wrt_register_format"]


@hookimpl
def wrt_register_format() -> object:
    """Hand over the format."""
    from wrt_wast.format import TextFormat

    return TextFormat()
