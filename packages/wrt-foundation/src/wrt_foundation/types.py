"""The types of WebAssembly: number, vector, reference, composite and external types.

Types are immutable values: compared with `==`, hashable, shared freely between threads. A reference
type's heap type comes in two forms (specification, section 3.1 "Conventions"):

* *syntactic*, as a module writes it: a concrete heap type is an `int`, an index into the module's types;
* *closed*, as validation and the runtime use it: a concrete heap type is a `DefinedType` of
  `canonical.py`, so that types of different modules compare.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wrt_foundation.canonical import DefinedType, RecursionIndex

__all__ = [
    "ANYREF",
    "EXNREF",
    "EXTERNREF",
    "F32",
    "F64",
    "FUNCREF",
    "I32",
    "I64",
    "V128",
    "AbstractHeapType",
    "ArrayType",
    "CompositeType",
    "ContType",
    "ExternKind",
    "ExternType",
    "FieldType",
    "FuncType",
    "FuncUse",
    "GlobalType",
    "Limits",
    "MemoryType",
    "NumType",
    "PackedType",
    "RecType",
    "RefType",
    "StorageType",
    "StructType",
    "SubType",
    "TableType",
    "TagUse",
    "ValueType",
]

PAGE_SIZE = 65_536
"""Bytes of a memory page where the memory's type does not say otherwise."""


class NumType(Enum):
    """The number and vector types. The value is the type's code in the binary format."""

    I32 = 0x7F
    I64 = 0x7E
    F32 = 0x7D
    F64 = 0x7C
    V128 = 0x7B

    __hash__ = object.__hash__  # an Enum's own is a Python function, and types are keys on hot paths

    @property
    def bits(self) -> int:
        """The width in bits."""
        return _BITS[self]

    def __str__(self) -> str:
        return self.name.lower()

    def __repr__(self) -> str:
        return self.name


_BITS = {NumType.I32: 32, NumType.I64: 64, NumType.F32: 32, NumType.F64: 64, NumType.V128: 128}

I32, I64, F32, F64, V128 = NumType.I32, NumType.I64, NumType.F32, NumType.F64, NumType.V128


class PackedType(Enum):
    """The packed storage types of struct fields and array elements."""

    I8 = 0x78
    I16 = 0x77

    __hash__ = object.__hash__  # an Enum's own is a Python function, and types are keys on hot paths

    @property
    def bits(self) -> int:
        """The width in bits."""
        return 8 if self is PackedType.I8 else 16

    def __str__(self) -> str:
        return self.name.lower()

    def __repr__(self) -> str:
        return self.name


class AbstractHeapType(Enum):
    """The heap types that need no definition. The value is the code in the binary format."""

    NOCONT = 0x75
    NOEXN = 0x74
    NOFUNC = 0x73
    NOEXTERN = 0x72
    NONE = 0x71
    FUNC = 0x70
    EXTERN = 0x6F
    ANY = 0x6E
    EQ = 0x6D
    I31 = 0x6C
    STRUCT = 0x6B
    ARRAY = 0x6A
    EXN = 0x69
    CONT = 0x68

    __hash__ = object.__hash__  # an Enum's own is a Python function, and types are keys on hot paths

    def __str__(self) -> str:
        return self.name.lower()

    def __repr__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class RefType:
    """A reference type: `(ref null? heap)`. `exact` admits the very type only, no subtype (custom descriptors)."""

    nullable: bool
    heap: AbstractHeapType | int | DefinedType | RecursionIndex
    exact: bool = False

    def __str__(self) -> str:
        if self.nullable and not self.exact and (shorthand := _SHORTHANDS.get(self.heap)):
            return shorthand
        heap = f"(exact {self.heap})" if self.exact else str(self.heap)
        return f"(ref null {heap})" if self.nullable else f"(ref {heap})"


_SHORTHANDS: dict[object, str] = {
    AbstractHeapType.NONE: "nullref",
    AbstractHeapType.NOFUNC: "nullfuncref",
    AbstractHeapType.NOEXTERN: "nullexternref",
    AbstractHeapType.NOEXN: "nullexnref",
    AbstractHeapType.NOCONT: "nullcontref",
    **{
        heap: f"{heap}ref"
        for heap in AbstractHeapType
        if heap.name in ("FUNC", "EXTERN", "ANY", "EQ", "I31", "STRUCT", "ARRAY", "EXN", "CONT")
    },
}

FUNCREF = RefType(True, AbstractHeapType.FUNC)
EXTERNREF = RefType(True, AbstractHeapType.EXTERN)
ANYREF = RefType(True, AbstractHeapType.ANY)
EXNREF = RefType(True, AbstractHeapType.EXN)

ValueType = NumType | RefType
StorageType = NumType | RefType | PackedType


@dataclass(frozen=True, slots=True)
class FuncType:
    """A function's type: what it takes and what it gives, in order."""

    params: tuple[ValueType, ...] = ()
    results: tuple[ValueType, ...] = ()

    def __str__(self) -> str:
        return f"[{' '.join(map(str, self.params))}] -> [{' '.join(map(str, self.results))}]"


@dataclass(frozen=True, slots=True)
class FieldType:
    """A struct's field or an array's elements: what is stored, and whether it may be set."""

    storage: StorageType
    mutable: bool = False

    @property
    def value(self) -> ValueType:
        """The type of the field's value on the operand stack: packed storage unpacks to i32."""
        return I32 if isinstance(self.storage, PackedType) else self.storage


@dataclass(frozen=True, slots=True)
class StructType:
    """A structure's fields, in order."""

    fields: tuple[FieldType, ...] = ()


@dataclass(frozen=True, slots=True)
class ArrayType:
    """An array's element field."""

    field: FieldType


@dataclass(frozen=True, slots=True)
class ContType:
    """A continuation of a function type (stack switching)."""

    function: int | DefinedType | RecursionIndex


CompositeType = FuncType | StructType | ArrayType | ContType


@dataclass(frozen=True, slots=True)
class SubType:
    """A type definition: the composite type, its declared supertypes, and whether it may have subtypes.

    `descriptor` is the type whose values describe this one's, `describes` the type that this one's
    values describe (custom descriptors). Indices are syntactic.
    """

    composite: CompositeType
    supertypes: tuple[int, ...] = ()
    final: bool = True
    descriptor: int | None = None
    describes: int | None = None


@dataclass(frozen=True, slots=True)
class RecType:
    """A group of type definitions that may refer to one another.

    `explicit` keeps whether the binary wrote the group as such, for a group of one encodes both ways.
    """

    subtypes: tuple[SubType, ...]
    explicit: bool = False


@dataclass(frozen=True, slots=True)
class Limits:
    """The size range of a memory (in pages) or a table (in elements); `maximum` None is unbounded."""

    minimum: int
    maximum: int | None = None

    def __str__(self) -> str:
        return str(self.minimum) if self.maximum is None else f"{self.minimum} {self.maximum}"


@dataclass(frozen=True, slots=True)
class MemoryType:
    """A memory's type: limits in pages of `page_size` bytes, and the type of its addresses."""

    limits: Limits
    address: NumType = I32
    shared: bool = False
    page_size: int = PAGE_SIZE


@dataclass(frozen=True, slots=True)
class TableType:
    """A table's type: limits in elements, the elements' type, and the type of its indices."""

    element: RefType
    limits: Limits
    address: NumType = I32


@dataclass(frozen=True, slots=True)
class GlobalType:
    """A global's type."""

    value: ValueType
    mutable: bool = False


@dataclass(frozen=True, slots=True)
class FuncUse:
    """The type of an imported function, as an index into the module's types.

    `exact` imports the very type, no subtype (custom descriptors).
    """

    type: int
    exact: bool = False


@dataclass(frozen=True, slots=True)
class TagUse:
    """The type of a tag, as an index into the module's types: a function type whose parameters are the payload."""

    type: int


ExternType = FuncUse | TableType | MemoryType | GlobalType | TagUse


class ExternKind(Enum):
    """The kinds of what modules import and export. The value is the code in the binary format."""

    FUNC = 0
    TABLE = 1
    MEMORY = 2
    GLOBAL = 3
    TAG = 4

    __hash__ = object.__hash__  # an Enum's own is a Python function, and types are keys on hot paths

    def __str__(self) -> str:
        return self.name.lower()
