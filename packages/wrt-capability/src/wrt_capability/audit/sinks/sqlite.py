"""The sink "sqlite": a database that answers questions."""

from __future__ import annotations

import json
import os
import sqlite3
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from wrt_capability.audit.errors import AuditFailed
from wrt_capability.audit.sinks.sink import AuditSink, Sync, sync_policy

__all__ = ["COLUMNS", "SQLiteSink"]

COLUMNS = ("time", "event", "tenant", "module", "hash", "kind", "object", "operation", "allowed", "rule", "function")
"""The keys of a record that can be asked for; `record` has all of them, as JSON."""

_SCHEMA = f"""
CREATE TABLE IF NOT EXISTS audit (seq INTEGER PRIMARY KEY AUTOINCREMENT, {", ".join(COLUMNS)}, record TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS audit_by_time ON audit (time);
CREATE INDEX IF NOT EXISTS audit_by_tenant ON audit (tenant, time);
CREATE INDEX IF NOT EXISTS audit_by_event ON audit (event, time);
CREATE TRIGGER IF NOT EXISTS audit_keeps BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'records are kept'); END;
CREATE TRIGGER IF NOT EXISTS audit_stays BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'records stay'); END;
"""

_INSERT = f"INSERT INTO audit ({', '.join(COLUMNS)}, record) VALUES ({', '.join('?' * (len(COLUMNS) + 1))})"

_SYNCHRONOUS = {Sync.ALWAYS: "FULL", Sync.INTERVAL: "NORMAL", Sync.NEVER: "OFF"}
"""SQLite's words; "NORMAL" syncs at checkpoints, every few hundred records."""


class SQLiteSink(AuditSink):
    """Writes each record to the table `audit` of a database, in a transaction of its own.

    Several threads and processes may write to one database. Records can't be changed or deleted by a slip, but whoever
    may write the file can do it on purpose and nobody will notice: for that there is the sink "file".
    Raises `AuditFailed` if the database can't be written.
    """

    name = "sqlite"

    def __init__(
        self, path: str | os.PathLike[str], *, sync: Sync | str = Sync.INTERVAL, lock_timeout: float = 10.0
    ) -> None:
        """Open a database, or make one, for its owner's eyes only. `lock_timeout` is in seconds."""
        self.path = Path(path)
        self._policy = sync_policy(sync)
        self._timeout = lock_timeout
        self._lock = threading.RLock()
        self._process = os.getpid()
        self._closed = False
        self._inherited: list[sqlite3.Connection] = []
        self._connection = self._connect()

    def write(self, record: Mapping[str, Any]) -> None:
        """Insert a record."""
        values = [record.get(key) for key in COLUMNS]
        if self._process != os.getpid():
            self._after_fork()
        try:
            with self._lock:
                if self._closed:
                    raise AuditFailed(f"the audit database {self.path} is closed", sink="sqlite")
                self._connection.execute(_INSERT, [*values, json.dumps(record)])
        except (sqlite3.Error, OverflowError) as error:
            raise AuditFailed(f"the audit database {self.path} can't be written: {error}", sink="sqlite") from error

    def sync(self) -> None:
        """Have what was written so far survive a loss of power."""
        with self._lock:
            if not self._closed:
                self._connection.execute("PRAGMA wal_checkpoint(FULL)")

    def close(self) -> None:
        """Close the database."""
        with self._lock:
            if not self._closed:
                self._closed = True
                self._connection.close()

    def __repr__(self) -> str:
        return f"<SQLiteSink {str(self.path)!r}{', closed' if self._closed else ''}>"

    def _after_fork(self) -> None:
        """In a child: have a connection of its own. It must not use its parent's, not even to close it."""
        self._lock = threading.RLock()
        self._inherited.append(self._connection)
        self._process = os.getpid()
        self._connection = self._connect()

    def _connect(self) -> sqlite3.Connection:
        try:
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))
            # Without transactions of Python's: each statement is one.
            connection = sqlite3.connect(
                self.path, timeout=self._timeout, isolation_level=None, check_same_thread=False
            )
            try:
                connection.execute("PRAGMA journal_mode=WAL")
                connection.execute(f"PRAGMA synchronous={_SYNCHRONOUS[self._policy]}")
                connection.executescript(_SCHEMA)
            except BaseException:
                connection.close()
                raise
        except (sqlite3.Error, OSError) as error:
            raise AuditFailed(f"the audit database {self.path} can't be opened: {error}", sink="sqlite") from error
        return connection
