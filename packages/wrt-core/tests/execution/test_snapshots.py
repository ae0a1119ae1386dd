"""Snapshots: what is in them, where they go on, and where they do not."""

from __future__ import annotations

import io
import pickle
import subprocess
import sys

import pytest

from wrt_core import Func, LazyEngine, Memory
from wrt_core.execution.snapshot import Snapshot
from wrt_core.runtime.globals import Global
from wrt_core.runtime.table import Table
from wrt_core.testing import ModuleBuilder
from wrt_foundation.errors import ExecutionError, LinkError, SnapshotError
from wrt_foundation.traps import Trap
from wrt_foundation.types import FUNCREF, I32, FuncType, GlobalType, Limits, MemoryType, TableType


@pytest.fixture
def paused(guest):
    """An execution of `count` that is paused, and what it has told until then."""
    log = []
    execution = guest(log.append).exports.count.start(10, 2, fuel=100)
    assert execution.run() == "paused"
    assert 0 < len(log) < 10
    return execution, log


def env(log):
    return {"env": {"log": log.append}}


def test_it_goes_on_in_another_store(engine, counting, paused):
    execution, log = paused
    snapshot = Snapshot.of(execution)
    told = list(log)
    again = snapshot.resume(engine, counting, env(log))
    assert again.state == "paused"
    assert (again.reason, again.fuel, again.fuel_used) == (execution.reason, execution.fuel, execution.fuel_used)
    assert [(each.name, each.offset, each.locals, each.stack) for each in again.frames] == [
        (each.name, each.offset, each.locals, each.stack) for each in execution.frames
    ]
    assert again.run(fuel=1_000) == "finished"
    assert again.result == (20, 2)
    assert log == list(range(1, 11))
    assert execution.func.instance.exports.n.value == len(told)  # the original is as it was


def test_ready_and_finished_ones_are_saved_too(engine, counting, guest):
    log = []
    execution = guest().exports.count.start(3, -1)
    ready = Snapshot.of(execution)
    execution.run()
    finished = Snapshot.of(execution)
    assert (ready.state, finished.state) == ("ready", "finished")
    assert ready.resume(engine, counting, env(log)).run() == "finished"
    assert log == [1, 2, 3]
    assert finished.resume(engine, counting, env(log)).result == (-3, -1)


def test_what_it_says_of_itself(paused, counting):
    execution, _ = paused
    snapshot = Snapshot.of(execution)
    assert [each.hash for each in snapshot.modules] == [counting.hash]
    assert [(each.name, each.function, each.offset) for each in snapshot.frames] == [
        (each.name, each.function, each.offset) for each in execution.frames
    ]
    assert snapshot.imports == ("env.log",)
    assert snapshot.memories == (1,)
    assert (snapshot.state, snapshot.reason, snapshot.fuel) == ("paused", "fuel", execution.fuel)
    assert repr(snapshot) == f"<Snapshot, paused in {snapshot.frames[0]}>"


def test_it_is_saved_to_files(paused, tmp_path):
    snapshot = Snapshot.of(paused[0])
    path = tmp_path / "paused.snapshot"
    snapshot.save(path)
    snapshot.save(str(path))
    stream = io.BytesIO()
    snapshot.save(stream)
    stream.seek(0)
    for source in (path, str(path), stream, path.read_bytes(), bytearray(path.read_bytes())):
        assert Snapshot.load(source) == snapshot
    with pytest.raises(OSError, match="nowhere"):
        Snapshot.load(tmp_path / "nowhere")


def test_bytes_are_the_same_for_the_same(paused):
    first, second = (Snapshot.of(paused[0]).to_bytes() for _ in range(2))
    assert first == second
    assert Snapshot.from_bytes(first).to_bytes() == first
    assert len({Snapshot.from_bytes(first), Snapshot.from_bytes(second)}) == 1


def test_empty_memory_takes_no_room(engine):
    builder = ModuleBuilder()
    builder.memory(1024, 2048)
    builder.function("touch", "->", "i32.const 50000000 i32.const 77 i32.store8 loop br 0 end")
    module = builder.load(engine)
    execution = engine.instantiate(module).exports.touch.start(fuel=10)
    execution.run()
    data = Snapshot.of(execution).to_bytes()
    assert len(data) < 2_000
    again = Snapshot.from_bytes(data).resume(engine, module)
    memory = again.func.instance.exports.memory
    assert memory.size == 1024
    assert memory.read(50_000_000, 1) == b"M"


def test_pickling_binds_by_itself_where_the_module_was_loaded(engine):
    builder = ModuleBuilder()
    builder.function("f", "i32 -> i32", "loop local.get 0 i32.const 1 i32.sub local.tee 0 br_if 0 end local.get 0")
    module = builder.load(engine)
    execution = engine.instantiate(module).exports.f.start(100, fuel=20)
    execution.run()
    again = pickle.loads(pickle.dumps(execution))
    assert "detached" in repr(again)
    assert again.state == "paused"
    assert again.run(fuel=10_000) == "finished"
    assert again.result == 0
    finished = pickle.loads(pickle.dumps(again))
    assert finished.result == 0


def test_pickling_asks_for_the_host_where_there_is_one(engine, counting, paused):
    execution, log = paused
    again = pickle.loads(pickle.dumps(execution))
    with pytest.raises(ExecutionError, match=r"bind the execution first: it needs the host's env\.log"):
        again.run()
    with pytest.raises(LinkError, match=r"log"):
        again.bind(engine, counting, {"env": {}})
    again.bind(engine, counting, env(log))
    with pytest.raises(ExecutionError, match="bound already"):
        again.bind(engine, counting, env(log))
    assert again.run(fuel=1_000) == "finished"
    assert log == list(range(1, 11))


def test_unpickling_where_the_module_was_not_loaded(engine):
    builder = ModuleBuilder("elsewhere")
    builder.function("f", "-> i32", "i32.const 5")
    execution = builder.instantiate(engine).exports.f.start()
    program = """
import pickle, sys
from wrt_core import EngineFactory
from wrt_foundation.errors import ExecutionError
execution, binary = pickle.load(sys.stdin.buffer)
try:
    execution.run()
except ExecutionError as error:
    assert "modules that it needs were not loaded here: elsewhere with the hash" in str(error), error
engine = EngineFactory.create("stackless")
module = engine.load(binary)
execution.run()
print(execution.result)
"""
    data = pickle.dumps((execution, builder.bytes()))
    done = subprocess.run([sys.executable, "-c", program], input=data, capture_output=True, check=False)
    assert done.stdout == b"5\n", done.stderr.decode()


def test_another_program_is_refused(engine, paused):
    builder = ModuleBuilder()
    builder.import_function("env", "log", "i32 ->")
    builder.memory(1, 4)
    other = builder.load(engine)
    snapshot = Snapshot.of(paused[0])
    with pytest.raises(SnapshotError, match="given were other modules"):
        snapshot.resume(engine, other, {"env": {"log": print}})
    with pytest.raises(SnapshotError, match="given were other modules: none"):
        snapshot.resume(engine, [])


def test_a_host_that_does_not_fit_is_refused(engine, counting, paused):
    snapshot = Snapshot.of(paused[0])
    with pytest.raises(LinkError, match="log"):
        snapshot.resume(engine, counting)
    with pytest.raises(LinkError, match="log"):
        snapshot.resume(engine, counting, {"env": {"log": Func(FuncType((), (I32,)), lambda: 1)}})


def test_what_has_trapped_is_not_saved(guest):
    execution = guest().exports.fail.start()
    with pytest.raises(Trap):
        execution.run()
    with pytest.raises(ExecutionError, match="ended with an error"):
        Snapshot.of(execution)


def test_an_engine_that_can_not_pause_does_not_resume(counting, paused):
    class Other:
        name = "other"

    with pytest.raises(ExecutionError, match="the engine 'other' can't resume executions"):
        Snapshot.of(paused[0]).resume(Other(), counting)


def test_what_the_host_gave_gets_its_state_back(engine):
    builder = ModuleBuilder()
    builder.import_memory("env", "memory", 1)
    builder.import_table("env", "table", 1)
    builder.import_global("env", "variable", "i32", mutable=True)
    code = "i32.const 4 i32.const 99 i32.store i32.const 7 global.set 0 i32.const 1 memory.grow drop loop br 0 end"
    function = builder.function("f", "->", code)
    builder.elements([function], 0)
    module = builder.load(engine)

    def host():
        memory = Memory(MemoryType(Limits(1, 10)))
        table, variable = Table(TableType(FUNCREF, Limits(1, 4))), Global(GlobalType(I32, True), 0)
        return {"memory": memory, "table": table, "variable": variable}

    first, second = host(), host()
    execution = engine.instantiate(module, {"env": first}).exports.f.start(fuel=20)
    execution.run()
    assert first["memory"].size == 2
    second["memory"].write(0, b"dirt")
    snapshot = Snapshot.from_bytes(Snapshot.of(execution).to_bytes())
    again = snapshot.resume(engine, module, {"env": second})
    assert second["memory"].size == 2
    assert second["memory"].read(0, 8) == bytes(4) + (99).to_bytes(4, "little")
    assert second["variable"].value == 7
    assert second["table"].elements == [again.func]
    assert first["table"].elements == [execution.func]


def test_a_failed_resumption_leaves_the_host_as_it_was(engine, counting, guest):
    builder = ModuleBuilder()
    builder.import_memory("env", "memory", 1)
    builder.import_global("env", "constant", "i32")
    builder.function("f", "->", "i32.const 0 i32.const 1 i32.store loop br 0 end")
    module = builder.load(engine)

    def host(constant):
        return {"memory": Memory(MemoryType(Limits(1, 1))), "constant": Global(GlobalType(I32, False), constant)}

    execution = engine.instantiate(module, {"env": host(5)}).exports.f.start(fuel=20)
    execution.run()
    other = host(6)
    with pytest.raises(LinkError, match="a constant is 6, and it was 5 in the snapshot"):
        Snapshot.of(execution).resume(engine, module, {"env": other})
    assert other["memory"].read(0, 4) == bytes(4)


def test_objects_of_the_host_are_named(engine):
    builder = ModuleBuilder()
    builder.function("f", "externref -> externref", "loop i32.const 0 br_if 0 end local.get 0")
    module = builder.load(engine)
    thing = object()
    execution = engine.instantiate(module).exports.f.start(thing)
    with pytest.raises(SnapshotError, match="an object of the host's can't be saved unless it is named in externals"):
        Snapshot.of(execution)
    snapshot = Snapshot.from_bytes(Snapshot.of(execution, externals={"thing": thing}).to_bytes())
    with pytest.raises(SnapshotError, match="externals has no 'thing'"):
        snapshot.resume(engine, module)
    other = object()
    again = snapshot.resume(engine, module, externals={"thing": other})
    again.run()
    assert again.result is other
    for plain in (None, True, 1 << 70, -5, 2.5, "text", b"bytes"):
        execution = engine.instantiate(module).exports.f.start(plain)
        again = Snapshot.from_bytes(Snapshot.of(execution).to_bytes()).resume(engine, module)
        again.run()
        assert again.result == plain
        assert type(again.result) is type(plain)


def test_instances_that_share_are_saved_together(engine):
    first = ModuleBuilder("first")
    first.memory(1)
    first.global_("n", "i32", "i32.const 0")
    first.function("step", "-> i32", "global.get 0 i32.const 1 i32.add global.set 0 global.get 0")
    first.table(2)
    first.elements([0], 0)
    second = ModuleBuilder("second")
    second.import_function("first", "step", "-> i32")
    second.import_memory("first", "memory", 1)
    second.import_table("first", "table", 2)
    type_ = second.type("-> i32")
    code = f"loop call 0 i32.const 0 i32.const 0 call_indirect {type_} i32.store local.get 0 i32.const 1 i32.sub"
    second.function(
        "run",
        "i32 -> i32",
        f"{code} local.tee 0 br_if 0 end i32.const 0 i32.load".replace("call 0 i32", "call 0 drop i32"),
    )
    modules = [first.load(engine), second.load(engine)]
    owner = engine.instantiate(modules[0])
    exports = owner.exports
    shared = {"step": exports.step, "memory": exports.memory, "table": exports.table}
    user = engine.instantiate(modules[1], {"first": shared})
    execution = user.exports.run.start(20, fuel=100)
    assert execution.run() == "paused"
    snapshot = Snapshot.from_bytes(Snapshot.of(execution).to_bytes())
    assert {each.name for each in snapshot.modules} == {"first", "second"}
    assert snapshot.imports == ()
    again = snapshot.resume(engine, modules)
    assert again.run(fuel=10_000) == "finished"
    assert again.result == 40
    assert execution.run(fuel=10_000) == "finished"
    assert execution.result == 40
    assert exports.n.value == 40  # each counts for itself


def test_structures_that_refer_to_one_another(engine):
    parser = pytest.importorskip("wrt_wast.text.parser", reason="the module is written as text")
    module = engine.load(
        parser.parse_module("""(module
            (rec (type $node (struct (field $next (mut (ref null $node))) (field $value (mut i32)))))
            (type $bytes (array (mut i8)))
            (func (export "f") (param i32) (result i32) (local $a (ref null $node)) (local $b (ref null $bytes))
              (local.set $a (struct.new $node (ref.null $node) (i32.const 5)))
              (struct.set $node $next (local.get $a) (local.get $a))
              (local.set $b (array.new $bytes (i32.const 0x101) (i32.const 3)))
              (loop (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
              (i32.add (struct.get $node $value (struct.get $node $next (local.get $a)))
                       (array.get_u $bytes (local.get $b) (i32.const 2)))))""")
    )
    execution = engine.instantiate(module).exports.f.start(10, fuel=40)
    assert execution.run() == "paused"
    again = Snapshot.from_bytes(Snapshot.of(execution).to_bytes()).resume(engine, module)
    assert again.run(fuel=1_000) == "finished"
    assert again.result == 6
    node = again.func.instance  # and the copy is a copy
    assert node is not execution.func.instance


def test_a_suspended_continuation_is_refused(engine):
    parser = pytest.importorskip("wrt_wast.text.parser", reason="the module is written as text")
    module = engine.load(
        parser.parse_module("""(module (type $f (func)) (type $c (cont $f))
            (func $nothing) (elem declare func $nothing)
            (func (export "f") (local $c (ref null $c))
              (local.set $c (cont.new $c (ref.func $nothing)))
              (loop (br 0))))""")
    )
    execution = engine.instantiate(module).exports.f.start(fuel=20)
    assert execution.run() == "paused"
    for forbidden in (lambda: Snapshot.of(execution), execution.fork):
        with pytest.raises(SnapshotError, match=r"a suspended continuation can't be saved; one is in a local"):
            forbidden()


def test_a_lazy_engine_resumes(counting, paused):
    execution, log = paused
    again = Snapshot.of(execution).resume(LazyEngine("stackless"), counting, env(log))
    assert again.run(fuel=1_000) == "finished"


def test_deep_recursion_is_saved(engine, counting, guest):
    execution = guest().exports.down.start(5_000, fuel=5_000 * 5)
    assert execution.run() == "paused"
    assert len(execution.frames) > 1_500
    again = Snapshot.from_bytes(Snapshot.of(execution).to_bytes()).resume(engine, counting, env([]))
    assert again.run(fuel=1 << 30) == "finished"
    assert again.result == 5_000
