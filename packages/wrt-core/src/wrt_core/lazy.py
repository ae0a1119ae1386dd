"""`LazyEngine`: an engine that is made when it is first used."""

from __future__ import annotations

import threading
from typing import Any

from wrt_core.engine import Engine, Source
from wrt_core.factory import EngineFactory
from wrt_core.host_modules import Grants
from wrt_core.runtime.instance import Instance
from wrt_core.runtime.linking import Imports
from wrt_core.runtime.store import Store
from wrt_core.validation import ValidatedModule
from wrt_foundation.features import Features

__all__ = ["LazyEngine"]


class LazyEngine(Engine):
    """An engine by name, made on first use: naming one costs no import.

    Thread-safe: however many threads use it first at once, one engine is made. If making it fails, the error goes to
    whoever asked, and the next use tries again.
    """

    def __init__(self, name: str, **options: Any) -> None:
        self.engine_name = str(name)
        self._options = options
        self._engine: Engine | None = None
        self._lock = threading.Lock()

    @property
    def engine(self) -> Engine:
        """The engine itself, made now if it was not yet. Raises what `EngineFactory.create` raises."""
        if self._engine is None:
            with self._lock:
                if self._engine is None:
                    self._engine = EngineFactory.create(self.engine_name, **self._options)
        return self._engine

    @property
    def created(self) -> bool:
        """Whether the engine has been made."""
        return self._engine is not None

    @property
    def features(self) -> Features:
        """What the engine runs."""
        return self.engine.features

    def load(self, source: Source) -> ValidatedModule:
        """Return the module that `source` is, validated; see `Engine.load`."""
        return self.engine.load(source)

    def instantiate(
        self, module: ValidatedModule, imports: Imports | None = None, *, store: Store | None = None
    ) -> Instance:
        """Return a new instance; see `Engine.instantiate`."""
        return self.engine.instantiate(module, imports, store=store)

    def permitted(self, module: ValidatedModule, grants: Grants) -> Grants:
        """Return what host modules may have; see `Engine.permitted`."""
        return self.engine.permitted(module, grants)

    def __reduce__(self) -> tuple[Any, ...]:
        return _lazy, (self.engine_name, self._options)

    def __repr__(self) -> str:
        return f"<LazyEngine {self.engine_name!r}, {'created' if self.created else 'not created'}>"


def _lazy(name: str, options: dict[str, Any]) -> LazyEngine:
    return LazyEngine(name, **options)
