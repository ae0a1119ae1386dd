"""64-bit addresses, several memories, pages of other sizes: bounds are exact, and no address wraps or overflows."""

from __future__ import annotations

import pytest

from wrt_core import EngineFactory
from wrt_core.testing.assembler import ModuleBuilder
from wrt_foundation.traps import Trap
from wrt_foundation.types import I64

PAGE = 65_536
ZERO = {"i32": "i32.const 0", "i64": "i64.const 0", "f32": "f32.const 0", "f64": "f64.const 0", "v128": "v128.const 0"}
LOADS = {
    "i32.load": 4,
    "i64.load": 8,
    "f32.load": 4,
    "f64.load": 8,
    "v128.load": 16,
    "i32.load8_s": 1,
    "i32.load8_u": 1,
    "i32.load16_s": 2,
    "i64.load16_u": 2,
    "i64.load32_s": 4,
    "v128.load8x8_s": 8,
    "v128.load32_splat": 4,
    "v128.load8_splat": 1,
    "v128.load64_zero": 8,
    "i64.atomic.load8_u": 1,
}
STORES = {
    "i32.store": 4,
    "i64.store": 8,
    "f32.store": 4,
    "f64.store": 8,
    "v128.store": 16,
    "i32.store8": 1,
    "i64.store16": 2,
    "i64.store32": 4,
}
ADDRESSES = [PAGE, PAGE + 1, 2**31, 2**32 - 1, 2**32, 2**63 - 16, 2**63 - 1, 2**63, 2**64 - 16, 2**64 - 8, 2**64 - 1]
OFFSETS = [0, 1, 16, 2**32 - 1, 2**32, 2**63, 2**64 - 1]


@pytest.fixture(scope="module")
def engine():
    return EngineFactory.create("stackless")


def trap_message(function, *arguments):
    with pytest.raises(Trap) as caught:
        function(*arguments)
    return str(caught.value)


@pytest.mark.parametrize("name", LOADS)
def test_loads_never_wrap(engine, name):
    builder = ModuleBuilder()
    builder.memory(1, address=I64)
    result = name.partition(".")[0]
    for offset in OFFSETS:
        builder.function(f"at {offset}", f"i64 -> {result}", f"local.get 0  {name} {offset}")
    exports = engine.instantiate(engine.load(builder.bytes())).exports
    for offset in OFFSETS:
        for address in ADDRESSES:
            assert trap_message(exports[f"at {offset}"], address) == "out of bounds memory access"
    last = PAGE - LOADS[name]
    exports["at 0"](last)
    assert trap_message(exports["at 0"], last + 1) == "out of bounds memory access"
    exports["at 16"](last - 16)
    assert trap_message(exports["at 16"], last - 15) == "out of bounds memory access"


@pytest.mark.parametrize("name", STORES)
def test_stores_never_wrap_and_write_nothing(engine, name):
    builder = ModuleBuilder()
    builder.memory(1, address=I64)
    value = ZERO[name.partition(".")[0]]
    for offset in OFFSETS:
        builder.function(f"at {offset}", "i64 ->", f"local.get 0  {value}  {name} {offset}")
    exports = engine.instantiate(engine.load(builder.bytes())).exports
    exports.memory.fill(0, 0xAA, PAGE)
    last = PAGE - STORES[name]
    for offset in OFFSETS:
        for address in (*ADDRESSES, last + 1):
            assert trap_message(exports[f"at {offset}"], address) == "out of bounds memory access"
    assert exports.memory.read(0, PAGE) == b"\xaa" * PAGE
    exports["at 16"](last - 16)
    assert exports.memory.read(last - 1, STORES[name] + 1) == b"\xaa" + bytes(STORES[name])


@pytest.mark.parametrize("address", ADDRESSES)
def test_constant_addresses(engine, address):
    builder = ModuleBuilder()
    builder.memory(1, address=I64)
    builder.function("i32", "-> i32", f"i64.const {address}  i32.load 3")
    builder.function("v128", "-> v128", f"i64.const {address}  v128.load 3")
    builder.function("put", "", f"i64.const {address}  v128.const 1  v128.store")
    exports = engine.instantiate(engine.load(builder.bytes())).exports
    for name in ("i32", "v128", "put"):
        assert trap_message(exports[name]) == "out of bounds memory access"


def test_growing_says_minus_one_in_64_bits(engine):
    builder = ModuleBuilder()
    builder.memory(1, 3, address=I64)
    builder.function("size", "-> i64", "memory.size")
    builder.function("grow", "i64 -> i64", "local.get 0  memory.grow")
    builder.function("compare", "i64 -> i32", "local.get 0  memory.grow  i64.const -1  i64.eq")
    exports = engine.instantiate(engine.load(builder.bytes())).exports
    for delta in (3, 2**16, 2**32, 2**48, 2**63, 2**64 - 1):
        assert exports.grow(delta) == -1
        assert exports.compare(delta) == 1
    assert exports.size() == 1
    assert exports.grow(2) == 1
    assert exports.size() == exports.memory.size == 3


def test_bulk_instructions(engine):
    builder = ModuleBuilder()
    builder.memory(1, address=I64)
    builder.data(b"abcdef", None)
    builder.function("fill", "i64 i32 i64 ->", "local.get 0  local.get 1  local.get 2  memory.fill")
    builder.function("copy", "i64 i64 i64 ->", "local.get 0  local.get 1  local.get 2  memory.copy")
    builder.function("init", "i64 i32 i32 ->", "local.get 0  local.get 1  local.get 2  memory.init 0 0")
    exports = engine.instantiate(engine.load(builder.bytes())).exports
    exports.init(10, 1, 4)
    exports.copy(PAGE - 4, 10, 4)
    assert exports.memory.read(PAGE - 4, 4) == b"bcde"
    for far in (PAGE - 3, 2**63, 2**64 - 2):
        assert trap_message(exports.fill, far, 1, 4) == "out of bounds memory access"
        assert trap_message(exports.fill, 0, 1, max(far, PAGE + 1)) == "out of bounds memory access"
        assert trap_message(exports.copy, far, 0, 4) == "out of bounds memory access"
        assert trap_message(exports.copy, 0, far, 4) == "out of bounds memory access"
        assert trap_message(exports.init, far, 0, 4) == "out of bounds memory access"
    assert trap_message(exports.init, 0, 4, 3) == "out of bounds memory access"
    exports.fill(PAGE, 1, 0)
    assert trap_message(exports.fill, PAGE + 1, 1, 0) == "out of bounds memory access"
    assert exports.memory.read(0, 10) == bytes(10)


def test_copies_between_memories_of_both_address_types(engine):
    builder = ModuleBuilder()
    builder.memory(1, name="small")
    builder.memory(1, name="large", address=I64)
    builder.data(b"from the large one", "i64.const 5", memory=1)
    builder.function("down", "i32 i64 i32 ->", "local.get 0  local.get 1  local.get 2  memory.copy 0 1")
    builder.function("up", "i64 i32 i32 ->", "local.get 0  local.get 1  local.get 2  memory.copy 1 0")
    builder.function("load", "i64 -> i32", "local.get 0  i32.load8_u memory=1")
    exports = engine.instantiate(engine.load(builder.bytes())).exports
    exports.down(100, 10, 13)
    assert exports.small.read(100, 13) == b"the large one"
    exports.up(0, 104, 5)
    assert exports.large.read(0, 5) == b"large"
    assert exports.load(0) == ord("l")
    for address in (2**32, 2**64 - 1):
        assert trap_message(exports.down, 0, address, 2) == "out of bounds memory access"
        assert trap_message(exports.up, address, 0, 2) == "out of bounds memory access"


@pytest.fixture
def table64(engine):
    builder = ModuleBuilder()
    builder.function("seven", "-> i32", "i32.const 7")
    builder.table(4, 6, address=I64)
    builder.elements([0], "i64.const 1")
    builder.elements([0, 0], None)
    builder.function("fetch", "i64 -> i32", "local.get 0  table.get  ref.is_null")
    builder.function("set", "i64 ->", "local.get 0  ref.null func  table.set")
    builder.function("size", "-> i64", "table.size")
    builder.function("grow", "i64 -> i64", "ref.null func  local.get 0  table.grow")
    builder.function("fill", "i64 i64 ->", "local.get 0  ref.null func  local.get 1  table.fill")
    builder.function("move", "i64 i64 i64 ->", "local.get 0  local.get 1  local.get 2  table.copy 0 0")
    builder.function("init", "i64 i32 i32 ->", "local.get 0  local.get 1  local.get 2  table.init 1 0")
    builder.function("call", "i64 -> i32", f"local.get 0  call_indirect {builder.type('-> i32')} 0")
    return engine.instantiate(engine.load(builder.bytes())).exports


@pytest.mark.parametrize("index", [4, 2**32, 2**32 + 1, 2**63, 2**64 - 1])
def test_tables_with_64_bit_indices_trap(table64, index):
    assert trap_message(table64.fetch, index) == "out of bounds table access"
    assert trap_message(table64.set, index) == "out of bounds table access"
    assert trap_message(table64.fill, index, 1) == "out of bounds table access"
    assert trap_message(table64.fill, 0, index + 1 if index < 2**64 - 1 else index) == "out of bounds table access"
    assert trap_message(table64.move, index, 0, 1) == "out of bounds table access"
    assert trap_message(table64.move, 0, index, 1) == "out of bounds table access"
    assert trap_message(table64.init, index, 0, 1) == "out of bounds table access"
    assert trap_message(table64.call, index) == "undefined element"
    assert table64.grow(index) == -1


def test_tables_with_64_bit_indices_work(table64):
    assert [table64.fetch(index) for index in range(4)] == [1, 0, 1, 1]
    assert table64.call(1) == 7
    assert table64.grow(2) == 4
    assert table64.size() == 6
    table64.init(4, 0, 2)
    table64.move(0, 4, 1)
    assert [table64.fetch(index) for index in range(6)] == [0, 0, 1, 1, 0, 0]
    assert trap_message(table64.call, 2) == "uninitialized element"


def test_segments_at_computed_addresses(engine):
    builder = ModuleBuilder()
    builder.import_global("env", "base", "i64")
    builder.memory(1, address=I64)
    builder.data(b"here", "global.get 0  i64.const 3  i64.mul  i64.const 2  i64.add")
    module = engine.load(builder.bytes())
    exports = engine.instantiate(module, {"env": {"base": _constant(10)}}).exports
    assert exports.memory.read(32, 4) == b"here"
    for base in (PAGE, 2**61, -1):
        with pytest.raises(Trap, match="out of bounds memory access"):
            engine.instantiate(module, {"env": {"base": _constant(base)}})


def _constant(value):
    from wrt_core import Global
    from wrt_foundation.types import GlobalType

    return Global(GlobalType(I64), value)


def test_pages_of_one_byte(engine):
    builder = ModuleBuilder()
    builder.memory(7, 40, page_size=1)
    builder.data(b"0123456", 0)
    builder.function("size", "-> i32", "memory.size")
    builder.function("grow", "i32 -> i32", "local.get 0  memory.grow")
    builder.function("byte", "i32 -> i32", "local.get 0  i32.load8_u")
    builder.function("word", "i32 -> i32", "local.get 0  i32.load")
    builder.function("long", "i32 -> i64", "local.get 0  i64.load")
    builder.function("vector", "i32 -> v128", "local.get 0  v128.load")
    exports = engine.instantiate(engine.load(builder.bytes())).exports
    assert exports.size() == 7
    assert exports.byte(6) == ord("6")
    assert exports.word(3) == int.from_bytes(b"3456", "little")
    assert trap_message(exports.byte, 7) == "out of bounds memory access"
    assert trap_message(exports.word, 4) == "out of bounds memory access"
    assert trap_message(exports.long, 0) == "out of bounds memory access"
    assert trap_message(exports.vector, 0) == "out of bounds memory access"
    assert exports.grow(1) == 7
    assert exports.long(0) == int.from_bytes(b"0123456\0", "little")
    assert trap_message(exports.long, 1) == "out of bounds memory access"
    assert exports.grow(33) == -1
    assert exports.grow(32) == 8
    assert exports.vector(24) == bytes(16)
    assert trap_message(exports.vector, 25) == "out of bounds memory access"


def test_an_address_that_grows_the_memory_finds_it_grown(engine):
    builder = ModuleBuilder()
    builder.memory(1, 20)
    grow = builder.function(None, "-> i32", "i32.const 1  memory.grow  drop  memory.size  i32.const 65536  i32.mul")
    below = f"call {grow}  i32.const 16  i32.sub"
    for type_ in ("i32", "i64", "f32", "f64", "v128"):
        builder.function(f"{type_}.load", f"-> {type_}", f"{below}  {type_}.load")
        builder.function(f"{type_}.store", "", f"{below}  {ZERO[type_]}  {type_}.store")
    builder.function("grow in place", "-> i32", "i32.const 1  memory.grow  i32.const 65536  i32.mul  i32.load")
    builder.function("value", "", f"i32.const {PAGE * 12}  call {grow}  i32.store")
    builder.function("vector value", "", f"i32.const {PAGE * 13}  call {grow}  i32x4.splat  v128.store")
    exports = engine.instantiate(engine.load(builder.bytes())).exports
    before = exports.memory.size
    names = [name for name in exports if name != "memory"]
    for name in names:
        exports[name]()
    assert exports.memory.size == before + len(names)
    assert exports.memory.read(PAGE * 13, 4) == (PAGE * 14).to_bytes(4, "little")


def test_an_index_that_is_loaded_may_trap_itself(engine):
    builder = ModuleBuilder()
    builder.memory(1)
    builder.table(2)
    type_ = builder.type("-> i32")
    builder.function("fetch", "i32 ->", "local.get 0  i32.load  table.get  drop")
    builder.function("call", "i32 -> i32", f"local.get 0  i32.load  call_indirect {type_} 0")
    exports = engine.instantiate(engine.load(builder.bytes())).exports
    exports.memory.write(0, b"\2")
    assert trap_message(exports.fetch, 0) == "out of bounds table access"
    assert trap_message(exports.call, 0) == "undefined element"
    assert trap_message(exports.fetch, PAGE) == "out of bounds memory access"
    assert trap_message(exports.call, PAGE) == "out of bounds memory access"
