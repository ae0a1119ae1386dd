"""The text format: `parse_module` and `assemble` read it, `print_module` writes it. Specification: chapter 6."""

from __future__ import annotations

from wrt_wast.text.assembly import assemble
from wrt_wast.text.parser import parse_module
from wrt_wast.text.printing import print_module

__all__ = ["assemble", "parse_module", "print_module"]
