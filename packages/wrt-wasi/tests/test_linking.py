"""WASI as a host module: found by name, linked by type, bound to one guest's memory, and honest about the rest."""

from __future__ import annotations

import io

import pytest

from wrt_core import EngineFactory
from wrt_core.host_modules import Grants, create_host_module, host_modules_for
from wrt_foundation.errors import Exit, LinkError
from wrt_foundation.module import Code, Export, Import, Module
from wrt_foundation.types import I32, I64, ExternKind, FuncType, FuncUse, Limits, MemoryType, RecType, SubType
from wrt_wasi import MODULE, Wasi
from wrt_wasi.preview1.errno import Errno, refusal
from wrt_wasi.preview1.signatures import SIGNATURES


def test_exit_leaves_the_guest_and_not_the_host(guest):
    for status in (0, 7, 0xFFFF_FFFF):
        with pytest.raises(Exit) as raised:
            guest().call("proc_exit", status)
        assert raised.value.status == status


@pytest.mark.parametrize(("signal", "ends"), [(0, False), (2, True), (6, True), (9, True), (16, False), (20, False)])
def test_a_signal_ends_the_guest_or_is_ignored(guest, signal, ends):
    if not ends:
        assert guest().call("proc_raise", signal) is Errno.SUCCESS
        return
    with pytest.raises(Exit) as raised:
        guest().call("proc_raise", signal)
    assert raised.value.status == 128 + signal


def test_a_signal_that_does_not_exist(guest):
    assert guest().call("proc_raise", 31) is Errno.INVAL


def test_yielding(guest):
    assert guest().call("sched_yield") is Errno.SUCCESS


def test_a_function_imported_with_another_type_is_refused(importing):
    module = importing(["fd_close"])
    module.types[0] = RecType((SubType(FuncType((I64,), (I32,))),))
    engine = EngineFactory.create("stackless")
    with pytest.raises(LinkError, match="incompatible import type"):
        engine.instantiate(engine.load(module), Wasi().imports())


def test_a_guest_without_memory_can_call_what_needs_none(importing):
    engine = EngineFactory.create("stackless")
    wasi = Wasi()
    instance = engine.instantiate(engine.load(importing(["proc_exit", "random_get"], memory=None)), wasi.imports())
    wasi.attach(instance)
    with pytest.raises(Exit):
        instance.exports.proc_exit(1)
    with pytest.raises(LinkError, match="export it as 'memory'"):
        instance.exports.random_get(0, 1)


def test_an_export_called_memory_that_is_none(importing):
    module = importing(["random_get"], memory=None)
    module.exports.append(Export("memory", ExternKind.FUNC, 0))
    engine = EngineFactory.create("stackless")
    wasi = Wasi()
    instance = engine.instantiate(engine.load(module), wasi.imports())
    wasi.attach(instance)
    with pytest.raises(LinkError, match="export it as 'memory'"):
        instance.exports.random_get(0, 1)


def test_a_start_function_calls_wasi():
    module = Module(
        types=[RecType((SubType(SIGNATURES["random_get"]),)), RecType((SubType(FuncType()),))],
        imports=[Import(MODULE, "random_get", FuncUse(0))],
        functions=[1],
        memories=[MemoryType(Limits(1))],
        exports=[Export("memory", ExternKind.MEMORY, 0)],
        start=1,
        codes=[Code((), bytes.fromhex("41004101 1000 1a 0b".replace(" ", "")))],
    )
    engine = EngineFactory.create("stackless")
    instance = engine.instantiate(engine.load(module), Wasi(random=lambda count: b"\x2a" * count).imports())
    assert instance.exports.memory.read(0, 2) == b"\x2a\0"


def test_two_guests_have_their_own(guest):
    one, two = guest(arguments=["one"]), guest(arguments=["two"])
    one.call("args_get", 0, 100)
    two.call("args_get", 0, 100)
    assert (one.memory.read(100, 3), two.memory.read(100, 3)) == (b"one", b"two")


def test_the_plugin_hands_on_what_is_granted(importing):
    engine = EngineFactory.create("stackless")
    module = engine.load(importing(["fd_write", "environ_get", "args_get"]))
    out = io.BytesIO()
    hosts = host_modules_for(module, Grants(("program",), {"A": "1"}, stdout=out))
    assert list(hosts) == [MODULE]
    assert isinstance(hosts[MODULE], Wasi)
    instance = engine.instantiate(module, hosts[MODULE].imports())
    hosts[MODULE].attach(instance)
    instance.exports.environ_get(0, 100)
    instance.exports.args_get(0, 200)
    assert instance.exports.memory.read(100, 4) == b"A=1\0"
    assert instance.exports.memory.read(200, 8) == b"program\0"
    instance.exports.memory.write(0, bytes([100, 0, 0, 0, 3, 0, 0, 0]))
    assert instance.exports.fd_write(1, 0, 1, 8) == 0
    assert out.getvalue() == b"A=1"


def test_grants_are_empty_unless_given(importing):
    engine = EngineFactory.create("stackless")
    module = engine.load(importing(["environ_sizes_get", "args_sizes_get"]))
    wasi = create_host_module(MODULE, Grants())
    instance = engine.instantiate(module, wasi.imports())
    wasi.attach(instance)
    instance.exports.memory.write(0, b"x" * 16)
    instance.exports.args_sizes_get(0, 4)
    instance.exports.environ_sizes_get(8, 12)
    assert instance.exports.memory.read(0, 16) == bytes(16)


@pytest.mark.parametrize(
    ("number", "expected"), [(32, Errno.PIPE), (7, Errno.TOOBIG), (13, Errno.ACCES), (9999, Errno.IO)]
)
def test_host_errors_by_name(number, expected):
    assert refusal(OSError(number, "")).errno is expected
