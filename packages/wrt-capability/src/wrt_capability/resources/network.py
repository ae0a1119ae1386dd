"""The network: whom a guest may connect to, and where it may listen."""

from __future__ import annotations

from typing import ClassVar

from wrt_capability.plugins import AccessKind, CapabilityPlugin, Claim, Description

__all__ = ["Network"]

_WASI = "wasi_snapshot_preview1"


class Network(CapabilityPlugin):
    """Addresses as "host:port". Whoever hands out sockets asks; those of preview 1 come from listeners already open."""

    name: ClassVar[str] = "network"

    def describe(self) -> Description:
        """Say what the capability is about."""
        kind = AccessKind("network", ("connect", "listen", "use"), '"host:port"', "connections and listeners")
        claims = {
            f"{_WASI}.{name}": Claim("network", "sockets", "use")
            for name in ("sock_accept", "sock_recv", "sock_send", "sock_shutdown")
        }
        return Description("Connections and listeners.", (kind,), claims)
