"""Snapshots from strangers: damaged, hostile or merely wrong, each is refused before anything runs.

What nobody can tell from the real thing may run; then it does no more than its module could.
"""

from __future__ import annotations

import hashlib
import struct
import time
import tracemalloc
import zlib
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wrt_core import EngineFactory, Store
from wrt_core.execution import State
from wrt_core.execution.snapshot import Snapshot
from wrt_core.execution.snapshot.format import MAGIC, decode, encode
from wrt_core.execution.snapshot.memory_pages import unpacked
from wrt_core.execution.snapshot.model import ObjectKind, SavedMemory, SavedObject
from wrt_core.testing import ModuleBuilder
from wrt_foundation.errors import ExecutionError, LinkError, SnapshotError
from wrt_foundation.traps import Trap, WasmException

ENGINE = EngineFactory.create("stackless")


def graph_module():
    """A module with structures, a table, an exception that is held, and operands of all kinds at its safe points."""
    parser = pytest.importorskip("wrt_wast.text.parser", reason="the module is written as text")
    return ENGINE.load(
        parser.parse_module("""(module
            (rec (type $node (struct (field $next (mut (ref null $node))) (field $value (mut i32)) (field i64))))
            (type $list (array (mut (ref null $node))))
            (type $give (func (result i32)))
            (import "env" "log" (func $log (param i32)))
            (tag $t (param i32 i64))
            (memory 1 3) (global $g (mut f64) (f64.const 1.5)) (global $r (mut (ref null $node)) (ref.null $node))
            (table 4 funcref) (elem (i32.const 1) $one) (elem $passive func $one $one) (data $bytes "passive")
            (func $one (type $give) (call $log (i32.const 1)) (i32.const 1))
            (func $step (param i32) (result i32)
              nop (loop (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
              (call_indirect (type $give) (i32.const 1)))
            (func (export "run") (param i32) (result i32 f32) (local $n (ref null $node)) (local $l (ref null $list))
              (local $v v128) (local $x exnref)
              (local.set $n (struct.new $node (ref.null $node) (i32.const 5) (i64.const -1)))
              (struct.set $node $next (local.get $n) (local.get $n))
              (global.set $r (local.get $n))
              (local.set $l (array.new $list (local.get $n) (i32.const 3)))
              (local.set $v (v128.const i32x4 1 2 3 4))
              (block $h (result i32 i64 exnref) (try_table (catch_ref $t $h) (throw $t (i32.const 3) (i64.const 4)))
                unreachable)
              (local.set $x) drop drop
              (i32.store (i32.const 8) (i32.const 99))
              (local.get 0) (f32.const 2.5) (i32.const 7)
              (call $step (local.get 0))
              drop drop))""")
    )


def counting_module():
    builder = ModuleBuilder()
    builder.import_function("env", "log", "i32 ->")
    builder.memory(1, 3)
    builder.global_("n", "i32", "i32.const 3")
    builder.function(
        "inner", "i32 i64 -> i32", "nop loop local.get 0 i32.const 1 i32.sub local.tee 0 br_if 0 end i32.const 2"
    )
    builder.function(
        "run",
        "i32 -> i32 f32",
        "i32.const 8 i32.const 9 i32.store i32.const 4 local.get 0 i64.const 5 call 1 i32.add f32.const 2.5",
    )
    return builder.load(ENGINE)


def paused(module):
    instance = ENGINE.instantiate(module, {"env": {"log": lambda _: None}})
    execution = instance.exports.run.start(30, fuel=90)
    assert execution.run() is State.PAUSED
    return Snapshot.of(execution)


@pytest.fixture(scope="module", params=["counting", "graph"])
def case(request):
    module = counting_module() if request.param == "counting" else graph_module()
    return module, paused(module)


def sealed(body: bytes) -> bytes:
    """Bytes with the digest that a stranger would put there."""
    return body + hashlib.sha256(body).digest()


def try_out(module, data: bytes) -> str:
    """Resume from bytes and run for a while; say how far that got. Nothing but our errors may come."""
    told = []
    try:
        snapshot = Snapshot.from_bytes(data)
    except SnapshotError:
        return "refused as bytes"
    try:
        execution = snapshot.resume(ENGINE, module, {"env": {"log": told.append}})
    except (SnapshotError, LinkError):
        assert told == []
        return "refused by the module"
    try:
        if execution.state is not State.FINISHED:
            execution.add_fuel(min(3_000, (1 << 62) - (execution.fuel or 0)))
            execution._watch.fuel = min(execution._watch.fuel, 3_000)
            execution.run()
    except (Trap, WasmException):
        pass
    return "ran"


def test_damage_is_found_wherever_it_is(case):
    _, snapshot = case
    data = snapshot.to_bytes()
    for at in range(0, len(data), max(1, len(data) // 400)):
        for damaged in (data[:at], data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :], data[:at] + data[at + 1 :]):
            with pytest.raises(SnapshotError):
                Snapshot.from_bytes(damaged)
    with pytest.raises(SnapshotError):
        Snapshot.from_bytes(data + b"\0")


@pytest.mark.parametrize("data", [b"", b"\0", b"\0asm\1\0\0\0", MAGIC, MAGIC + bytes(36), b"\x80\x04."])
def test_what_is_no_snapshot(data):
    with pytest.raises(SnapshotError):
        Snapshot.from_bytes(data)


def test_another_version(case):
    data = case[1].to_bytes()
    body = MAGIC + (2).to_bytes(4, "little") + data[len(MAGIC) + 4 : -32]
    with pytest.raises(SnapshotError, match="of version 2; this is made for version 1"):
        Snapshot.from_bytes(sealed(body))


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), min_size=1, max_size=4))
def test_bytes_that_a_stranger_has_changed_and_sealed(case, changes):
    module, snapshot = case
    body = bytearray(snapshot.to_bytes()[:-32])
    for where, value in changes:
        body[min(int(where * len(body)), len(body) - 1)] = value
    try_out(module, sealed(bytes(body)))


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_numbers_that_a_stranger_has_changed_and_sealed(case, data):
    # The fields are words of 4 and 8 bytes: the interesting values of those, anywhere.
    module, snapshot = case
    body = bytearray(snapshot.to_bytes()[:-32])
    form = data.draw(st.sampled_from(("<I", "<Q", "<d")))
    at = data.draw(st.integers(len(MAGIC) + 4, len(body) - 8))
    values = {
        "<I": (0, 1, 2, 3, 5, 0x7FFF_FFFF, 0xFFFF_FFFF),
        "<Q": (0, 1, 2, 0xFFFF_FFFF, (1 << 64) - 1, 1 << 40),
        "<d": (float("nan"), float("inf"), -1.0),
    }
    struct.pack_into(form, body, at, data.draw(st.sampled_from(values[form])))
    try_out(module, sealed(bytes(body)))


def refused(module, saved, match: str) -> None:
    data = encode(saved)
    told = []
    with pytest.raises(SnapshotError, match=match):
        Snapshot.from_bytes(data).resume(ENGINE, module, {"env": {"log": told.append}})
    assert told == []


def saved_of(case):
    module, snapshot = case
    return module, decode(snapshot.to_bytes())


def with_frame(saved, number, **changes):
    saved.frames[number] = replace(saved.frames[number], **changes)
    return saved


@pytest.mark.parametrize(
    ("number", "changes", "match"),
    [
        (-1, {"offset": 0x7FFF}, r"can't go on at a loop at offset 0x7fff"),
        (-1, {"kind": "call"}, r"can't go on at a call"),
        (-1, {"kind": "entry"}, r"can't go on at a entry"),
        (0, {"kind": "loop"}, r"can't go on at a loop"),
        (-1, {"function": 0}, r"function 0 is not one of the guest's own"),
        (-1, {"function": 99}, r"speaks of function 99"),
        (-1, {"instance": 7}, r"speaks of instance 7"),
        (-1, {"values": b""}, r"bytes of values expected, 0 found"),
        (-1, {"values": bytes(1000)}, r"bytes of values expected, 1000 found"),
        (-1, {"name": "another"}, r"is not 'another'"),
    ],
)
def test_frames_that_can_not_be(case, number, changes, match):
    module, saved = saved_of(case)
    refused(module, with_frame(saved, number, **changes), match)


def test_frames_that_do_not_call_one_another(case):
    module, saved = saved_of(case)
    saved.frames.reverse()
    refused(module, saved, "malformed|does not fit")
    module, saved = saved_of(case)
    saved.frames.append(saved.frames[-1])
    refused(module, saved, "is in no call, and has one above it")
    module, saved = saved_of(case)
    del saved.frames[0]
    refused(module, saved, "frame 1 gives what its caller does not take")
    module, saved = saved_of(case)
    saved.frames.clear()
    refused(module, saved, "what has finished has no frames, and all else has some")


def test_a_call_of_another_function(case):
    module, saved = saved_of(case)
    saved.call = replace(saved.call, function=(0, 0))
    refused(module, saved, "not one of the guest's own")
    module, saved = saved_of(case)
    saved.call = replace(saved.call, function=(0, 1))
    refused(module, saved, "the call gives other values")
    module, saved = saved_of(case)
    saved.call = replace(saved.call, state=State.FINISHED, reason=None)
    refused(module, saved, "what has finished has no frames")


def test_a_state_that_contradicts_itself(case):
    _, saved = saved_of(case)
    saved.call = replace(saved.call, reason=None)
    with pytest.raises(SnapshotError, match="what is paused has a reason"):
        Snapshot.from_bytes(encode(saved))


def test_memory_that_is_a_bomb(case):
    # A gigabyte of zeros takes a megabyte: it is not unpacked further than there is memory for it.
    module, saved = saved_of(case)
    bomb = struct.pack("<II", 1, 0) + zlib.compress(bytes(1 << 26), 9)
    saved.instances[0].memories[0] = SavedMemory(1, bomb)
    tracemalloc.start()
    refused(module, saved, "a memory has bytes too many")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 << 20


@pytest.mark.parametrize(
    ("pages", "content", "match"),
    [
        (1 << 16, struct.pack("<I", 0) + zlib.compress(b""), "past its maximum"),
        (1 << 63, struct.pack("<I", 0) + zlib.compress(b""), "past its maximum"),
        (0, struct.pack("<I", 0) + zlib.compress(b""), "none shrinks"),
        (1, struct.pack("<II", 1, 1) + zlib.compress(bytes(1 << 16)), "has no block 1 here"),
        (2, struct.pack("<III", 2, 1, 1) + zlib.compress(bytes(1 << 17)), "has no block 1 here"),
        (1, struct.pack("<I", 1 << 31), "ends in the middle"),
        (1, struct.pack("<II", 1, 0) + zlib.compress(bytes(100)), "end in the middle"),
        (1, struct.pack("<II", 1, 0) + b"not compressed", "can't be decompressed"),
        (1, struct.pack("<I", 0) + zlib.compress(b"") + b"more", "bytes too many"),
        (1, b"", "ends in the middle"),
    ],
)
def test_memory_that_can_not_be(case, pages, content, match):
    module, saved = saved_of(case)
    saved.instances[0].memories[0] = SavedMemory(pages, content)
    refused(module, saved, match)


def test_counts_that_are_lies_cost_nothing(case):
    _, snapshot = case
    body = bytearray(snapshot.to_bytes()[:-32])
    struct.pack_into("<I", body, len(MAGIC) + 4, 0xFFFF_FFFF)  # so many modules
    started = time.perf_counter()
    with pytest.raises(SnapshotError, match="4294967295 things are to come"):
        Snapshot.from_bytes(sealed(bytes(body)))
    assert time.perf_counter() - started < 1


def test_more_or_less_than_the_module_has(case):
    for name, extra, match in (
        ("memories", SavedMemory(1, struct.pack("<I", 0) + zlib.compress(b"")), "memories, and there are 1"),
        ("globals", bytes(4), "globals, and there are"),
        ("tables", b"", "tables, and there are"),
        ("data", True, "data segments, and there are"),
        ("elements", None, "segments, and there are"),
    ):
        module, saved = saved_of(case)
        getattr(saved.instances[0], name).append(extra)
        refused(module, saved, match)
    module, saved = saved_of(case)
    saved.instances[0].imports.clear()
    refused(module, saved, "its imports are others")
    module, saved = saved_of(case)
    saved.instances[0].globals[0] = bytes(5)
    refused(module, saved, "bytes of values expected, 5 found")


def test_an_import_that_comes_from_itself(case):
    module, saved = saved_of(case)
    saved.instances[0].imports[0] = replace(saved.instances[0].imports[0], origin=(0, 0))
    refused(module, saved, "speaks of")
    module, saved = saved_of(case)
    saved.instances[0].imports[0] = replace(saved.instances[0].imports[0], origin=(5, 0))
    refused(module, saved, "speaks of instance 5")


def test_a_table_that_never_changes_has_its_size():
    module, saved = graph()
    assert module.is_settled(0)
    saved.instances[0].tables[0] += saved.instances[0].tables[0][:4]
    refused(module, saved, "a table that never changes has grown")


def test_a_table_that_nobody_else_sees_is_not_imported():
    owner = ModuleBuilder()
    owner.table(1, name="shown")
    owner.table(1, name=None)
    user = ModuleBuilder()
    user.import_table("owner", "shown", 1)
    user.function("run", "-> i32", "loop nop end i32.const 5")
    modules = owner.load(ENGINE), user.load(ENGINE)
    store = Store()
    instance = ENGINE.instantiate(modules[0], store=store)
    user_instance = ENGINE.instantiate(modules[1], {"owner": instance.exports}, store=store)
    execution = user_instance.exports.run.start(fuel=0)
    assert execution.run() is State.PAUSED
    saved = decode(Snapshot.of(execution).to_bytes())
    resumed = Snapshot(saved).resume(ENGINE, modules)
    assert resumed.run(fuel=1_000) is State.FINISHED
    (number,) = (number for number, each in enumerate(saved.instances) if each.imports)
    saved.instances[number].imports[0] = replace(saved.instances[number].imports[0], origin=(1 - number, 1))
    refused(modules, saved, "table 1 is no other's to import")


def graph():
    module = graph_module()
    return module, decode(paused(module).to_bytes())


def objects_of(saved, kind):
    return [number for number, each in enumerate(saved.objects) if each.kind is kind]


def test_references_of_another_type():
    _, saved = graph()
    structs, functions = objects_of(saved, ObjectKind.STRUCT), objects_of(saved, ObjectKind.FUNC)
    assert structs
    assert functions
    for number in structs:  # a function where a structure is declared
        module, saved = graph()
        saved.objects[number] = SavedObject(ObjectKind.FUNC, 0, 1)
        refused(module, saved, "expected, and it has")
    for number in functions:
        module, saved = graph()
        saved.objects[number] = SavedObject(ObjectKind.HOST, content=b"\x03text")
        refused(module, saved, "expected, and it has")


@pytest.mark.parametrize(
    ("changed", "match"),
    [
        (SavedObject(ObjectKind.STRUCT, 9, 0), "speaks of module 9"),
        (SavedObject(ObjectKind.STRUCT, 0, 99), "speaks of type 99"),
        (SavedObject(ObjectKind.STRUCT, 0, 1), "is no structure's type"),
        (SavedObject(ObjectKind.ARRAY, 0, 0), "is no array's type"),
        (SavedObject(ObjectKind.ARRAY, 0, 1, 0xFFFF_FFFF), "an array of 4294967295 elements|are not so many"),
        (SavedObject(ObjectKind.ARRAY, 0, 1, 5, bytes(4)), "are not so many"),
        (SavedObject(ObjectKind.STRUCT, 0, 0, 0, bytes(3)), "bytes of values expected, 3 found"),
        (SavedObject(ObjectKind.STRUCT, 0, 0, 0, (2000).to_bytes(4, "little") + bytes(12)), "speaks of object 999"),
        (SavedObject(ObjectKind.EXCEPTION, 0, 9), "speaks of tag 9"),
        (SavedObject(ObjectKind.EXCEPTION, 0, 0, 0, bytes(3)), "bytes of values expected, 3 found"),
        (SavedObject(ObjectKind.FUNC, 0, 50), "speaks of function 50"),
        (SavedObject(ObjectKind.HOST, content=b""), "a value of the host's is none"),
        (SavedObject(ObjectKind.HOST, content=b"\x09"), "a value of the host's is none"),
        (SavedObject(ObjectKind.HOST, content=b"\x02abc"), "a value of the host's is none"),
        (SavedObject(ObjectKind.EXTERNAL, content=b"thing"), "externals has no 'thing'"),
    ],
)
def test_objects_that_can_not_be(changed, match):
    module, saved = graph()
    saved.objects.append(changed)
    refused(module, saved, match)


def test_objects_of_a_copy_within_a_process_are_not_in_bytes():
    _, saved = graph()
    data = encode(saved)
    saved.objects.append(SavedObject(ObjectKind.EXTERNAL, content=b"marker"))
    changed = encode(saved)
    body = bytearray(changed[:-32])
    at = len(data) - 32
    assert body[at] == ObjectKind.EXTERNAL
    body[at] = ObjectKind.LIVE
    with pytest.raises(SnapshotError, match="there is no kind of object 7"):
        Snapshot.from_bytes(sealed(bytes(body)))


def test_structures_in_a_ring_are_no_trouble():
    module, saved = graph()
    word = lambda number: ((number + 1) << 1).to_bytes(4, "little")  # noqa: E731
    first = len(saved.objects)
    for number in range(50_000):
        saved.objects.append(SavedObject(ObjectKind.STRUCT, 0, 0, 0, word(first + (number + 1) % 50_000) + bytes(12)))
    told = []
    again = Snapshot.from_bytes(encode(saved)).resume(ENGINE, module, {"env": {"log": told.append}})
    assert again.run(fuel=10_000) is State.FINISHED


def test_resuming_the_untouched_one_works(case):
    module, snapshot = case
    assert try_out(module, snapshot.to_bytes()) == "ran"
    again = Snapshot.from_bytes(snapshot.to_bytes()).resume(ENGINE, module, {"env": {"log": lambda _: None}})
    assert again.run(fuel=1_000) is State.FINISHED


def test_results_without_a_module(case):
    module, _ = case
    instance = ENGINE.instantiate(module, {"env": {"log": lambda _: None}})
    execution = instance.exports.run.start(3)
    execution.run()
    saved = decode(Snapshot.of(execution).to_bytes())
    types, values = Snapshot(saved).results()
    assert len(types) == len(values) == 2
    for call in (replace(saved.call, results=(77,)), replace(saved.call, values=b"1")):
        saved.call = call
        with pytest.raises((SnapshotError, ExecutionError)):
            Snapshot.from_bytes(encode(saved)).results()


def test_packed_memory_is_read_block_by_block():
    content = struct.pack("<II", 1, 2) + zlib.compress(b"x" * (1 << 16))
    assert list(unpacked(content, 3 << 16)) == [(2, b"x" * (1 << 16))]
