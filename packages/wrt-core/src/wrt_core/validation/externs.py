"""The types of what modules define, import and export: limits of tables and memories, tags.

Specification, section 3.2.10 "Limits" to 3.2.16 "External Types".
"""

from __future__ import annotations

from wrt_core.validation.context import Context
from wrt_foundation.errors import ValidationError
from wrt_foundation.features import Feature
from wrt_foundation.types import I64, PAGE_SIZE, ExternType, Limits, MemoryType, TableType, TagUse

__all__ = ["check_extern_type"]


def check_extern_type(context: Context, type_: ExternType) -> None:
    """Check the type of a definition or an import, but for what closing it finds: unknown types."""
    match type_:
        case TableType():
            _check_table_type(context, type_)
        case MemoryType():
            _check_memory_type(context, type_)
        case TagUse(index):
            context.features.use_one((Feature.EXCEPTIONS, Feature.LEGACY_EXCEPTIONS, Feature.STACK_SWITCHING), "a tag")
            if context.function_type_at(index).results:
                if Feature.STACK_SWITCHING not in context.admitted:
                    raise ValidationError("non-empty tag result type")
                context.use(Feature.STACK_SWITCHING, "a tag with results")


def _check_limits(limits: Limits, largest: int, message: str) -> None:
    if limits.minimum > largest or (limits.maximum is not None and limits.maximum > largest):
        raise ValidationError(message)
    if limits.maximum is not None and limits.minimum > limits.maximum:
        raise ValidationError("size minimum must not be greater than maximum")


def _check_table_type(context: Context, type_: TableType) -> None:
    if type_.address is I64:
        context.use(Feature.MEMORY64, "a table with 64-bit indices")
    bits = type_.address.bits
    _check_limits(type_.limits, (1 << bits) - 1, f"table size must be at most 2^{bits}-1 elements")


def _check_memory_type(context: Context, type_: MemoryType) -> None:
    if type_.address is I64:
        context.use(Feature.MEMORY64, "a memory with 64-bit addresses")
    if type_.page_size != PAGE_SIZE:
        context.use(Feature.CUSTOM_PAGE_SIZES, "a page size")
        if type_.page_size != 1:
            raise ValidationError(f"invalid custom page size: {type_.page_size}, where 1 and 65536 are known")
    bits = type_.address.bits
    # A memory of pages of one byte can't have the very size of the address space: it would not be a number of it.
    largest = min((1 << bits) // type_.page_size, (1 << bits) - 1)
    room = "4GiB" if bits == 32 else "16EiB"
    _check_limits(type_.limits, largest, f"memory size must be at most {largest} pages ({room})")
    if type_.shared:
        context.use(Feature.THREADS, "a shared memory")
        if type_.limits.maximum is None:
            raise ValidationError("shared memory must have maximum")
