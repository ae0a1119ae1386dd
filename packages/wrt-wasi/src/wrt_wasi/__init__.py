"""WASI preview 1 for WRT: `Wasi` is what a guest imports from `wasi_snapshot_preview1`."""

from __future__ import annotations

from wrt_wasi.preview1.clocks import Clock, Clocks, SystemClocks
from wrt_wasi.wasi import MODULE, Wasi

__all__ = ["MODULE", "Clock", "Clocks", "SystemClocks", "Wasi"]
