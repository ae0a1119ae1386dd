"""The binary format of function bodies (section 5.5.13 "Code Section").

Decoding takes a body apart into its locals and its instructions' bytes, and reads no instruction: that
is for whoever validates or translates the function. `check_bodies` reads them all, for those who want
to know whether a module is well-formed to the last byte without validating it.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, repeat

from wrt_foundation.binary.instructions import OPENING, read_instructions
from wrt_foundation.binary.leb128 import UNEXPECTED_END, read_unsigned, write_unsigned
from wrt_foundation.binary.reader import Reader
from wrt_foundation.binary.types import read_value_type, write_value_type
from wrt_foundation.errors import DecodeError
from wrt_foundation.instructions import BY_NAME, Immediate
from wrt_foundation.module import Code, Module
from wrt_foundation.types import ValueType

__all__ = ["check_bodies", "read_codes", "write_codes"]

_END = 0x0B

_Seen = dict[bytes, tuple[tuple[tuple[int, ValueType], ...], int]]
"""Declarations of locals that were read before, by their bytes: the runs, and how many locals they are."""


def read_codes(reader: Reader, parameters: Sequence[int]) -> list[Code]:
    """Read the code section; `parameters` are the numbers of parameters of the functions, as far as they are known."""
    count = reader.count("functions", reader.limits.functions)
    seen: _Seen = {}
    known = chain(parameters, repeat(0))
    return [_read_code(reader, each, seen) for _, each in zip(range(count), known, strict=False)]


def _read_code(reader: Reader, parameters: int, seen: _Seen) -> Code:
    data, limits = reader.data, reader.limits
    start = reader.position
    size, position = read_unsigned(data, start)
    end = position + size
    if size > limits.body_size:
        raise DecodeError(f"function body too large: {size} bytes, the limit is {limits.body_size}", offset=start)
    # Many functions declare the same locals, in as many bytes as this: a count, and of each run its count and its type.
    usual = data[position : position + 1 + 2 * data[position]] if position < len(data) else b""
    known = seen.get(usual)
    if known is not None and known[1] + parameters <= limits.locals:
        runs = known[0]
        start = position + len(usual)
    else:
        reader.position = position
        runs = tuple(_read_locals(reader, parameters))
        start = reader.position
        if start == position + len(usual):
            seen[usual] = runs, sum(count for count, _ in runs)
    if start >= end or end > len(data) or data[end - 1] != _END:
        # Something is wrong with it; say the first thing that is.
        reader.position = start
        reader.expression()
        raise DecodeError("section size mismatch", offset=reader.position)
    reader.position = end
    return Code(runs, data[start:end], start)


def _read_locals(reader: Reader, parameters: int) -> list[tuple[int, ValueType]]:
    start = reader.position
    runs = []
    declared = 0
    for _ in range(reader.size()):
        count = reader.unsigned()
        declared += count
        if declared >= 1 << 32:
            raise DecodeError("too many locals", offset=start)
        runs.append((count, reader.take(read_value_type)))
    limit = reader.limits.locals
    if runs and declared + parameters > limit:
        raise DecodeError(
            f"too many locals: {declared + parameters} with parameters, the limit is {limit}", offset=start
        )
    return runs


def write_codes(out: bytearray, codes: Sequence[Code]) -> None:
    """Append the contents of the code section."""
    write_unsigned(out, len(codes))
    for code in codes:
        body = bytearray()
        write_unsigned(body, len(code.locals))
        for count, type_ in code.locals:
            write_unsigned(body, count)
            write_value_type(body, type_)
        write_unsigned(out, len(body) + len(code.code))
        out += body
        out += code.code


_END_OF_BLOCK, _ELSE, _DELEGATE = BY_NAME["end"], BY_NAME["else"], BY_NAME["delegate"]
_CONTINUES = {
    BY_NAME[name]: frozenset(BY_NAME[place] for place in places)
    for name, places in {
        "else": ("if",),
        "catch": ("try", "catch"),
        "catch_all": ("try", "catch"),
        "delegate": ("try",),
    }.items()
}
"""Where a block may have got to when one of these instructions comes."""


def check_bodies(module: Module) -> None:
    """Read every instruction of every body, and see that blocks nest and that bodies end where they should.

    Validation does the same and more. Raises `DecodeError`.
    """
    for code in module.codes:
        _check_body(code, module.data_count)


def _check_body(code: Code, data_count: int | None) -> None:
    # Each open block is the instruction that opened it, or the `else` or `catch` that it has got to. The
    # body itself is as one that has got to its `else`.
    blocks = [_ELSE]
    for instruction, _, at in read_instructions(code.code, code.offset):
        if not blocks:
            raise DecodeError("section size mismatch", offset=at, section="code")
        if instruction in OPENING:
            blocks.append(instruction)
        elif instruction in _CONTINUES:
            if blocks[-1] not in _CONTINUES[instruction]:
                raise DecodeError("END opcode expected", offset=at, section="code")
            blocks[-1] = instruction
            if instruction is _DELEGATE:
                blocks.pop()
        elif instruction is _END_OF_BLOCK:
            blocks.pop()
        elif data_count is None and Immediate.DATA in instruction.immediates:
            raise DecodeError("data count section required", offset=at, section="code")
    if blocks:
        raise DecodeError(UNEXPECTED_END, offset=code.offset + len(code.code), section="code")
