"""What goes wrong with an audit log."""

from __future__ import annotations

from wrt_foundation.errors import WrtError

__all__ = ["AuditDamaged", "AuditFailed", "AuditWarning"]


class AuditFailed(WrtError):
    """A record could not be written, so what was to be recorded must not happen. `sink` names the one that failed."""

    def __init__(self, message: str, *, sink: str = "") -> None:
        super().__init__(message)
        self.sink = sink


class AuditDamaged(AuditFailed):
    """A log is not what was written to it: it was shortened, edited, or its head is gone. Nothing is added to it."""


class AuditWarning(UserWarning):
    """Records are being lost, as the log was told to let happen (`on_failure="open"`)."""
