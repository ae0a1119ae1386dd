"""Debugging: where in a source text the instructions of a module came from; see docs/debugging.md."""

from wrt_core.debugging.positions import positions
from wrt_core.debugging.python_frames import wasm_frames
from wrt_foundation.positions import Position, Positions

__all__ = ["Position", "Positions", "positions", "wasm_frames"]
