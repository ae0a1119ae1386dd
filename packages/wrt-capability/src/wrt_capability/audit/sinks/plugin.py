"""The audit sinks of this distribution, by their entry-point names; each is imported when it is picked."""

from __future__ import annotations

from wrt_foundation.plugins import hookimpl

__all__ = ["wrt_register_audit_sink"]


@hookimpl
def wrt_register_audit_sink(name: str) -> object:
    """Hand over the sink's class."""
    match name:
        case "file":
            from wrt_capability.audit.sinks.file import FileSink

            return FileSink
        case "sqlite":
            from wrt_capability.audit.sinks.sqlite import SQLiteSink

            return SQLiteSink
        case "logging":
            from wrt_capability.audit.sinks.logging import LoggingSink

            return LoggingSink
    return None
