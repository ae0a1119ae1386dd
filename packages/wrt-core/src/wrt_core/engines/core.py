"""`CoreEngine`: what all engines that compile share: load, instantiate, and the events around them."""

from __future__ import annotations

import os
from abc import abstractmethod
from time import perf_counter
from typing import ClassVar
from weakref import WeakKeyDictionary, ref

from wrt_core import hookspecs
from wrt_core.cache import Cache, Pack, open_cache
from wrt_core.cache.verdict import validate_once
from wrt_core.engine import Engine, Source, read_source
from wrt_core.engines.uncollected import uncollected
from wrt_core.formats import read_module
from wrt_core.runtime.instance import Instance
from wrt_core.runtime.instantiation import instantiate
from wrt_core.runtime.linking import Imports, link, waiting
from wrt_core.runtime.store import Store
from wrt_core.validation import ValidatedModule, validate
from wrt_core.validation.validated import hash_of
from wrt_foundation.errors import UnsupportedFeature, WrtError
from wrt_foundation.features import Feature, Features
from wrt_foundation.features import features as features_named
from wrt_foundation.limits import DEFAULT_LIMITS, ImplementationLimits
from wrt_foundation.memory import MemoryProvider
from wrt_foundation.memory.factory import MemoryProviderFactory
from wrt_foundation.module import Module
from wrt_foundation.plugins import PluginManager, get_plugin_manager
from wrt_foundation.traps import Frame

__all__ = ["LOADED", "CoreEngine"]

LOADED: WeakKeyDictionary[ValidatedModule, ref[Engine]] = WeakKeyDictionary()
"""The modules that were loaded in this process and are still in use, with the engine that loaded each."""


class CoreEngine(Engine):
    """An engine that validates once and compiles functions; subclasses say how (`compile_functions`).

    Options that every such engine takes:

    * `features`: names of features, or a set, to run fewer than the engine can;
    * `memory_provider`: a provider, or the name of one;
    * `limits`: the implementation limits that modules must keep to;
    * `plugins`: the plugin manager, for formats and observers; a new one unless given;
    * `cache`: where what is found out about modules is kept for other processes: a directory, "default" for the
      user's own, a `Cache`, or False for nowhere. See `wrt_core.cache.open_cache` for None and the environment.
    """

    supported: Features = frozenset()
    """What the engine can run: subclasses set it."""

    meters: ClassVar[frozenset[str]] = frozenset()
    """What of its guests' use of the host the engine can bound, for those who must: "fuel" and "time", by a runner that
    pauses; "stack", by an option `max_call_depth`; "gc", by making structures and arrays through `Instance.heap`."""

    def __init__(
        self,
        *,
        features: Features | list[str] | None = None,
        memory_provider: MemoryProvider | str | None = None,
        limits: ImplementationLimits = DEFAULT_LIMITS,
        plugins: PluginManager | None = None,
        cache: Cache | str | os.PathLike[str] | bool | None = None,
    ) -> None:
        self._features = self._choose(features)
        self.plugins = get_plugin_manager() if plugins is None else plugins
        if isinstance(memory_provider, str):
            memory_provider = MemoryProviderFactory.create(memory_provider, manager=self.plugins)
        self.memory_provider = memory_provider
        self.limits = limits
        self.cache = open_cache(cache)
        """Where to keep what is found out about modules; None is nowhere. It may be set until one is loaded."""
        self._packs: WeakKeyDictionary[ValidatedModule, Pack] = WeakKeyDictionary()
        if not hasattr(self.plugins.hook, "wrt_module_loaded"):
            self.plugins.add_hookspecs(hookspecs)
        self.plugins.load_observers()
        validating = self.plugins.event("wrt_module_validating")
        self._progress = None if validating is None else lambda done, total: validating(done=done, total=total)
        self._loaded = self.plugins.event("wrt_module_loaded")
        self._created = self.plugins.event("wrt_instance_created")
        self._compiled = self.plugins.event("wrt_function_compiled")
        self._trapped = self.plugins.event("wrt_guest_trapped")

    def _choose(self, chosen: Features | list[str] | None) -> Features:
        if chosen is None:
            return self.supported
        wanted = features_named(each.value if isinstance(each, Feature) else each for each in chosen)
        if unknown := wanted - self.supported:
            names = ", ".join(sorted(each.value for each in unknown))
            raise WrtError(f"the engine {self.name!r} does not run: {names}")
        return wanted

    @property
    def features(self) -> Features:
        """What this engine runs."""
        return self._features

    def load(self, source: Source) -> ValidatedModule:
        """Return the module that `source` is, validated; see `Engine.load`. No function is compiled yet."""
        started = perf_counter()
        found = read_source(source)
        module = found if isinstance(found, Module) else read_module(*found, self.plugins, self.limits)
        decoded = perf_counter()
        validated = self._validated(module)
        LOADED[validated] = ref(self)
        if self._loaded is not None:
            ended = perf_counter()
            times = {"seconds": ended - started, "decoding": decoded - started, "validating": ended - decoded}
            self._loaded(engine=self, module=validated, **times)
        return validated

    def _validated(self, module: Module) -> ValidatedModule:
        # A pack is about bytes: a module that has none, as one made from text, is validated each time.
        if self.cache is None or not module.binary:
            return validate(module, features=self._features, limits=self.limits, progress=self._progress)
        digest = hash_of(module)
        pack = self.cache.pack(digest)
        if pack is None:
            return validate(module, features=self._features, limits=self.limits, progress=self._progress)
        validated = validate_once(module, pack, features=self._features, limits=self.limits, progress=self._progress)
        validated.hash = digest
        self._packs[validated] = pack
        return validated

    def pack(self, module: ValidatedModule) -> Pack | None:
        """Return where to keep what is found out about a module for other processes; None for nowhere."""
        pack = self._packs.get(module)
        if pack is None and self.cache is not None and module.module.binary:
            pack = self.cache.pack(module.hash)
        return pack

    def instantiate(
        self, module: ValidatedModule, imports: Imports | None = None, *, store: Store | None = None
    ) -> Instance:
        """Return a new instance; see `Engine.instantiate`."""
        if not isinstance(module, ValidatedModule):
            raise TypeError(f"instantiate takes what load returned, not {type(module).__name__}")
        self._require_features(module)
        started = perf_counter()
        externs = link(module, imports)
        store = Store(memory_provider=self.memory_provider, limits=self.limits) if store is None else store
        instance = instantiate(module, externs, store, self._compiled_functions, waiting(module, imports))
        start = module.module.start
        if start is not None:
            if store.start is None:
                instance.functions[start].call_raw(())
            else:
                store.start(instance.functions[start])
        if self._created is not None:
            self._created(engine=self, instance=instance, seconds=perf_counter() - started)
        return instance

    def revive(self, instance: Instance) -> None:
        """Give an instance that a snapshot or a copy is made into its functions; all before them is in place.

        Raises `UnsupportedFeature` as `instantiate` does.
        """
        self._require_features(instance.module)
        self._compiled_functions(instance)

    def _require_features(self, module: ValidatedModule) -> None:
        if lacking := module.features_used - self._features:
            name = min(each.value for each in lacking)
            raise UnsupportedFeature(f"the engine {self.name!r} does not run {name}", feature=name)

    def _compiled_functions(self, instance: Instance) -> None:
        instance.engine = self
        with uncollected():
            self.compile_functions(instance)

    def backtrace(self, instance: Instance) -> tuple[Frame, ...]:
        """Return the frames that functions of `instance` have on this thread's stack, innermost first.

        For host functions that want to know who calls. An engine that can't tell returns none.
        """
        return ()

    @abstractmethod
    def compile_functions(self, instance: Instance) -> None:
        """Append to `instance.functions` a `Func` for each function that the module defines.

        Memories, tables, tags and imported functions are in place. Compile lazily: most functions are never called.
        """
