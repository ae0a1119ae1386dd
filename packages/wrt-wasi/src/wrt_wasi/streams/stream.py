"""`Stream` and `TextStream`: file objects of Python as guests' files."""

from __future__ import annotations

import codecs
import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import BufferedReader
from typing import BinaryIO, TextIO, TypeVar

from wrt_wasi.filesystem.file import File
from wrt_wasi.filesystem.status import FileStatus, FileType
from wrt_wasi.streams.readiness import ready

__all__ = ["Stream", "TextStream"]

_T = TypeVar("_T")


class Stream(File):
    """A binary file object of the embedder's, who keeps it: closing the stream leaves it open.

    A read gives what is there and waits only if nothing is. None is a stream that nobody has the other end of: it is
    read as empty, and swallows what is written.
    """

    def __init__(self, file: BinaryIO | None) -> None:
        self._file = file
        # Reading here takes no more than is asked for: only what was read before can be ahead.
        self._may_be_read_ahead = isinstance(file, BufferedReader)

    @property
    def type(self) -> FileType:
        """A character device for a terminal: guests buffer by lines there, and by blocks elsewhere."""
        with _failures():
            return FileType.CHARACTER_DEVICE if self._file is not None and self._file.isatty() else FileType.UNKNOWN

    @property
    def seekable(self) -> bool:
        """Never: what the embedder's file can do is the embedder's."""
        return False

    def status(self) -> FileStatus:
        """Tell the type; a stream has no size and no times."""
        return FileStatus(self.type)

    def read(self, size: int) -> bytes:
        """Read what is there."""
        if self._file is None:
            return b""
        with _failures():
            # `read` of a buffered stream waits until it has all that is wanted.
            received = getattr(self._file, "read1", self._file.read)(size)
        return bytes(_waited(received))

    def write(self, data: bytes) -> int:
        """Write."""
        if self._file is None:
            return len(data)
        with _failures():
            return _waited(self._file.write(data))

    def flush(self) -> None:
        """Flush the file, so that nothing is lost when the guest traps."""
        if self._file is not None:
            # What the system does not take now stays in the file's buffer, and is flushed with what follows.
            with _failures(), suppress(BlockingIOError):
                self._file.flush()

    def waits_for(self, *, write: bool) -> int | None:
        """Return the file's descriptor if it has one; none of a regular file, or while Python has read ahead."""
        try:
            number = None if self._file is None else self._file.fileno()
            if number is None or stat.S_ISREG(os.fstat(number).st_mode):
                return None
        except (OSError, ValueError, AttributeError):
            return None
        return None if not write and self._is_read_ahead(number) else number

    def close(self) -> None:
        """Forget the file."""
        self._file = None

    def _is_read_ahead(self, number: int) -> bool:
        """Say whether the file object holds bytes that the system knows nothing of any more.

        Python tells that of a buffered reader only by `peek`, which reads if there are none: so it must not wait.
        """
        if not self._may_be_read_ahead or ready([number], []):
            return False
        assert isinstance(self._file, BufferedReader)
        blocking = os.get_blocking(number)
        os.set_blocking(number, False)
        try:
            self._may_be_read_ahead = bool(self._file.peek(1))
        finally:
            os.set_blocking(number, blocking)
        return self._may_be_read_ahead


class TextStream(File):
    """A text file object that has no binary one below, such as `io.StringIO`: guests read and write it as UTF-8.

    What is not UTF-8 becomes replacement characters; a character may come in several writes.
    """

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._pending = b""
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    @property
    def type(self) -> FileType:
        """A character device for a terminal."""
        with _failures():
            return FileType.CHARACTER_DEVICE if self._file.isatty() else FileType.UNKNOWN

    def status(self) -> FileStatus:
        """Tell the type."""
        return FileStatus(self.type)

    def read(self, size: int) -> bytes:
        """Read at most a line."""
        with _failures():
            data = self._pending or self._file.readline().encode("utf-8", "replace")
        self._pending = data[size:]
        return data[:size]

    def write(self, data: bytes) -> int:
        """Write what is complete of the characters."""
        with _failures():
            self._file.write(self._decoder.decode(data))
        return len(data)

    def flush(self) -> None:
        """Flush the file."""
        with _failures():
            self._file.flush()

    def close(self) -> None:
        """Write what was an incomplete character; the file stays the embedder's."""
        with _failures():
            self._file.write(self._decoder.decode(b"", True))


def _waited(result: _T | None) -> _T:
    if result is None:  # a raw file that would have to wait
        raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))
    return result


@contextmanager
def _failures() -> Iterator[None]:
    try:
        yield
    except OSError:
        raise
    except ValueError as error:  # the embedder has closed the file
        raise OSError(errno.EBADF, os.strerror(errno.EBADF)) from error
