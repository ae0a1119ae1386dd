"""Panels: what several plugins offer, and which plugins a policy makes an engine ask."""

from __future__ import annotations

from wrt_capability.panel import Panel
from wrt_capability.policy import Policy
from wrt_core import EngineFactory
from wrt_core.runtime.host_namespace import HostNamespace
from wrt_core.testing import ModuleBuilder
from wrt_foundation.plugins import hookimpl


class Offers:
    """A plugin that offers functions of module `env`, and is told of instances if `told` is a list."""

    def __init__(self, told=None, **functions):
        self.told = told
        self.functions = functions

    @hookimpl
    def wrt_capability_provide(self, authority):
        if self.told is None:
            return {"env": self.functions}
        return {"env": HostNamespace(self.told.append, self.functions)}


def test_of_two_offers_for_one_name_the_first_plugins_counts():
    offered = Panel([Offers(a=abs, b=len), Offers(b=print, c=sum)]).provide(None)
    assert offered == {"env": {"a": abs, "b": len, "c": sum}}


def test_everybody_who_wants_to_know_the_instance_is_told():
    first, second = [], []
    offered = Panel([Offers(first, a=lambda: None), Offers(second, b=lambda: None), Offers(c=abs)]).provide(None)
    builder = ModuleBuilder()
    builder.import_function("env", "a", "->")
    instance = builder.instantiate(EngineFactory.create("stackless"), offered)
    assert first == second == [instance]


def test_a_policy_needs_the_plugins_whose_kinds_it_speaks_of():
    policy = Policy.of(
        {"extends": "sandbox", "capabilities": {"statistics": {}}, "rule": [{"deny": {"filesystem": "**"}}]}
    )
    assert set(policy.settings) == {"stdio", "clocks", "random", "filesystem", "statistics"}


def test_what_a_plugin_is_told_is_kept_where_a_policy_speaks_of_its_kind():
    told = {"firewall": {"default": "deny"}}
    assert Policy.of({"capabilities": told, "rule": [{"allow": {"call": "*"}}]}).settings == told
