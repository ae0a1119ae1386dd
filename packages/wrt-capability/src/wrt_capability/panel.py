"""`Panel`: the capability plugins of one engine, asked together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import pluggy

from wrt_capability import hookspecs
from wrt_capability.decision import Access, Decision, Subject
from wrt_capability.plugins import CapabilityPlugin, Claim, Description, create_capability
from wrt_capability.policy.policy import Policy
from wrt_capability.recorder import Recorder
from wrt_core.runtime.host_namespace import HostNamespace
from wrt_core.runtime.instance import Instance
from wrt_foundation.errors import PluginError
from wrt_foundation.plugins import PluginManager
from wrt_foundation.plugins.hookspecs import PROJECT

__all__ = ["Panel", "joined", "plugins_for"]


def plugins_for(policy: Policy, manager: PluginManager | None = None) -> list[CapabilityPlugin]:
    """Return new plugins: those that a policy names, told what it says to them, and those whose claims always hold.

    Clocks, randomness and the network are asked for whether a policy speaks of them or not: what nothing allows is
    denied, and to import what hands out random bytes is to ask for random bytes. Raises as `create_capability` does.
    """
    from wrt_capability.resources.clocks import Clocks
    from wrt_capability.resources.network import Network
    from wrt_capability.resources.random import Random

    named = [create_capability(name, manager, told) for name, told in policy.settings.items()]
    always = [plugin for plugin in (Clocks, Network, Random) if plugin.name not in policy.settings]
    return [*named, *(plugin() for plugin in always)]


class Panel:
    """Asks each plugin of an engine in the order in which they were given. Thread-safe once made; owns the plugins.

    A plugin is a `CapabilityPlugin`, or any object with hookimpls of `wrt_capability.hookspecs`.
    """

    def __init__(self, plugins: Iterable[object] = ()) -> None:
        self.plugins = tuple(plugins)
        manager = pluggy.PluginManager(PROJECT)
        manager.add_hookspecs(hookspecs)
        # pluggy asks the last that came first.
        for plugin in reversed(self.plugins):
            manager.register(plugin)
        self._hook = manager.hook
        self._listens = {name: bool(getattr(manager.hook, name).get_hookimpls()) for name in hookspecs.__all__}
        self.claims = self._claims()
        """The accesses that imports amount to, by "module.name"."""

    @property
    def decides(self) -> bool:
        """Whether anybody has an opinion on accesses."""
        return self._listens["wrt_capability_decide"]

    def _claims(self) -> Mapping[str, tuple[Claim, ...]]:
        found: dict[str, tuple[Claim, ...]] = {}
        if self._listens["wrt_capability_describe"]:
            descriptions: list[Description] = self._hook.wrt_capability_describe()
            for description in descriptions:
                for name, claim in description.claims.items():
                    found[name] = (*found.get(name, ()), claim)
        return found

    def decide(self, access: Access, decision: Decision) -> Decision:
        """Return what becomes of the policy's decision: one denial denies, and a plugin that raises denies."""
        if not self._listens["wrt_capability_decide"]:
            return decision
        try:
            opinions: list[Decision] = self._hook.wrt_capability_decide(access=access, decision=decision)
        except Exception as error:  # noqa: BLE001 - a stranger's code, which must not let anybody through
            return Decision(False, decision.rule, f"a capability plugin failed: {type(error).__name__}: {error}")
        if not decision:
            return decision
        return next((each for each in opinions if not each), decision)

    def charge(self, subject: Subject, kind: str, amount: int) -> None:
        """Tell the plugins of a charge; whatever one raises refuses it."""
        if self._listens["wrt_capability_charge"]:
            self._hook.wrt_capability_charge(subject=subject, kind=kind, amount=amount)

    def provide(self, authority: object) -> dict[str, dict[str, object]]:
        """Return the host functions that the plugins offer; of two for one name, the first plugin's."""
        offered: dict[str, dict[str, object]] = {}
        if self._listens["wrt_capability_provide"]:
            for each in self._hook.wrt_capability_provide(authority=authority):
                for module, names in each.items():
                    offered[module] = joined(offered[module], names) if module in offered else names
        return offered

    def intercept(self, access: Access, code: Callable[..., Any]) -> Callable[..., Any]:
        """Return what is to take a host function's place, each plugin being given what the one before returned."""
        if self._listens["wrt_capability_intercept"]:
            for implementation in reversed(self._hook.wrt_capability_intercept.get_hookimpls()):
                given = {"access": access, "code": code}
                replaced: Any = implementation.function(*[given[name] for name in implementation.argnames])
                code = code if replaced is None else replaced
        return code

    def sinks(self) -> list[Recorder]:
        """Return the places for the audit trail that the plugins offer."""
        if not self._listens["wrt_capability_sink"]:
            return []
        sinks: list[Recorder] = self._hook.wrt_capability_sink()
        for sink in sinks:
            if not isinstance(sink, Recorder):
                raise PluginError(f"a capability plugin offered {sink!r} as a sink, which can't record")
        return sinks

    def close(self) -> None:
        """Close the plugins that can be closed."""
        for plugin in self.plugins:
            close = getattr(plugin, "close", None)
            if close is not None:
                close()


def joined(first: Mapping[str, object], second: Mapping[str, object]) -> dict[str, object]:
    """What two offer under one module name, the first going before; each who wants to know the instance is told."""
    told = [each.attach for each in (first, second) if isinstance(each, HostNamespace)]

    def attach(instance: Instance) -> None:
        for each in told:
            each(instance)

    return HostNamespace(attach, {**second, **first})
