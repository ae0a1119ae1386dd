"""A guest and its host to record; and engines that run another program than they say."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from wrt_core import Engine, EngineFactory, EngineWrapper, Instance, Store, ValidatedModule
from wrt_core.recording import RecordingEngine
from wrt_core.recording.events import Event
from wrt_core.recording.journal import JournalReader, JournalWriter
from wrt_core.testing import ModuleBuilder
from wrt_core.testing.assembler import assemble


@pytest.fixture
def engine() -> Engine:
    return EngineFactory.create("stackless")


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return tmp_path / "run.journal"


@pytest.fixture
def record(engine: Engine, journal: Path) -> Callable[..., ValidatedModule]:
    """Record what `use(instance)` does with an instance of a module; an exception of it ends the recording as usual."""

    def record(builder: ModuleBuilder, use: Callable[[Instance], Any], imports: Any = None) -> ValidatedModule:
        with RecordingEngine(engine, journal) as recording:
            module = recording.load(builder.bytes())
            use(recording.instantiate(module, imports))
        return module

    return record


class WrongEngine(EngineWrapper):
    """Runs the right module with some of its bytes replaced by others: an engine with a mistake."""

    name = "wrong"

    def __init__(self, right: bytes, wrong: bytes) -> None:
        super().__init__(EngineFactory.create("stackless"))
        self.right, self.wrong = right, wrong

    def instantiate(self, module: ValidatedModule, imports: Any = None, *, store: Store | None = None) -> Instance:
        binary = module.module.binary
        assert binary.count(self.right) == 1
        assert len(self.right) == len(self.wrong)
        mistaken = self.inner.load(binary.replace(self.right, self.wrong))
        return self.inner.instantiate(mistaken, imports, store=store)


@pytest.fixture
def mistaken() -> Callable[[str, str], Engine]:
    """An engine that takes one piece of code for another of the same length; both as the assembler takes them."""

    def mistaken(right: str, wrong: str) -> Engine:
        return WrongEngine(assemble(right), assemble(wrong))

    return mistaken


@pytest.fixture
def rewrite(journal: Path) -> Callable[[Callable[[list[Event]], list[Event]]], None]:
    """Write the journal anew, as one that has other events and is not damaged."""

    def rewrite(change: Callable[[list[Event]], list[Event]]) -> None:
        with JournalReader(journal) as reader:
            header, events = reader.header, list(reader)
        writer = JournalWriter(journal, header)
        for event in change(events):
            writer.write(event)
        writer.close()

    return rewrite
