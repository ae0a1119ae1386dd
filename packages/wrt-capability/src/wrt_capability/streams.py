"""Streams, variables and directories that a subject may have, of those that an embedder grants."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import replace
from io import RawIOBase
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from wrt_capability.decision import Access
from wrt_capability.traps import QuotaTrap

if TYPE_CHECKING:
    from wrt_capability.authority import Authority
    from wrt_core.host_modules import Grants
from wrt_foundation.errors import QuotaExceeded

__all__ = ["ChargedStream", "only_allowed"]


class ChargedStream(RawIOBase):
    """A stream that charges an authority's account with every byte before it is written.

    It belongs to the embedder as the stream does that it writes to: closing it closes nothing. What goes past the quota
    raises `QuotaExceeded`, and none of it is written.
    """

    def __init__(self, stream: BinaryIO, authority: Authority) -> None:
        super().__init__()
        self._stream = stream
        self._authority = authority

    def write(self, data: Any) -> int:
        """Write bytes once they are paid for. Raises `QuotaTrap`, which ends the guest that writes, past a quota."""
        size = memoryview(data).nbytes
        try:
            self._authority.charge("output", size)
        except QuotaExceeded as error:
            raise QuotaTrap(error) from None
        written = self._stream.write(data)
        return size if written is None else written

    def writelines(self, lines: Iterable[Any]) -> None:
        """Write several."""
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        """Have what was written arrive."""
        self._stream.flush()

    def close(self) -> None:
        """Do nothing; the stream behind may be closed by now, and must not be asked to flush."""

    def writable(self) -> bool:
        """It is for nothing else."""
        return True

    def isatty(self) -> bool:
        """Say whether the stream is a terminal."""
        return self._stream.isatty()

    def fileno(self) -> int:
        """Raise `OSError`: whoever had the descriptor could write what nobody counts."""
        raise OSError("a stream whose bytes are counted has no descriptor")


def only_allowed(authority: Authority, grants: Grants) -> Grants:
    """Return the grants without what the policy does not allow; each decision is recorded."""

    def allowed(kind: str, name: str, operation: str) -> bool:
        lease = authority.lease(kind, name, operation)
        if lease.stopped is not None:
            authority.record_decision(lease.access, lease.stopped)
        return lease.stopped is None

    def written(stream: BinaryIO | None, name: str) -> BinaryIO | None:
        if stream is None or not allowed("stdio", name, "write"):
            return None
        return cast(BinaryIO, ChargedStream(stream, authority))

    def permits(kind: str, object: str, operation: str) -> bool:  # noqa: A002 - the word for it in policies
        access = Access(kind, authority.subject, object, operation)
        decision = authority.decide(kind, object, operation)
        authority.record_decision(access, decision)
        return bool(decision)

    return replace(
        grants,
        directories=tuple(
            [each for each in grants.directories if allowed("filesystem", os.path.realpath(each.path), "read")]
        ),
        permits=permits,
        environment={key: value for key, value in grants.environment.items() if allowed("environment", key, "read")},
        stdin=grants.stdin if grants.stdin is not None and allowed("stdio", "stdin", "read") else None,
        stdout=written(grants.stdout, "stdout"),
        stderr=written(grants.stderr, "stderr"),
    )
