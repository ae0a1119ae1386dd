"""What can go wrong between a run and its replay."""

from __future__ import annotations

from wrt_foundation.errors import WrtError
from wrt_foundation.traps import Frame

__all__ = ["Divergence", "HostFailure", "JournalError", "RecordingError"]


class RecordingError(WrtError):
    """A run does something that can't be recorded, or be replayed; the message says what, and where."""


class JournalError(WrtError):
    """A journal that is damaged, incomplete, of another version, of another module, or none at all.

    `line` is the line at fault, counted from 1; None where it is the whole.
    """

    def __init__(self, message: str, *, line: int | None = None) -> None:
        super().__init__(message)
        self.line = line

    def __str__(self) -> str:
        return self.message if self.line is None else f"{self.message} (line {self.line} of the journal)"


class Divergence(WrtError):
    """A replay did something else than the recorded run.

    `call` counts the guest's calls of the host from 1, and is 0 before the first; the runs agree up to it. `line` is
    the journal's. `recorded` and `replayed` are the guest's frames in the one run and the other, innermost first: empty
    where it was not running, or where the engine can't tell.
    """

    def __init__(
        self,
        message: str,
        *,
        call: int = 0,
        line: int = 0,
        recorded: tuple[Frame, ...] = (),
        replayed: tuple[Frame, ...] = (),
        engines: tuple[str, str] = ("", ""),
    ) -> None:
        super().__init__(message)
        self.call = call
        self.line = line
        self.recorded = recorded
        self.replayed = replayed
        self.engines = engines

    def __str__(self) -> str:
        lines = [f"the runs differ at call {self.call} of the host (line {self.line} of the journal): {self.message}"]
        for verb, engine, frames in zip(
            ("recorded", "replayed"), self.engines, (self.recorded, self.replayed), strict=True
        ):
            lines.append(f"{verb} on {engine or 'an engine without a name'}{':' if frames else ', no frames'}")
            lines += [f"  {depth}: {frame}" for depth, frame in enumerate(frames)]
        return "\n".join(lines)


class HostFailure(WrtError):
    """Stands in a replay for an exception of the host's that is no error of WRT's own; `kind` is its class's name."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind
