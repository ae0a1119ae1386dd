"""The context of validation: what may be referred to by index, with closed types.

Specification, section 3.1.6 "Contexts". A `Context` closes the types of a module's index spaces as it is
built; whether they are well-formed otherwise is checked by `types.py` and `module.py`.
"""

from __future__ import annotations

from wrt_core.validation.features import FeatureUse, value_features
from wrt_foundation.canonical import DefinedType
from wrt_foundation.errors import DecodeError, ValidationError
from wrt_foundation.features import Feature, Features
from wrt_foundation.limits import ImplementationLimits
from wrt_foundation.module import Module
from wrt_foundation.types import (
    ANYREF,
    EXNREF,
    EXTERNREF,
    FUNCREF,
    ArrayType,
    CompositeType,
    ContType,
    ExternType,
    FieldType,
    FuncType,
    FuncUse,
    GlobalType,
    MemoryType,
    NumType,
    PackedType,
    RefType,
    StorageType,
    StructType,
    SubType,
    TableType,
    TagUse,
    ValueType,
)

__all__ = ["Context"]


class Context:
    """A module's index spaces, imports first, with closed types.

    `functions` and `tags` hold the definitions, `exact_functions` says of which functions the very type
    is known. `declared` are the functions that ref.func may name in bodies; while `declaring`, in
    constant expressions, ref.func adds to them. `globals_in_scope` is how many globals a constant
    expression may refer to, `imported_globals` how many of them are imports, `made_by_default` are the types
    of aggregates all whose fields are known to have a default value. `changed_tables` are those that code was found to
    write to. Not thread-safe: one validation, one context.
    """

    __slots__ = (
        "_closed",
        "_composites",
        "_interned",
        "_struct_values",
        "changed_tables",
        "data_count",
        "data_declared",
        "declared",
        "declaring",
        "elements",
        "exact",
        "exact_functions",
        "features",
        "function_uses",
        "functions",
        "globals",
        "globals_in_scope",
        "imported_globals",
        "limits",
        "made_by_default",
        "memories",
        "module",
        "subtypes",
        "tables",
        "tag_uses",
        "tags",
        "types",
    )

    def __init__(
        self, module: Module, types: list[DefinedType], features: FeatureUse, limits: ImplementationLimits
    ) -> None:
        self.module = module
        self.types = types
        self.subtypes: list[SubType] = module.subtypes
        self.features = features
        self.limits = limits
        self.exact = Feature.CUSTOM_DESCRIPTORS in features.admitted
        self._composites: list[CompositeType | None] = [None] * len(types)
        # The usual types keep their identity when they are closed, so that comparing them is `is`.
        self._interned: dict[RefType, RefType] = {t: t for t in (FUNCREF, EXTERNREF, ANYREF, EXNREF)}
        self._closed: dict[RefType, RefType] = {}
        self._struct_values: dict[int, tuple[ValueType, ...]] = {}
        self.made_by_default: set[int] = set()

        self.function_uses: list[int] = []
        self.functions: list[DefinedType] = []
        self.exact_functions: list[bool] = []
        self.tables: list[TableType] = []
        self.memories: list[MemoryType] = []
        self.globals: list[GlobalType] = []
        self.tag_uses: list[int] = []
        self.tags: list[DefinedType] = []
        self.elements: list[RefType] = []
        self.data_count = len(module.data)
        self.data_declared = module.data_count is not None
        self.declared: set[int] = set()
        self.declaring = True
        self.changed_tables: set[int] = set()
        self.globals_in_scope = 0
        self.imported_globals = 0

    @property
    def admitted(self) -> Features:
        """The features that are switched on."""
        return self.features.admitted

    def use(self, feature: Feature, what: str) -> None:
        """Note the use of a feature; raises `UnsupportedFeature` if it is switched off."""
        self.features.use(feature, what)

    def add(self, type_: ExternType, *, exact: bool = False) -> None:
        """Add an import or a definition of that type to its index space."""
        match type_:
            case FuncUse(index):
                self.function_type_at(index)
                self.function_uses.append(index)
                self.functions.append(self.types[index])
                self.exact_functions.append(exact or type_.exact)
            case TableType():
                self.tables.append(self.table_type(type_))
            case MemoryType():
                self.memories.append(type_)
            case GlobalType(value, mutable):
                self.globals.append(GlobalType(self.close(value), mutable))
            case TagUse(index):
                self.function_type_at(index)
                self.tag_uses.append(index)
                self.tags.append(self.types[index])

    def add_functions(self, uses: list[int]) -> None:
        """Add the functions that the module defines, by their type indices."""
        for index in dict.fromkeys(uses):
            self.function_type_at(index)
        self.function_uses += uses
        self.functions += [self.types[index] for index in uses]
        self.exact_functions += [True] * len(uses)

    def table_type(self, type_: TableType) -> TableType:
        """Return a table's type closed. A table of functions is the MVP's, where a value of that type is not."""
        element = FUNCREF if type_.element == FUNCREF else self.reference(type_.element)
        return TableType(element, type_.limits, type_.address)

    # Types

    def close(self, type_: ValueType) -> ValueType:
        """Return a value type closed; raises for an unknown type or one whose feature is switched off."""
        if isinstance(type_, RefType):
            return self.reference(type_)
        if type_ is NumType.V128:
            self.use(Feature.SIMD, "the type v128")
        return type_

    def reference(self, type_: RefType) -> RefType:
        """Return a reference type closed: the same object each time, for types that are equal."""
        closed = self._closed.get(type_)
        if closed is None:
            for feature in value_features(type_):
                self.use(feature, f"the type {type_}")
            heap = self.type(type_.heap) if isinstance(type_.heap, int) else type_.heap
            closed = self.intern(RefType(type_.nullable, heap, type_.exact))
            self._closed[type_] = closed
        return closed

    def intern(self, closed: RefType) -> RefType:
        """Return the one object of this context that stands for a closed type."""
        return self._interned.setdefault(closed, closed)

    def reference_to(self, index: int, *, nullable: bool = False, exact: bool = False) -> RefType:
        """Return the closed type of references to the type definition at `index`."""
        return self.intern(RefType(nullable, self.type(index), exact and self.exact))

    def type(self, index: int) -> DefinedType:
        """Return the type definition at `index`."""
        if index >= len(self.types):
            raise ValidationError(f"unknown type {index}")
        return self.types[index]

    def composite_type(self, index: int) -> CompositeType:
        """Return the composite type at `index`, closed, its references the same objects as elsewhere here."""
        if index >= len(self.types):
            raise ValidationError(f"unknown type {index}")
        composite = self._composites[index]
        if composite is None:
            composite = self._composites[index] = self._close_composite(self.subtypes[index].composite)
        return composite

    def _close_composite(self, composite: CompositeType) -> CompositeType:
        match composite:
            case FuncType(params, results):
                return FuncType(tuple(map(self.close, params)), tuple(map(self.close, results)))
            case StructType(fields):
                return StructType(tuple(FieldType(self._storage(f.storage), f.mutable) for f in fields))
            case ArrayType(field):
                return ArrayType(FieldType(self._storage(field.storage), field.mutable))
            case ContType():
                return composite

    def _storage(self, storage: StorageType) -> StorageType:
        return storage if isinstance(storage, PackedType) else self.close(storage)

    def function_type_at(self, index: int) -> FuncType:
        """Return the function type at a type index."""
        composite = self.composite_type(index)
        if not isinstance(composite, FuncType):
            raise ValidationError(f"non-function type {index}")
        return composite

    def struct_type_at(self, index: int) -> StructType:
        """Return the structure type at a type index."""
        composite = self.composite_type(index)
        if not isinstance(composite, StructType):
            raise ValidationError(f"non-structure type {index}")
        return composite

    def struct_values_at(self, index: int) -> tuple[ValueType, ...]:
        """Return the types of the values that a structure of the type at a type index is made of."""
        values = self._struct_values.get(index)
        if values is None:
            values = tuple(field.value for field in self.struct_type_at(index).fields)
            self._struct_values[index] = values
        return values

    def array_type_at(self, index: int) -> FieldType:
        """Return the element field of the array type at a type index."""
        composite = self.composite_type(index)
        if not isinstance(composite, ArrayType):
            raise ValidationError(f"non-array type {index}")
        return composite.field

    # Index spaces

    def function_type(self, index: int) -> FuncType:
        """Return the type of the function at `index`."""
        if index >= len(self.function_uses):
            raise ValidationError(f"unknown function {index}")
        return self.function_type_at(self.function_uses[index])

    def table(self, index: int) -> TableType:
        """Return the type of the table at `index`."""
        if index >= len(self.tables):
            raise ValidationError(f"unknown table {index}")
        return self.tables[index]

    def memory(self, index: int) -> MemoryType:
        """Return the type of the memory at `index`."""
        if index >= len(self.memories):
            raise ValidationError(f"unknown memory {index}")
        return self.memories[index]

    def global_(self, index: int) -> GlobalType:
        """Return the type of the global at `index`."""
        if index >= len(self.globals):
            raise ValidationError(f"unknown global {index}")
        return self.globals[index]

    def tag(self, index: int) -> FuncType:
        """Return the type of the tag at `index`."""
        if index >= len(self.tag_uses):
            raise ValidationError(f"unknown tag {index}")
        return self.function_type_at(self.tag_uses[index])

    def element(self, index: int) -> RefType:
        """Return the type of the element segment at `index`."""
        if index >= len(self.elements):
            raise ValidationError(f"unknown elem segment {index}")
        return self.elements[index]

    def data(self, index: int) -> None:
        """Check that there is a data segment at `index`, and that the binary announced it before the code."""
        if not self.data_declared:
            raise DecodeError("data count section required")
        if index >= self.data_count:
            raise ValidationError(f"unknown data segment {index}")

    def index_of(self, type_: DefinedType) -> int | None:
        """Return the first index at which a type is defined here, None if it is not: for messages."""
        return self.types.index(type_) if type_ in self.types else None
