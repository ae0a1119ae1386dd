"""Journals: files of JSON lines, each with a checksum over it and all before it.

A line is an array that begins with eight hexadecimal digits: the CRC-32 of what follows them in the line, begun with
that of the line before. So a line that is changed, lost, doubled or out of its order is noticed, and named; the
last line is an `End`, so that a journal that was cut is noticed too. The first line is the header. Nothing in a journal
is code. The checksums find damage and are no signature.
"""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

from wrt_core.recording import events
from wrt_core.recording.errors import JournalError
from wrt_core.recording.events import End, Event

__all__ = ["VERSION", "Header", "JournalReader", "JournalWriter"]

MAGIC = "wrt journal"
VERSION = 1
_PREFIX = len('["00000000",')


@dataclass(frozen=True, slots=True)
class Header:
    """What a journal is of: the module by the SHA-256 of its binary, its name, and the engine that ran it.

    `imports` says of each import of the module what a replay needs to make one: of a memory or a table its size and its
    maximum, of a global its value, of others nothing.
    """

    module: str
    name: str | None
    engine: str
    imports: tuple[Any, ...]


class JournalWriter:
    """Writes a journal to a new file, which only its owner can read. A file that is there is replaced."""

    def __init__(self, path: str | os.PathLike[str], header: Header) -> None:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        self._file: BinaryIO = os.fdopen(descriptor, "wb", buffering=1 << 16)
        self._checksum = 0
        about = {"module": header.module, "name": header.name, "engine": header.engine, "imports": header.imports}
        self._line([MAGIC, VERSION, about])

    def write(self, event: Event) -> None:
        """Add an event. Raises `OSError` where the file can't be written."""
        self._line(events.dump(event))

    def _line(self, said: list[Any]) -> None:
        rest = json.dumps(said, separators=(",", ":"))[1:].encode()
        self._checksum = zlib.crc32(rest, self._checksum)
        self._file.write(b'["%08x",%s\n' % (self._checksum, rest))

    def close(self) -> None:
        """Close the file. What lacks its `End` is no whole journal."""
        self._file.close()


class JournalReader:
    """Reads a journal, line by line, and checks each. Raises `JournalError` naming the line that is wrong."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """Open a journal and read its header. Raises `OSError` if the file can't be read."""
        self._file: BinaryIO = Path(path).open("rb")  # noqa: SIM115 - closed by close
        self._checksum = 0
        self.line = 0
        """The number of the line that was read last."""
        try:
            self.header = self._header()
        except BaseException:
            self._file.close()
            raise

    def _header(self) -> Header:
        said = self._next()
        if said is None or said[:1] != [MAGIC]:
            raise JournalError("not a journal: it does not begin like one")
        if said[1:2] != [VERSION]:
            raise JournalError(f"a journal of version {said[1:2]}; this reads version {VERSION}", line=1)
        match said[2:]:
            case [
                {"module": str(module), "name": str() | None as name, "engine": str(engine), "imports": list(imports)}
            ]:
                return Header(module, name, engine, tuple(imports))
        raise JournalError("a header that lacks what it should say", line=1)

    def _next(self) -> list[Any] | None:
        text = self._file.readline()
        if not text:
            return None
        self.line += 1
        rest = text[_PREFIX:].removesuffix(b"\n")
        checksum = zlib.crc32(rest, self._checksum)
        if text != b'["%08x",%s\n' % (checksum, rest):
            if self.line == 1:
                raise JournalError("not a journal: it does not begin like one")
            raise JournalError(
                "the journal is damaged: this line is not what was written after the one before", line=self.line
            )
        self._checksum = checksum
        try:
            said = json.loads(b"[" + rest)
        except (ValueError, RecursionError) as error:  # its checksum is right, so somebody wrote it so
            raise JournalError(f"no JSON: {error}", line=self.line) from None
        assert isinstance(said, list)
        return said

    def __iter__(self) -> Iterator[Event]:
        """Give the events, the `End` last."""
        while (said := self._next()) is not None:
            try:
                event = events.load(said)
            except ValueError as error:
                raise JournalError(f"malformed: {error}", line=self.line) from None
            yield event
            if isinstance(event, End):
                if self._file.readline():
                    raise JournalError("there is more behind the end", line=self.line + 1)
                return
        raise JournalError("the journal is cut off: its end is missing", line=self.line)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def __enter__(self) -> JournalReader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
