"""Element and data segments.

Specification, section 3.5.7 "Element Segments" and 3.5.8 "Data Segments".
"""

from __future__ import annotations

from wrt_core.validation.constant_expressions import check_constant_expression
from wrt_core.validation.context import Context
from wrt_core.validation.signatures import Rules
from wrt_core.validation.tables import check_storable
from wrt_foundation.errors import ValidationError
from wrt_foundation.features import Feature
from wrt_foundation.module import DataSegment, ElementSegment, Mode
from wrt_foundation.subtyping import matches
from wrt_foundation.types import FUNCREF, AbstractHeapType, RefType

__all__ = ["check_data", "check_elements"]

_FUNCTION = RefType(False, AbstractHeapType.FUNC)


def check_elements(context: Context, rules: Rules) -> None:
    """Check the element segments, and add them to their index space."""
    for segment in context.module.elements:
        _check_element_segment(context, rules, segment)


def _check_element_segment(context: Context, rules: Rules, segment: ElementSegment) -> None:
    if segment.mode is not Mode.ACTIVE:
        context.use(
            Feature.BULK_MEMORY if segment.mode is Mode.PASSIVE else Feature.REFERENCE_TYPES,
            f"a {segment.mode.value} element segment",
        )
    if segment.functions or (not segment.expressions and segment.type in (FUNCREF, _FUNCTION)):
        # Function indices are the MVP's, though the type of a reference to one is not.
        closed = context.intern(segment.type)
    else:
        closed = context.reference(segment.type)
    for index in segment.functions:
        context.function_type(index)
        context.declared.add(index)
    if segment.functions and not matches(_FUNCTION, closed):
        raise ValidationError(f"type mismatch: functions in an element segment of {closed}")
    for expression in segment.expressions:
        check_constant_expression(context, rules, expression, closed)
    if segment.mode is Mode.ACTIVE:
        table = context.table(segment.table)
        check_storable(closed, table.element, "an element segment's references")
        if segment.offset is None:
            raise ValidationError("an active element segment has an offset")
        check_constant_expression(context, rules, segment.offset, table.address)
    context.elements.append(closed)


def check_data(context: Context, rules: Rules) -> None:
    """Check the data segments."""
    for segment in context.module.data:
        _check_data_segment(context, rules, segment)


def _check_data_segment(context: Context, rules: Rules, segment: DataSegment) -> None:
    if segment.mode is Mode.PASSIVE:
        context.use(Feature.BULK_MEMORY, "a passive data segment")
        return
    memory = context.memory(segment.memory)
    if segment.offset is None:
        raise ValidationError("an active data segment has an offset")
    check_constant_expression(context, rules, segment.offset, memory.address)
