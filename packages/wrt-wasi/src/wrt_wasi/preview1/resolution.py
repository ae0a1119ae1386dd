"""`Walk`: from a directory along a path, one name at a time, and never out of it.

Each step opens one name relative to the directory before it, without following links; links are read and their targets
walked like any path. ".." goes back to the directory that the walk came through, which is still open, and not to what
the system takes for its parent by then. So nothing that is renamed, or made a link, in the middle of a walk leads it to
where it could not have gone before.
"""

from __future__ import annotations

import errno
from types import TracebackType

from wrt_wasi.filesystem.directory import Directory
from wrt_wasi.filesystem.status import FileStatus, FileType
from wrt_wasi.preview1.errno import Errno, Refused, refusal

__all__ = ["DEEPEST", "LONGEST_PATH", "MOST_LINKS", "Walk"]

MOST_LINKS = 40
"""How many symbolic links one path may lead through, as on Linux."""

LONGEST_PATH = 4096
"""The most bytes of a path, as on Linux (`PATH_MAX`)."""

DEEPEST = 128
"""How many directories one walk keeps open at most, each perhaps as a descriptor of the host; some calls walk twice."""


class Walk:
    """Where a path leads, except for its last name: what that is, and whether it is followed, is for who asks.

    To be used in a `with` statement, which closes the directories that it went through. Raises `Refused`: ENOTCAPABLE
    for a path that is absolute, or leads out of the directory.
    """

    def __init__(self, root: Directory, path: bytes) -> None:
        self._trail = [root]  # the first is not ours to close
        self._links = 0
        self.name: bytes | None = None
        """The last name, which is in `directory`; None if the path leads to `directory` itself."""
        self.must_be_directory = False
        """Whether the path ends with a slash."""
        try:
            self._go(_checked(path))
        except BaseException:
            self.close()
            raise

    @property
    def directory(self) -> Directory:
        """The directory that the last name is in; the walk's own."""
        return self._trail[-1]

    def follow(self) -> None:
        """Go where the last name points to, a link. If it is none any more, it is looked at again by who asked."""
        if self.name is None:
            raise Refused(Errno.LOOP)
        slash = self.must_be_directory
        self._go(self._target(self.name))
        self.must_be_directory |= slash

    def status(self, *, follow: bool) -> FileStatus:
        """Tell what the path leads to, through a last link if `follow`, or if a slash behind it says so."""
        while self.name is not None:
            status = self._asked(self.name)
            if status.type is FileType.SYMBOLIC_LINK and (follow or self.must_be_directory):
                self.follow()
            elif self.must_be_directory and status.type is not FileType.DIRECTORY:
                raise Refused(Errno.NOTDIR)
            else:
                return status
        return self.directory.status()

    def close(self) -> None:
        """Close what the walk has opened."""
        while len(self._trail) > 1:
            self._trail.pop().close()

    def __enter__(self) -> Walk:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    # --- walking -------------------------------------------------------------------------------------------

    def _go(self, path: bytes) -> None:
        self.name = None
        self.must_be_directory = path.endswith(b"/")
        pending = _names(path)
        # What ends with "." is no name in a directory, but the directory itself.
        itself = path.rstrip(b"/").endswith(b"/.")
        while pending:
            name = pending.pop()
            if name == b"..":
                self._back()
            elif not pending and not itself:
                self.name = name
            else:
                self._into(name, pending)

    def _back(self) -> None:
        if len(self._trail) == 1:
            raise Refused(Errno.NOTCAPABLE)
        self._trail.pop().close()

    def _into(self, name: bytes, pending: list[bytes]) -> None:
        if len(self._trail) > DEEPEST:
            raise Refused(Errno.NAMETOOLONG)
        try:
            self._trail.append(self.directory.open_directory(name))
        except OSError as error:
            if error.errno != errno.ELOOP:
                raise refusal(error) from error
            pending += _names(self._target(name))

    def _target(self, name: bytes) -> bytes:
        self._links += 1
        if self._links > MOST_LINKS:
            raise Refused(Errno.LOOP)
        try:
            return _checked(self.directory.read_link(name))
        except OSError as error:
            if error.errno == errno.EINVAL:  # no link any more: the same name again
                return name
            raise refusal(error) from error

    def _asked(self, name: bytes) -> FileStatus:
        try:
            return self.directory.lookup(name)
        except OSError as error:
            raise refusal(error) from error


def _checked(path: bytes) -> bytes:
    if not path:
        raise Refused(Errno.NOENT)
    if len(path) > LONGEST_PATH:
        raise Refused(Errno.NAMETOOLONG)
    if path.startswith(b"/"):
        raise Refused(Errno.NOTCAPABLE)
    if b"\0" in path:
        raise Refused(Errno.INVAL)
    try:
        path.decode()
    except UnicodeDecodeError:
        raise Refused(Errno.ILSEQ) from None
    return path


def _names(path: bytes) -> list[bytes]:
    """Return the names of a path, the first one last; "." says nothing."""
    return [name for name in reversed(path.split(b"/")) if name not in (b"", b".")]
