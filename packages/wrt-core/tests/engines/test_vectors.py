"""Vectors as translated: every instruction gives what `wrt_core.numerics` gives, and memory is left in time."""

from __future__ import annotations

import random
import struct

import pytest

from wrt_core import EngineFactory, Global
from wrt_core.numerics import NUMERICS
from wrt_core.testing.assembler import ModuleBuilder
from wrt_foundation.features import Feature
from wrt_foundation.instructions import BY_NAME, INSTRUCTIONS, Immediate
from wrt_foundation.traps import Trap
from wrt_foundation.types import V128, GlobalType, NumType
from wrt_foundation.values import TO_HOST, f32_from_bits, f64_bits

PAGE = 65_536
VECTORS = [each for each in INSTRUCTIONS if each.feature in (Feature.SIMD, Feature.RELAXED_SIMD)]
COMPUTING = [each for each in VECTORS if Immediate.MEMARG not in each.immediates and each.name != "v128.const"]
SIGNALLING = bytes.fromhex("0100a07f 0200a0ff 5a5a9a7f 00000080")
COUNTING = bytes(range(0x10, 0x20))


@pytest.fixture(scope="module")
def engine():
    return EngineFactory.create("stackless")


def number(vector):
    return str(int.from_bytes(vector, "little"))


def same(type_, got, expected):
    """Whether two values have the same bits; `expected` is in the engines' representation."""
    if type_ in ("f32", "f64"):
        return f64_bits(got) == f64_bits(expected)
    return got == TO_HOST[NumType[type_.upper()]](expected)


def some_vector(random_):
    special = [0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF]
    shapes = [
        random_.randbytes(16),
        bytes(random_.choice(special) & 0xFF for _ in range(16)),
        struct.pack("<4f", *[random_.choice([0.0, -0.0, 1.5, -2.5, 1e38, -1e-44, 3e9]) for _ in range(4)]),
        struct.pack("<2d", *[random_.choice([0.0, -0.0, 0.5, -1.5, 1e300, 5e-324, 3e9]) for _ in range(2)]),
        random_.choice([SIGNALLING, bytes(16), b"\xff" * 16, struct.pack("<2d", float("inf"), float("nan"))]),
    ]
    return random_.choice(shapes)


def some_value(random_, type_):
    match type_:
        case "v128":
            return some_vector(random_)
        case "i32":
            return random_.choice([0, 1, 7, 31, 0x80, 0xFFFF_FFFF, 0x8000_0000, random_.getrandbits(32)])
        case "i64":
            return random_.choice([0, 1, 63, 0xFFFF_FFFF_FFFF_FFFF, random_.getrandbits(64)])
        case "f32":
            return random_.choice([0.0, -1.5, 3e38, f32_from_bits(0x7FA0_0001), f32_from_bits(0xFFC0_1234)])
        case _:
            return random_.choice([0.0, -1.5, 1e300, float("inf")])


def lane_choices(instruction):
    if instruction.lanes:
        return list(range(instruction.lanes))
    if Immediate.LANES in instruction.immediates:
        return [tuple(range(16)), tuple(range(15, -1, -1)), (0, 31, 16, 15, *range(3, 15)), (5,) * 16, (20,) * 16]
    return [None]


def immediate(choice):
    return "" if choice is None else " ".join(map(str, choice)) if isinstance(choice, tuple) else str(choice)


@pytest.mark.parametrize("instruction", COMPUTING, ids=str)
def test_computes_what_numerics_computes(engine, instruction):
    """With operands from parameters, from constants, and pending from other instructions."""
    operands, (result,) = instruction.operands, instruction.results
    choices = lane_choices(instruction)
    random_ = random.Random(instruction.name)
    constant = [some_value(random_, type_) for type_ in operands]
    literal = {
        "v128": lambda value: f"v128.const {number(value)}",
        "i32": lambda value: f"i32.const {value}",
        "i64": lambda value: f"i64.const {value}",
        "f32": lambda value: "f32.const 0.5",
        "f64": lambda value: "f64.const 0.5",
    }
    constant = [0.5 if type_[0] == "f" else value for type_, value in zip(operands, constant, strict=True)]
    # What leaves a value as it is, but not as it was pending.
    detour = {
        "v128": "v128.not v128.not",
        "i32": "i32.const -1 i32.xor i32.const -1 i32.xor",
        "i64": "i64.const 9 i64.sub i64.const 9 i64.add",
        "f32": "local.set {0} local.get {0}",
        "f64": "local.set {0} local.get {0}",
    }
    builder = ModuleBuilder()
    signature = f"{' '.join(operands)} -> {result}"
    for which, choice in enumerate(choices):
        code = f"{instruction.name} {immediate(choice)}"
        gets = [f"local.get {index}" for index in range(len(operands))]
        builder.function(f"params {which}", signature, f"{' '.join(gets)} {code}")
        constants = [literal[type_](value) for type_, value in zip(operands, constant, strict=True)]
        builder.function(f"constants {which}", f"-> {result}", f"{' '.join(constants)} {code}")
        pending = [
            f"{get} {detour[type_].format(i)}" for i, (get, type_) in enumerate(zip(gets, operands, strict=True))
        ]
        builder.function(f"pending {which}", signature, f"{' '.join(pending)} {code}")
        # The result as an operand: of itself if it may be, so that what the template names twice is nested.
        if operands[0] == result:
            builder.function(f"nested {which}", signature, f"{' '.join(gets)} {code} {' '.join(gets[1:])} {code}")
        if operands[-1] == result and len(operands) > 1:
            builder.function(f"inner {which}", signature, f"{' '.join(gets[:-1])} {' '.join(gets)} {code} {code}")
    exports = engine.instantiate(engine.load(builder.bytes())).exports
    compute = NUMERICS[instruction.name]
    for which, choice in enumerate(choices):
        more = () if choice is None else (choice,)
        assert same(result, exports[f"constants {which}"](), compute(*constant, *more))
        for _ in range(12 if len(choices) == 1 else 4):
            values = [some_value(random_, type_) for type_ in operands]
            expected = compute(*values, *more)
            assert same(result, exports[f"params {which}"](*values), expected), values
            assert same(result, exports[f"pending {which}"](*values), expected), values
            if operands[0] == result:
                again = compute(expected, *values[1:], *more)
                assert same(result, exports[f"nested {which}"](*values), again), values
            if operands[-1] == result and len(operands) > 1:
                again = compute(*values[:-1], expected, *more)
                assert same(result, exports[f"inner {which}"](*values), again), values


# Memory


def loaded(name, data):
    """What a load makes of the bytes it takes."""
    word = name.removeprefix("v128.load")
    if word == "":
        return data
    if word.endswith("_splat"):
        return data * (16 // len(data))
    if word.endswith("_zero"):
        return data + bytes(16 - len(data))
    lanes, _, sign = word.partition("_")
    bits, count = map(int, lanes.split("x"))
    size = bits // 8
    parts = [int.from_bytes(data[i * size : (i + 1) * size], "little", signed=sign == "s") for i in range(count)]
    return b"".join((part % (1 << 2 * bits)).to_bytes(2 * size, "little") for part in parts)


LOADS = [each.name for each in VECTORS if each.width and each.operands == ("a",)]
LANE_LOADS = [each.name for each in VECTORS if each.width and each.lanes and each.results]
LANE_STORES = [each.name for each in VECTORS if each.width and each.lanes and not each.results]


def memory_module(engine, *functions):
    builder = ModuleBuilder()
    builder.memory(1)
    for function in functions:
        builder.function(*function)
    exports = engine.instantiate(engine.load(builder.bytes())).exports
    exports.memory.write(0, bytes(i * 7 + (i >> 8) & 0xFF for i in range(PAGE)))
    return exports


def traps(function, *arguments):
    with pytest.raises(Trap, match="^out of bounds memory access$"):
        function(*arguments)


@pytest.mark.parametrize("name", LOADS)
def test_loads(engine, name):
    exports = memory_module(
        engine,
        ("plain", "i32 -> v128", f"local.get 0  {name} align=0"),
        ("offset", "i32 -> v128", f"local.get 0  {name} 5"),
        ("far", "i32 -> v128", f"local.get 0  {name} {2**32 - 1}"),
        ("dropped", "i32 ->", f"local.get 0  {name}  drop"),
    )
    width = BY_NAME[name].width
    for address in (0, 1, 2, 3, 100, 65_500, PAGE - width):
        assert exports.plain(address) == loaded(name, exports.memory.read(address, width))
    assert exports.offset(PAGE - width - 5) == loaded(name, exports.memory.read(PAGE - width, width))
    for address in (PAGE - width + 1, PAGE, 2**31, 2**32 - 1):
        traps(exports.plain, address)
        traps(exports.dropped, address)
    traps(exports.offset, PAGE - width - 4)
    traps(exports.far, 0)
    traps(exports.far, 1)


@pytest.mark.parametrize("name", LANE_LOADS)
def test_lane_loads(engine, name):
    instruction = BY_NAME[name]
    width = instruction.width
    exports = memory_module(
        engine,
        *[
            (f"{lane}", "i32 v128 -> v128", f"local.get 0  local.get 1  {name} 3 {lane}")
            for lane in range(instruction.lanes)
        ],
    )
    for lane in range(instruction.lanes):
        for address in (0, 1, PAGE - width - 3):
            expected = bytearray(COUNTING)
            expected[lane * width : (lane + 1) * width] = exports.memory.read(address + 3, width)
            assert exports[str(lane)](address, COUNTING) == bytes(expected)
        traps(exports[str(lane)], PAGE - width - 2, COUNTING)
        traps(exports[str(lane)], 2**32 - 1, COUNTING)


@pytest.mark.parametrize("name", [*LANE_STORES, "v128.store"])
def test_stores(engine, name):
    instruction = BY_NAME[name]
    width, lanes = instruction.width, instruction.lanes or 1
    exports = memory_module(
        engine,
        *[
            (f"{lane}", "i32 v128 ->", f"local.get 0  local.get 1  {name} 3 {lane if instruction.lanes else ''}")
            for lane in range(lanes)
        ],
    )
    memory = exports.memory
    for lane in range(lanes):
        for address in (0, 1, PAGE - width - 3):
            memory.fill(0, 0xEE, PAGE)
            exports[str(lane)](address, COUNTING)
            assert memory.read(address + 2, width + 1) == b"\xee" + COUNTING[lane * width : (lane + 1) * width]
            assert memory.read(0, PAGE).count(0xEE) == PAGE - width
        memory.fill(0, 0xEE, PAGE)
        for address in (PAGE - width - 2, PAGE - 3, PAGE, 2**32 - 1):
            traps(exports[str(lane)], address, COUNTING)
        assert memory.read(0, PAGE) == b"\xee" * PAGE


def test_a_store_sees_what_was_evaluated_before_it(engine):
    exports = memory_module(
        engine,
        # The first load is pending when the store happens.
        ("order", "-> v128", "i32.const 0  v128.load  i32.const 0  v128.const 0  v128.store"),
        (
            "swap",
            "",
            "i32.const 16  i32.const 0  v128.load  i32.const 0  i32.const 16  v128.load  v128.store  v128.store",
        ),
    )
    before = exports.memory.read(0, 32)
    exports.swap()
    assert exports.memory.read(0, 32) == before[16:] + before[:16]
    assert exports.order() == before[16:]
    assert exports.memory.read(0, 16) == bytes(16)


# Where vectors live


def test_vectors_keep_their_bits_wherever_they_are(engine):
    builder = ModuleBuilder()
    builder.import_global("env", "given", "v128", mutable=True)
    identity = builder.import_function("env", "identity", "v128 -> v128")
    builder.global_("kept", "v128", f"v128.const {number(SIGNALLING)}")
    builder.memory(1)
    tag = builder.tag(None, "v128 ->")
    pair = builder.function(None, "v128 -> v128 v128", "local.get 0  v128.const 1")
    builder.function("zero", "-> v128", "local.get 0", "v128")
    builder.function(
        "local", "v128 -> v128", "local.get 0  local.set 1  v128.const 0  local.set 0  local.get 1", "v128"
    )
    builder.function("global", "v128 -> v128", "local.get 0  global.set 1  global.get 1")
    builder.function("given", "-> v128", "global.get 0")
    builder.function("host", "v128 -> v128", f"local.get 0  call {identity}")
    builder.function("pair", "v128 -> v128 v128", f"local.get 0  call {pair}")
    builder.function("select", "v128 v128 i32 -> v128", "local.get 0  local.get 1  local.get 2  select")
    builder.function("select_t", "v128 v128 i32 -> v128", "local.get 0  local.get 1  local.get 2  select_t v128")
    builder.function(
        "block", "v128 i32 -> v128", "block v128  local.get 0  local.get 1  br_if 0  drop  v128.const 2  end"
    )
    builder.function(
        "loop",
        "v128 i32 -> v128",
        """
        local.get 0
        loop 0
            local.get 1  i32.const 1  i32.sub  local.tee 1  br_if 0
        end
    """.replace("loop 0", f"loop {builder.type('v128 -> v128')}"),
    )
    builder.function(
        "thrown", "v128 -> v128", f"block v128  try_table v128 catch {tag} 0  local.get 0  throw {tag}  end  end"
    )
    builder.function("stored", "v128 -> v128", "i32.const 3  local.get 0  v128.store  i32.const 3  v128.load")
    builder.function("f32", "v128 -> v128", "local.get 0  f32x4.extract_lane 2  f32x4.splat")
    builder.function("i32", "v128 -> i32", "local.get 0  f32x4.extract_lane 0  i32.reinterpret_f32")
    given = Global(GlobalType(V128, True), COUNTING)
    imports = {"env": {"given": given, "identity": lambda vector: vector}}
    exports = engine.instantiate(engine.load(builder.bytes()), imports).exports
    assert exports.zero() == bytes(16)
    assert exports.kept.value == SIGNALLING
    for vector in (SIGNALLING, COUNTING, b"\xff" * 16):
        for name in ("local", "global", "host", "thrown", "stored"):
            assert exports[name](vector) == vector, name
        assert exports.kept.value == vector
        assert exports.pair(vector) == (vector, (1).to_bytes(16, "little"))
        for name in ("select", "select_t"):
            assert exports[name](vector, COUNTING, 1) == exports[name](COUNTING, vector, 0) == vector
        assert exports.block(vector, 1) == vector
        assert exports.block(vector, 0) == (2).to_bytes(16, "little")
        assert exports.loop(vector, 3) == vector
    assert exports.f32(SIGNALLING) == SIGNALLING[8:12] * 4
    assert exports.i32(SIGNALLING) == int.from_bytes(SIGNALLING[:4], "little")
    assert exports.given() == COUNTING
    given.value = SIGNALLING
    assert exports.given() == SIGNALLING


def test_a_host_error_is_not_taken_for_a_trap(engine):
    builder = ModuleBuilder()
    host = builder.import_function("env", "host", "->")
    builder.function("run", "", f"call {host}")
    module = engine.load(builder.bytes())
    for error in (struct.error("mine"), OverflowError("mine")):

        def fails(error=error):
            raise error

        with pytest.raises(type(error), match="mine"):
            engine.instantiate(module, {"env": {"host": fails}}).exports.run()
