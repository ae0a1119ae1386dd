"""The text format: `parse_module` reads it, `print_module` writes it. Specification: chapter 6."""

from __future__ import annotations

from wrt_wast.text.parser import parse_module
from wrt_wast.text.printing import print_module

__all__ = ["parse_module", "print_module"]
