"""Types, as text."""

from __future__ import annotations

from collections.abc import Sequence

from wrt_foundation.types import (
    I32,
    PAGE_SIZE,
    AbstractHeapType,
    ArrayType,
    CompositeType,
    ContType,
    ExternType,
    FieldType,
    FuncType,
    FuncUse,
    GlobalType,
    MemoryType,
    RefType,
    StructType,
    SubType,
    TableType,
    TagUse,
    ValueType,
)
from wrt_wast.text.printing.context import Context
from wrt_wast.text.printing.identifiers import Identifiers

__all__ = [
    "extern_type",
    "global_type",
    "heap_type",
    "memory_type",
    "parameters",
    "reference_type",
    "results",
    "signature",
    "sub_type",
    "table_type",
    "type_use",
    "value_type",
]


def heap_type(c: Context, type_: RefType) -> str:
    """Return what a reference type refers to."""
    heap = type_.heap
    shown = c.types.use(heap) if isinstance(heap, int) else str(heap)
    return f"(exact {shown})" if type_.exact else shown


def reference_type(c: Context, type_: RefType) -> str:
    """Return a reference type, in its shorthand if it has one."""
    if isinstance(type_.heap, AbstractHeapType):
        return str(type_)
    return f"(ref null {heap_type(c, type_)})" if type_.nullable else f"(ref {heap_type(c, type_)})"


def value_type(c: Context, type_: ValueType) -> str:
    """Return a value type."""
    return reference_type(c, type_) if isinstance(type_, RefType) else str(type_)


def parameters(c: Context, types: Sequence[ValueType], names: Identifiers | None = None) -> str:
    """Return parameters, each by itself if some have identifiers, with a space before."""
    if names is not None and any(map(names.has, range(len(types)))):
        return "".join(f" (param{names.bind_local(i)} {value_type(c, t)})" for i, t in enumerate(types))
    return f" (param {_listed(c, types)})" if types else ""


def results(c: Context, types: Sequence[ValueType]) -> str:
    """Return results, with a space before."""
    return f" (result {_listed(c, types)})" if types else ""


def _listed(c: Context, types: Sequence[ValueType]) -> str:
    return " ".join(value_type(c, type_) for type_ in types)


def signature(c: Context, function: FuncType, names: Identifiers | None = None) -> str:
    """Return parameters and results, with a space before."""
    return parameters(c, function.params, names) + results(c, function.results)


def type_use(c: Context, index: int, names: Identifiers | None = None) -> str:
    """Return a type use, with the signature for people to read."""
    function = c.function_type(index)
    return f"(type {c.types.use(index)}){signature(c, function, names) if function is not None else ''}"


def sub_type(c: Context, index: int, sub: SubType) -> str:
    """Return a type definition without `(type …)` around it."""
    inner = "".join(
        f"({keyword} {c.types.use(other)}) "
        for keyword, other in (("describes", sub.describes), ("descriptor", sub.descriptor))
        if other is not None
    )
    inner += _composite_type(c, index, sub.composite)
    if sub.final and not sub.supertypes:
        return inner
    supertypes = "".join(f"{c.types.use(each)} " for each in sub.supertypes)
    return f"(sub {'final ' if sub.final else ''}{supertypes}{inner})"


def _composite_type(c: Context, index: int, type_: CompositeType) -> str:
    match type_:
        case FuncType():
            return f"(func{signature(c, type_)})"
        case StructType():
            names = c.fields.get(index)
            if names:
                fields = (f" (field{names.bind_local(i)} {_field(c, f)})" for i, f in enumerate(type_.fields))
                return f"(struct{''.join(fields)})"
            return f"(struct{''.join(f' (field {_field(c, each)})' for each in type_.fields)})"
        case ArrayType():
            return f"(array {_field(c, type_.field)})"
        case ContType():
            if not isinstance(type_.function, int):
                raise TypeError(f"only syntactic types have a text form, not {type_!r}")
            return f"(cont {c.types.use(type_.function)})"


def _field(c: Context, field: FieldType) -> str:
    storage = field.storage
    shown = reference_type(c, storage) if isinstance(storage, RefType) else str(storage)
    return f"(mut {shown})" if field.mutable else shown


def table_type(c: Context, type_: TableType) -> str:
    """Return a table type."""
    address = "" if type_.address is I32 else f"{type_.address} "
    return f"{address}{type_.limits} {reference_type(c, type_.element)}"


def memory_type(type_: MemoryType) -> str:
    """Return a memory type."""
    address = "" if type_.address is I32 else f"{type_.address} "
    pages = "" if type_.page_size == PAGE_SIZE else f" (pagesize {type_.page_size})"
    return f"{address}{type_.limits}{' shared' if type_.shared else ''}{pages}"


def global_type(c: Context, type_: GlobalType) -> str:
    """Return a global type."""
    shown = value_type(c, type_.value)
    return f"(mut {shown})" if type_.mutable else shown


def extern_type(c: Context, type_: ExternType) -> str:
    """Return the type of an import, without its keyword."""
    match type_:
        case FuncUse():
            use = type_use(c, type_.type)
            # Inside of `exact`, only the type's index is common to all tools.
            return f"(exact (type {c.types.use(type_.type)}))" if type_.exact else use
        case TableType():
            return table_type(c, type_)
        case MemoryType():
            return memory_type(type_)
        case GlobalType():
            return global_type(c, type_)
        case TagUse():
            return type_use(c, type_.type)
