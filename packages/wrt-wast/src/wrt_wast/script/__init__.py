"""Scripts: the .wast files that test WebAssembly implementations, as lists of directives."""

from __future__ import annotations

from wrt_wast.script.parser import Script, parse_script

__all__ = ["Script", "parse_script"]
