"""Snapshots: executions as bytes, and back; and copies of executions."""

from __future__ import annotations

from wrt_core.execution.snapshot.snapshot import Snapshot
from wrt_foundation.errors import SnapshotError

__all__ = ["Snapshot", "SnapshotError"]
