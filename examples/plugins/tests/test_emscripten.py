"""The host for what Emscripten compiles: long jumps, memory, and ways to end."""

from __future__ import annotations

import pytest

from wrt_core import EngineFactory
from wrt_core.host_modules import Grants, create_host_module
from wrt_core.testing import ModuleBuilder
from wrt_foundation.errors import Exit
from wrt_foundation.traps import Trap
from wrt_foundation.types import ExternKind


@pytest.fixture
def guest():
    """A guest that calls its table through the host, and what it has of Emscripten's runtime."""
    builder = ModuleBuilder()
    invoke = builder.import_function("env", "invoke_vi", "i32 i32 ->")
    jump = builder.import_function("env", "_emscripten_throw_longjmp", "->")
    resize = builder.import_function("env", "emscripten_resize_heap", "i32 -> i32")
    leave = builder.import_function("env", "exit", "i32 ->")
    abort = builder.import_function("env", "abort", "->")
    openat = builder.import_function("env", "__syscall_openat", "i32 i32 i32 i32 -> i32")
    builder.memory(1, 4)
    builder.table(2, name="__indirect_function_table")
    stack = builder.global_(None, "i32", "i32.const 1000")
    threw = builder.global_("threw", "i32", "i32.const 0")
    builder.function("stackSave", "-> i32", f"global.get {stack}")
    builder.function("stackRestore", "i32 ->", f"local.get 0 global.set {stack}")
    builder.function("setThrew", "i32 i32 ->", f"local.get 0 global.set {threw}")
    returning = builder.function(None, "i32 ->", f"local.get 0 global.set {stack}")
    jumping = builder.function(None, "i32 ->", f"local.get 0 global.set {stack} call {jump} unreachable")
    builder.elements([returning, jumping])
    builder.function("try", "i32 i32 ->", f"local.get 0 local.get 1 call {invoke}")
    builder.function("open", "-> i32", f"i32.const 0 i32.const 0 i32.const 0 i32.const 0 call {openat}")
    for name, index in (("jump", jump), ("resize", resize), ("leave", leave), ("abort", abort)):
        builder.export(name, ExternKind.FUNC, index)
    engine = EngineFactory.create("stackless")
    host = create_host_module("emscripten", Grants())
    instance = builder.instantiate(engine, host.imports())
    host.attach(instance)
    return instance.exports


def test_a_function_that_returns(guest):
    guest["try"](0, 900)
    assert (guest.stackSave(), guest.threw.value) == (900, 0)


def test_a_long_jump_puts_the_stack_back(guest):
    guest["try"](1, 900)
    assert (guest.stackSave(), guest.threw.value) == (1000, 1)
    guest["try"](0, 800)
    assert guest.stackSave() == 800


def test_traps_are_no_long_jumps(guest):
    with pytest.raises(Trap, match="out of bounds table access"):
        guest["try"](2, 0)
    assert guest.threw.value == 0


def test_memory_grows_as_far_as_it_may(guest):
    assert guest.resize(1) == 1
    assert (guest.resize(65537), guest.memory.size) == (1, 2)
    assert (guest.resize(4 * 65536 + 1), guest.memory.size) == (0, 2)
    assert guest.resize(-1) == 0


def test_a_guest_ends_and_the_host_goes_on(guest):
    with pytest.raises(Exit) as left:
        guest.leave(3)
    assert left.value.status == 3
    with pytest.raises(Trap, match="has aborted"):
        guest.abort()


def test_there_are_no_files(guest):
    assert guest.open() == -52
