"""Instances made of text, in both forms that translation has, and random programs compared with the reference."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import pytest

from wrt_core import EngineFactory
from wrt_core.engines.stackless import compiled
from wrt_core.engines.stackless.translation.dispatched import write_dispatched
from wrt_core.engines.stackless.translation.function import translate
from wrt_core.runtime.instance import Instance
from wrt_core.testing import Program, disagreement


@pytest.fixture(params=["structured", "dispatched"])
def instantiate(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Instance]:
    """Make an instance of a module's text and imports; keywords are the engine's options."""
    parser = pytest.importorskip("wrt_wast.text.parser", reason="modules are written as text")
    if request.param == "dispatched":
        monkeypatch.setattr(compiled, "translate", partial(translate, write=write_dispatched))

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
