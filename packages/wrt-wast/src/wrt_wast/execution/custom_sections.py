"""Validation of custom sections whose contents have a meaning (specification, appendix "Custom Sections").

An engine ignores custom sections, malformed ones included; only `assert_invalid_custom` asks.
"""

from __future__ import annotations

from wrt_foundation.binary import read_instructions
from wrt_foundation.binary.leb128 import read_unsigned
from wrt_foundation.errors import DecodeError, ValidationError
from wrt_foundation.module import Code, Module
from wrt_foundation.types import ExternKind
from wrt_wast.text.annotations import BRANCH_HINT
from wrt_wast.text.customs import locals_bytes

__all__ = ["validate_custom_sections"]


def validate_custom_sections(module: Module) -> None:
    """Check the branch hints of a module. Raises `DecodeError` or `ValidationError` with what is wrong."""
    for section in module.customs:
        if section.name == BRANCH_HINT:
            try:
                _check_branch_hints(module, section.data)
            except IndexError:
                raise DecodeError(f"@{BRANCH_HINT} annotation: unexpected end", section="custom") from None


def _check_branch_hints(module: Module, data: bytes) -> None:
    imported = len(module.imported(ExternKind.FUNC))
    functions, position = read_unsigned(data, 0)
    last = -1
    for _ in range(functions):
        function, position = read_unsigned(data, position)
        if function <= last or not imported <= function < imported + len(module.codes):
            raise _invalid("invalid function")
        last = function
        targets = _targets(module.codes[function - imported])
        hints, position = read_unsigned(data, position)
        for _ in range(hints):
            offset, position = read_unsigned(data, position)
            if data[position] != 1 or data[position + 1] > 1:
                raise _invalid("invalid hint")
            position += 2
            if offset not in targets:
                raise _invalid("invalid target")


def _targets(code: Code) -> set[int]:
    """Return the offsets of the conditional branches, from the first byte of the body."""
    instructions = read_instructions(code.code, len(locals_bytes(code.locals)))
    return {at for instruction, _, at in instructions if instruction.name in ("if", "br_if")}


def _invalid(message: str) -> ValidationError:
    return ValidationError(f"@{BRANCH_HINT} annotation: {message}", section="custom")
