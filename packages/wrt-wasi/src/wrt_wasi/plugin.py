"""The plugins of this distribution, by their entry-point names; each is imported when it is picked."""

from __future__ import annotations

from importlib import import_module

from wrt_foundation.plugins import hookimpl

__all__ = ["wrt_register_host_module", "wrt_register_wasi_family"]

_FAMILIES = {
    "wasi-arguments": "arguments:Arguments",
    "wasi-clocks": "clocks:ClockFunctions",
    "wasi-descriptors": "descriptors:DescriptorFunctions",
    "wasi-environment": "environment:Environment",
    "wasi-filesystem": "filesystem:Filesystem",
    "wasi-poll": "polling:Polling",
    "wasi-process": "process:Process",
    "wasi-random": "random:RandomNumbers",
    "wasi-sockets": "sockets:Sockets",
    "wasi-stdio": "stdio:Stdio",
    "wasi-unsupported": "unsupported:Unsupported",
}


@hookimpl
def wrt_register_host_module() -> object:
    """Hand over what makes a `Wasi` of grants."""
    from wrt_wasi.wasi import Wasi

    return Wasi.granted


@hookimpl
def wrt_register_wasi_family(name: str) -> object:
    """Hand over the class of a family."""
    module, _, class_name = _FAMILIES[name].partition(":")
    found: object = getattr(import_module(f"wrt_wasi.preview1.{module}"), class_name)
    return found
