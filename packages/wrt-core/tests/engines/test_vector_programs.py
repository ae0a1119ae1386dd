"""Random functions of vectors, against their own meaning: what is pending, spilled, merged or held as a number."""

from __future__ import annotations

import random
from functools import partial

import pytest

from wrt_core import EngineFactory
from wrt_core.engines.stackless import compiled
from wrt_core.engines.stackless.translation.function import translating
from wrt_core.engines.stackless.translation.writing.dispatched import write_dispatched
from wrt_core.engines.stackless.translation.writing.structured import write_structured
from wrt_core.numerics import NUMERICS
from wrt_core.testing.assembler import ModuleBuilder
from wrt_foundation.instructions import BY_NAME

PARAMS, LOCALS = 2, 5
UNARY = [
    "v128.not",
    "i8x16.neg",
    "i16x8.neg",
    "i32x4.neg",
    "i32x4.abs",
    "i8x16.popcnt",
    "f32x4.neg",
    "i64x2.extend_low_i32x4_u",
]
BINARY = [
    *(
        "v128.and",
        "v128.or",
        "v128.xor",
        "v128.andnot",
        "i8x16.add",
        "i16x8.sub",
        "i32x4.add",
        "i64x2.add",
        "i64x2.sub",
    ),
    *("i64x2.mul", "i32x4.mul", "i64x2.extmul_low_i32x4_u", "i64x2.extmul_high_i32x4_u", "i64x2.extmul_low_i32x4_s"),
    *(
        "i8x16.eq",
        "i8x16.ne",
        "i16x8.eq",
        "i32x4.eq",
        "i8x16.lt_u",
        "i8x16.gt_s",
        "i16x8.le_s",
        "i16x8.ge_u",
        "i8x16.min_s",
    ),
    *("i16x8.max_u", "i8x16.max_s", "i16x8.min_u", "i8x16.avgr_u", "i8x16.swizzle", "i16x8.add_sat_u", "i32x4.gt_s"),
]
SHIFTS = [f"{shape}.{name}" for shape in ("i8x16", "i16x8", "i32x4", "i64x2") for name in ("shl", "shr_u", "shr_s")]
SPLATS = {"i8x16.splat": 0xFF, "i16x8.splat": 0xFFFF, "i32x4.splat": 0xFFFF_FFFF}
LANES = [
    (4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11),
    (0, 1, 2, 3, 8, 9, 10, 11, 0, 1, 2, 3, 0, 1, 2, 3),
    (4, 5, 6, 7, 12, 13, 14, 15, *range(8)),
    (0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23),
    tuple(range(5, 21)),
    (0, 1, 2, 3, 8, 10, 9, 11, *range(8)),
    (31, 0, 30, 1, 29, 2, 28, 3, 27, 4, 26, 5, 25, 6, 24, 7),
]


class Generator:
    """Statements and expressions as trees of tuples; see `Meaning` for what each is."""

    def __init__(self, random_):
        self.random = random_

    def vector(self, depth):
        pick, choice = self.random.randrange(106), self.random.choice
        if depth <= 0 or pick < 22:
            if pick % 4 == 0:
                return ("const", self.random.choice([bytes(16), b"\xff" * 16, self.random.randbytes(16)]))
            return ("get", self.random.randrange(PARAMS + LOCALS))
        if pick < 28:
            return ("tee", PARAMS + self.random.randrange(LOCALS), self.vector(depth - 1))
        if pick < 36:
            return ("op", choice(UNARY), None, self.vector(depth - 1))
        if pick < 56:
            return ("op", choice(BINARY), None, self.vector(depth - 1), self.vector(depth - 1))
        if pick < 60:
            name = choice(["v128.bitselect", "i32x4.relaxed_laneselect"])
            return ("op", name, None, *[self.vector(depth - 1) for _ in range(3)])
        if pick < 68:
            return ("op", choice(SHIFTS), None, self.vector(depth - 1), self.number(depth - 2))
        if pick < 76:
            return ("op", "i8x16.shuffle", choice(LANES), self.vector(depth - 1), self.vector(depth - 1))
        if pick < 80:
            return ("op", choice(list(SPLATS)), None, self.number(depth - 1))
        if pick < 84:
            name = choice(["i8x16", "i16x8", "i32x4"])
            lane = self.random.randrange(BY_NAME[f"{name}.replace_lane"].lanes)
            return ("op", f"{name}.replace_lane", lane, self.vector(depth - 1), self.number(depth - 1))
        if pick < 88:
            return ("select", self.vector(depth - 1), self.vector(depth - 1), self.number(depth - 1))
        if pick < 92:
            return ("if", self.number(depth - 1), self.vector(depth - 1), self.vector(depth - 1))
        if pick < 95:
            return ("block", self.vector(depth - 1), self.number(depth - 1), self.vector(depth - 1))
        if pick < 97:
            return ("load", self.random.randrange(48))
        if pick < 104:
            return self.trap(depth - 1)
        return ("call", self.vector(depth - 1), self.vector(depth - 1))

    def trap(self, depth):
        """What goes wrong easily: a local that is pending when it changes, and operands that look the same."""
        local = PARAMS + self.random.randrange(LOCALS)
        changed = ("tee", local, ("op", "v128.not", None, ("get", local)))
        call = ("call", ("get", local), ("get", 0))
        shuffled = [("op", "i8x16.shuffle", self.random.choice(LANES), call, call) for _ in range(2)]
        second = self.random.choice(
            [
                changed,
                ("if", self.number(1), changed, self.vector(depth)),
                ("block", self.vector(depth), self.number(1), changed),
            ]
        )
        return self.random.choice(
            [
                ("op", self.random.choice(BINARY), None, ("get", local), second),
                ("op", "i64x2.add", None, ("op", "v128.xor", None, ("get", local), self.vector(1)), second),
                shuffled[0],
                ("op", "i64x2.extmul_low_i32x4_u", None, *shuffled),
            ]
        )

    def number(self, depth):
        pick = self.random.randrange(10)
        if depth <= 0 or pick < 4:
            return ("i32", self.random.choice([0, 1, 7, 8, 31, 33, 63, 64, 0xFF, 0x8000_0000]))
        if pick < 7:
            name = self.random.choice(
                ["i8x16.extract_lane_s", "i16x8.extract_lane_u", "i16x8.extract_lane_s", "i32x4.extract_lane"]
            )
            return ("op", name, self.random.randrange(BY_NAME[name].lanes), self.vector(depth - 1))
        name = self.random.choice(["v128.any_true", "i8x16.all_true", "i8x16.bitmask", "i32x4.bitmask"])
        return ("op", name, None, self.vector(depth - 1))

    def statement(self, depth):
        pick = self.random.randrange(10)
        if pick < 6 or depth <= 0:
            return ("set", PARAMS + self.random.randrange(LOCALS), self.vector(3))
        if pick < 7:
            return ("store", self.random.randrange(48), self.vector(3))
        if pick < 8:
            return ("when", self.number(2), self.statements(depth - 1), self.statements(depth - 1))
        return ("loop", self.random.randrange(1, 4), self.statements(depth - 1))

    def statements(self, depth):
        return [self.statement(depth) for _ in range(self.random.randrange(1, 5))]


def code(tree, counters):
    """The code of an expression, or of a statement."""
    match tree:
        case ("const", value):
            return f"v128.const {int.from_bytes(value, 'little')}"
        case ("i32", value):
            return f"i32.const {value}"
        case ("get", index):
            return f"local.get {index}"
        case ("tee", index, value):
            return f"{code(value, counters)} local.tee {index}"
        case ("op", name, immediate, *operands):
            given = (
                " ".join(map(str, immediate))
                if isinstance(immediate, tuple)
                else ""
                if immediate is None
                else immediate
            )
            return f"{' '.join(code(each, counters) for each in operands)} {name} {given}"
        case ("select", a, b, condition):
            return f"{code(a, counters)} {code(b, counters)} {code(condition, counters)} select"
        case ("if", condition, a, b):
            return f"{code(condition, counters)} if v128 {code(a, counters)} else {code(b, counters)} end"
        case ("block", a, condition, b):
            return f"block v128 {code(a, counters)} {code(condition, counters)} br_if 0 drop {code(b, counters)} end"
        case ("load", address):
            return f"i32.const {address} v128.load"
        case ("call", a, b):
            return f"{code(a, counters)} {code(b, counters)} call 0"
        case ("set", index, value):
            return f"{code(value, counters)} local.set {index}"
        case ("store", address, value):
            return f"i32.const {address} {code(value, counters)} v128.store"
        case ("when", condition, yes, no):
            then, otherwise = (" ".join(code(each, counters) for each in arm) for arm in (yes, no))
            return f"{code(condition, counters)} if {then} else {otherwise} end"
        case ("loop", times, body):
            counter = PARAMS + LOCALS + len(counters)
            counters.append(counter)
            inner = " ".join(code(each, counters) for each in body)
            count = f"local.get {counter} i32.const 1 i32.add local.tee {counter} i32.const {times} i32.lt_u br_if 0"
            return f"i32.const 0 local.set {counter} loop {inner} {count} end"
    raise AssertionError(tree)


class Meaning:
    """What a tree does, on `locals` and `memory`."""

    def __init__(self, params, memory):
        self.locals = [*params, *[bytes(16)] * LOCALS]
        self.memory = memory

    def of(self, tree):
        match tree:
            case ("const" | "i32", value):
                return value
            case ("get", index):
                return self.locals[index]
            case ("tee" | "set", index, value):
                self.locals[index] = self.of(value)
                return self.locals[index]
            case ("op", name, immediate, *operands):
                values = [self.of(each) for each in operands]
                return NUMERICS[name](*values, *([] if immediate is None else [immediate]))
            case ("select", a, b, condition):
                first, second = self.of(a), self.of(b)
                return first if self.of(condition) else second
            case ("if", condition, a, b):
                return self.of(a) if self.of(condition) else self.of(b)
            case ("block", a, condition, b):
                first = self.of(a)
                return first if self.of(condition) else self.of(b)
            case ("load", address):
                return bytes(self.memory[address : address + 16])
            case ("call", a, b):
                first, second = self.of(a), self.of(b)
                before = bytes(self.memory[64:80])
                self.memory[64:80] = first
                return NUMERICS["i8x16.add"](second, before)
            case ("store", address, value):
                self.memory[address : address + 16] = self.of(value)
            case ("when", condition, yes, no):
                for each in yes if self.of(condition) else no:
                    self.of(each)
            case ("loop", times, body):
                for _ in range(times):
                    for each in body:
                        self.of(each)
        return None


@pytest.mark.parametrize("write", [write_structured, write_dispatched], ids=["structured", "dispatched"])
@pytest.mark.parametrize("seed", range(60))
def test_a_program_does_what_it_says(seed, write, monkeypatch):
    monkeypatch.setattr(compiled, "translating", partial(translating, write=write))
    random_ = random.Random(seed)
    generator = Generator(random_)
    body, result = generator.statements(3), generator.vector(4)
    counters = []
    text = f"{' '.join(code(each, counters) for each in body)} {code(result, counters)}"
    builder = ModuleBuilder()
    builder.memory(1)
    call = "local.get 1 i32.const 64 v128.load i8x16.add i32.const 64 local.get 0 v128.store"
    builder.function(None, "v128 v128 -> v128", call)
    builder.function("run", "v128 v128 -> v128", text, " ".join(["v128"] * LOCALS + ["i32"] * len(counters)))
    engine = EngineFactory.create("stackless")
    exports = engine.instantiate(engine.load(builder.bytes())).exports
    for _ in range(3):
        params = [random_.randbytes(16) for _ in range(PARAMS)]
        memory = bytearray(random_.randbytes(80))
        exports.memory.write(0, memory)
        meaning = Meaning(params, memory)
        for each in body:
            meaning.of(each)
        expected = meaning.of(result)
        assert exports.run(*params) == expected
        assert exports.memory.read(0, 80) == memory


@pytest.mark.parametrize("name", [*BINARY, "v128.bitselect", "i8x16.shuffle"])
def test_long_chains_stay_within_what_python_parses(name):
    """Each result is an operand of the next, first, last and in between."""
    engine = EngineFactory.create("stackless")
    count = len(BY_NAME[name].operands)
    lanes = LANES[0] if name == "i8x16.shuffle" else None
    immediate = "" if lanes is None else " ".join(map(str, lanes))
    more = [] if lanes is None else [lanes]
    rest = " ".join(f"local.get {index % PARAMS}" for index in range(count - 1))
    builder = ModuleBuilder()
    builder.function("first", "v128 v128 -> v128", "local.get 0" + f" {rest} {name} {immediate}" * 120)
    builder.function("last", "v128 v128 -> v128", f"{rest} " * 120 + "local.get 0" + f" {name} {immediate}" * 120)
    inner = f"local.get 0 {'local.tee 2 ' * (count - 2)}{'local.get 2 ' * (count - 2)}local.get 1 {name} {immediate}"
    builder.function(
        "kept",
        "v128 v128 -> v128",
        f"loop v128 {inner} {f' v128.not v128.not {rest} {name} {immediate}' * 60} end",
        "v128",
    )
    exports = engine.instantiate(engine.load(builder.bytes())).exports
    a, b = bytes(range(16)), bytes(range(240, 256))
    params = [(a, b)[index % PARAMS] for index in range(count - 1)]
    first, last = a, a
    for _ in range(120):
        first = NUMERICS[name](first, *params, *more)
        last = NUMERICS[name](*params, last, *more)
    assert exports.first(a, b) == first
    assert exports.last(a, b) == last
    kept = NUMERICS[name](a, *[a] * (count - 2), b, *more)
    for _ in range(60):
        kept = NUMERICS[name](kept, *params, *more)
    assert exports.kept(a, b) == kept
