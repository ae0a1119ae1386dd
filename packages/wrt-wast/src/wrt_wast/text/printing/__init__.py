"""The text format, written: `print_module` gives a module's text, which parses back to the same bytes."""

from __future__ import annotations

from wrt_wast.text.printing.module import print_module

__all__ = ["print_module"]
