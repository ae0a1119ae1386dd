"""`AuditLog`: the recorder that writes what it is told to sinks, and says no when they can't."""

from __future__ import annotations

import threading
import time
import warnings
from collections.abc import Callable, Iterable, Mapping, MutableMapping
from types import TracebackType
from typing import Any, Literal

import structlog
from structlog.typing import Processor

from wrt_capability.audit.digest import Digester
from wrt_capability.audit.errors import AuditFailed, AuditWarning
from wrt_capability.audit.record import bounded, timestamp
from wrt_capability.audit.sinks.sink import AuditSink

__all__ = ["AuditLog"]

EventDict = MutableMapping[str, Any]


class AuditLog:
    """Records events (`wrt_capability.recorder`): adds the time, digests arguments, and writes them to every sink.

    When `record` returns, every sink has the record. If one fails, `AuditFailed` is raised and what was to be recorded
    must not happen. With `on_failure="open"` it happens nevertheless: an `AuditWarning` says so once, and when the sink
    works again, its first record ("audit"/"gap") says how many are missing.

    `processors` are structlog's and run first, to add to events or to leave some out (`structlog.DropEvent`). What
    `arguments` an event has are replaced by a digest, whatever the caller put there.

    Thread-safe. The log owns its sinks and closes them; views that `bind` made share them. It is a context manager.
    """

    def __init__(
        self,
        *sinks: AuditSink,
        on_failure: Literal["closed", "open"] = "closed",
        processors: Iterable[Processor] = (),
        digester: Digester | None = None,
        clock: Callable[[], int] = time.time_ns,
    ) -> None:
        """`clock` gives nanoseconds since 1970; `digester` a key for digests that outlives this process."""
        if on_failure not in ("closed", "open"):
            raise ValueError(f"on_failure is 'closed' or 'open', not {on_failure!r}")
        self.sinks = sinks
        self.digester = Digester() if digester is None else digester
        self._clock = clock
        self._outlets = _Outlets(sinks, fail_open=on_failure == "open", clock=clock)
        self._fixed: dict[str, Any] = {}
        self._logger: Any = structlog.wrap_logger(
            self._outlets,
            processors=[*processors, self._time, self._digest, _as_record],
            wrapper_class=_Logger,
            cache_logger_on_first_use=True,
        ).bind()

    def record(self, event: Mapping[str, Any], /) -> None:
        """Write an event to every sink.

        Raises `AuditFailed` if one of them fails, and `TypeError` or `ValueError` for an event that is none.
        """
        self._logger.record({**event, **self._fixed})

    def bind(self, **fixed: Any) -> AuditLog:
        """Return a view of this log that sets these keys in every event, whatever the caller says: its tenant, say.

        Closing a view does nothing.
        """
        view = object.__new__(_View)
        view.__dict__.update(self.__dict__)
        view._fixed = {**fixed, **self._fixed}
        return view

    def sync(self) -> None:
        """Have every sink make what was written survive a loss of power. Raises what they raise."""
        for sink in self.sinks:
            sink.sync()

    def close(self) -> None:
        """Close every sink; the first error is raised when all are closed. Records are refused from then on."""
        self._outlets.close()

    def __enter__(self) -> AuditLog:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<AuditLog to {', '.join(sink.name for sink in self.sinks) or 'nowhere'}>"

    # --- processors ----------------------------------------------------------------------------------------

    def _time(self, logger: object, method: str, event: EventDict) -> EventDict:
        event["time"] = timestamp(self._clock())
        return event

    def _digest(self, logger: object, method: str, event: EventDict) -> EventDict:
        arguments = event.get("arguments")
        if arguments is not None and not Digester.is_digest(arguments):
            values = arguments if isinstance(arguments, (list, tuple)) else (arguments,)
            event["arguments"] = self.digester.digest(values)
        return event


class _View(AuditLog):
    def close(self) -> None:
        """Do nothing: the log's owner closes it."""


class _Logger(structlog.BoundLoggerBase):
    """Structlog's way through the processors, for events that have their keys already."""

    def record(self, event: EventDict) -> None:
        if not isinstance(event.get("event"), str):
            raise ValueError("an audit record says what happened: its key 'event' is a str")
        self._proxy_to_logger("write", event.pop("event"), **event)


def _as_record(logger: object, method: str, event: EventDict) -> tuple[tuple[Any, ...], dict[str, Any]]:
    return (bounded(event),), {}


class _Outlets:
    """What the last processor's record goes to: all sinks."""

    def __init__(self, sinks: Iterable[AuditSink], *, fail_open: bool, clock: Callable[[], int]) -> None:
        self._sinks = tuple(sinks)
        self._fail_open = fail_open
        self._clock = clock
        self._closed = False
        self._lock = threading.Lock()
        self._lost: dict[AuditSink, int] = {}

    def write(self, record: Mapping[str, Any]) -> None:
        if self._closed:
            raise AuditFailed("the audit log is closed")
        for sink in self._sinks:
            try:
                if self._lost:
                    self._tell_of_gap(sink)
                sink.write(record)
            except Exception as error:
                if not self._fail_open:
                    if isinstance(error, AuditFailed):
                        raise
                    raise AuditFailed(f"the audit sink {sink.name!r} failed: {error}", sink=sink.name) from error
                self._lose(sink, error)

    def close(self) -> None:
        self._closed = True
        failure: Exception | None = None
        for sink in self._sinks:
            try:
                sink.close()
            except Exception as error:  # noqa: BLE001 - raised when all are closed
                failure = failure or error
        if failure is not None:
            raise failure

    def _lose(self, sink: AuditSink, error: Exception) -> None:
        with self._lock:
            known = sink in self._lost
            self._lost[sink] = self._lost.get(sink, 0) + 1
        if not known:
            message = f"the audit sink {sink.name!r} fails, and records are lost: {error}"
            warnings.warn(AuditWarning(message), stacklevel=2)

    def _tell_of_gap(self, sink: AuditSink) -> None:
        with self._lock:
            lost = self._lost.get(sink, 0)
        if not lost:
            return
        sink.write({"time": timestamp(self._clock()), "event": "audit", "operation": "gap", "lost": lost})
        with self._lock:
            # Others may have been lost meanwhile: those are the next gap's.
            left = self._lost.pop(sink, lost) - lost
            if left > 0:
                self._lost[sink] = left
