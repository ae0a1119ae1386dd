"""Verification: whether a log is what was written to it, and if not, what was done to it and where."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO

from wrt_capability.audit.chain import GENESIS, HEAD_SIZE, Chain, Head, Line
from wrt_capability.audit.lock import locked
from wrt_capability.audit.sinks.file import head_path

__all__ = ["Finding", "Problem", "Verdict", "verify"]

MAX_LINE = 1 << 20
"""Bytes of a line; the sink writes much shorter ones. What is longer was not written by it."""


class Finding(StrEnum):
    """What can be wrong with a log."""

    MALFORMED = "malformed"
    """A line that is no record."""
    EDITED = "edited"
    """A line whose own seal is not right: something in it was changed, or it was sealed with another key."""
    DROPPED = "dropped"
    """Lines are missing in front of this one."""
    REORDERED = "reordered"
    """A line that belongs further up, or was there before."""
    REPLACED = "replaced"
    """A line with the right number and a right seal that does not follow the one before it."""
    TRUNCATED = "truncated"
    """Lines are missing at the end: the head speaks of more, or of another last line."""
    HEAD_MISSING = "head missing"
    """Without the head nobody knows where the log ended."""
    HEAD_DAMAGED = "head damaged"
    """The head was changed, or sealed with another key."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: what, at which line (from 1; 0 for the head), and in words."""

    finding: Finding
    line: int
    message: str


@dataclass
class Verdict:
    """What verification found.

    `records` are the lines that are right, `first` and `last` the times of the first and last of them.
    `unacknowledged` lines and `torn` bytes at the end are left of a process that was stopped while it wrote: nobody
    was told that they are there, so they are no damage, and the next one who opens the log settles them.
    """

    path: str
    records: int = 0
    first: str = ""
    last: str = ""
    head: Head | None = None
    keyed: bool = False
    unacknowledged: int = 0
    torn: int = 0
    problems: list[Problem] = field(default_factory=list)
    more_problems: int = 0
    """How many were found besides those that are listed."""

    @property
    def intact(self) -> bool:
        """Whether nothing that was acknowledged was changed, moved or taken away."""
        return not self.problems

    def _add(self, finding: Finding, line: int, message: str, most: int) -> None:
        if len(self.problems) < most:
            self.problems.append(Problem(finding, line, message))
        else:
            self.more_problems += 1


def verify(
    path: str | os.PathLike[str],
    *,
    head: str | os.PathLike[str] | None = None,
    key: bytes | None = None,
    expect: Head | None = None,
    most_problems: int = 20,
) -> Verdict:
    """Read a whole log and return what is wrong with it; it may be written to meanwhile, and is not changed.

    `head` is where its head is, if not beside it; `key` what it was sealed with. `expect` is a head that was noted some
    time ago (`FileSink.head`): the log has to go on from there. Memory does not grow with the log. Raises `OSError` for
    a file that can't be read.
    """
    chain = Chain(key)
    where = head_path(path) if head is None else Path(head)
    verdict = Verdict(os.fspath(path), keyed=chain.keyed)
    with Path(path).open("rb") as log:
        size = _read_head(verdict, chain, where, log, most_problems)
        _Walk(verdict, chain, expect, most_problems).run(_lines(log, size))
    return verdict


def _read_head(verdict: Verdict, chain: Chain, where: Path, log: BinaryIO, most: int) -> int:
    """Read the head, and return how many bytes the log has at that moment."""
    try:
        with where.open("rb") as file, locked(file.fileno(), shared=True):
            data = file.read(HEAD_SIZE + 1)
            size = os.fstat(log.fileno()).st_size
    except FileNotFoundError:
        verdict._add(Finding.HEAD_MISSING, 0, f"there is no {where}: nobody knows where the log ended", most)
        return os.fstat(log.fileno()).st_size
    verdict.head = chain.read_head(data)
    if verdict.head is None:
        reason = "was changed, or sealed with another key" if chain.keyed else "was changed, or sealed with a key"
        verdict._add(Finding.HEAD_DAMAGED, 0, f"{where} {reason}", most)
    return size


def _lines(log: BinaryIO, size: int) -> Iterator[bytes]:
    """The lines in the first `size` bytes, with their ends; the last may lack it."""
    while size > 0:
        line = log.readline(min(size, MAX_LINE))
        if not line:
            return
        size -= len(line)
        yield line


class _Walk:
    """One pass over a log's lines."""

    def __init__(self, verdict: Verdict, chain: Chain, expect: Head | None, most: int) -> None:
        self.verdict = verdict
        self.chain = chain
        self.most = most
        self.head = verdict.head
        self.number = 0
        self.offset = 0
        self.seq = 0
        self.previous = GENESIS
        self.marks = [head for head in (expect, verdict.head) if head is not None and head.count]

    def run(self, lines: Iterator[bytes]) -> None:
        for line in lines:
            self.number += 1
            if line.endswith(b"\n") or len(line) == MAX_LINE:
                self._take(self.chain.read(line.removesuffix(b"\n")))
            elif self.head is not None and self.offset < self.head.size:
                self._problem(Finding.TRUNCATED, "the log ends in the middle of a record that was acknowledged")
            else:
                self.verdict.torn += len(line)
            self.offset += len(line)
        for mark in self.marks:
            if mark.count > self.seq:
                missing = mark.count - self.seq
                message = f"{missing} records are missing at the end: {mark.count} were acknowledged"
                self._problem(Finding.TRUNCATED, message)
            else:
                self._problem(Finding.REPLACED, f"record {mark.count} is not the one that was acknowledged")

    def _take(self, line: Line | None) -> None:
        if line is None:
            self._problem(Finding.MALFORMED, "no record of an audit log")
            # It stands for one line, most likely the one that was expected here.
            self.seq += 1
            self.previous = ""
            return
        self._compare(line)
        self.seq, self.previous = max(self.seq, line.seq), line.seal
        if self.marks:
            self.marks = [mark for mark in self.marks if (mark.count, mark.seal) != (line.seq, line.seal)]
        if self.head is not None and self.offset >= self.head.size:
            self.verdict.unacknowledged += 1

    def _compare(self, line: Line) -> None:
        verdict, expected = self.verdict, self.seq + 1
        if not line.sound:
            self._problem(Finding.EDITED, f"record {line.seq} is not as it was sealed")
        elif line.seq > expected:
            self._problem(Finding.DROPPED, f"{line.seq - expected} records are missing before record {line.seq}")
        elif line.seq < expected:
            self._problem(Finding.REORDERED, f"record {line.seq} stands where record {expected} belongs")
        elif line.previous != self.previous and self.previous:
            self._problem(Finding.REPLACED, f"record {line.seq} does not follow the one before it")
        else:
            verdict.records += 1
            time = line.record.get("time")
            verdict.last = time if isinstance(time, str) else verdict.last
            verdict.first = verdict.first or verdict.last

    def _problem(self, finding: Finding, message: str) -> None:
        self.verdict._add(finding, self.number, message, self.most)
