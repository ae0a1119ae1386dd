"""Clocks: whether a guest may know the time, its clocks' resolution, or sleep."""

from __future__ import annotations

from typing import ClassVar

from wrt_capability.plugins import AccessKind, CapabilityPlugin, Claim, Description

__all__ = ["Clocks"]

_WASI = "wasi_snapshot_preview1"


class Clocks(CapabilityPlugin):
    """The functions that tell the time are not linked for those who may not know it."""

    name: ClassVar[str] = "clocks"

    def describe(self) -> Description:
        """Say what the capability is about."""
        objects = "time, resolution or sleep"
        kind = AccessKind("clocks", ("use",), objects, "what a guest may do with clocks")
        claims = {
            f"{_WASI}.clock_time_get": Claim("clocks", "time", "use"),
            f"{_WASI}.clock_res_get": Claim("clocks", "resolution", "use"),
            f"{_WASI}.poll_oneoff": Claim("clocks", "sleep", "use"),
        }
        return Description("Clocks: the time, their resolution, sleeping.", (kind,), claims)
