"""An engine: stackless, with a count of the calls from the host."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from wrt_core import EngineFactory, EngineWrapper, Func, Instance, Store, ValidatedModule


class CountingEngine(EngineWrapper):
    """Runs everything on the engine `stackless`; `calls` says how often the host called a guest's function."""

    name: ClassVar[str] = "counting"

    def __init__(self, **options: Any) -> None:
        super().__init__(EngineFactory.create("stackless", **options))
        self.calls = 0

    def instantiate(self, module: ValidatedModule, imports: Any = None, *, store: Store | None = None) -> Instance:
        """Instantiate on the inner engine, and step between the host and the instance's functions."""
        instance = super().instantiate(module, imports, store=store)
        for func in instance.functions:
            if func.instance is instance:  # not one that it imports
                self._count(func)
        return instance

    def _count(self, func: Func) -> None:
        enter = func.enter

        def counted(func: Func, arguments: Sequence[Any]) -> Any:
            self.calls += 1
            return enter(func, arguments)

        func.enter = counted
