"""Whatever the bytes are, validation answers with a module or a typed error."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import pytest

from wrt_core.validation import validate
from wrt_foundation.binary import write_instruction
from wrt_foundation.errors import WrtError
from wrt_foundation.features import ALL
from wrt_foundation.immediates import Cast, Catch, CatchKind, Handler, MemArg
from wrt_foundation.instructions import INSTRUCTIONS, Immediate, Instruction
from wrt_foundation.module import Code, DataSegment, ElementSegment, Expression, Import, Mode, Module
from wrt_foundation.types import (
    ANYREF,
    EXNREF,
    EXTERNREF,
    F64,
    FUNCREF,
    I32,
    I64,
    V128,
    AbstractHeapType,
    ArrayType,
    ContType,
    FieldType,
    FuncType,
    FuncUse,
    GlobalType,
    Limits,
    MemoryType,
    PackedType,
    RecType,
    RefType,
    StructType,
    SubType,
    TableType,
    TagUse,
    ValueType,
)

_TYPES = [
    RecType((SubType(FuncType()),)),
    RecType((SubType(FuncType((I32,), (I64,))),)),
    RecType((SubType(ContType(1)),)),
    RecType((SubType(StructType((FieldType(I32, True), FieldType(PackedType.I8, True))), final=False),)),
    RecType((SubType(ArrayType(FieldType(PackedType.I16, True))),)),
    RecType((SubType(ArrayType(FieldType(FUNCREF, True))),)),
    RecType(
        (
            SubType(StructType(), final=False, descriptor=7),
            SubType(StructType((FieldType(RefType(True, 6)),)), final=False, describes=6),
        ),
        explicit=True,
    ),
    RecType((SubType(FuncType((I32, RefType(True, 2)), (I64,))),)),
    RecType((SubType(ContType(8)),)),
]
_LOCALS: tuple[ValueType, ...] = (I32, I64, F64, V128, ANYREF, EXNREF, RefType(True, 3), RefType(False, 4), FUNCREF)


def _index(rng: random.Random) -> int:
    return rng.randrange(11) if rng.random() < 0.95 else rng.randrange(2**32)


def _reference(rng: random.Random) -> RefType:
    heap = rng.choice(list(AbstractHeapType)) if rng.random() < 0.5 else rng.randrange(11)
    exact = isinstance(heap, int) and rng.random() < 0.3
    return RefType(rng.random() < 0.5, heap, exact)


def _value(rng: random.Random) -> ValueType:
    return rng.choice([I32, I64, F64, V128]) if rng.random() < 0.5 else _reference(rng)


def _immediate(rng: random.Random, kind: Immediate, instruction: Instruction) -> Any:
    match kind:
        case Immediate.BLOCK_TYPE:
            return rng.choice([None, None, _value(rng), rng.randrange(11)])
        case Immediate.LABEL:
            return rng.randrange(4)
        case Immediate.LABELS:
            return tuple(rng.randrange(4) for _ in range(rng.randrange(1, 4)))
        case Immediate.VALUE_TYPES:
            return tuple(_value(rng) for _ in range(rng.randrange(3)))
        case Immediate.HEAP_TYPE:
            return _reference(rng)
        case Immediate.CAST:
            return Cast(rng.randrange(3), _reference(rng), _reference(rng))
        case Immediate.MEMARG:
            return MemArg(instruction.width.bit_length() - 1, rng.randrange(3), int(rng.random() < 0.1))
        case Immediate.LANES:
            return tuple(rng.randrange(33) for _ in range(16))
        case Immediate.CATCHES:
            kinds = [rng.choice(list(CatchKind)) for _ in range(rng.randrange(3))]
            return tuple(Catch(k, 0 if "ALL" not in k.name else None, rng.randrange(3)) for k in kinds)
        case Immediate.HANDLERS:
            return tuple(Handler(rng.randrange(3), rng.choice([None, 0, 1])) for _ in range(rng.randrange(3)))
        case Immediate.V128:
            return bytes(16)
        case Immediate.FIELD | Immediate.LANE | Immediate.FENCE:
            return rng.randrange(2)
        case Immediate.I32 | Immediate.I64 | Immediate.F32 | Immediate.F64:
            return 0
        case _:
            return _index(rng)


def _body(rng: random.Random, length: int) -> bytes:
    out = bytearray()
    by_name = {i.name: i for i in INSTRUCTIONS}
    for _ in range(length):
        # What follows `unreachable` finds whatever operands it needs: so the rules are got past, not only into.
        write_instruction(out, by_name["unreachable"])
        for instruction in rng.sample(INSTRUCTIONS, rng.randrange(1, 4)):
            values = [_immediate(rng, kind, instruction) for kind in instruction.immediates]
            write_instruction(
                out, instruction, None if not values else values[0] if len(values) == 1 else tuple(values)
            )
    return bytes(out)


def _module(code: bytes) -> Module:
    return Module(
        types=_TYPES,
        imports=[
            Import("m", "f", FuncUse(0)),
            Import("m", "g", GlobalType(I32, True)),
            Import("m", "h", GlobalType(EXTERNREF)),
            Import("m", "t", TableType(FUNCREF, Limits(1))),
            Import("m", "u", TableType(ANYREF, Limits(1), I64)),
            Import("m", "e", TagUse(0)),
            Import("m", "s", TagUse(1)),
        ],
        functions=[1],
        memories=[MemoryType(Limits(1), I32), MemoryType(Limits(1), I64)],
        elements=[ElementSegment(Mode.DECLARATIVE, FUNCREF, (0, 1)), ElementSegment(Mode.PASSIVE, FUNCREF)],
        data_count=1,
        codes=[Code(tuple((1, type_) for type_ in _LOCALS), code)],
        data=[DataSegment(Mode.ACTIVE, b"", offset=Expression(b"\x41\x00\x0b"))],
    )


@pytest.mark.parametrize("seed", range(4))
def test_any_instructions(seed: int) -> None:
    rng = random.Random(seed)
    verdicts: Counter[str] = Counter()
    for _ in range(300):
        module = _module(_body(rng, rng.randrange(1, 4)) + b"\x00\x0b" * rng.randrange(1, 4))
        try:
            validate(module, features=ALL)
            verdicts["valid"] += 1
        except WrtError as error:
            verdicts[error.message.split(":")[0].split(" ")[0]] += 1
    # The bodies are neither all good nor all bad for one reason.
    assert verdicts["valid"] > 10
    assert len(verdicts) > 5


@pytest.mark.parametrize("seed", range(2))
def test_any_bytes(seed: int) -> None:
    rng = random.Random(seed)
    for _ in range(800):
        code = bytes(rng.randrange(256) for _ in range(rng.randrange(1, 30))) + b"\x0b"
        try:
            validate(_module(code), features=ALL)
        except WrtError:
            continue


def test_any_constant_expression() -> None:
    rng = random.Random(0)
    for _ in range(500):
        module = _module(b"\x00\x0b")
        module.elements.append(
            ElementSegment(Mode.PASSIVE, ANYREF, expressions=(Expression(_body(rng, 1) + b"\x0b"),), flags=5)
        )
        with pytest.raises(WrtError):
            validate(module, features=ALL)
