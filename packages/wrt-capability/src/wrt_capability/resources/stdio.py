"""Standard streams: which of them a guest may read or write."""

from __future__ import annotations

from typing import ClassVar

from wrt_capability.plugins import AccessKind, CapabilityPlugin, Description

__all__ = ["Stdio"]


class Stdio(CapabilityPlugin):
    """Streams by name. The engine takes those that may not be used out of the `Grants` that host modules get."""

    name: ClassVar[str] = "stdio"

    def describe(self) -> Description:
        """Say what the capability is about."""
        kind = AccessKind("stdio", ("read", "write"), "stdin, stdout or stderr", "the standard streams")
        return Description("The standard streams: stdin to read, stdout and stderr to write.", (kind,))
