"""Recording what passes between a guest and its host, and replaying it without the host.

>>> from wrt_core.recording import RecordingEngine, replay
>>> with RecordingEngine(engine, "run.journal") as recording:                 # doctest: +SKIP
...     instance = recording.instantiate(recording.load("program.wasm"), imports)
...     instance.exports.main()
>>> replay("run.journal", other_engine, other_engine.load("program.wasm"))    # doctest: +SKIP

A journal is text, one event a line (`journal`, `events`); it holds what the guest was given, so keep it as you would
keep that. The guest runs as ever; its host's code does not know that it is watched.
"""

from __future__ import annotations

from wrt_core.recording.errors import Divergence, HostFailure, JournalError, RecordingError
from wrt_core.recording.recording_engine import RecordingEngine
from wrt_core.recording.replay import Replayed, replay

__all__ = ["Divergence", "HostFailure", "JournalError", "RecordingEngine", "RecordingError", "Replayed", "replay"]
