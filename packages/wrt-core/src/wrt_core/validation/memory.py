"""Typing rules of memory instructions that the instruction table's signatures do not tell.

Specification, section 3.4.6 "Memory Instructions".
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from wrt_core.validation.body import Body
from wrt_core.validation.context import Context
from wrt_foundation.errors import ValidationError
from wrt_foundation.immediates import MemArg
from wrt_foundation.instructions import Instruction
from wrt_foundation.types import I32, NumType

__all__ = ["SPECIALS", "check_access", "memory_address"]


def memory_address(context: Context, index: int) -> NumType:
    """Return the address type of the memory at `index`."""
    return context.memory(index).address


def check_access(context: Context, instruction: Instruction, access: MemArg) -> NumType:
    """Check where an instruction accesses memory, and return the type of the address it takes."""
    align, offset, memory = access
    address = memory_address(context, memory)
    natural = instruction.width.bit_length() - 1
    if instruction.atomic and align != natural:
        raise ValidationError(f"atomic alignment must be natural: {1 << natural} bytes for {instruction.keyword}")
    if align > natural:
        raise ValidationError(
            f"alignment must not be larger than natural: {1 << natural} bytes for {instruction.keyword}"
        )
    if offset >> address.bits:
        raise ValidationError(f"offset out of range: {offset} does not fit {address}")
    return address


def _memory_copy(body: Body, instruction: Instruction, immediate: tuple[int, int]) -> None:
    destination, source = (memory_address(body.context, index) for index in immediate)
    length = I32 if I32 in (destination, source) else destination
    body.pop_all((destination, source, length))


SPECIALS: dict[str, Callable[[Body, Instruction, Any], None]] = {"memory.copy": _memory_copy}
"""The instructions that this file types, by name."""
