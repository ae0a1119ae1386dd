"""Instances made of text or files, as their users make them."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

import pytest

from wrt_core import EngineFactory
from wrt_core.debugging import python_frames
from wrt_core.runtime.instance import Instance


@pytest.fixture
def instantiate(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Instance]:
    """Make an instance of a module's text, file or bytes, and imports; keywords are the engine's options."""
    pytest.importorskip("wrt_wast", reason="modules are written as text")
    # Other tests have modules of the same names, which may still be in use.
    monkeypatch.setattr(python_frames, "_NAMED", weakref.WeakValueDictionary())

    def make(source: Any, imports: dict[str, Any] | None = None, **options: Any) -> Instance:
        engine = EngineFactory.create("stackless", **options)
        return engine.instantiate(engine.load(source), imports)

    return make
