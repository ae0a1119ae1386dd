"""Audit sinks by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from wrt_capability.audit.sinks.sink import AuditSink
from wrt_foundation.errors import PluginError
from wrt_foundation.plugins import Contract, PluginManager, Registry

__all__ = ["create_sink", "sink_names"]

GROUP = "wrt.audit_sinks"

_SINKS: Contract[Callable[..., object]] = Contract("an AuditSink class, or a callable that returns one", callable)


def create_sink(name: str, *, manager: PluginManager | None = None, **options: Any) -> AuditSink:
    """Return a new sink of that name, made with `options`; the caller owns it.

    Raises `UnknownPlugin`, with the known names, for a name that nobody offers; `PluginError` for a plugin that can't
    be loaded or makes no `AuditSink`; what the sink raises if it can't be opened.
    """
    sink = Registry(GROUP, manager, _SINKS).get(name)(**options)
    if not isinstance(sink, AuditSink):
        raise PluginError(f"the audit sink {name!r} is broken: it made {sink!r}, which is no AuditSink", plugin=name)
    return sink


def sink_names(manager: PluginManager | None = None) -> tuple[str, ...]:
    """Return the names of the sinks that are installed; nothing is imported."""
    return Registry[Any](GROUP, manager).names()
