"""What indirect calls call, where the table is settled.

Elsewhere an indirect call fetches a function and asks for its type. Where what a table has never changes, both are done
once: ``C0_3`` is a list of what calls of type 3 through table 0 call, by index, with something that traps where the
element is null or of another type.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from wrt_core.engines.stackless.trapping import trapping
from wrt_core.runtime.function import Func
from wrt_core.runtime.instance import Instance
from wrt_foundation.canonical import DefinedType
from wrt_foundation.traps import TrapCode

__all__ = ["IndirectCodes", "provide_codes"]

_CODES = "__codes__"
_NAME = re.compile(r"C(\d+)_(\d+)")

_UNINITIALIZED = trapping(TrapCode.UNINITIALIZED_ELEMENT)
_MISMATCH = trapping(TrapCode.INDIRECT_CALL_TYPE_MISMATCH)

Code = Callable[..., Any]

Link = Callable[[Any, Any, Func], Code]
"""Returns a function's code or, while that is not made, a stub that puts it at a key of a mapping or list."""


class IndirectCodes:
    """The codes of what is in an instance's settled tables, for the functions that have these globals, `names`."""

    def __init__(self, names: dict[str, Any], instance: Instance, link: Link) -> None:
        self._instance = instance
        self._link = link
        names[_CODES] = self

    def of(self, table: int, expected: DefinedType) -> list[Code]:
        """Return what calls of a type call, by the table's indices. The table must have all that it will ever have."""
        codes: list[Code] = []
        func: Func | None
        for index, func in enumerate(self._instance.tables[table].elements):
            if func is None:
                codes.append(_UNINITIALIZED)
            elif func.type is expected or func.type.is_subtype_of(expected):
                codes.append(self._link(codes, index, func))
            else:
                codes.append(_MISMATCH)
        return codes


def provide_codes(names: dict[str, Any], wanted: Iterable[str]) -> None:
    """Put those codes into a namespace that code asks for by name."""
    for name in wanted:
        match = _NAME.fullmatch(name)
        if match is not None and name not in names:
            codes: IndirectCodes = names[_CODES]
            names[name] = codes.of(int(match[1]), names[f"y{match[2]}"])
