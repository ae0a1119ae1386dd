"""Dialects: what the scripts of other projects take for granted beyond the specification.

By default nothing past the specification is accepted. Scripts written for wasmtime's runner, or with
wasm-tools' parser, also rely on these:

* a folded plain instruction may hold flat ones as its operands: `(i32.eqz local.get 0)`;
* data segments may hold numbers: `(data (i16 1 -1))`, as the proposal for numeric values has it;
* an instance with an identifier, `$name`, is importable as "name" without being registered;
* there is a host module "wasmtime", whose function "gc" collects garbage;
* `assert_unlinkable` is also true of a module whose instantiation traps, and `assert_invalid` of a binary
  that is malformed;
* an annotation `(@producers (language "name" "version"))` stands for the custom section of that name.
"""

from __future__ import annotations

from enum import Enum
from pathlib import PurePath

__all__ = ["Dialect", "dialect_for"]


class Dialect(Enum):
    """A dialect of scripts; the value is the name that users type."""

    STANDARD = "standard"
    WASMTIME = "wasmtime"


_FOLDERS = frozenset({"wasmtime", "wasm-tools"})


def dialect_for(path: str) -> Dialect:
    """Return the dialect of the script at `path`: that of the project that a folder is named after."""
    return Dialect.WASMTIME if _FOLDERS.intersection(PurePath(path).parts) else Dialect.STANDARD
