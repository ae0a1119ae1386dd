"""Whatever a host does to its guest, the guest does again what it did, with the journal in place of the host."""

from __future__ import annotations

import math
import pickle
import struct

import pytest

from wrt_core import Func, Global, Memory, Table, Tag
from wrt_core.host_modules import HostNamespace
from wrt_core.recording import HostFailure, replay
from wrt_core.recording.events import Call, Failed
from wrt_core.recording.failure import Failure
from wrt_core.testing import ModuleBuilder
from wrt_foundation.errors import Exit
from wrt_foundation.traps import Trap, TrapCode, WasmException
from wrt_foundation.types import EXTERNREF, FUNCREF, I32, FuncType, GlobalType, Limits, MemoryType, TableType


@pytest.fixture
def check(engine, journal, record):
    """Record, and replay with nothing of the host's there; return what the replay found."""

    def check(builder, use, imports=None):
        module = record(builder, use, imports)
        replayed = replay(journal, engine, engine.load(builder.bytes()))
        assert (replayed.recorded_on, replayed.replayed_on) == ("stackless", "stackless")
        assert module.hash == engine.load(builder.bytes()).hash
        return replayed

    return check


def reader() -> ModuleBuilder:
    """Asks the host about an address, and gives back the word that is there then."""
    builder = ModuleBuilder()
    ask = builder.import_function("env", "ask", "i32 -> i32")
    builder.memory(2, 10)
    builder.function("run", "i32 -> i32", f"local.get 0 call {ask} drop local.get 0 i32.load")
    return builder


def test_calls_arguments_and_results(check):
    builder = ModuleBuilder()
    mix = builder.import_function("env", "mix", "i32 i64 f32 f64 -> f64 i32")
    builder.function(
        "run", "i32 -> i32", f"local.get 0 i64.const -2 f32.const 0.5 f64.const 1e300 call {mix} drop drop local.get 0"
    )
    asked = []

    def host(*arguments):
        asked.append(arguments)
        return -0.0, -5

    found = check(builder, lambda guest: [guest.exports.run(-1), guest.exports.run(2)], {"env": {"mix": host}})
    assert asked == [(-1, -2, 0.5, 1e300), (2, -2, 0.5, 1e300)]  # not asked again
    assert (found.host_calls, found.guest_calls, found.cut) == (2, 2, False)


@pytest.mark.parametrize(
    "write",
    [
        lambda memory, at: memory.write(at, b"\1\2\3\4"),
        lambda memory, at: memory.fill(at, 7, 4),
        lambda memory, at: memory.init(at, 1, 4, b"abcdef"),
        lambda memory, at: (memory.write(80, b"abcd"), memory.copy(at, 80, 4)),
        lambda memory, at: memory.view.__setitem__(slice(at, at + 4), b"wxyz"),
        lambda memory, at: memory.views["I"][at & 3].__setitem__(at >> 2, 0x01020304),
        lambda memory, at: memory.region.view.__setitem__(at, 9),
        lambda memory, at: memory.write(memory.grow(1) * 0 + at, b"late"),
        lambda memory, at: None,
    ],
)
@pytest.mark.parametrize("address", [0, 61, 65534, 131068])
def test_what_the_host_writes_the_guest_finds(check, write, address):
    guests = []

    def host(at):
        write(guests[0].exports.memory, at)
        return 0

    def use(guest):
        guests.append(guest)
        return [guest.exports.run(address), guest.exports.run(address)]

    check(reader(), use, {"env": {"ask": host}})


def test_a_view_taken_once_is_watched_for_ever(check):
    taken = []

    def host(at):
        taken[0][at : at + 4] = struct.pack("<I", len(taken))
        taken.append(0)
        return 0

    def use(guest):
        taken.append(guest.exports.memory.view)
        for address in (4, 4, 70_000):
            guest.exports.run(address)
            guest.exports.memory.read(0, 100)

    check(reader(), use, {"env": {"ask": host}})


def test_a_view_that_follows_the_memory_as_it_grows(check):
    """Taken while the guest runs, by somebody who is told that the memory has grown."""
    views = []
    builder = ModuleBuilder()
    ask = builder.import_function("env", "ask", "->")
    builder.memory(1, 10)
    builder.function("run", "-> i32", f"i32.const 1 memory.grow drop call {ask} i32.const 70000 i32.load")

    def use(guest):
        memory = guest.exports.memory
        listen = lambda: views.append(memory.view)  # noqa: E731 - it is kept by this name
        memory.attach(listen)
        assert guest.exports.run() == 0x64636261

    check(builder, use, {"env": {"ask": lambda: views[0].__setitem__(slice(70_000, 70_004), b"abcd")}})


def test_the_host_reads_and_writes_between_calls(check):
    def use(guest):
        memory = guest.exports.memory
        memory.write(100, b"word")
        assert guest.exports.run(100) == int.from_bytes(b"word", "little")
        assert memory.read(98, 4) == b"\0\0wo"
        assert memory.grow(2) == 2
        memory.write(3 * 65536, b"more")
        assert guest.exports.run(3 * 65536) == int.from_bytes(b"more", "little")

    check(reader(), use, {"env": {"ask": lambda at: 0}})


def test_the_host_calls_the_guest_within_a_call(check):
    """As for memory to put an answer into, which the guest gives and may have to grow for."""
    builder = ModuleBuilder()
    ask = builder.import_function("env", "ask", "i32 -> i32")
    builder.memory(1, 10)
    top = builder.global_(None, "i32", "i32.const 1024")
    builder.function(
        "malloc",
        "i32 -> i32",
        f"i32.const 1 memory.grow drop global.get {top} global.get {top} local.get 0 i32.add global.set {top}",
    )
    builder.function("run", "i32 -> i32", f"local.get 0 call {ask} i32.load")
    guests = []

    def host(depth):
        exports = guests[0].exports
        if depth:
            return exports.malloc(4) if depth == 1 else (exports.run(depth - 1), exports.malloc(8))[1]
        return 0

    def use(guest):
        guests.append(guest)
        guest.exports.memory.write(1024, b"heap of words here")
        return [guest.exports.run(depth) for depth in (1, 4, 0)]

    found = check(builder, use, {"env": {"ask": host}})
    assert (found.host_calls, found.guest_calls) == (6, 11)


@pytest.mark.parametrize("error", [Trap(TrapCode.UNREACHABLE), Exit(3), OSError("no such host"), KeyError("x")])
def test_what_the_host_raises(check, error):
    def use(guest):
        with pytest.raises(type(error)):
            guest.exports.run(0)
        guest.exports.memory.write(0, b"on!!")

    def host(at):
        raise error

    assert not check(reader(), use, {"env": {"ask": host}}).cut


def test_what_stands_for_an_exception_of_the_hosts():
    failure = pickle.loads(pickle.dumps(HostFailure("OSError", "no such host")))
    assert (failure.kind, str(failure)) == ("OSError", "no such host")


def test_an_exception_that_the_guest_catches(check):
    builder = ModuleBuilder()
    tag = builder.import_tag("env", "tag", "i32")
    ask = builder.import_function("env", "ask", "->")
    tell = builder.import_function("env", "tell", "i32 ->")
    builder.function("run", "->", f"block i32 try_table catch {tag} 0 call {ask} end i32.const 0 end call {tell}")
    builder.function("fail", "->", f"i32.const 6 throw {tag}")
    given, told = Tag(FuncType((I32,), ())), []

    def host():
        raise given.exception(5)

    def use(guest):
        guest.exports.run()
        with pytest.raises(WasmException):
            guest.exports.fail()

    found = check(builder, use, {"env": {"tag": given, "ask": host, "tell": told.append}})
    assert told == [5]
    assert found.host_calls == 2


def test_the_guest_traps(check):
    builder = ModuleBuilder()
    builder.function("run", "i32 -> i32", "i32.const 1 local.get 0 i32.div_u")

    def use(guest):
        assert guest.exports.run(1) == 1
        with pytest.raises(Trap):
            guest.exports.run(0)

    check(builder, use)


def test_globals_that_the_host_sets(check):
    builder = ModuleBuilder()
    count = builder.import_global("env", "count", "i32", mutable=True)
    ask = builder.import_function("env", "ask", "->")
    level = builder.global_("level", "f64", "f64.const 0.5")
    builder.function("run", "-> f64 i32", f"call {ask} global.get {level} global.get {count}")
    shared = Global(GlobalType(I32, True), 7)
    guests = []

    def host():
        guests[0].exports.level.value = math.nan
        shared.value -= 20

    def use(guest):
        guests.append(guest)
        assert guest.exports.run()[1] == -13
        shared.value = 100
        assert guest.exports.run()[1] == 80

    check(builder, use, {"env": {"count": shared, "ask": host}})


def test_functions_that_the_host_puts_into_a_table(check):
    builder = ModuleBuilder()
    builder.type("i32 -> i32")
    builder.table(2, 10)
    twice = builder.function("twice", "i32 -> i32", "local.get 0 i32.const 2 i32.mul")
    builder.function("run", "i32 i32 -> i32", "local.get 0 local.get 1 call_indirect 0 0")
    builder.elements([twice])

    def use(guest):
        table, run = guest.exports.table, guest.exports.run
        added = Func(FuncType((I32,), (I32,)), lambda value: value + 100)
        assert table.grow(1) == 2
        table[2] = table[1] = added
        assert [run(5, index) for index in (0, 1, 2)] == [10, 105, 105]
        table[0] = added
        table[1] = None
        table[2] = guest.exports.twice
        assert [run(5, index) for index in (0, 2)] == [105, 10]
        with pytest.raises(Trap):
            run(5, 1)

    found = check(builder, use)
    assert found.host_calls == 3


def test_what_it_imports_is_there_again(check):
    builder = ModuleBuilder()
    builder.type("-> i32")
    memory = builder.import_memory("env", "memory", 1, 4)
    table = builder.import_table("env", "table", 1)
    base = builder.import_global("env", "base", "i32")
    say = builder.import_function("env", "say", "i32 ->")
    builder.data(b"own", 8)
    load = f"i32.const 6 i32.load memory={memory}"
    builder.function(
        "run", "-> i32", f"global.get {base} call {say} i32.const 0 call_indirect 0 {table} {load} i32.add"
    )
    given = Memory(MemoryType(Limits(2, 3)))
    given.write(0, b"from before")
    given.write(100_000, b"far")
    functions = Table(TableType(FUNCREF, Limits(3)))
    functions[0] = Func(FuncType((), (I32,)), lambda: 40)
    said = []
    imports = {"memory": given, "table": functions, "base": Global(GlobalType(I32), -3), "say": said.append}
    check(builder, lambda guest: guest.exports.run(), {"env": imports})
    assert said == [-3]


def test_start_functions_and_who_is_told_of_the_instance(check):
    builder = ModuleBuilder()
    ask = builder.import_function("env", "ask", "-> i32")
    builder.memory(1)
    builder.data(b"data", 4)
    builder.start(builder.function("store", "->", f"i32.const 0 call {ask} i32.store"))
    builder.function("run", "-> i64", "i32.const 0 i64.load")
    seen = []

    def attach(guest):
        seen.append(guest)
        guest.exports.memory.write(60, b"told")

    def host():
        return int.from_bytes(seen[0].exports.memory.read(60, 4), "little")

    def use(guest):
        assert guest.exports.run().to_bytes(8, "little") == b"tolddata"

    found = check(builder, use, {"env": HostNamespace(attach, {"ask": host})})
    assert (found.host_calls, found.guest_calls) == (1, 1)


def test_an_instance_that_can_not_be_made(journal, engine, record):
    builder = ModuleBuilder()
    ask = builder.import_function("env", "ask", "->")
    builder.start(builder.function(None, "->", f"call {ask} unreachable"))
    with pytest.raises(Trap):
        record(builder, lambda guest: None, {"env": {"ask": lambda: None}})
    assert replay(journal, engine, engine.load(builder.bytes())).host_calls == 1


def test_references(check):
    builder = ModuleBuilder()
    swap = builder.import_function("env", "swap", "externref funcref -> funcref externref")
    one = builder.function(
        "one", "externref funcref -> externref", f"local.get 0 local.get 1 call {swap} local.set 0 drop local.get 0"
    )
    builder.function("null", "-> funcref", "ref.null func")
    builder.declare([one])
    things = [object(), "text", None]

    def host(thing, function):
        return function, things[1] if thing is things[0] else thing

    def use(guest):
        exports = guest.exports
        assert exports.one(things[0], exports.null) == "text"
        assert exports.one("text", exports.one) == "text"
        assert exports.one(None, None) is None
        assert exports.null() is None

    check(builder, use, {"env": {"swap": Func(FuncType((EXTERNREF, FUNCREF), (FUNCREF, EXTERNREF)), host)}})


def test_vectors_and_nans(check):
    builder = ModuleBuilder()
    ask = builder.import_function("env", "ask", "v128 f32 -> v128")
    builder.function(
        "run", "v128 -> v128 f32", f"local.get 0 f32.const bits:0x7fa00001 call {ask} f32.const bits:0xffc12345"
    )
    check(builder, lambda guest: guest.exports.run(bytes(range(16))), {"env": {"ask": lambda vector, _: vector[::-1]}})


@pytest.mark.parametrize("failure", [Failure("trap", "OUT_OF_FUEL"), Failure("error", "KeyboardInterrupt")])
def test_a_run_that_was_ended_from_outside(journal, engine, record, rewrite, failure):
    """What the guest would have done is not known, and perhaps without an end: it is not run."""
    builder = reader()
    module = record(builder, lambda guest: [guest.exports.run(address) for address in (0, 4)], {"env": {"ask": int}})

    def cut(events):
        *before, _, _, _, end = events
        assert isinstance(before[-1], Call)
        return [*before, Failed(failure), end]

    rewrite(cut)
    found = replay(journal, engine, module)
    assert (found.host_calls, found.guest_calls, found.cut) == (1, 2, True)


def test_the_guests_are_themselves_again_when_it_is_closed(engine, journal, record):
    builder = reader()
    kept = []
    record(builder, kept.append, {"env": {"ask": lambda at: 0}})
    guest = kept[0]
    before = journal.read_bytes()
    assert type(guest.exports.memory) is Memory
    assert guest.exports.run.start(0).run() == "finished"
    guest.exports.run(0)
    assert journal.read_bytes() == before


def test_only_its_owner_reads_a_journal(journal, record):
    record(reader(), lambda guest: None, {"env": {"ask": lambda at: 0}})
    assert journal.stat().st_mode & 0o777 == 0o600
