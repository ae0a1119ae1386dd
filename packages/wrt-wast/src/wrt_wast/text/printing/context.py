"""`Context`: what the printer knows of a module: its types, its index spaces' identifiers."""

from __future__ import annotations

from functools import cached_property

from wrt_foundation.module import Module
from wrt_foundation.types import ExternKind, FuncType, FuncUse, StructType, SubType, TagUse
from wrt_wast.text.printing.identifiers import Identifiers

__all__ = ["Context"]


class Context:
    """A module that is being printed."""

    def __init__(self, module: Module) -> None:
        self.module = module
        names = module.names
        self.subtypes: list[SubType] = module.subtypes
        self.function_types = [i.type.type for i in module.imports if isinstance(i.type, FuncUse)] + module.functions
        self.tag_types = [i.type.type for i in module.imports if isinstance(i.type, TagUse)]
        self.tag_types += [tag.type for tag in module.tags]
        self.types = Identifiers(names.types, len(self.subtypes))
        self.functions = Identifiers(names.functions, len(self.function_types))
        self.tables = Identifiers(names.tables, self._count(ExternKind.TABLE, len(module.tables)))
        self.memories = Identifiers(names.memories, self._count(ExternKind.MEMORY, len(module.memories)))
        self.globals = Identifiers(names.globals, self._count(ExternKind.GLOBAL, len(module.globals)))
        self.tags = Identifiers(names.tags, len(self.tag_types))
        self.elements = Identifiers(names.elements, len(module.elements))
        self.data = Identifiers(names.data, len(module.data))

    def _count(self, kind: ExternKind, defined: int) -> int:
        return len(self.module.imported(kind)) + defined

    @cached_property
    def fields(self) -> dict[int, Identifiers]:
        """The identifiers of structures' fields, by type index."""
        return {
            index: Identifiers(names, len(composite.fields))
            for index, names in self.module.names.fields.items()
            if index < len(self.subtypes) and isinstance(composite := self.subtypes[index].composite, StructType)
        }

    def function_type(self, index: int) -> FuncType | None:
        """Return the function type of that index; None if the module, not being valid, has none there."""
        if index < len(self.subtypes) and isinstance(function := self.subtypes[index].composite, FuncType):
            return function
        return None

    def type_of_function(self, index: int) -> FuncType | None:
        """Return the type of the function of that index."""
        return self.function_type(self.function_types[index]) if index < len(self.function_types) else None

    def type_of_tag(self, index: int) -> FuncType | None:
        """Return the type of the tag of that index."""
        return self.function_type(self.tag_types[index]) if index < len(self.tag_types) else None
