"""What can't be recorded is refused by name, and its journal is not taken for whole."""

from __future__ import annotations

import pytest

from wrt_core import Func, Memory, Tag
from wrt_core.recording import JournalError, RecordingEngine, RecordingError, replay
from wrt_core.testing import ModuleBuilder
from wrt_foundation.traps import WasmException
from wrt_foundation.types import FUNCREF, I32, ArrayType, FieldType, FuncType, Limits, MemoryType


def asking() -> ModuleBuilder:
    builder = ModuleBuilder()
    ask = builder.import_function("env", "ask", "->")
    builder.function("run", "->", f"call {ask}")
    return builder


@pytest.fixture
def refused(engine, journal, record):
    """Record what is refused in mid-run; the journal lacks its end then."""

    def refused(builder, use, imports=None):
        with pytest.raises(RecordingError) as caught:
            record(builder, use, imports)
        with pytest.raises(JournalError, match="cut off"):
            replay(journal, engine, engine.load(builder.bytes()))
        return str(caught.value)

    return refused


def test_memories_that_threads_share(engine, journal):
    builder = ModuleBuilder()
    builder.import_memory("env", "memory", 1, 2, shared=True)
    given = Memory(MemoryType(Limits(1, 2), shared=True))
    with RecordingEngine(engine, journal) as recording, pytest.raises(RecordingError, match="other threads"):
        recording.instantiate(recording.load(builder.bytes()), {"env": {"memory": given}})
    assert not journal.exists()


def test_a_second_instance(engine, journal):
    with RecordingEngine(engine, journal) as recording:
        module = recording.load(asking().bytes())
        recording.instantiate(module, {"env": {"ask": lambda: None}})
        with pytest.raises(RecordingError, match="one instance"):
            recording.instantiate(module, {"env": {"ask": lambda: None}})


def test_one_import_as_two_functions(engine, journal):
    builder = ModuleBuilder()
    builder.import_function("env", "ask", "->")
    builder.import_function("env", "ask", "i32 ->")
    with RecordingEngine(engine, journal) as recording, pytest.raises(RecordingError, match="two types"):
        recording.instantiate(recording.load(builder.bytes()), {"env": {"ask": lambda *_: None}})


def test_calls_that_are_run_in_turns(refused):
    def use(guest):
        one, two = guest.exports.run.start(fuel=0), guest.exports.run.start()
        one.run()
        assert one.reason == "fuel"
        two.run()
        one.run(fuel=1000)

    assert "in turns" in refused(asking(), use, {"env": {"ask": lambda: None}})


def test_structures_and_arrays(refused):
    builder = ModuleBuilder()
    array = builder.type(ArrayType(FieldType(I32)))
    ask = builder.import_function("env", "ask", "externref ->")
    builder.function("run", "->", f"i32.const 3 array.new_default {array} extern.convert_any call {ask}")
    assert "Array" in refused(builder, lambda guest: guest.exports.run(), {"env": {"ask": lambda _: None}})


def test_functions_of_others_as_values(refused):
    builder = ModuleBuilder()
    ask = builder.import_function("env", "ask", "-> funcref")
    builder.function("run", "-> funcref", f"call {ask}")
    given = Func(FuncType((), (FUNCREF,)), lambda: Func(FuncType(), lambda: None))
    assert "no function of the guest" in refused(builder, lambda guest: guest.exports.run(), {"env": {"ask": given}})


def test_exceptions_of_others(refused):
    def ask():
        raise Tag(FuncType()).exception()

    def use(guest):
        guest.exports.run()

    assert "whose tag is not of the guest" in refused(asking(), use, {"env": {"ask": ask}})
    assert issubclass(WasmException, Exception)


def test_other_guests_that_call_this_one(engine, refused):
    other = ModuleBuilder()
    other.function("run", "->", f"call {other.import_function('guest', 'run', '->')}")

    def use(guest):
        other.instantiate(engine, {"guest": guest.exports}).exports.run()

    assert "another instance" in refused(asking(), use, {"env": {"ask": lambda: None}})


def test_a_disk_that_is_full(engine, tmp_path):
    """The guest's run fails there and then, and not silently its journal."""
    full = tmp_path / "full"
    full.symlink_to("/dev/full")
    recording = RecordingEngine(engine, full)
    builder = ModuleBuilder()
    ask = builder.import_function("env", "ask", "->")
    builder.function("run", "->", f"loop call {ask} br 0 end")
    instance = recording.instantiate(recording.load(builder.bytes()), {"env": {"ask": lambda: None}})
    with pytest.raises(OSError, match="No space left"):
        instance.exports.run()
    recording.close()
