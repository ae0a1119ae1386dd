"""WASI preview 1 for WRT: `run` a program, or give one a `Wasi` to import `wasi_snapshot_preview1` from."""

from __future__ import annotations

from wrt_wasi.filesystem import Directory, File, HostDirectory, VirtualFilesystem
from wrt_wasi.mounts import Mount
from wrt_wasi.preview1.clocks import Clock, Clocks, SimulatedClocks, SystemClocks
from wrt_wasi.preview1.family import Family, Guest
from wrt_wasi.result import Result
from wrt_wasi.run import run, run_async
from wrt_wasi.streams import INHERIT, Capture
from wrt_wasi.wasi import MODULE, Wasi

__all__ = [
    "INHERIT",
    "MODULE",
    "Capture",
    "Clock",
    "Clocks",
    "Directory",
    "Family",
    "File",
    "Guest",
    "HostDirectory",
    "Mount",
    "Result",
    "SimulatedClocks",
    "SystemClocks",
    "VirtualFilesystem",
    "Wasi",
    "run",
    "run_async",
]
