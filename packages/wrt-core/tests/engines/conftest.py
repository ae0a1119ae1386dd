"""Instances made of text, in both forms that translation has, and random programs compared with the reference."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import pytest

from wrt_core import EngineFactory
from wrt_core.engines.stackless import compiled
from wrt_core.engines.stackless.translation.function import translating
from wrt_core.engines.stackless.translation.writing.dispatched import write_dispatched
from wrt_core.execution import Execution
from wrt_core.execution.snapshot import Snapshot
from wrt_core.execution.state import State
from wrt_core.runtime.instance import Instance
from wrt_core.testing import Program, disagreement
from wrt_core.testing.reference import Reference
from wrt_core.validation import ValidatedModule
from wrt_foundation.traps import Trap


@pytest.fixture(params=["structured", "dispatched"])
def instantiate(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Instance]:
    """Make an instance of a module's text and imports; keywords are the engine's options."""
    parser = pytest.importorskip("wrt_wast.text.parser", reason="modules are written as text")
    if request.param == "dispatched":
        monkeypatch.setattr(compiled, "translating", partial(translating, write=write_dispatched))

    def make(text: str, imports: dict[str, Any] | None = None, **options: Any) -> Instance:
        engine = EngineFactory.create("stackless", **options)
        return engine.instantiate(engine.load(parser.parse_module(text)), imports)

    return make


@pytest.fixture
def agree() -> Callable[..., None]:
    """Fail for the first seed whose program does something else than in the reference interpreter.

    It is called with what makes a program of a seed, the seeds, and limits as `disagreement` has them.
    """

    def check(program_of: Callable[[int], Program], seeds: Iterable[int], **limits: int) -> None:
        for seed in seeds:
            program = program_of(seed)
            complaint = disagreement(program, EngineFactory.create("stackless"), seed, **limits)
            assert complaint is None, f"{seed}: {complaint}\n{program}"

    return check


@pytest.fixture
def agree_paused() -> Callable[..., None]:
    """Fail if a call of a program's first function ends otherwise than in the reference interpreter.

    It is saved and resumed at every safe point; there, its locals must be numbers of their width.
    """

    def wanted(module: ValidatedModule, args: tuple[int, ...]) -> object:
        try:
            (result,) = Reference(module).call(0, [each & 0xFFFF_FFFF for each in args])
        except Trap as trap:
            return trap.code
        return result

    def told(execution: Execution, module: ValidatedModule) -> object:
        engine = EngineFactory.create("stackless")
        try:
            while execution.run(fuel=execution.fuel_needed) is State.PAUSED:
                for frame in execution.frames:
                    assert all(-(1 << 31) <= each < 1 << 31 for each in frame.locals if isinstance(each, int))
                execution = Snapshot.from_bytes(Snapshot.of(execution).to_bytes()).resume(engine, module)
        except Trap as trap:
            return trap.code
        return execution.result & 0xFFFF_FFFF

    def check(program: Program, *args: int) -> None:
        engine = EngineFactory.create("stackless")
        module = engine.load(program.module)
        execution = engine.instantiate(module).exports["f0"].start(*args, fuel=0)
        assert told(execution, module) == wanted(module, args), f"{args}\n{program}"

    return check
