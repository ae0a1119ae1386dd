"""Instances made of text or files, as their users make them."""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import Any

import pytest

from wrt_core import EngineFactory
from wrt_core.runtime.instance import Instance


@pytest.fixture
def instantiate() -> Callable[..., Instance]:
    """Make an instance of a module's text, file or bytes, and imports; keywords are the engine's options."""
    pytest.importorskip("wrt_wast", reason="modules are written as text")
    gc.collect()  # modules of the same name that nobody uses any more

    def make(source: Any, imports: dict[str, Any] | None = None, **options: Any) -> Instance:
        engine = EngineFactory.create("stackless", **options)
        return engine.instantiate(engine.load(source), imports)

    return make
