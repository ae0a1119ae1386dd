"""A small module, engines that keep what they find out about it, and how much they had to do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from wrt_core import EngineFactory
from wrt_core.cache import Cache
from wrt_core.testing import ModuleBuilder
from wrt_foundation.plugins import get_plugin_manager, hookimpl


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.fixture
def module() -> bytes:
    """Functions that add, trap in two ways, and give a NaN with a payload."""
    builder = ModuleBuilder("small")
    builder.memory(1)
    builder.table(2)
    builder.type("->")
    builder.function("add", "i32 i32 -> i32", "local.get 0 local.get 1 i32.add")
    builder.function("load", "i32 -> i32", "local.get 0 i32.load")
    builder.function("indirect", "i32 ->", "local.get 0 call_indirect 0 0")
    builder.function("nan", "-> f64", "f64.const bits:0x7ff4000000001234")
    return builder.bytes()


class Counter:
    """An observer: how many functions were translated."""

    def __init__(self) -> None:
        self.translated: list[int] = []

    @hookimpl
    def wrt_function_compiled(self, index: int) -> None:
        self.translated.append(index)


@pytest.fixture
def start() -> Callable[..., tuple[Any, list[int]]]:
    """What a process does: make an engine, load, instantiate; with the instance comes what gets translated.

    The process before it has ended by then, and written what it kept.
    """
    caches: list[Cache] = []

    def start(source: bytes, **options: Any) -> tuple[Any, list[int]]:
        for each in caches:
            each.save()
        counter = Counter()
        plugins = get_plugin_manager()
        plugins.registry("wrt.observers").register("counter", counter)
        engine = EngineFactory.create("stackless", plugins=plugins, **options)
        if engine.cache is not None:
            caches.append(engine.cache)
        return engine.instantiate(engine.load(source)), counter.translated

    return start
