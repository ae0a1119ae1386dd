"""`EngineWrapper`: an engine around another, to change what happens around it."""

from __future__ import annotations

import sys

from wrt_core.engine import Engine, Source
from wrt_core.host_modules import Grants
from wrt_core.runtime.instance import Instance
from wrt_core.runtime.linking import Imports
from wrt_core.runtime.store import Store
from wrt_core.validation import ValidatedModule
from wrt_foundation.features import Features
from wrt_foundation.limits import DEFAULT_LIMITS, ImplementationLimits
from wrt_foundation.memory import MemoryProvider

__all__ = ["EngineWrapper"]


class EngineWrapper(Engine):
    """Does what its inner engine does; a subclass overrides what is to be otherwise.

    As thread-safe as `inner` is.
    """

    def __init__(self, inner: Engine) -> None:
        self.inner = inner

    @property
    def features(self) -> Features:
        """What the inner engine runs."""
        return self.inner.features

    @property
    def meters(self) -> frozenset[str]:
        """What the inner engine can bound."""
        return getattr(self.inner, "meters", frozenset())

    @property
    def limits(self) -> ImplementationLimits:
        """The implementation's limits that the inner engine keeps."""
        return getattr(self.inner, "limits", DEFAULT_LIMITS)

    @property
    def max_call_depth(self) -> int:
        """How deep the inner engine's guests may recurse."""
        return getattr(self.inner, "max_call_depth", sys.maxsize)

    @property
    def memory_provider(self) -> MemoryProvider | None:
        """Where the inner engine's memories come from, if it says so."""
        return getattr(self.inner, "memory_provider", None)

    def load(self, source: Source) -> ValidatedModule:
        """Load on the inner engine; see `Engine.load`."""
        return self.inner.load(source)

    def permitted(self, module: ValidatedModule, grants: Grants) -> Grants:
        """Return what the inner engine lets host modules have; see `Engine.permitted`."""
        return self.inner.permitted(module, grants)

    def instantiate(
        self, module: ValidatedModule, imports: Imports | None = None, *, store: Store | None = None
    ) -> Instance:
        """Return a new instance of the inner engine's; see `Engine.instantiate`."""
        return self.inner.instantiate(module, imports, store=store)
