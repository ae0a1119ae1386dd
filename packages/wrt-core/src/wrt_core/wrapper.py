"""`EngineWrapper`: an engine around another, to change what happens around it."""

from __future__ import annotations

from wrt_core.engine import Engine, Source
from wrt_core.host_modules import Grants
from wrt_core.runtime.instance import Instance
from wrt_core.runtime.linking import Imports
from wrt_core.runtime.store import Store
from wrt_core.validation import ValidatedModule
from wrt_foundation.features import Features

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
