"""The plugins of this distribution, by their entry-point names; each is imported when it is picked."""

from __future__ import annotations

from importlib import import_module

from wrt_foundation.plugins import hookimpl

__all__ = ["wrt_register_capability", "wrt_register_engine"]

_CAPABILITIES = {
    "filesystem": "resources.filesystem:Filesystem",
    "environment": "resources.environment:Environment",
    "clocks": "resources.clocks:Clocks",
    "random": "resources.random:Random",
    "stdio": "resources.stdio:Stdio",
    "network": "resources.network:Network",
    "logging": "interceptors.logging:Logging",
    "firewall": "interceptors.firewall:Firewall",
    "statistics": "interceptors.statistics:Statistics",
}


@hookimpl
def wrt_register_engine() -> object:
    """Hand over the engine `capability-aware`."""
    from wrt_capability.learning import capability_aware

    return capability_aware


@hookimpl
def wrt_register_capability(name: str) -> object:
    """Hand over a capability plugin's class."""
    module, _, class_name = _CAPABILITIES[name].partition(":")
    found: object = getattr(import_module(f"wrt_capability.{module}"), class_name)
    return found
