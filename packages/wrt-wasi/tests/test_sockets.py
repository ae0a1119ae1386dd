"""Sockets: a guest accepts from the listeners that it was given, and talks to who comes; it opens none itself."""

from __future__ import annotations

import socket
import threading

import pytest

from wrt_foundation.errors import WrtError
from wrt_wasi import Wasi
from wrt_wasi.preview1.errno import Errno

LISTENER = 3


@pytest.fixture
def serving(guest):
    """A guest with a listener as descriptor 3, and a function that connects to it."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        g = guest(listeners=[listening])
        made = []

        def connect():
            made.append(socket.create_connection(listening.getsockname(), timeout=10))
            return made[-1]

        with g.wasi:
            yield g, connect
        for each in made:
            each.close()
        assert listening.fileno() != -1  # still the embedder's


def accept(g, flags=0):
    told = g.call("sock_accept", LISTENER, flags, 0)
    return told if told is not Errno.SUCCESS else g.u32(0)


def receive(g, fd, size=100, flags=0):
    told = g.call("sock_recv", fd, *g.vectors(0x3000, (0x4000, size)), flags, 0, 8)
    return told if told is not Errno.SUCCESS else g.memory.read(0x4000, g.u32(0))


def test_a_conversation(serving):
    g, connect = serving
    far = connect()
    fd = accept(g)
    assert fd == 4
    far.sendall(b"question")
    assert receive(g, fd, 4, flags=1) == b"ques"  # a look
    assert receive(g, fd) == b"question"
    g.memory.write(0x4000, b"answer")
    assert g.call("sock_send", fd, *g.vectors(0x3000, (0x4000, 6)), 0, 0) is Errno.SUCCESS
    assert g.u32(0) == 6
    assert far.recv(100) == b"answer"
    far.sendall(b"plain reads do as well")
    assert g.read(fd) == b"plain reads do as well"
    assert g.write(fd, b"yes") == 3
    assert far.recv(100) == b"yes"
    assert g.call("sock_shutdown", fd, 2) is Errno.SUCCESS
    assert far.recv(100) == b""
    far.close()
    assert receive(g, fd) == b""
    assert g.call("fd_close", fd) is Errno.SUCCESS
    assert receive(g, fd) is Errno.BADF


def test_waiting_for_all(serving):
    g, connect = serving
    far = connect()
    fd = accept(g)
    far.sendall(b"abc")
    threading.Timer(0.05, far.sendall, [b"def"]).start()
    assert receive(g, fd, 6, flags=2) == b"abcdef"


def test_without_waiting(serving):
    g, connect = serving
    assert g.call("fd_fdstat_set_flags", LISTENER, 4) is Errno.SUCCESS
    assert accept(g) is Errno.AGAIN
    connect()
    g.call("fd_fdstat_set_flags", LISTENER, 0)
    fd = accept(g, flags=4)
    assert receive(g, fd) is Errno.AGAIN
    assert accept(g, flags=1) is Errno.INVAL
    assert accept(g, flags=64) is Errno.INVAL


def test_a_reset_connection_is_an_error_code(serving):
    import struct

    g, connect = serving
    far = connect()
    fd = accept(g)
    far.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    far.close()
    assert receive(g, fd) is Errno.CONNRESET
    assert g.write(fd, b"x") in (Errno.PIPE, Errno.CONNRESET)


def test_what_is_no_connection(serving, guest):
    g, _ = serving
    for name, arguments in (("sock_recv", (0, 0, 0, 0, 8)), ("sock_send", (0, 0, 0, 0)), ("sock_shutdown", (1,))):
        assert g.call(name, 0, *arguments) is Errno.NOTSOCK
        assert g.call(name, LISTENER, *arguments) is Errno.NOTCONN
        assert g.call(name, 99, *arguments) is Errno.BADF
    assert g.call("sock_accept", 0, 0, 0) is Errno.NOTSOCK
    assert g.read(LISTENER) in (Errno.NOTCONN, Errno.NOTCAPABLE)


@pytest.mark.parametrize("how", [0, 4, 255])
def test_ends_that_do_not_exist(serving, how):
    g, connect = serving
    connect()
    assert g.call("sock_shutdown", accept(g), how) is Errno.INVAL


def test_flags_that_do_not_exist(serving):
    g, connect = serving
    connect()
    fd = accept(g)
    assert receive(g, fd, flags=4) is Errno.INVAL
    assert g.call("sock_send", fd, 0, 0, 1, 0) is Errno.INVAL
    assert g.call("sock_accept", fd, 0, 0) is Errno.INVAL


def test_rights_of_connections(serving):
    g, connect = serving
    connect()
    fd = accept(g)
    g.call("fd_fdstat_get", fd, 0)
    assert g.memory.read(0, 1)[0] == 6
    assert g.call("fd_fdstat_set_rights", fd, 1 << 1, 0) is Errno.SUCCESS
    assert g.call("sock_send", fd, 0, 0, 0, 0) is Errno.NOTCAPABLE
    assert g.call("sock_shutdown", fd, 1) is Errno.NOTCAPABLE
    assert g.call("fd_fdstat_set_rights", LISTENER, 0, 0) is Errno.SUCCESS
    assert accept(g) is Errno.NOTCAPABLE


def test_nobody_is_accepted_for_whom_there_is_no_descriptor(guest):
    with socket.create_server(("127.0.0.1", 0)) as listening:
        g = guest(listeners=[listening], descriptors=4)
        with socket.create_connection(listening.getsockname()):
            assert accept(g) is Errno.MFILE
            accepted, _ = listening.accept()  # it is still there
            accepted.close()


def test_only_stream_sockets_can_be_given():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams, pytest.raises(WrtError, match="stream socket"):
        Wasi(listeners=[datagrams])
