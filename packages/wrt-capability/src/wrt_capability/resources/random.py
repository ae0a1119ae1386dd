"""Randomness: whether a guest may have random bytes."""

from __future__ import annotations

from typing import ClassVar

from wrt_capability.plugins import AccessKind, CapabilityPlugin, Claim, Description

__all__ = ["Random"]


class Random(CapabilityPlugin):
    """The functions that hand out random bytes are not linked for those who may have none."""

    name: ClassVar[str] = "random"

    def describe(self) -> Description:
        """Say what the capability is about."""
        kind = AccessKind("random", ("read",), "bytes", "random bytes of the host")
        return Description(
            "Random bytes.", (kind,), {"wasi_snapshot_preview1.random_get": Claim("random", "bytes", "read")}
        )
