"""Sockets: `sock_accept`, `sock_recv`, `sock_send`, `sock_shutdown`, for what the embedder has opened."""

from __future__ import annotations

from wrt_wasi.preview1.descriptor import Descriptor, FdFlag
from wrt_wasi.preview1.descriptors import fd_flags
from wrt_wasi.preview1.errno import Errno, Refused
from wrt_wasi.preview1.errors import host_errors
from wrt_wasi.preview1.family import Family, Guest
from wrt_wasi.preview1.guest_memory import GuestMemory
from wrt_wasi.preview1.rights import CONNECTION, LISTENER, Right
from wrt_wasi.preview1.transfer import gather, scatter
from wrt_wasi.streams.socket import Connection, Listener

__all__ = ["Sockets"]

_PEEK, _WAIT_FOR_ALL = 1, 2  # riflags
_RECEIVING, _SENDING = 1, 2  # sdflags


class Sockets(Family):
    """Opens the listeners that the guest was given, behind its directories, for it to accept connections from."""

    def __init__(self, guest: Guest) -> None:
        super().__init__(guest)
        self._descriptors = guest.descriptors
        self._patience = guest.patience
        for listening in guest.listeners:
            self._descriptors.add(Descriptor(Listener(listening), LISTENER))

    def sock_accept(self, memory: GuestMemory, fd: int, flags: int, accepted: int) -> None:
        """Wait for a connection, and tell its descriptor. `flags` are the new one's, which may be told not to wait."""
        descriptor = self._descriptors.get(fd)
        listener = descriptor.open
        if not isinstance(listener, Listener):
            raise Refused(Errno.INVAL if isinstance(listener, Connection) else Errno.NOTSOCK)
        self._descriptors.get(fd, Right.SOCK_ACCEPT)
        wanted = fd_flags(flags)
        if wanted & ~FdFlag.NONBLOCK:
            raise Refused(Errno.INVAL)
        memory.require(accepted, 4)
        self._descriptors.require_room()
        with host_errors(), self._patience.turn(descriptor, listener):
            connection = listener.accept()
        memory.write_u32(accepted, self._descriptors.add(Descriptor(connection, CONNECTION, flags=wanted)))

    def sock_recv(
        self, memory: GuestMemory, fd: int, vectors: int, count: int, flags: int, done: int, told: int
    ) -> None:
        """Receive into the buffers; tell how many bytes, and flags, of which a stream has none."""
        descriptor, connection = self._connection(fd, Right.FD_READ)
        if flags & ~(_PEEK | _WAIT_FOR_ALL):
            raise Refused(Errno.INVAL)
        memory.write(told, bytes(2))
        peek = bool(flags & _PEEK)

        def receive(size: int) -> bytes:
            with self._patience.turn(descriptor, connection):
                return connection.peek(size) if peek else connection.read(size)

        scatter(memory, vectors, count, done, receive, whole=bool(flags & _WAIT_FOR_ALL) and not peek)

    def sock_send(self, memory: GuestMemory, fd: int, vectors: int, count: int, flags: int, done: int) -> None:
        """Send the buffers, and tell how many bytes were taken. There are no flags."""
        descriptor, connection = self._connection(fd, Right.FD_WRITE)
        if flags:
            raise Refused(Errno.INVAL)

        def send(data: bytes) -> int:
            with self._patience.turn(descriptor, connection, write=True):
                return connection.write(data)

        gather(memory, vectors, count, done, send, connection.flush)

    def sock_shutdown(self, memory: GuestMemory, fd: int, how: int) -> None:
        """End receiving, sending, or both."""
        _, connection = self._connection(fd, Right.SOCK_SHUTDOWN)
        if how not in (_RECEIVING, _SENDING, _RECEIVING | _SENDING):
            raise Refused(Errno.INVAL)
        with host_errors():
            connection.shut_down(receiving=bool(how & _RECEIVING), sending=bool(how & _SENDING))

    def _connection(self, fd: int, right: Right) -> tuple[Descriptor, Connection]:
        descriptor = self._descriptors.get(fd)
        connection = descriptor.open
        if not isinstance(connection, Connection):
            raise Refused(Errno.NOTCONN if isinstance(connection, Listener) else Errno.NOTSOCK)
        self._descriptors.get(fd, right)
        return descriptor, connection
