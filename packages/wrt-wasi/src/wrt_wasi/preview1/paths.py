"""Paths: everything that begins with `path_`."""

from __future__ import annotations

import errno

from wrt_wasi.filesystem.directory import Directory
from wrt_wasi.filesystem.file import File
from wrt_wasi.filesystem.status import FileType, OpenMode
from wrt_wasi.preview1.clocks import Clock
from wrt_wasi.preview1.descriptor import Descriptor, FdFlag
from wrt_wasi.preview1.descriptors import fd_flags
from wrt_wasi.preview1.errno import Errno, Refused, refusal
from wrt_wasi.preview1.errors import host_errors
from wrt_wasi.preview1.family import Family, Guest
from wrt_wasi.preview1.guest_memory import GuestMemory
from wrt_wasi.preview1.records import filestat
from wrt_wasi.preview1.resolution import LONGEST_PATH, Walk
from wrt_wasi.preview1.rights import EVERYTHING, NOTHING, Right, applicable
from wrt_wasi.preview1.times import chosen_times

__all__ = ["Paths"]

_FOLLOW = 1  # lookupflags
_CREATE, _DIRECTORY, _EXCLUSIVE, _TRUNCATE = 1, 2, 4, 8  # oflags
_WRITING = Right.FD_WRITE | Right.FD_ALLOCATE | Right.FD_FILESTAT_SET_SIZE


class Paths(Family):
    """What guests do with names in the directories that they hold; see `Walk` for where a path can lead."""

    def __init__(self, guest: Guest) -> None:
        super().__init__(guest)
        self._descriptors = guest.descriptors
        self._clocks = guest.clocks

    # --- opening -------------------------------------------------------------------------------------------

    def path_open(
        self,
        memory: GuestMemory,
        fd: int,
        lookup: int,
        path: int,
        length: int,
        how: int,
        rights: int,
        inheriting: int,
        flags: int,
        opened: int,
    ) -> None:
        """Open a file or a directory, and tell its descriptor.

        Rights that do not apply to what is opened are left out. One that does, and that the directory does not hand on,
        is ENOTCAPABLE, as is opening itself without the rights to create, to cut off, or to sync on every write.
        """
        if lookup & ~_FOLLOW or how & ~0xF:
            raise Refused(Errno.INVAL)
        mode_flags = fd_flags(flags)
        memory.require(opened, 4)
        self._descriptors.require_room()
        base, directory = self._descriptors.directory(fd, _needed(how))
        wanted, handed_on = Right(rights & EVERYTHING), Right(inheriting & EVERYTHING)
        if (wanted | handed_on | _needed_by(mode_flags)) & ~base.inheriting:
            raise Refused(Errno.NOTCAPABLE)
        mode = OpenMode(
            read=bool(wanted & Right.FD_READ),
            write=bool(wanted & _WRITING),
            create=bool(how & _CREATE),
            exclusive=bool(how & _EXCLUSIVE),
            truncate=bool(how & _TRUNCATE),
            append=FdFlag.APPEND in mode_flags,
        )
        with Walk(directory, _path(memory, path, length)) as walk, host_errors():
            found = _open(walk, mode, follow=bool(lookup & _FOLLOW), directory=bool(how & _DIRECTORY))
        here = applicable(found.type if isinstance(found, File) else FileType.DIRECTORY)
        descriptor = Descriptor(
            found,
            rights=wanted & here,
            inheriting=handed_on if isinstance(found, Directory) else NOTHING,
            flags=mode_flags,
        )
        memory.write_u32(opened, self._descriptors.add(descriptor))

    # --- looking -------------------------------------------------------------------------------------------

    def path_filestat_get(self, memory: GuestMemory, fd: int, lookup: int, path: int, length: int, status: int) -> None:
        """Tell what a path leads to."""
        with self._walk(memory, fd, Right.PATH_FILESTAT_GET, path, length, lookup) as walk:
            memory.write(status, filestat(walk.status(follow=bool(lookup & _FOLLOW))))

    def path_readlink(
        self, memory: GuestMemory, fd: int, path: int, length: int, buffer: int, size: int, done: int
    ) -> None:
        """Tell where a link points to, as much as there is room for, and how many bytes."""
        memory.require(buffer, size)
        memory.require(done, 4)
        with self._walk(memory, fd, Right.PATH_READLINK, path, length) as walk, host_errors():
            if walk.name is None or walk.must_be_directory:
                raise Refused(Errno.INVAL)
            target = walk.directory.read_link(walk.name)[:size]
        memory.write(buffer, target)
        memory.write_u32(done, len(target))

    # --- changing ------------------------------------------------------------------------------------------

    def path_create_directory(self, memory: GuestMemory, fd: int, path: int, length: int) -> None:
        """Make a directory."""
        with self._walk(memory, fd, Right.PATH_CREATE_DIRECTORY, path, length) as walk, host_errors():
            walk.directory.create_directory(_name(walk, Errno.EXIST))

    def path_filestat_set_times(
        self,
        memory: GuestMemory,
        fd: int,
        lookup: int,
        path: int,
        length: int,
        accessed: int,
        modified: int,
        flags: int,
    ) -> None:
        """Set the times of what a path leads to."""
        times = chosen_times(accessed, modified, flags, lambda: self._clocks.now(Clock.REALTIME))
        with self._walk(memory, fd, Right.PATH_FILESTAT_SET_TIMES, path, length, lookup) as walk, host_errors():
            walk.status(follow=bool(lookup & _FOLLOW))
            walk.directory.set_times(walk.name, *times)

    def path_link(
        self,
        memory: GuestMemory,
        fd: int,
        lookup: int,
        path: int,
        length: int,
        to: int,
        to_path: int,
        to_length: int,
    ) -> None:
        """Give a file another name, in the same tree."""
        with (
            self._walk(memory, fd, Right.PATH_LINK_SOURCE, path, length, lookup) as source,
            self._walk(memory, to, Right.PATH_LINK_TARGET, to_path, to_length) as target,
            host_errors(),
        ):
            _same_tree(source, target)
            source.status(follow=bool(lookup & _FOLLOW))
            name = _name(source, Errno.PERM)
            if target.must_be_directory:
                # A file's name has no slash behind it: what is there already is told first, as by systems.
                target.status(follow=False)
                raise Refused(Errno.EXIST)
            source.directory.hard_link(name, target.directory, _name(target, Errno.EXIST))

    def path_rename(
        self, memory: GuestMemory, fd: int, path: int, length: int, to: int, to_path: int, to_length: int
    ) -> None:
        """Move a file or a directory within its tree."""
        with (
            self._walk(memory, fd, Right.PATH_RENAME_SOURCE, path, length) as source,
            self._walk(memory, to, Right.PATH_RENAME_TARGET, to_path, to_length) as target,
            host_errors(),
        ):
            _same_tree(source, target)
            name, to_name = _name(source, Errno.BUSY), _name(target, Errno.BUSY)
            if source.must_be_directory or target.must_be_directory:
                _require_directory(source.directory, name)
            source.directory.rename(name, target.directory, to_name)

    def path_symlink(self, memory: GuestMemory, target: int, length: int, fd: int, path: int, path_length: int) -> None:
        """Make a symbolic link. To nothing absolute: that would mean one thing to a guest, another to the host."""
        points_to = _path(memory, target, length)
        if not points_to:
            raise Refused(Errno.NOENT)
        if points_to.startswith(b"/"):
            raise Refused(Errno.NOTCAPABLE)
        if b"\0" in points_to:
            raise Refused(Errno.INVAL)
        with self._walk(memory, fd, Right.PATH_SYMLINK, path, path_length) as walk, host_errors():
            name = _name(walk, Errno.EXIST)
            if walk.must_be_directory:
                walk.directory.lookup(name)
                raise Refused(Errno.EXIST)
            walk.directory.create_link(name, points_to)

    def path_unlink_file(self, memory: GuestMemory, fd: int, path: int, length: int) -> None:
        """Remove a name of anything but a directory."""
        with self._walk(memory, fd, Right.PATH_UNLINK_FILE, path, length) as walk, host_errors():
            name = _name(walk, Errno.ISDIR)
            if walk.must_be_directory:
                _require_directory(walk.directory, name)
                raise Refused(Errno.ISDIR)
            walk.directory.unlink(name)

    def path_remove_directory(self, memory: GuestMemory, fd: int, path: int, length: int) -> None:
        """Remove an empty directory."""
        with self._walk(memory, fd, Right.PATH_REMOVE_DIRECTORY, path, length) as walk, host_errors():
            walk.directory.remove_directory(_name(walk, Errno.INVAL))

    def _walk(self, memory: GuestMemory, fd: int, right: Right, path: int, length: int, lookup: int = 0) -> Walk:
        if lookup & ~_FOLLOW:
            raise Refused(Errno.INVAL)
        text = _path(memory, path, length)
        _, directory = self._descriptors.directory(fd, right)
        return Walk(directory, text)


def _open(walk: Walk, mode: OpenMode, *, follow: bool, directory: bool) -> File | Directory:
    while walk.name is not None:
        try:
            if directory or walk.must_be_directory:
                return _open_directory(walk, walk.name, mode)
            return walk.directory.open(walk.name, mode)
        except OSError as error:
            if error.errno != errno.ELOOP or not (follow or walk.must_be_directory):
                raise refusal(error) from error
            walk.follow()
    if mode.create and mode.exclusive:
        raise Refused(Errno.EXIST)
    if mode.write or mode.truncate or mode.create:
        raise Refused(Errno.ISDIR)
    return walk.directory.duplicate()


def _open_directory(walk: Walk, name: bytes, mode: OpenMode) -> Directory:
    if mode.create:
        # Opening makes files, and what ends with a slash, or is to be a directory, is none.
        raise Refused(Errno.ISDIR if walk.must_be_directory else Errno.INVAL)
    opened = walk.directory.open_directory(name)
    if mode.write or mode.truncate:
        opened.close()
        raise Refused(Errno.ISDIR)
    return opened


def _path(memory: GuestMemory, address: int, length: int) -> bytes:
    memory.require(address, length)
    if length > LONGEST_PATH:
        raise Refused(Errno.NAMETOOLONG)
    return memory.read(address, length)


def _needed(how: int) -> Right:
    needed = Right.PATH_OPEN
    if how & _CREATE:
        needed |= Right.PATH_CREATE_FILE
    if how & _TRUNCATE:
        needed |= Right.PATH_FILESTAT_SET_SIZE
    return needed


def _needed_by(flags: FdFlag) -> Right:
    needed = Right.FD_DATASYNC if FdFlag.DSYNC in flags else NOTHING
    return needed | Right.FD_SYNC if flags & (FdFlag.SYNC | FdFlag.RSYNC) else needed


def _name(walk: Walk, otherwise: Errno) -> bytes:
    """Return the last name of a path; `otherwise` if it leads to a directory that was there before."""
    if walk.name is None:
        raise Refused(otherwise)
    return walk.name


def _require_directory(directory: Directory, name: bytes) -> None:
    if directory.lookup(name).type is not FileType.DIRECTORY:
        raise Refused(Errno.NOTDIR)


def _same_tree(source: Walk, target: Walk) -> None:
    if source.directory.tree is not target.directory.tree:
        raise Refused(Errno.XDEV)
