"""Types and type definitions (specification, section 6.4 "Types")."""

from __future__ import annotations

from wrt_foundation.features import Feature
from wrt_foundation.types import (
    I32,
    I64,
    PAGE_SIZE,
    ArrayType,
    CompositeType,
    ContType,
    FieldType,
    FuncType,
    GlobalType,
    Limits,
    MemoryType,
    NumType,
    RecType,
    RefType,
    StorageType,
    StructType,
    SubType,
    TableType,
    ValueType,
)
from wrt_wast.text.context import Context
from wrt_wast.text.keywords import HEAP_TYPES, NUMBER_TYPES, PACKED_TYPES, REFERENCE_TYPES
from wrt_wast.text.spaces import Ignored, Space

__all__ = [
    "address_type",
    "function_signature",
    "global_type",
    "heap_type",
    "is_reference_type",
    "limits",
    "memory_type",
    "parameters",
    "recursive_group",
    "reference_type",
    "results",
    "table_type",
    "type_definition",
    "value_type",
    "value_types",
]

_VALUE_TYPES: dict[str, ValueType] = NUMBER_TYPES | REFERENCE_TYPES


def value_type(c: Context) -> ValueType:
    """Read a value type."""
    found = _VALUE_TYPES.get(c.lexemes[c.index])
    if found is None:
        return _long_reference(c, "a value type")
    c.index += 1
    return found


def value_types(c: Context) -> list[ValueType]:
    """Read value types up to a closing parenthesis, and step over it."""
    found = []
    while not c.take(")"):
        found.append(value_type(c))
    return found


def reference_type(c: Context) -> RefType:
    """Read a reference type."""
    found = REFERENCE_TYPES.get(c.lexemes[c.index])
    if found is None:
        return _long_reference(c, "a reference type")
    c.index += 1
    return found


def is_reference_type(c: Context) -> bool:
    """Say whether a reference type comes next."""
    lexeme = c.lexemes[c.index]
    return lexeme in REFERENCE_TYPES or (lexeme == "(" and c.lexemes[c.index + 1] == "ref")


def _long_reference(c: Context, wanted: str) -> RefType:
    if not c.open("ref"):
        raise c.unexpected(wanted)
    nullable = c.take("null")
    found = heap_type(c, nullable)
    c.expect(")")
    return found


def heap_type(c: Context, nullable: bool) -> RefType:
    """Read a heap type, as the reference to it that is `nullable` or not."""
    abstract = HEAP_TYPES.get(c.lexemes[c.index])
    if abstract is not None:
        c.index += 1
        return RefType(nullable, abstract)
    if c.open("exact"):
        index = c.spaces.types.index(c)
        c.expect(")")
        return RefType(nullable, index, exact=True)
    if c.is_index():
        return RefType(nullable, c.spaces.types.index(c))
    raise c.unexpected("a heap type")


def parameters(c: Context, space: Space | None) -> tuple[ValueType, ...]:
    """Read any number of `(param …)`. Identifiers are bound in `space`; without one there may be none."""
    found: list[ValueType] = []
    while c.open("param"):
        named = c.lexemes[c.index][0] == "$"
        if named and space is None:
            raise c.unexpected("a value type")
        if named or (c.tokens.annotations and c.index in c.tokens.annotations):
            if space is not None:
                space.bind(c)
            found.append(value_type(c))
            c.expect(")")
            continue
        more = value_types(c)
        found += more
        if space is not None:
            space.count += len(more)
    return tuple(found)


def results(c: Context) -> tuple[ValueType, ...]:
    """Read any number of `(result …)`."""
    found: list[ValueType] = []
    while c.open("result"):
        found += value_types(c)
    return tuple(found)


def function_signature(c: Context, space: Space | None) -> FuncType:
    """Read parameters and results; the parameters' identifiers as `parameters` does."""
    return FuncType(parameters(c, space), results(c))


def address_type(c: Context) -> NumType:
    """Read the optional type of a memory's or table's addresses."""
    if c.take("i64"):
        return I64
    c.take("i32")
    return I32


def limits(c: Context, address: NumType) -> Limits:
    """Read one or two numbers. Validation bounds them; before 64-bit addresses, the grammar itself did."""
    bits = 64 if Feature.MEMORY64 in c.features else address.bits
    minimum = c.unsigned(bits, "limits")
    return Limits(minimum, c.unsigned(bits) if c.is_natural() else None)


def page_size(c: Context) -> int:
    """Read an optional `(pagesize n)`, n a power of two."""
    if not c.open("pagesize"):
        return PAGE_SIZE
    at = c.index
    size = c.unsigned(32, "a page size")
    if not size or size & (size - 1):
        raise c.error("invalid custom page size: must be a power of two", at)
    c.expect(")")
    return size


def memory_type(c: Context) -> MemoryType:
    """Read a memory type."""
    address = address_type(c)
    pages = limits(c, address)
    size = page_size(c)
    shared = c.take("shared")
    if size == PAGE_SIZE:
        size = page_size(c)
    return MemoryType(pages, address, shared, size)


def table_type(c: Context) -> TableType:
    """Read a table type."""
    address = address_type(c)
    elements = limits(c, address)
    return TableType(reference_type(c), elements, address)


def global_type(c: Context) -> GlobalType:
    """Read a global type."""
    if c.open("mut"):
        found = value_type(c)
        c.expect(")")
        return GlobalType(found, True)
    return GlobalType(value_type(c))


def type_definition(c: Context, index: int) -> SubType:
    """Read what follows `(type $id?`, with the closing parenthesis, as the definition of type `index`."""
    if c.open("sub"):
        final = c.take("final")
        supertypes = []
        while c.is_index():
            supertypes.append(c.spaces.types.index(c))
        definition = _described(c, index, tuple(supertypes), final)
        c.expect(")")
    else:
        definition = _described(c, index, (), True)
    c.expect(")")
    return definition


def _described(c: Context, index: int, supertypes: tuple[int, ...], final: bool) -> SubType:
    describes = _clause(c, "describes")
    descriptor = _clause(c, "descriptor")
    return SubType(_composite_type(c, index), supertypes, final, descriptor, describes)


def _clause(c: Context, keyword: str) -> int | None:
    if not c.open(keyword):
        return None
    index = c.spaces.types.index(c)
    c.expect(")")
    return index


def _composite_type(c: Context, index: int) -> CompositeType:
    if c.open("func"):
        function = function_signature(c, Ignored())
        c.expect(")")
        return function
    if c.open("struct"):
        return _struct_type(c, index)
    if c.open("array"):
        element = _field_type(c)
        c.expect(")")
        return ArrayType(element)
    if c.open("cont"):
        function_index = c.spaces.types.index(c)
        c.expect(")")
        return ContType(function_index)
    if c.take("("):
        raise c.unexpected("func, struct, array or cont")
    raise c.unexpected("a type definition")


def _struct_type(c: Context, index: int) -> StructType:
    fields: list[FieldType] = []
    space = Space("field")
    while c.open("field"):
        if c.lexemes[c.index][0] == "$" or (c.tokens.annotations and c.index in c.tokens.annotations):
            space.bind(c)
            fields.append(_field_type(c))
            c.expect(")")
        else:
            while not c.take(")"):
                fields.append(_field_type(c))
            space.count = len(fields)
    c.expect(")")
    if space.identifiers or space.shown:
        c.spaces.fields[index] = space
    return StructType(tuple(fields))


def _field_type(c: Context) -> FieldType:
    if c.open("mut"):
        storage = _storage_type(c)
        c.expect(")")
        return FieldType(storage, True)
    return FieldType(_storage_type(c))


def _storage_type(c: Context) -> StorageType:
    packed = PACKED_TYPES.get(c.lexemes[c.index])
    if packed is None:
        return value_type(c)
    c.index += 1
    return packed


def recursive_group(c: Context) -> RecType:
    """Read what follows `(rec`, with the closing parenthesis; the types' identifiers have been bound before."""
    first = len(c.subtypes)
    definitions: list[SubType] = []
    while not c.take(")"):
        if not c.open("type"):
            raise c.unexpected("'(type'", c.index + 1 if c.lexemes[c.index] == "(" else None, known=("type",))
        c.identifier()
        definitions.append(type_definition(c, first + len(definitions)))
    return RecType(tuple(definitions), explicit=True)
