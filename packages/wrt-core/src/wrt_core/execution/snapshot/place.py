"""`Place`: where an instance is made again, and who is told what becomes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wrt_core.engines.core import CoreEngine
    from wrt_core.runtime.function import Func
    from wrt_core.runtime.instance import Instance
    from wrt_core.runtime.store import Store

__all__ = ["Place"]


class Place:
    """By which engine, and in which store, an instance of a snapshot or of a fork is made.

    For whoever stands before instances (`Guard`) to override: it is asked for before anything is allocated, and hears
    either that the whole execution is made, or that it can't be.
    """

    def __init__(self, engine: CoreEngine, store: Store) -> None:
        self.engine = engine
        self.store = store

    def host_function(self, func: Func) -> Func:
        """Return what a fork has in place of a function that the host has given: here the function itself."""
        return func

    def settle(self, instance: Instance) -> None:
        """Hear that the instance is made, with all that it belongs to."""

    def abandon(self, error: BaseException) -> BaseException:
        """Give back what was taken for the instance, and return what is to be raised: `error`, or what tells more."""
        return error
