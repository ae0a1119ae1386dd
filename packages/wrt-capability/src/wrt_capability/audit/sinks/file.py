"""The sink "file": a JSON-lines file with a hash chain, and beside it the head that says how far it goes."""

from __future__ import annotations

import hashlib
import os
import threading
import time
import weakref
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

from wrt_capability.audit.chain import HEAD_SIZE, Chain, Head
from wrt_capability.audit.errors import AuditDamaged, AuditFailed
from wrt_capability.audit.lock import locked
from wrt_capability.audit.record import timestamp
from wrt_capability.audit.sinks.flusher import Flusher
from wrt_capability.audit.sinks.sink import AuditSink, Sync, sync_policy

__all__ = ["FileSink", "head_path"]

FORMAT = 1
"""The version of the format, in the record that opens a log."""


def head_path(path: str | os.PathLike[str]) -> Path:
    """Return where the head of a log is unless somebody said otherwise: "audit.jsonl.head" for "audit.jsonl"."""
    return Path(f"{os.fspath(path)}.head")


class FileSink(AuditSink):
    """Appends records to a file so that whatever is changed afterwards is found; see `wrt_capability.audit.chain`.

    Several threads, sinks and processes may write to one log, forked children too: each record is written under the
    lock of the head's file, and continues what is there then. A record is written, then the head, then it is
    acknowledged: a process that is killed loses none that was. When a log is opened or continued, what somebody left
    behind who was killed on the way is settled: whole lines are kept, and of a line that was torn the record
    "audit"/"repaired" says how long it was.

    Raises `AuditDamaged`, and writes nothing, to a log that is not what its head says, and `AuditFailed` if the
    file can't be written; what was written of the record is taken away then.
    """

    name = "file"

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        head: str | os.PathLike[str] | None = None,
        key: bytes | None = None,
        sync: Sync | str = Sync.INTERVAL,
        interval: float = 1.0,
        lock_timeout: float = 10.0,
    ) -> None:
        """Open a log, or begin one. The files are made for their owner's eyes only.

        `head` is the head's file, beside the log unless given: on another machine's disk, it tells that the log was
        shortened even if everything here is in wrong hands. `key` seals with an HMAC. `interval` and `lock_timeout`
        are in seconds.
        """
        self.path = Path(path)
        self.head_path = head_path(path) if head is None else Path(head)
        self._chain = Chain(key)
        self._policy = sync_policy(sync)
        self._lock = threading.RLock()
        self._lock_timeout = lock_timeout
        self._flusher = Flusher(self.sync, interval)
        self._log = self._head = -1
        self._known = Head()
        try:
            self._open()
            with self._writing():
                self._append({"event": "audit", "operation": "opened", "format": FORMAT, "pid": os.getpid()})
        except BaseException:
            self._let_go()
            raise
        _OPEN.add(self)

    # --- the contract --------------------------------------------------------------------------------------

    def write(self, record: Mapping[str, Any]) -> None:
        """Append a record; see the class for what that promises."""
        with self._writing():
            self._append(record)

    def sync(self) -> None:
        """Have what was written so far survive a loss of power."""
        with self._lock:
            if self._log >= 0:
                os.fsync(self._log)
                os.fsync(self._head)

    def close(self) -> None:
        """Write a last record that says so, sync unless told never to, and close the files."""
        with self._lock:
            if self._log < 0:
                return
            self._flusher.stop()
            try:
                with self._writing():
                    self._append({"event": "audit", "operation": "closed", "pid": os.getpid()})
                if self._policy is not Sync.NEVER:
                    self.sync()
            finally:
                self._flusher.stop()
                self._let_go()
                _OPEN.discard(self)

    @property
    def head(self) -> Head:
        """How far the log went when this sink last wrote: to be noted where nobody who can change the log can."""
        return self._known

    def __repr__(self) -> str:
        return f"<FileSink {str(self.path)!r}{', closed' if self._log < 0 else ''}>"

    def __del__(self) -> None:
        if getattr(self, "_log", -1) >= 0:
            self._flusher.stop()
            self._let_go()

    # --- files ---------------------------------------------------------------------------------------------

    def _open(self) -> None:
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC if hasattr(os, "O_CLOEXEC") else os.O_RDWR | os.O_CREAT
        try:
            # The head first: a log without one is a log whose head somebody took away.
            existed = self.path.exists() and self.path.stat().st_size > 0
            if existed and not self.head_path.exists():
                raise AuditDamaged(f"the audit log {self.path} has no head ({self.head_path} is missing)", sink="file")
            self._head = os.open(self.head_path, flags, 0o600)
            self._log = os.open(self.path, flags, 0o600)
            with self._locked():
                if os.fstat(self._head).st_size == 0 and os.fstat(self._log).st_size == 0:
                    self._write_head(Head())
                    if self._policy is Sync.ALWAYS:
                        self._sync_folders()
        except OSError as error:
            raise AuditFailed(f"the audit log {self.path} can't be opened: {error}", sink="file") from error

    def _sync_folders(self) -> None:
        """Have the names of new files survive a loss of power too."""
        for folder in {self.path.parent, self.head_path.parent}:
            with suppress(OSError):  # Windows opens no folders.
                descriptor = os.open(folder, os.O_RDONLY)
                try:
                    os.fsync(descriptor)
                finally:
                    os.close(descriptor)

    def _let_go(self) -> None:
        for descriptor in (self._log, self._head):
            if descriptor >= 0:
                with suppress(OSError):
                    os.close(descriptor)
        self._log = self._head = -1

    def _after_fork(self) -> None:
        """In a child: have open files of its own, for the parent's share their lock with the parent's."""
        self._lock = threading.RLock()
        self._flusher.after_fork()
        was = os.fstat(self._log)
        self._let_go()
        with suppress(AuditFailed):
            self._open()
            now = os.fstat(self._log)
            if (was.st_dev, was.st_ino) != (now.st_dev, now.st_ino):
                self._let_go()  # Somebody moved the log: it is another one that has its name now.

    # --- writing -------------------------------------------------------------------------------------------

    def _locked(self) -> Any:
        return locked(self._head, timeout=self._lock_timeout)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Hold both locks, with the log settled and `_known` up to date; the system's errors become `AuditFailed`."""
        try:
            with self._lock:
                if self._log < 0:
                    raise AuditFailed(f"the audit log {self.path} is closed", sink="file")
                with self._locked():
                    self._settle()
                    yield
                    if self._policy is Sync.INTERVAL:
                        self._flusher.touch()
        except OSError as error:
            raise AuditFailed(f"the audit log {self.path} can't be written: {error}", sink="file") from error

    def _append(self, record: Mapping[str, Any]) -> None:
        record = record if "time" in record else {"time": timestamp(time.time_ns()), **record}
        before = self._known
        line, after = self._chain.append(before, record)
        always = self._policy is Sync.ALWAYS
        try:
            _write(self._log, line, before.size)
            if always:
                os.fsync(self._log)
            self._write_head(after)
            if always:
                os.fsync(self._head)
        except BaseException:
            # As if nothing had been: the next line must not follow a part of this one.
            with suppress(OSError):
                self._write_head(before)
                os.ftruncate(self._log, before.size)
            raise
        self._known = after

    def _write_head(self, head: Head) -> None:
        _write(self._head, self._chain.write_head(head), 0)

    # --- what others have written meanwhile, or left behind ------------------------------------------------

    def _settle(self) -> None:
        head = self._chain.read_head(_read(self._head, HEAD_SIZE + 1, 0))
        if head is None:
            reason = "its head is damaged, or was made with another key"
            raise AuditDamaged(f"the audit log {self.path} is not to be trusted: {reason}", sink="file")
        size = self._size()
        if head == self._known and size == head.size and head.count:
            return
        if size < head.size:
            reason = f"it has {size} of the {head.size} bytes that its head speaks of"
            raise AuditDamaged(f"the audit log {self.path} was shortened: {reason}", sink="file")
        if head.count and Chain.seal_of(_read(self._log, 67, head.size - 67)) != head.seal:
            reason = "its last line is not the one that its head speaks of"
            raise AuditDamaged(f"the audit log {self.path} was changed: {reason}", sink="file")
        rest = _read(self._log, size - head.size, head.size)
        self._known = self._adopt(head, rest)
        if self._known != head:
            self._write_head(self._known)
        if self._known.count == 0:
            # The name tells this log from another one with the same first records.
            self._cut(size)
            about = {"format": FORMAT, "log": str(uuid4()), "keyed": self._chain.keyed}
            self._append({"event": "audit", "operation": "begun", **about})
        elif torn := rest[self._known.size - head.size :]:
            self._cut(size)
            digest = f"sha256:{hashlib.sha256(torn).hexdigest()}"
            self._append({"event": "audit", "operation": "repaired", "bytes": len(torn), "digest": digest})

    def _size(self) -> int:
        status = os.fstat(self._log)
        if not status.st_nlink:
            raise AuditDamaged(f"the audit log {self.path} was deleted", sink="file")
        return status.st_size

    def _adopt(self, head: Head, rest: bytes) -> Head:
        """Follow the whole lines behind the head: whoever wrote them was stopped before he could say so."""
        while True:
            line, end, rest = rest.partition(b"\n")
            read = self._chain.read(line) if end else None
            if read is None or not read.sound or (read.seq, read.previous) != (head.count + 1, head.seal):
                return head
            head = Head(read.seq, head.size + len(line) + 1, read.seal)

    def _cut(self, size: int) -> None:
        if size > self._known.size:
            os.ftruncate(self._log, self._known.size)


if hasattr(os, "pread"):

    def _read(descriptor: int, size: int, offset: int) -> bytes:
        return os.pread(descriptor, size, offset)

    def _write(descriptor: int, data: bytes, offset: int) -> None:
        while data:
            written = os.pwrite(descriptor, data, offset)
            data, offset = data[written:], offset + written

else:  # Windows: nobody else moves the position, for both locks are held.

    def _read(descriptor: int, size: int, offset: int) -> bytes:
        os.lseek(descriptor, offset, os.SEEK_SET)
        return os.read(descriptor, size)

    def _write(descriptor: int, data: bytes, offset: int) -> None:
        os.lseek(descriptor, offset, os.SEEK_SET)
        while data:
            data = data[os.write(descriptor, data) :]


_OPEN: weakref.WeakSet[FileSink] = weakref.WeakSet()
_HELD: list[FileSink] = []
"""Those whose locks are held while the process forks."""


def _hold() -> None:
    _HELD[:] = _OPEN
    for sink in _HELD:
        sink._lock.acquire()


def _let_on() -> None:
    while _HELD:
        _HELD.pop()._lock.release()


def _in_child() -> None:
    while _HELD:
        _HELD.pop()._after_fork()


if hasattr(os, "register_at_fork"):
    # The locks are held meanwhile: no child begins in the middle of another thread's record.
    os.register_at_fork(before=_hold, after_in_parent=_let_on, after_in_child=_in_child)
