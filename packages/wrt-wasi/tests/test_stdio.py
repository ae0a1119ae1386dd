"""Standard streams: what goes through them, what they say of themselves, and what hostile buffers get."""

from __future__ import annotations

import io
import os
import struct

import pytest

from wrt_core import Memory
from wrt_foundation.types import Limits, MemoryType
from wrt_wasi import INHERIT, Capture, Wasi
from wrt_wasi.preview1.errno import Errno

PAGE = 65536


def test_writing_gathers_buffers_and_flushes(guest):
    raw = io.BytesIO()
    g = guest(stdout=io.BufferedWriter(raw))
    g.memory.write(1000, b"hello, world")
    assert g.call("fd_write", 1, *g.vectors(0, (1000, 7), (0, 0), (1007, 5)), 500) is Errno.SUCCESS
    assert g.u32(500) == 12
    assert raw.getvalue() == b"hello, world"


def test_stdout_and_stderr_are_two(guest):
    out, err = io.BytesIO(), io.BytesIO()
    g = guest(stdout=out, stderr=err)
    g.memory.write(1000, b"oe")
    g.call("fd_write", 1, *g.vectors(0, (1000, 1)), 500)
    g.call("fd_write", 2, *g.vectors(0, (1001, 1)), 500)
    assert (out.getvalue(), err.getvalue()) == (b"o", b"e")


def test_reading_scatters(guest):
    g = guest(stdin=b"hello, world")
    assert g.call("fd_read", 0, *g.vectors(0, (1000, 5), (2000, 100)), 500) is Errno.SUCCESS
    assert g.u32(500) == 12
    assert g.memory.read(1000, 6) == b"hello\0"
    assert g.memory.read(2000, 8) == b", world\0"
    assert g.call("fd_read", 0, *g.vectors(0, (1000, 5)), 500) is Errno.SUCCESS
    assert g.u32(500) == 0


def test_reading_takes_what_is_there_and_does_not_wait_for_more(guest):
    reader, writer = os.pipe()
    with os.fdopen(reader, "rb") as stdin, os.fdopen(writer, "wb", buffering=0) as far_end:
        far_end.write(b"abc")
        g = guest(stdin=stdin)
        assert g.call("fd_read", 0, *g.vectors(0, (1000, 2), (1100, 50)), 500) is Errno.SUCCESS
        assert g.u32(500) == 3
        assert g.memory.read(1000, 2) + g.memory.read(1100, 1) == b"abc"


def test_nothing_granted_is_an_empty_input_and_outputs_that_nobody_reads(guest):
    g = guest()
    assert g.call("fd_read", 0, *g.vectors(0, (1000, 10)), 500) is Errno.SUCCESS
    assert g.u32(500) == 0
    assert g.call("fd_write", 2, *g.vectors(0, (1000, 10)), 500) is Errno.SUCCESS
    assert g.u32(500) == 10


@pytest.mark.parametrize(
    ("name", "fd"), [("fd_read", 1), ("fd_read", 2), ("fd_write", 0), ("fd_write", 3), ("fd_read", -1)]
)
def test_the_wrong_way(guest, name, fd):
    g = guest(stdin=b"x", stdout=io.BytesIO())
    # Descriptors 0 to 2 are open, and say what they are for by their rights.
    expected = Errno.NOTCAPABLE if fd in (0, 1, 2) else Errno.BADF
    assert g.call(name, fd, *g.vectors(0, (1000, 1)), 500) is expected


# --- hostile buffers ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["fd_read", "fd_write"])
@pytest.mark.parametrize(
    "vector", [(PAGE, 1), (PAGE - 1, 2), (0xFFFF_FFFF, 1), (0, 0xFFFF_FFFF), (0xFFFF_FFFF, 0xFFFF_FFFF)]
)
def test_a_buffer_outside_of_the_memory_moves_nothing(guest, name, vector):
    stdin, stdout = io.BytesIO(b"abc"), io.BytesIO()
    g = guest(stdin=stdin, stdout=stdout)
    fd = 0 if name == "fd_read" else 1
    assert g.call(name, fd, *g.vectors(0, (1000, 1), vector), 500) is Errno.FAULT
    assert stdin.tell() == 0
    assert stdout.getvalue() == b""


@pytest.mark.parametrize("name", ["fd_read", "fd_write"])
def test_a_list_of_buffers_outside_of_the_memory(guest, name):
    fd = 0 if name == "fd_read" else 1
    assert guest().call(name, fd, PAGE - 4, 1, 0) is Errno.FAULT
    assert guest().call(name, fd, -1, 1, 0) is Errno.FAULT


@pytest.mark.parametrize("name", ["fd_read", "fd_write"])
def test_too_many_buffers(guest, name):
    g = guest()
    fd = 0 if name == "fd_read" else 1
    assert g.call(name, fd, 0, 1024, 60000) is Errno.SUCCESS
    assert g.call(name, fd, 0, 1025, 60000) is Errno.INVAL
    assert g.call(name, fd, 0, -1, 60000) is Errno.INVAL


@pytest.mark.parametrize("name", ["fd_read", "fd_write"])
def test_more_bytes_than_can_be_counted(name):
    # A memory that pretends to be of 4 GiB: the sum of the lengths is what matters.
    class Huge:
        def read(self, address, length):
            return struct.pack("<II", 0, 1 << 31) * 2 if length == 16 else bytes(length)

        def write(self, address, data):
            raise AssertionError("written")

    wasi = Wasi()
    wasi._memory.bind(Huge())
    function = wasi.imports()["wasi_snapshot_preview1"][name]
    assert function(0 if name == "fd_read" else 1, 0, 2, 0) == Errno.INVAL


@pytest.mark.parametrize("name", ["fd_read", "fd_write"])
def test_a_count_outside_of_the_memory_moves_nothing(guest, name):
    stdin, stdout = io.BytesIO(b"abc"), io.BytesIO()
    g = guest(stdin=stdin, stdout=stdout)
    assert g.call(name, 0 if name == "fd_read" else 1, *g.vectors(0, (1000, 1)), PAGE - 3) is Errno.FAULT
    assert stdin.tell() == 0
    assert stdout.getvalue() == b""


def test_a_read_never_asks_the_stream_for_more_than_a_block(guest):
    class Recording(io.BytesIO):
        asked = 0

        def read1(self, size=-1):
            Recording.asked = max(Recording.asked, size)
            return b""

    g = guest(stdin=Recording())
    g.call("fd_read", 0, *g.vectors(0, *[(0, PAGE)] * 1000), 60000)
    assert Recording.asked == 1 << 20


def test_a_large_write_goes_block_by_block():
    class Recording(io.RawIOBase):
        sizes = []

        def write(self, data):
            self.sizes.append(len(data))
            return len(data)

    wasi = Wasi(stdout=Recording())
    memory = Memory(MemoryType(Limits(41)))
    wasi._memory.bind(memory)
    memory.write(0, struct.pack("<II", PAGE, 40 * PAGE))
    assert wasi.imports()["wasi_snapshot_preview1"]["fd_write"](1, 0, 1, 8) == Errno.SUCCESS
    assert Recording.sizes == [1 << 20, 1 << 20, 1 << 19]
    assert memory.read(8, 4) == (40 * PAGE).to_bytes(4, "little")


# --- failing streams ---------------------------------------------------------------------------------------


class Failing(io.RawIOBase):
    """A stream that takes `capacity` bytes and then raises `error`, or would have to wait."""

    def __init__(self, capacity=0, error=None):
        self.capacity, self.error, self.taken = capacity, error, b""

    def write(self, data):
        if not self.capacity:
            if self.error is None:
                return None
            raise self.error
        taken = bytes(data[: self.capacity])
        self.capacity -= len(taken)
        self.taken += taken
        return len(taken)

    def read(self, size=-1):
        if self.error is not None:
            raise self.error


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (BrokenPipeError(32, "broken pipe"), Errno.PIPE),
        (OSError(28, "no space left"), Errno.NOSPC),
        (OSError("nobody knows"), Errno.IO),
        (ValueError("I/O operation on closed file"), Errno.BADF),
        (None, Errno.AGAIN),
    ],
)
def test_the_guest_hears_how_its_stream_failed(guest, error, expected):
    g = guest(stdin=Failing(error=error), stdout=Failing(error=error))
    assert g.call("fd_write", 1, *g.vectors(0, (1000, 1)), 500) is expected
    assert g.call("fd_read", 0, *g.vectors(0, (1000, 1)), 500) is expected


@pytest.mark.parametrize("error", [BrokenPipeError(32, "broken pipe"), None])
def test_what_was_taken_before_a_failure_is_told(guest, error):
    stream = Failing(5, error)
    g = guest(stdout=stream)
    g.memory.write(1000, b"abcdefgh")
    assert g.call("fd_write", 1, *g.vectors(0, (1000, 3), (1003, 5)), 500) is Errno.SUCCESS
    assert (g.u32(500), stream.taken) == (5, b"abcde")


def test_text_streams_are_utf_8(guest):
    out = io.StringIO()
    g = guest(stdin=io.StringIO("é\nnext"), stdout=out)
    assert (g.read(0, 1), g.read(0, 100), g.read(0)) == (b"\xc3", b"\xa9\n", b"next")
    assert [g.write(1, each) for each in (b"a\xc3", b"\xa9b", b"\xff")] == [2, 2, 1]
    assert out.getvalue() == "aéb\N{REPLACEMENT CHARACTER}"


def test_text_streams_with_a_binary_one_below_are_that(guest):
    raw = io.BytesIO()
    out = io.TextIOWrapper(raw, encoding="latin-1")
    out.write("host ")
    g = guest(stdin="text", stdout=out)
    assert g.write(1, b"\xc3\xa9") == 2
    assert raw.getvalue() == b"host \xc3\xa9"
    assert g.read(0) == b"text"


def test_inherited_streams_are_the_hosts_own(guest, monkeypatch):
    out, err = io.BytesIO(), io.BytesIO()
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"typed")))
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(out))
    monkeypatch.setattr("sys.stderr", io.TextIOWrapper(err))
    g = guest(stdin=INHERIT, stdout=INHERIT, stderr=INHERIT)
    assert (g.read(0), g.write(1, b"o"), g.write(2, b"ee")) == (b"typed", 1, 2)
    assert (out.getvalue(), err.getvalue()) == (b"o", b"ee")


def test_a_host_without_streams_has_none_to_inherit(guest, monkeypatch):
    monkeypatch.setattr("sys.stdout", None)
    assert guest(stdout=INHERIT).write(1, b"into the void") == 13


def test_a_capture_keeps_what_fits_and_then_says_that_there_is_no_room(guest):
    capture = Capture(limit=5)
    g = guest(stdout=capture)
    assert (g.write(1, b"abc"), g.write(1, b"defg"), g.write(1, b"h")) == (3, 2, Errno.NOSPC)
    assert (capture.data, capture.full) == (b"abcde", True)
    assert g.write(1, b"") == 0


def test_a_capture_that_is_exactly_filled_has_refused_nothing(guest):
    capture = Capture(limit=3)
    assert guest(stdout=capture).write(1, b"abc") == 3
    assert not capture.full


def test_one_capture_for_both_outputs_keeps_their_order(guest):
    capture = Capture()
    g = guest(stdout=capture, stderr=capture)
    for fd, data in ((1, b"1"), (2, b"2"), (1, b"3")):
        g.write(fd, data)
    assert capture.data == b"123"


# --- descriptors -------------------------------------------------------------------------------------------


class Terminal(io.BytesIO):
    def isatty(self):
        return True


@pytest.mark.parametrize(("stream", "type_"), [(Terminal(), 2), (io.BytesIO(), 0), (None, 0)])
def test_status_tells_terminals_from_the_rest(guest, stream, type_):
    g = guest(stdout=stream)
    assert g.call("fd_fdstat_get", 1, 96) is Errno.SUCCESS
    found, flags, rights, inheriting = struct.unpack("<BxHxxxxQQ", g.memory.read(96, 24))
    assert (found, flags, inheriting) == (type_, 0, 0)
    # What makes libc take a character device for a terminal: it can't seek or tell.
    assert rights & (1 << 2 | 1 << 5) == 0
    assert rights & (1 << 6)
    assert g.call("fd_filestat_get", 1, 200) is Errno.SUCCESS
    assert g.memory.read(200, 64) == bytes(16) + bytes([type_]) + bytes(7) + (1).to_bytes(8, "little") + bytes(32)


def test_a_file_that_the_embedder_has_closed(guest):
    file = io.BytesIO()
    g = guest(stdin=file, stdout=file)
    file.close()
    assert g.call("fd_fdstat_get", 1, 0) is Errno.BADF
    assert g.call("fd_filestat_get", 1, 0) is Errno.BADF
    assert g.call("fd_write", 1, *g.vectors(0, (1000, 1)), 500) is Errno.BADF
    assert g.call("fd_read", 0, *g.vectors(0, (1000, 1)), 500) is Errno.BADF


def test_rights_say_which_way(guest):
    g = guest()
    for fd, right, other in ((0, 1 << 1, 1 << 6), (1, 1 << 6, 1 << 1), (2, 1 << 6, 1 << 1)):
        g.call("fd_fdstat_get", fd, 0)
        assert g.u64(8) & (right | other) == right


def test_flags(guest):
    g = guest(stdout=io.BytesIO())
    assert g.call("fd_fdstat_set_flags", 1, 0b11010) is Errno.SUCCESS
    g.call("fd_fdstat_get", 1, 0)
    assert g.u32(0) >> 16 == 0b11010
    assert g.call("fd_fdstat_set_flags", 1, 0b100000) is Errno.INVAL
    g.call("fd_fdstat_get", 1, 0)
    assert g.u32(0) >> 16 == 0b11010


def test_a_pipe_that_shall_not_wait_says_so(guest):
    reader, writer = os.pipe()
    with os.fdopen(reader, "rb") as stdin, os.fdopen(writer, "wb", buffering=0) as far_end:
        g = guest(stdin=stdin)
        assert g.call("fd_fdstat_set_flags", 0, 4) is Errno.SUCCESS
        assert g.read(0) is Errno.AGAIN
        assert os.get_blocking(reader)  # the embedder's own
        far_end.write(b"x")
        assert g.read(0) == b"x"


def test_streams_have_no_position(guest):
    g = guest(stdin=io.BytesIO(b"abc"))
    assert g.call("fd_seek", 0, 0, 1, 500) is Errno.SPIPE
    assert g.call("fd_tell", 0, 500) is Errno.SPIPE


def test_closing_takes_the_descriptor_and_leaves_the_file(guest):
    file = io.BytesIO()
    g = guest(stdout=file)
    assert g.call("fd_close", 1) is Errno.SUCCESS
    assert g.call("fd_close", 1) is Errno.BADF
    assert g.call("fd_write", 1, *g.vectors(0, (1000, 1)), 500) is Errno.BADF
    assert not file.closed


def test_renumbering_replaces(guest):
    out, err = io.BytesIO(), io.BytesIO()
    g = guest(stdout=out, stderr=err)
    g.memory.write(1000, b"x")
    assert g.call("fd_renumber", 1, 2) is Errno.SUCCESS
    assert g.call("fd_write", 2, *g.vectors(0, (1000, 1)), 500) is Errno.SUCCESS
    assert (out.getvalue(), err.getvalue()) == (b"x", b"")
    assert g.call("fd_write", 1, *g.vectors(0, (1000, 1)), 500) is Errno.BADF
    assert g.call("fd_renumber", 2, 5) is Errno.BADF
    assert g.call("fd_renumber", 1, 2) is Errno.BADF
    assert g.call("fd_renumber", 2, 2) is Errno.SUCCESS
    assert g.call("fd_sync", 2) is Errno.SUCCESS


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("fd_close", ()),
        ("fd_fdstat_get", (0,)),
        ("fd_fdstat_set_flags", (0,)),
        ("fd_filestat_get", (0,)),
        ("fd_prestat_dir_name", (0, 0)),
        ("fd_prestat_get", (0,)),
        ("fd_renumber", (1,)),
        ("fd_seek", (0, 0, 0)),
        ("fd_sync", ()),
        ("fd_datasync", ()),
        ("fd_tell", (0,)),
    ],
)
def test_a_descriptor_that_is_not_open(guest, name, arguments):
    assert guest().call(name, 3, *arguments) is Errno.BADF
    assert guest().call(name, -1, *arguments) is Errno.BADF


@pytest.mark.parametrize("name", ["fd_fdstat_get", "fd_filestat_get"])
def test_a_status_outside_of_the_memory(guest, name):
    assert guest().call(name, 1, PAGE - 8) is Errno.FAULT
