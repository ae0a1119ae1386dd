"""The binary format of instructions: sequences of bytes read and written, one instruction at a time.

Reading is the inner loop of validation and of translation, so the frequent shapes (no immediate, a
one-byte index, a short constant, a short memory operand) are read in line, without a call a byte.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from wrt_foundation.binary.immediates import Read, Write, reader_of, writer_of
from wrt_foundation.binary.leb128 import UNEXPECTED_END, read_unsigned
from wrt_foundation.errors import DecodeError
from wrt_foundation.immediates import MemArg
from wrt_foundation.instructions import BY_CODE, BY_NAME, INSTRUCTIONS, PREFIXES, Immediate, Instruction

__all__ = [
    "CLOSING",
    "OPENING",
    "read_expression",
    "read_instruction",
    "read_instructions",
    "write_instruction",
    "write_instructions",
]

# How the loop reads an instruction, by its first byte.
_INDEX, _PLAIN, _INTEGER, _MEMARG, _OTHER, _ILLEGAL = range(6)

_INDICES = {
    Immediate.LABEL,
    Immediate.FUNC,
    Immediate.TYPE,
    Immediate.TABLE,
    Immediate.MEMORY,
    Immediate.GLOBAL,
    Immediate.LOCAL,
    Immediate.TAG,
    Immediate.ELEM,
    Immediate.DATA,
}


def _shape(first: int) -> int:
    if first in PREFIXES:
        return _OTHER
    instruction = BY_CODE.get((None, first))
    if instruction is None:
        return _ILLEGAL
    match instruction.immediates:
        case ():
            return _PLAIN
        case (Immediate.I32 | Immediate.I64,):
            return _INTEGER
        case (Immediate.MEMARG,):
            return _MEMARG
        case (immediate,) if immediate in _INDICES:
            return _INDEX
    return _OTHER


_ELSE = BY_NAME["else"]
_UNREACHABLE = BY_NAME["unreachable"]
_SHAPES = bytes(_shape(first) for first in range(256))
_ONE_BYTE: list[Instruction] = [BY_CODE.get((None, first), _UNREACHABLE) for first in range(256)]
"""Instructions by their one byte. Bytes that are none have a place too; their shape keeps it from being looked at."""
_READERS: dict[Instruction, Read | None] = {instruction: reader_of(instruction) for instruction in INSTRUCTIONS}
_PREFIXED_BY_CODE: dict[int, dict[int, tuple[Instruction, Read | None]]] = {
    prefix: {code: (i, _READERS[i]) for (p, code), i in BY_CODE.items() if p == prefix} for prefix in PREFIXES
}
_WRITERS: dict[Instruction, tuple[bytes, Write]] = {i: (i.encoding, writer_of(i)) for i in INSTRUCTIONS}
_SHORT_MEMARGS = [[MemArg(align, offset) for offset in range(0x80)] for align in range(5)]
"""The memory operands of most loads and stores, made once: they are immutable, and looking one up is faster."""

OPENING = frozenset(BY_NAME[name] for name in ("block", "loop", "if", "try", "try_table"))
"""The instructions that open a block."""

CLOSING = frozenset(BY_NAME[name] for name in ("end", "delegate"))
"""The instructions that close one."""


def _read(data: bytes, start: int, base: int) -> Iterator[tuple[Instruction, Any, int]]:
    # Yields positions that count from the first byte of `data` plus `base`. Each frequent shape leaves
    # by `continue`; what falls through is read by the instruction's own reader.
    shapes, instructions, short_memargs = _SHAPES, _ONE_BYTE, _SHORT_MEMARGS
    position, end = start, len(data)
    try:
        while position < end:
            byte = data[position]
            shape = shapes[byte]
            if shape == _INDEX:
                value = data[position + 1]
                if value < 0x80:
                    yield instructions[byte], value, base + position
                    position += 2
                    continue
            elif shape == _PLAIN:
                yield instructions[byte], None, base + position
                position += 1
                continue
            elif shape == _INTEGER:
                value = data[position + 1]
                if value < 0x80:
                    yield instructions[byte], value if value < 0x40 else value - 0x80, base + position
                    position += 2
                    continue
            elif shape == _MEMARG:
                align = data[position + 1]
                offset = data[position + 2]
                if offset < 0x80 and align < 5:
                    yield instructions[byte], short_memargs[align][offset], base + position
                    position += 3
                    continue
            instruction, immediates, after = read_instruction(data, position)
            yield instruction, immediates, base + position
            position = after
    except IndexError:
        raise DecodeError(UNEXPECTED_END, offset=base + end) from None
    except DecodeError as error:
        if error.offset is not None:
            error.offset += base
        raise


def read_instruction(data: bytes, position: int) -> tuple[Instruction, Any, int]:
    """Return the instruction at `position`, its immediates, and the position after them.

    Raises `DecodeError` where it is malformed, with an offset that counts from the first byte of `data`, and
    `IndexError` where the bytes run out.
    """
    first = data[position]
    if first in _PREFIXED_BY_CODE:
        code, after = read_unsigned(data, position + 1)
        found = _PREFIXED_BY_CODE[first].get(code)
        if found is None:
            raise DecodeError(f"illegal opcode {first:02x} {code:02x}", offset=position)
        instruction, read = found
    else:
        if _SHAPES[first] == _ILLEGAL:
            raise DecodeError(f"illegal opcode {first:02x}", offset=position)
        after = position + 1
        instruction = _ONE_BYTE[first]
        read = _READERS[instruction]
    if read is None:
        return instruction, None, after
    immediates, after = read(data, after)
    return instruction, immediates, after


def read_instructions(code: bytes, offset: int = 0) -> Iterator[tuple[Instruction, Any, int]]:
    """Yield each instruction of `code` with its immediates and its position, to the last byte.

    Immediates are as `wrt_foundation.immediates` says. A position is `offset` plus the index of the
    instruction's first byte. Nesting is not checked: `end`, `else` and their kin are instructions
    like any other. Raises `DecodeError` at malformed bytes.
    """
    return _read(code, 0, offset)


def read_expression(data: bytes, position: int) -> int:
    """Return the position after the expression at `position`: after the `end` that closes no block of its own.

    Raises `DecodeError` at malformed bytes, with an offset that counts from the first byte of `data`.
    """
    depth = 0
    for instruction, _, at in _read(data, position, 0):
        if instruction in OPENING:
            depth += 1
        elif instruction is _ELSE and not depth:
            raise DecodeError("END opcode expected", offset=at)
        elif instruction in CLOSING:
            depth -= 1
            if depth < 0:
                return at + 1
    raise DecodeError(UNEXPECTED_END, offset=len(data))


def write_instruction(out: bytearray, instruction: Instruction, immediate: Any = None) -> None:
    """Append an instruction with its immediates, as `read_instructions` yields them, in the shortest form.

    Raises `WrtError` for a number that its field can't hold.
    """
    encoding, write = _WRITERS[instruction]
    out += encoding
    write(out, immediate)


def write_instructions(instructions: Iterable[tuple[Instruction, Any]]) -> bytes:
    """Return the bytes of a sequence of instructions with their immediates."""
    out = bytearray()
    for instruction, immediate in instructions:
        write_instruction(out, instruction, immediate)
    return bytes(out)
