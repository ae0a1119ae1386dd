"""What guests read from and write to that is no file of a filesystem: the standard streams, and sockets.

`stream` has Python's file objects, binary and text; `capture` a buffer with an end; `socket` connections and what
accepts them; `standard` picks the right one for what an embedder gives.
"""

from __future__ import annotations

from wrt_wasi.streams.capture import Capture
from wrt_wasi.streams.socket import Connection, Listener
from wrt_wasi.streams.standard import INHERIT, Source, Target, source_of, target_of
from wrt_wasi.streams.stream import Stream, TextStream

__all__ = [
    "INHERIT",
    "Capture",
    "Connection",
    "Listener",
    "Source",
    "Stream",
    "Target",
    "TextStream",
    "source_of",
    "target_of",
]
