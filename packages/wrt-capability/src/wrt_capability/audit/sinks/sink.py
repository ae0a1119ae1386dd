"""`AuditSink`: the contract of where records go (entry points `wrt.audit_sinks`)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from enum import StrEnum
from types import TracebackType
from typing import Any

__all__ = ["AuditSink", "Sync", "sync_policy"]


class Sync(StrEnum):
    """When a sink has the system write its records to the disk itself.

    A record that was acknowledged survives the process however it ends, whatever the policy; this is about the machine
    losing power.
    """

    ALWAYS = "always"
    """Before a record is acknowledged."""
    INTERVAL = "interval"
    """At most some seconds after it."""
    NEVER = "never"
    """When the system does."""


def sync_policy(policy: Sync | str) -> Sync:
    """Return the policy of that name. Raises `ValueError` with the names for another one."""
    try:
        return Sync(policy)
    except ValueError:
        raise ValueError(f"sync is one of {', '.join(Sync)}, not {str(policy)!r}") from None


class AuditSink(ABC):
    """Takes the records of one audit log. A context manager that closes itself.

    `write` may be called by several threads at once. A plugin hands over a subclass, or another callable that takes the
    same options and returns a sink.
    """

    name = "sink"
    """What the sink is called in messages."""

    @abstractmethod
    def write(self, record: Mapping[str, Any]) -> None:
        """Write one record, plain data as `wrt_capability.audit.record` describes it.

        When this returns, the record is there, as far as the sink promises that. Raise anything to say that it is not:
        then what it records does not happen.
        """

    def sync(self) -> None:  # noqa: B027 - not every sink has a disk behind it
        """Have everything written so far survive a loss of power."""

    def close(self) -> None:  # noqa: B027 - not every sink holds something
        """Let go of what the sink holds. Twice does nothing; a write after it raises."""

    def __enter__(self) -> AuditSink:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
