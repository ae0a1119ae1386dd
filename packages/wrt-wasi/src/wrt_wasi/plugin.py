"""The host module of this distribution, by its entry-point name."""

from __future__ import annotations

from wrt_foundation.plugins import hookimpl

__all__ = ["wrt_register_host_module"]


@hookimpl
def wrt_register_host_module() -> object:
    """Hand over what makes a `Wasi` of grants."""
    from wrt_wasi.wasi import Wasi

    return Wasi.granted
