"""The verbs of WRT, a WebAssembly runtime in pure Python: validate, link, instantiate, run.

>>> from wrt_core import EngineFactory
>>> engine = EngineFactory.create("stackless")
>>> module = engine.load("program.wasm")                       # doctest: +SKIP
>>> instance = engine.instantiate(module, {"env": {"log": print}})  # doctest: +SKIP
>>> instance.exports.add(1, 2)                                  # doctest: +SKIP
"""

from __future__ import annotations

from wrt_core.__about__ import __version__
from wrt_core.engine import Engine
from wrt_core.factory import EngineFactory, EngineType
from wrt_core.lazy import LazyEngine
from wrt_core.pool import EnginePool, PoolClosed, PoolExhausted
from wrt_core.runtime.exports import Exports
from wrt_core.runtime.function import Func
from wrt_core.runtime.globals import Global
from wrt_core.runtime.instance import Instance
from wrt_core.runtime.memory import Memory
from wrt_core.runtime.store import Store
from wrt_core.runtime.table import Table
from wrt_core.runtime.tag import Tag
from wrt_core.system import engine_pool, initialize_engine_system
from wrt_core.validation import ValidatedModule, validate
from wrt_core.wrapper import EngineWrapper

__all__ = [
    "Engine",
    "EngineFactory",
    "EnginePool",
    "EngineType",
    "EngineWrapper",
    "Exports",
    "Func",
    "Global",
    "Instance",
    "LazyEngine",
    "Memory",
    "PoolClosed",
    "PoolExhausted",
    "Store",
    "Table",
    "Tag",
    "ValidatedModule",
    "__version__",
    "engine_pool",
    "initialize_engine_system",
    "validate",
]
