"""`ValidatedModule`: a module that is known to be valid, with what validation found out about it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from wrt_core.validation.context import Context
from wrt_core.validation.features import FeatureUse
from wrt_foundation.binary import encode
from wrt_foundation.canonical import DefinedType, canonical_types
from wrt_foundation.features import ALL, Features
from wrt_foundation.limits import DEFAULT_LIMITS, ImplementationLimits
from wrt_foundation.module import Code, Module
from wrt_foundation.types import (
    ExternKind,
    FuncType,
    FuncUse,
    GlobalType,
    MemoryType,
    TableType,
)

__all__ = ["ClosedType", "ExportType", "ImportType", "ValidatedModule", "context_of", "hash_of"]

ClosedType = DefinedType | TableType | MemoryType | GlobalType
"""The closed type of what is imported or exported: of functions and tags their definition."""


@dataclass(frozen=True, slots=True)
class ImportType:
    """What a module asks for: two names, a kind and a closed type. `exact` admits the very function type only."""

    module: str
    name: str
    kind: ExternKind
    type: ClosedType
    exact: bool = False


@dataclass(frozen=True, slots=True)
class ExportType:
    """What a module offers: a name, a kind, a closed type, and the index in the kind's index space."""

    name: str
    kind: ExternKind
    type: ClosedType
    index: int


def hash_of(module: Module) -> str:
    """Return the SHA-256 of a module's binary, in hexadecimal."""
    import hashlib  # most runs without a cache never ask

    return hashlib.sha256(module.binary or encode(module)).hexdigest()


def _function_types(context: Context) -> list[FuncType]:
    by_use = {use: context.function_type_at(use) for use in set(context.function_uses)}
    return [by_use[use] for use in context.function_uses]


def context_of(module: Module, limits: ImplementationLimits = DEFAULT_LIMITS) -> Context:
    """Return what the definitions of a module that is known to be valid mean, as whoever types its code asks."""
    context = Context(module, canonical_types(module.types), FeatureUse(ALL), limits)
    for import_ in module.imports:
        context.add(import_.type)
    context.add_functions(module.functions)
    for table in module.tables:
        context.add(table.type)
    for memory in module.memories:
        context.add(memory)
    for tag in module.tags:
        context.add(tag)
    for global_ in module.globals:
        context.add(global_.type)
    context.elements += [context.reference(segment.type) for segment in module.elements]
    return context


class ValidatedModule:
    """A module that is known to be valid: the only kind that engines take.

    `types` are the module's type definitions, `functions`, `tables`, `memories`, `globals` and `tags`
    its index spaces, imports first, all with closed types. `function_types` are the function types of
    `functions`, `declared_functions` those that ref.func may name, `features_used` what the module needs
    of an engine, `changed_tables` the tables that its code may write to. Immutable by convention and shared by threads;
    pickles.
    """

    def __init__(self, module: Module, context: Context, features_used: Features) -> None:
        self.module = module
        self.types: list[DefinedType] = context.types
        self.functions: list[DefinedType] = context.functions
        self.function_types: list[FuncType] = _function_types(context)
        self.tables: list[TableType] = context.tables
        self.memories: list[MemoryType] = context.memories
        self.globals: list[GlobalType] = context.globals
        self.tags: list[DefinedType] = context.tags
        self.declared_functions: frozenset[int] = frozenset(context.declared)
        self.features_used: Features = features_used
        self.changed_tables: frozenset[int] = frozenset(context.changed_tables)

    def __reduce__(self) -> tuple[Any, ...]:
        # Closed types are made anew from the module: they are cheap, and their graph may be deep, which pickling
        # would recurse over.
        return ValidatedModule.restore, (
            self.module,
            self.declared_functions,
            self.features_used,
            self.changed_tables,
        )

    @classmethod
    def restore(
        cls, module: Module, declared: Iterable[int], features_used: Features, changed_tables: Iterable[int]
    ) -> ValidatedModule:
        """Return a module as what validation made of it before; whoever calls this knows that it is the same module."""
        context = context_of(module)
        context.declared.update(declared)
        context.changed_tables.update(changed_tables)
        return cls(module, context, features_used)

    def __repr__(self) -> str:
        name = self.module.names.module
        return f"<ValidatedModule {name or self.hash[:12]}>"

    def _space(self, kind: ExternKind) -> list[Any]:
        match kind:
            case ExternKind.FUNC:
                return self.functions
            case ExternKind.TABLE:
                return self.tables
            case ExternKind.MEMORY:
                return self.memories
            case ExternKind.GLOBAL:
                return self.globals
            case ExternKind.TAG:
                return self.tags

    def is_settled(self, table: int) -> bool:
        """Say whether a table has forever what it has once its instance is made: nobody changes it, or else sees it."""
        return table in self._settled_tables

    @cached_property
    def _settled_tables(self) -> frozenset[int]:
        own = range(len(self.tables) - len(self.module.tables), len(self.tables))
        shared = {each.index for each in self.module.exports if each.kind is ExternKind.TABLE}
        return frozenset(own) - self.changed_tables - shared

    @cached_property
    def imports(self) -> list[ImportType]:
        """What the module asks for, in order."""
        counts = dict.fromkeys(ExternKind, 0)
        found = []
        for import_ in self.module.imports:
            kind = import_.kind
            exact = isinstance(import_.type, FuncUse) and import_.type.exact
            type_ = self._space(kind)[counts[kind]]
            found.append(ImportType(import_.module, import_.name, kind, type_, exact))
            counts[kind] += 1
        return found

    @cached_property
    def exports(self) -> list[ExportType]:
        """What the module offers, in order."""
        return [ExportType(e.name, e.kind, self._space(e.kind)[e.index], e.index) for e in self.module.exports]

    @cached_property
    def hash(self) -> str:
        """The SHA-256 of the module's binary, in hexadecimal: the same module in any process."""
        return hash_of(self.module)

    @cached_property
    def _function_names(self) -> dict[int, str]:
        imported = self.module.imported(ExternKind.FUNC)
        names = {index: f"{i.module}.{i.name}" for index, i in enumerate(imported)}
        for export in reversed(self.module.exports):
            if export.kind is ExternKind.FUNC:
                names[export.index] = export.name
        return names | self.module.names.functions

    def code(self, index: int) -> Code:
        """Return the body of a function that the module defines, by its index in the function index space."""
        return self.module.codes[index - (len(self.functions) - len(self.module.codes))]

    def function_name(self, index: int) -> str | None:
        """Return what a function is called: by the name section, else by its first export, else by its import."""
        return self._function_names.get(index)
