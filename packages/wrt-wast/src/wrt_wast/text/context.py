"""`Context`: what a module's parser knows while it reads: the tokens, the index spaces, the types so far."""

from __future__ import annotations

from array import array

from wrt_foundation.features import ALL, Features
from wrt_foundation.module import CustomSection, Module
from wrt_foundation.types import FuncType, RecType, SubType
from wrt_wast.dialect import Dialect
from wrt_wast.text.cursor import Cursor
from wrt_wast.text.lexer import Tokens
from wrt_wast.text.spaces import Spaces

__all__ = ["Context"]


class Context(Cursor):
    """A cursor within one module, with the module as far as it has been read."""

    __slots__ = (
        "dialect",
        "features",
        "hints",
        "module",
        "names_place",
        "places",
        "spaces",
        "subtypes",
        "uses_data",
        "_functions",
    )

    def __init__(
        self,
        tokens: Tokens,
        index: int = 0,
        features: Features = ALL,
        dialect: Dialect = Dialect.STANDARD,
    ) -> None:
        super().__init__(tokens, index)
        self.features = features
        self.dialect = dialect
        self.module = Module()
        self.spaces = Spaces()
        self.subtypes: list[SubType] = []
        self.uses_data = False
        """Whether a body refers to a data segment, for which the binary format wants a data count section."""
        self.hints: dict[int, list[tuple[int, int]]] = {}
        """Branch hints: by function, the offset in its code of the instruction, and the hint."""
        self.names_place: CustomSection | None = None
        """The name section's place among the custom sections, if an annotation gives one."""
        self.places: list[array[int]] = []
        """The places of instructions, as `Body` has them, for each of the module's codes."""
        self._functions: dict[FuncType, int] = {}

    def define(self, group: RecType) -> None:
        """Append the definitions of a recursive group to the module's types."""
        self.module.types.append(group)
        if len(group.subtypes) == 1:
            (sub,) = group.subtypes
            plain = sub.final and not sub.supertypes and sub.descriptor is None and sub.describes is None
            if plain and isinstance(sub.composite, FuncType):
                self._functions.setdefault(sub.composite, len(self.subtypes))
        self.subtypes.extend(group.subtypes)

    def function_type(self, function: FuncType) -> int:
        """Return the index of the first type that is just this function type; append one if there is none."""
        index = self._functions.get(function)
        if index is None:
            index = len(self.subtypes)
            self.define(RecType((SubType(function),)))
            self.spaces.types.count = len(self.subtypes)
        return index
