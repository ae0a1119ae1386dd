"""`Connection` and `Listener`: sockets that guests are given; none can be opened from inside."""

from __future__ import annotations

import errno
import os
import socket

from wrt_foundation.errors import WrtError
from wrt_wasi.filesystem.file import File
from wrt_wasi.filesystem.status import FileStatus, FileType

__all__ = ["Connection", "Listener"]


class Connection(File):
    """A connected stream socket, which this object owns unless `owned` is False."""

    def __init__(self, connected: socket.socket, *, owned: bool = True) -> None:
        if connected.type is not socket.SOCK_STREAM:
            raise WrtError(f"a connection has to be a stream socket, not {connected!r}")
        self._socket: socket.socket = connected
        self._owned = owned

    @property
    def type(self) -> FileType:
        """A stream socket."""
        return FileType.SOCKET_STREAM

    def status(self) -> FileStatus:
        """Tell the type."""
        return FileStatus(FileType.SOCKET_STREAM)

    def read(self, size: int) -> bytes:
        """Receive."""
        return self._socket.recv(size)

    def peek(self, size: int) -> bytes:
        """Receive, and leave it where it is."""
        return self._socket.recv(size, socket.MSG_PEEK)

    def write(self, data: bytes) -> int:
        """Send."""
        return self._socket.send(data)

    def shut_down(self, *, receiving: bool, sending: bool) -> None:
        """End one direction, or both."""
        self._socket.shutdown(
            socket.SHUT_RDWR if receiving and sending else socket.SHUT_RD if receiving else socket.SHUT_WR
        )

    def waits_for(self, *, write: bool) -> int | None:
        """Return the descriptor."""
        return self._socket.fileno()

    def close(self) -> None:
        """Close the socket, if it is owned."""
        if self._owned:
            self._socket.close()


class Listener(File):
    """A listening stream socket of the embedder's, who keeps it; guests accept what comes in, and do nothing else."""

    def __init__(self, listening: socket.socket) -> None:
        if listening.type is not socket.SOCK_STREAM:
            raise WrtError(f"a listener has to be a stream socket that listens, not {listening!r}")
        self._socket: socket.socket = listening

    @property
    def type(self) -> FileType:
        """A stream socket."""
        return FileType.SOCKET_STREAM

    def status(self) -> FileStatus:
        """Tell the type."""
        return FileStatus(FileType.SOCKET_STREAM)

    def accept(self) -> Connection:
        """Return the next connection, of which reads and writes do not wait."""
        connected, _ = self._socket.accept()
        connected.setblocking(False)
        return Connection(connected)

    def read(self, size: int) -> bytes:
        """Refuse: nobody is connected."""
        raise OSError(errno.ENOTCONN, os.strerror(errno.ENOTCONN))

    def write(self, data: bytes) -> int:
        """Refuse: nobody is connected."""
        raise OSError(errno.ENOTCONN, os.strerror(errno.ENOTCONN))

    def waits_for(self, *, write: bool) -> int | None:
        """Return the descriptor."""
        return self._socket.fileno()

    def close(self) -> None:
        """Do nothing: the socket is the embedder's."""
