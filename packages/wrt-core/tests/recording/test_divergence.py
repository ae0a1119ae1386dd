"""The first difference between two runs is found, and named with both backtraces."""

from __future__ import annotations

import pickle

import pytest

from wrt_core.recording import Divergence, replay
from wrt_core.testing import ModuleBuilder
from wrt_foundation.traps import Trap


def program(body: str, signature: str = "i32 -> i32", *, memory: int = 1) -> ModuleBuilder:
    """Two calls deep, with names: `inner` runs the body, which may call `env.log` and `env.other`."""
    builder = ModuleBuilder("sample")
    builder.import_function("env", "log", "i32 -> i32")
    builder.import_function("env", "other", "i32 -> i32")
    builder.memory(memory, 4)
    builder.global_("level", "i32", "i32.const 0")
    inner = builder.function("inner", signature, body)
    builder.function("run", signature, f"local.get 0 call {inner}")
    return builder


LOGS = "local.get 0 call 0 drop local.get 0 i32.const 1 i32.add call 0"


@pytest.fixture
def differ(engine, journal, record, mistaken):
    """Record on an engine that is right, replay on one that takes `right` for `wrong`, and return the divergence."""

    def differ(builder, right, wrong, use=lambda guest: guest.exports.run(5), host=lambda guests, value: value):
        guests = []

        def log(value):
            return host(guests, value)

        def using(guest):
            guests.append(guest)
            use(guest)

        module = record(builder, using, {"env": {"log": log, "other": lambda value: value}})
        assert replay(journal, engine, module)  # the right engine is right
        with pytest.raises(Divergence) as caught:
            replay(journal, mistaken(right, wrong), module)
        return caught.value

    return differ


def test_an_argument(differ):
    found = differ(program(LOGS), "local.get 0 i32.const 1 i32.add call 0", "local.get 0 i32.const 1 i32.sub call 0")
    assert found.call == 2
    assert found.message == "argument 0 of env.log is 4, and was 6"
    assert [frame.name for frame in found.recorded] == [frame.name for frame in found.replayed] == ["inner", "run"]
    lines = str(found).splitlines()
    assert lines[0].startswith("the runs differ at call 2 of the host (line 7 of the journal): ")
    assert [line for line in lines if line.startswith("re")] == ["recorded on stackless:", "replayed on wrong:"]
    assert sum("sample!inner @ 0x" in line for line in lines) == 2
    again = pickle.loads(pickle.dumps(found))
    assert (str(again), again.call, again.recorded) == (str(found), 2, found.recorded)


def test_who_is_called(differ):
    found = differ(program(LOGS), "i32.add call 0", "i32.add call 1")
    assert (found.call, found.message) == (2, "env.other is called, and in the recording env.log was")
    assert found.recorded
    assert found.replayed


def test_a_call_that_is_not_made(differ):
    body = "local.get 0 call 0 drop i32.const 3 call 0"
    found = differ(program(body), "i32.const 3 call 0", "i32.const 3 return nop")
    assert (found.call, found.message) == (2, "the guest returns, where the recorded one called env.log")
    assert [frame.name for frame in found.recorded] == ["inner", "run"]


def test_a_call_too_many(differ):
    found = differ(program("i32.const 3 nop nop"), "i32.const 3 nop nop", "i32.const 3 call 0")
    assert (found.call, found.message) == (1, "env.log is called, where the recorded guest returned")
    assert [frame.name for frame in found.replayed] == ["inner", "run"]


def test_a_result(differ):
    found = differ(program("local.get 0 i32.const 1 i32.add"), "i32.const 1 i32.add", "i32.const 1 i32.sub")
    assert (found.call, found.message) == (0, "result 0 is 4, and was 6")


def test_a_trap_where_there_was_none(differ):
    found = differ(
        program("local.get 0 call 0 i32.const 1 i32.div_u"), "i32.const 1 i32.div_u", "i32.const 0 i32.div_u"
    )
    assert found.message == "the guest ends by the trap 'integer divide by zero', where the recorded one returned"
    assert [frame.name for frame in found.replayed] == ["inner", "run"]


def test_another_trap(differ):
    def use(guest):
        with pytest.raises(Trap):
            guest.exports.run(5)

    division = "i32.const 1 i32.const 0 i32.rem_u"
    found = differ(program(f"unreachable {division}"), f"unreachable {division}", f"nop {division}", use)
    assert found.message == "the guest ends by the trap 'integer divide by zero', and ended by the trap 'unreachable'"


def test_what_the_host_reads(differ):
    def host(guests, value):
        return len(guests[0].exports.memory.read(value, 4))

    body = "local.get 0 i32.const 77 i32.store local.get 0 call 0"
    found = differ(program(body), "i32.const 77 i32.store", "i32.const 78 i32.store", host=host)
    assert found.message == r"the host reads from memory 0 at 0x5: b'N\x00\x00\x00', and read b'M\x00\x00\x00'"
    assert [frame.name for frame in found.replayed] == ["inner", "run"]


def test_the_size_of_a_memory(differ):
    body = "i32.const 2 memory.grow drop local.get 0 call 0"
    found = differ(program(body), "i32.const 2 memory.grow", "i32.const 1 memory.grow")
    assert found.message == "memory 0 has 2 pages, and had 3"


def test_a_read_past_the_end(differ):
    def use(guest):
        guest.exports.run(5)
        guest.exports.memory.read(2 * 65536, 8)

    body = "i32.const 2 memory.grow drop local.get 0"
    found = differ(program(body), "i32.const 2 memory.grow", "i32.const 1 memory.grow", use)
    assert "does not reach to 0x20008" in found.message


@pytest.mark.parametrize(
    ("right", "wrong", "message"),
    [
        ("i32.const 7 i32.store", "i32.const 8 i32.store", "at the end, memory 0 is not what it was"),
        ("i32.const 3 global.set 0", "i32.const 4 global.set 0", "at the end, global 0 is not what it was"),
    ],
)
def test_what_nobody_has_looked_at(differ, right, wrong, message):
    body = "i32.const 0 i32.const 7 i32.store i32.const 3 global.set 0 local.get 0"
    assert differ(program(body), right, wrong).message == message


def test_nans_are_as_engines_like_them(engine, journal, record, mistaken):
    builder = ModuleBuilder()
    ask = builder.import_function("env", "ask", "f32 ->")
    builder.function("run", "-> f64", f"f32.const bits:0x7fc00001 call {ask} f64.const bits:0x7ff8000000000001")
    module = record(builder, lambda guest: guest.exports.run(), {"env": {"ask": lambda _: None}})
    other = mistaken("f32.const bits:0x7fc00001", "f32.const bits:0xffc00002")
    assert replay(journal, other, module).host_calls == 1
    with pytest.raises(Divergence, match="argument 0"):
        replay(journal, mistaken("f32.const bits:0x7fc00001", "f32.const bits:0x7f800000"), module)


def test_a_guest_that_catches_everything_does_not_hide_it(differ):
    body = f"block try_table catch_all 0 {LOGS} drop end end local.get 0 call 0"
    found = differ(program(body), "i32.add call 0", "i32.sub call 0")
    assert (found.call, found.message) == (2, "argument 0 of env.log is 4, and was 6")
