"""Questions to a log: which records, of a file or a database, are of this tenant, this kind, this time."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from wrt_capability.audit.chain import Chain
from wrt_capability.audit.errors import AuditFailed

__all__ = ["Query", "query"]


@dataclass(frozen=True, slots=True)
class Query:
    """What is asked for; what is None is not looked at. `since` is included, `until` is not; both know their zone.

    `module` is a module's name or the beginning of its hash, `limit` the most records that come back, the latest ones.
    """

    tenant: str | None = None
    event: str | None = None
    kind: str | None = None
    allowed: bool | None = None
    module: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    limit: int | None = None

    def matches(self, record: Mapping[str, Any]) -> bool:
        """Whether a record is one of those."""
        for key in ("tenant", "event", "kind", "allowed"):
            wanted = getattr(self, key)
            if wanted is not None and record.get(key) != wanted:
                return False
        if self.module is not None and record.get("module") != self.module:
            hash_ = record.get("hash")
            if not (self.module and isinstance(hash_, str) and hash_.startswith(self.module)):
                return False
        time = str(record.get("time", ""))
        if self.since is not None and time < _text(self.since):
            return False
        return self.until is None or time < _text(self.until)


def query(path: str | os.PathLike[str], wanted: Query | None = None) -> Iterator[dict[str, Any]]:
    """Return the records of a file or a database that are `wanted`, oldest first.

    Of a file, lines that are no records are left out, and no seal is looked at: `verify` does that. Raises `OSError`
    for a file that can't be read, and `AuditFailed` for a database that is no audit log.
    """
    wanted = Query() if wanted is None else wanted
    with Path(path).open("rb") as file:
        is_database = file.read(16) == b"SQLite format 3\0"
    records = _of_database(Path(path), wanted) if is_database else _of_file(Path(path), wanted)
    return records if is_database or wanted.limit is None else _last(records, wanted.limit)


def _last(records: Iterator[dict[str, Any]], limit: int) -> Iterator[dict[str, Any]]:
    from collections import deque

    return iter(deque(records, maxlen=max(0, limit)))


def _of_file(path: Path, wanted: Query) -> Iterator[dict[str, Any]]:
    chain = Chain()
    with path.open("rb") as file:
        for data in file:
            line = chain.read(data.removesuffix(b"\n"))
            if line is not None and wanted.matches(line.record):
                yield {"seq": line.seq, **line.record}


def _of_database(path: Path, wanted: Query) -> Iterator[dict[str, Any]]:
    conditions: list[str] = []
    values: list[Any] = []
    for key in ("tenant", "event", "kind", "allowed"):
        if getattr(wanted, key) is not None:
            conditions.append(f"{key} = ?")
            values.append(getattr(wanted, key))
    if wanted.module is not None:
        conditions.append("(module = ? OR (? <> '' AND substr(hash, 1, length(?)) = ?))")
        values += [wanted.module] * 4
    for operator, moment in ((">=", wanted.since), ("<", wanted.until)):
        if moment is not None:
            conditions.append(f"time {operator} ?")
            values.append(_text(moment))
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    values.append(-1 if wanted.limit is None else max(0, wanted.limit))
    statement = f"SELECT * FROM (SELECT seq, record FROM audit{where} ORDER BY seq DESC LIMIT ?) ORDER BY seq"
    try:
        with closing(sqlite3.connect(f"file:{quote(str(path.resolve()))}?mode=ro", uri=True)) as connection:
            for seq, record in connection.execute(statement, values):
                yield {"seq": seq, **json.loads(record)}
    except sqlite3.Error as error:
        raise AuditFailed(f"{path} can't be asked: {error}", sink="sqlite") from error


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
