"""Acceptance: the quick way through function bodies that are plainly valid, which nearly all are.

`accepts` reads a body's bytes and types its instructions in one loop, without making an object for any of them. The
frequent ones are written out, for the operands that they nearly always have; all others are checked by their rules.
It says yes or that it does not know: where anything is odd, the body is checked again by the rules alone, which then
find the error, its wording and its place. So nothing here has a message, and no position is kept for one.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from wrt_core.validation.body import FLOOR, Body, Frame, TypeMismatch
from wrt_core.validation.signatures import SPECIALS, TYPES, Rules
from wrt_foundation.binary.instructions import read_instruction
from wrt_foundation.errors import DecodeError, ValidationError
from wrt_foundation.instructions import BY_NAME, Immediate, Instruction
from wrt_foundation.types import I32, ValueType

__all__ = ["Shapes", "accepts"]

NUMBER, BINARY, LOAD, LOCAL_SET, END, LOCAL_TEE, BR_IF, STORE, BLOCK, CALL, UNARY, INDEX, PLAIN, OTHER = range(14)
"""What an instruction looks like to the loop, the frequent ones first, for it asks in this order."""

Shape = tuple[int, Any, Any, Any]
"""One of the above, and up to three things that its lines need."""

_BY_NAME = {
    "i32.const": NUMBER,
    "i64.const": NUMBER,
    "local.set": LOCAL_SET,
    "end": END,
    "local.tee": LOCAL_TEE,
    "br_if": BR_IF,
    "block": BLOCK,
    "loop": BLOCK,
    "call": CALL,
}
_INDICES = {Immediate.LABEL, Immediate.FUNC, Immediate.GLOBAL, Immediate.LOCAL}
_NO_VALUES = 0x40
_LOCAL_GET = BY_NAME["local.get"].code

_LISTED = 1 << 20
"""Bytes of a body up to which it is read from a list of its bytes, which takes eight times as much room."""


_PREPARED = 256
"""Heights of the operand stack for which the frames of plain blocks are made beforehand."""


@cache
def _prepared(opener: str) -> list[Frame]:
    """Frames of blocks and loops without parameters and results, by height, where no local waits to be set."""
    return [Frame(opener, (), (), (), height, 0) for height in range(_PREPARED)]


class Shapes:
    """The shapes of one module's instructions, by their first bytes, found on first use. Belongs to one `Context`."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self.by_byte: list[Shape] = [(OTHER, None, None, None)] * 256
        context = rules.context
        by_use: dict[int, tuple[int, list[ValueType], tuple[ValueType, ...]]] = {}
        for use in set(context.function_uses):
            type_ = context.function_type_at(use)
            by_use[use] = len(type_.params), list(type_.params), type_.results
        self.calls = [by_use[use] for use in context.function_uses]
        """What calls take and give, by function: the number of parameters, their types, the types of the results."""

    def learn(self, instruction: Instruction) -> None:
        """Note what an instruction looks like, if it is a single byte's; its feature was found to be switched on."""
        if instruction.prefix is None:
            self.by_byte[instruction.code] = self._shape(instruction)

    def _shape(self, instruction: Instruction) -> Shape:
        if instruction.name in _BY_NAME:
            shape = _BY_NAME[instruction.name]
            third: object = None
            if shape == NUMBER:
                third = TYPES[instruction.keyword.removesuffix(".const")]
            elif shape == BLOCK:
                third = _prepared(instruction.name)
            return shape, self.rules[instruction], instruction, third
        if instruction.immediates == (Immediate.MEMARG,):
            return self._access(instruction)
        if instruction.immediates:
            indexed = len(instruction.immediates) == 1 and instruction.immediates[0] in _INDICES
            return INDEX if indexed else OTHER, self.rules[instruction], instruction, None
        if instruction not in SPECIALS:
            assert instruction.operands is not None
            assert instruction.results is not None
            match [TYPES[word] for word in instruction.operands], [TYPES[word] for word in instruction.results]:
                case [operand], [result]:
                    return UNARY, operand, instruction, result
                case [operand, other], [result] if operand is other:
                    return BINARY, operand, instruction, result
        return PLAIN, self.rules[instruction], instruction, None

    def _access(self, instruction: Instruction) -> Shape:
        """A load or store in memory 0, of which the address type is known here."""
        assert instruction.operands is not None
        assert instruction.results is not None
        memories = self.rules.context.memories
        if not memories or instruction.atomic:
            return OTHER, self.rules[instruction], instruction, None
        natural = instruction.width.bit_length() - 1
        if instruction.results:
            return LOAD, memories[0].address, natural, TYPES[instruction.results[0]]
        return STORE, memories[0].address, natural, TYPES[instruction.operands[1]]


def accepts(body: Body, shapes: Shapes, code: bytes) -> bool:
    """Say whether a function body is valid for sure. If not, nobody knows, and `body` is used up."""
    try:
        return _accepts(body, shapes, code)
    except (IndexError, TypeMismatch, ValidationError, DecodeError):
        return False


def _accepts(body: Body, shapes: Shapes, code: bytes) -> bool:
    # An IndexError means that something ends too early: the code, the locals, the labels or the functions.
    # Python indexes lists twice as fast as bytes; the ints in it are shared.
    octets = list(code) if len(code) <= _LISTED else code
    stack, frames, set_locals = body.stack, body.frames, body.set_locals
    available, types = body.available, body.locals
    all_set = available is types
    by_byte, rules, calls, nesting = shapes.by_byte, shapes.rules, shapes.calls, body.context.limits.nesting
    blocks, loops = _prepared("block"), _prepared("loop")
    position = 0
    while True:
        byte = octets[position]
        if byte == _LOCAL_GET:
            index = octets[position + 1]
            if index < 0x80:
                type_ = available[index]
                if type_ is None:
                    return False
                stack.append(type_)
                position += 2
                continue
        shape, first, second, third = by_byte[byte]
        if shape == NUMBER:
            # In up to four bytes, any number fits; which one it is does not matter here.
            if octets[position + 1] < 0x80:
                stack.append(third)
                position += 2
                continue
            if octets[position + 2] < 0x80:
                stack.append(third)
                position += 3
                continue
            if octets[position + 3] < 0x80 or octets[position + 4] < 0x80:
                stack.append(third)
                position += 4 if octets[position + 3] < 0x80 else 5
                continue
        elif shape == BINARY:
            position += 1
            right = stack.pop()
            if right is first and stack[-1] is first:
                if third is not first:
                    stack[-1] = third
            else:
                stack.append(right)
                rules[second](body, second, None)
            continue
        elif shape == LOAD:
            # Alignment in one byte, memory 0; an offset in up to four bytes fits any address type.
            if stack[-1] is first and octets[position + 1] <= second:
                size = 3 if octets[position + 2] < 0x80 else 4 if octets[position + 3] < 0x80 else 5
                if size < 5 or octets[position + 4] < 0x80:
                    position += size
                    if third is not first:
                        stack[-1] = third
                    continue
        elif shape == LOCAL_SET:
            index = octets[position + 1]
            if all_set and index < 0x80:
                top = stack.pop()
                if top is types[index]:
                    position += 2
                    continue
                stack.append(top)
        elif shape == END:
            position += 1
            height = len(stack) - 1
            if 0 < height < _PREPARED and not set_locals:
                frame = frames[-1]
                if frame is blocks[height] or frame is loops[height]:
                    # No results, and nothing lies on its floor.
                    stack.pop()
                    frames.pop()
                    continue
            first(body, second, None)
            if not frames:
                return position == len(code)
            continue
        elif shape == LOCAL_TEE:
            index = octets[position + 1]
            if all_set and index < 0x80 and stack[-1] is types[index]:
                position += 2
                continue
        elif shape == BR_IF:
            depth = octets[position + 1]
            if depth < 0x80 and not frames[-1 - depth][3]:
                top = stack.pop()
                if top is I32:
                    position += 2
                    continue
                stack.append(top)
        elif shape == STORE:
            if octets[position + 1] <= second and stack[-1] is third and stack[-2] is first:
                size = 3 if octets[position + 2] < 0x80 else 4 if octets[position + 3] < 0x80 else 5
                if size < 5 or octets[position + 4] < 0x80:
                    position += size
                    stack.pop()
                    stack.pop()
                    continue
        elif shape == BLOCK:
            height = len(stack)
            if octets[position + 1] == _NO_VALUES and height < _PREPARED and not set_locals and len(frames) <= nesting:
                frames.append(third[height])
                stack.append(FLOOR)
                position += 2
                continue
        elif shape == CALL:
            index = octets[position + 1]
            after = position + 2
            if index > 0x7F:
                # Linkers leave room: five bytes are as frequent as two.
                index &= 0x7F
                shift = 7
                while (more := octets[after]) > 0x7F:
                    index |= (more & 0x7F) << shift
                    shift += 7
                    after += 1
                after += 1
                index |= more << shift
                if shift > 28:
                    return False
            count, taken, given = calls[index]
            position = after
            if not count:
                stack += given
            elif stack[-count:] == taken:
                stack[-count:] = given
            else:
                first(body, second, index)
            continue
        elif shape == UNARY:
            position += 1
            if stack[-1] is not first:
                rules[second](body, second, None)
            elif third is not first:
                stack[-1] = third
            continue
        elif shape == INDEX:
            index = octets[position + 1]
            if index < 0x80:
                first(body, second, index)
                position += 2
                continue
        elif shape == PLAIN:
            first(body, second, None)
            position += 1
            continue
        instruction, immediate, position = read_instruction(code, position)
        rules[instruction](body, instruction, immediate)
        if first is None:
            shapes.learn(instruction)
        if not frames:
            return position == len(code)
