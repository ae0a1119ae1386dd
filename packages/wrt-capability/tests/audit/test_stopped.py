"""Processes that are killed, disks that are full, several that write at once: no acknowledged record is lost."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from wrt_capability.audit import AuditFailed, Sync, create_sink, query, verify
from wrt_capability.audit.lock import locked
from wrt_capability.audit.sinks.file import FileSink, head_path
from wrt_capability.audit.sinks.sqlite import SQLiteSink

posix = pytest.mark.skipif(os.name != "posix", reason="signals, resource limits and fork are POSIX's")

WRITE_UNTIL_KILLED = """
import os, sys
from wrt_capability.audit.sinks.plugin import wrt_register_audit_sink
sink = wrt_register_audit_sink(sys.argv[1])(sys.argv[2], sync=sys.argv[3])
number = 0
while True:
    sink.write({"event": "call", "tenant": sys.argv[4], "n": number, "object": "x" * (number % 500)})
    os.write(1, b"%d\\n" % number)  # acknowledged
    number += 1
"""


def start(path, sink="file", sync=Sync.NEVER, name="t"):
    command = [sys.executable, "-c", WRITE_UNTIL_KILLED, sink, str(path), sync, name]
    return subprocess.Popen(command, stdout=subprocess.PIPE)


def kill(process, after: int) -> int:
    """Kill a writer once it has had so many records acknowledged; return how many it were when it died."""
    for line in process.stdout:
        if int(line) >= after:
            break
    process.send_signal(signal.SIGKILL)
    rest = process.stdout.read().splitlines()
    process.stdout.close()
    assert process.wait() == -signal.SIGKILL
    return int(rest[-1]) + 1 if rest else after + 1


def written(path, name="t") -> list[int]:
    return [record["n"] for record in query(path) if record.get("tenant") == name]


@posix
@pytest.mark.parametrize(("sink", "sync"), [("file", "never"), ("file", "always"), ("sqlite", "interval")])
def test_a_killed_process_loses_no_acknowledged_record(tmp_path, sink, sync):
    path = tmp_path / "audit"
    acknowledged = 0
    for round_, after in enumerate((0, 7, 150)):
        acknowledged = kill(start(path, sink, sync, f"t{round_}"), after)
        numbers = written(path, f"t{round_}")
        assert numbers == list(range(len(numbers)))
        assert acknowledged <= len(numbers) <= acknowledged + 1
        if sink == "file":
            verdict = verify(path)
            assert verdict.intact, verdict.problems
            assert verdict.unacknowledged <= 1
    with create_sink(sink, path=path) as again:
        again.write({"event": "call", "tenant": "after", "n": 0})
    assert written(path, "after") == [0]
    assert len(written(path, "t2")) >= acknowledged
    if sink == "file":
        assert verify(path).intact


@posix
@pytest.mark.parametrize("cut", [0, 1, 40, 300])
def test_a_process_that_is_killed_within_its_write_leaves_a_log_that_goes_on(tmp_path, monkeypatch, cut):
    """SIGKILL in the middle of the system's write, which no test can hit: what is left then, for each place."""
    path = tmp_path / "audit.jsonl"
    code = f"""
import os, signal, sys
from wrt_capability.audit.sinks import file
sink = file.FileSink(sys.argv[1])
sink.write({{"event": "call", "tenant": "t", "n": 0}})
def dying(descriptor, data, offset):
    os.pwrite(descriptor, data[:{cut}], offset)
    os.kill(os.getpid(), signal.SIGKILL)
file._write = dying
sink.write({{"event": "call", "tenant": "t", "n": 1, "object": "x" * 400}})
"""
    outcome = subprocess.run([sys.executable, "-c", code, str(path)], check=False)
    assert outcome.returncode == -signal.SIGKILL
    verdict = verify(path)
    assert verdict.intact
    assert verdict.torn == cut
    assert written(path) == [0]
    FileSink(path).close()
    assert verify(path).intact
    repaired = [record["bytes"] for record in query(path) if record.get("operation") == "repaired"]
    assert repaired == ([cut] if cut else [])


@posix
def test_a_process_that_is_killed_between_line_and_head_leaves_a_whole_record(tmp_path):
    path = tmp_path / "audit.jsonl"
    code = """
import os, signal, sys
from wrt_capability.audit.sinks import file
sink = file.FileSink(sys.argv[1])
sink._write_head = lambda head: os.kill(os.getpid(), signal.SIGKILL)
sink.write({"event": "call", "tenant": "t", "n": 0})
"""
    assert subprocess.run([sys.executable, "-c", code, str(path)], check=False).returncode == -signal.SIGKILL
    verdict = verify(path)
    assert verdict.intact
    assert verdict.unacknowledged == 1
    FileSink(path).close()
    assert written(path) == [0]
    assert verify(path).unacknowledged == 0


# --- full disks --------------------------------------------------------------------------------------------


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no /dev/full")  # noqa: PTH110
def test_a_full_disk_fails_at_once(tmp_path):
    with pytest.raises(AuditFailed, match="No space left"):
        FileSink("/dev/full", head=tmp_path / "head")


@posix
def test_a_disk_that_fills_up_leaves_no_part_of_a_record(tmp_path):
    """A limit on the file's size stops a write half-way, as a full disk does."""
    path = tmp_path / "audit.jsonl"
    code = """
import resource, sys
from wrt_capability.audit import AuditFailed
from wrt_capability.audit.sinks.file import FileSink
sink = FileSink(sys.argv[1])
sink.write({"event": "call", "tenant": "t", "n": 0})
resource.setrlimit(resource.RLIMIT_FSIZE, (sink.head.size + 50, resource.RLIM_INFINITY))
for _ in range(2):
    try:
        sink.write({"event": "call", "tenant": "t", "n": 1})
    except AuditFailed as error:
        print(error.sink)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
sink.write({"event": "call", "tenant": "t", "n": 2})
sink.close()
"""
    outcome = subprocess.run([sys.executable, "-c", code, str(path)], check=True, capture_output=True, text=True)
    assert outcome.stdout.split() == ["file", "file"]
    assert written(path) == [0, 2]
    assert verify(path).intact
    assert b"repaired" not in path.read_bytes()


def test_a_head_that_cannot_be_written_takes_the_line_back(tmp_path, monkeypatch):
    path = tmp_path / "audit.jsonl"
    sink = FileSink(path)
    before = path.read_bytes()
    real = FileSink._write_head
    failures = iter([OSError(28, "No space left on device"), None])

    def fail_once(self, head):
        failure = next(failures)
        if failure is not None:
            raise failure
        real(self, head)

    monkeypatch.setattr(FileSink, "_write_head", fail_once)
    with pytest.raises(AuditFailed, match="No space left"):
        sink.write({"event": "call"})
    monkeypatch.undo()
    assert path.read_bytes() == before
    sink.close()
    assert verify(path).intact


def test_always_means_that_the_disk_has_it_first(tmp_path, monkeypatch):
    path = tmp_path / "audit.jsonl"
    seen = []
    with FileSink(path, sync="always") as sink:
        monkeypatch.setattr(os, "fsync", lambda descriptor: seen.append((descriptor, path.stat().st_size)))
        head = head_path(path).read_bytes()
        monkeypatch.setattr(sink, "_write_head", lambda head: seen.append(("head", path.stat().st_size)))
        sink.write({"event": "call"})
        assert [who for who, _ in seen] == [sink._log, "head", sink._head]
        monkeypatch.undo()
        head_path(path).write_bytes(head)  # the patched one was not written


def test_a_disk_that_does_not_sync_fails_the_record(tmp_path, monkeypatch):
    sink = FileSink(tmp_path / "audit.jsonl", sync="always")

    def fail(descriptor):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(AuditFailed, match="Input/output"):
        sink.write({"event": "call", "n": 1})
    monkeypatch.undo()
    sink.close()
    assert verify(sink.path).intact
    assert b'"n":1' not in sink.path.read_bytes()


def test_an_interval_syncs_soon_and_tells_of_failures(tmp_path, monkeypatch):
    synced = threading.Event()
    sink = FileSink(tmp_path / "audit.jsonl", interval=0.01)

    def fail(descriptor):
        synced.set()
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fsync", fail)
    sink.write({"event": "call"})
    assert synced.wait(10)
    deadline = time.monotonic() + 10
    while sink._flusher._failure is None and time.monotonic() < deadline:
        time.sleep(0.001)
    with pytest.raises(AuditFailed, match="Input/output"):
        sink.write({"event": "call"})
    monkeypatch.undo()
    sink.close()
    assert verify(sink.path).intact


# --- several at once ---------------------------------------------------------------------------------------


def test_threads_share_a_sink(tmp_path):
    path = tmp_path / "audit.jsonl"
    with FileSink(path, sync="never") as sink:
        threads = [
            threading.Thread(
                target=lambda n=n: [sink.write({"event": "call", "tenant": f"t{n}", "n": i}) for i in range(50)]
            )
            for n in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert verify(path).intact
    for n in range(4):
        assert written(path, f"t{n}") == list(range(50))


def test_sinks_share_a_log(tmp_path):
    path = tmp_path / "audit.jsonl"
    with FileSink(path) as one, FileSink(path) as other:
        for n in range(5):
            one.write({"event": "call", "tenant": "one", "n": n})
            other.write({"event": "call", "tenant": "other", "n": n})
    assert verify(path).intact
    assert written(path, "one") == written(path, "other") == list(range(5))


@posix
@pytest.mark.parametrize("sink", ["file", "sqlite"])
def test_processes_share_a_log_and_one_is_killed(tmp_path, sink):
    path = tmp_path / "audit"
    create_sink(sink, path=path).close()
    processes = [start(path, sink, name=f"p{n}") for n in range(2)]
    acknowledged = [kill(process, 40) for process in processes]
    for n, count in enumerate(acknowledged):
        assert written(path, f"p{n}")[:count] == list(range(count))
    if sink == "file":
        assert verify(path).intact


@posix
@pytest.mark.parametrize("cls", [FileSink, SQLiteSink])
@pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning")
def test_forked_children_write_too(tmp_path, cls):
    path = tmp_path / "audit"
    sink = cls(path)
    children = []
    for n in range(3):
        child = os.fork()
        if not child:
            status = 1
            try:
                for i in range(20):
                    sink.write({"event": "call", "tenant": f"c{n}", "n": i})
                status = 0
            finally:
                os._exit(status)
        children.append(child)
    for i in range(20):
        sink.write({"event": "call", "tenant": "parent", "n": i})
    assert [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children] == [0, 0, 0]
    sink.close()
    for name in ("c0", "c1", "c2", "parent"):
        assert written(path, name) == list(range(20))
    if cls is FileSink:
        assert verify(path).intact


@posix
def test_a_lock_that_nobody_gives_back_is_an_error_and_not_a_hang(tmp_path):
    sink = FileSink(tmp_path / "audit.jsonl", lock_timeout=0.05)
    with (
        head_path(sink.path).open("rb") as other,
        locked(other.fileno()),
        pytest.raises(AuditFailed, match="another process has held"),
    ):
        sink.write({"event": "call"})
    sink.write({"event": "call"})
    sink.close()
    assert verify(sink.path).intact


def test_a_log_can_be_verified_while_it_is_written(tmp_path):
    sink = FileSink(tmp_path / "audit.jsonl")
    writer = threading.Thread(target=lambda: [sink.write({"event": "call"}) for _ in range(300)])
    writer.start()
    problems = []
    while writer.is_alive():
        problems += verify(sink.path).problems
    writer.join()
    sink.close()
    assert problems == []
    assert verify(sink.path).records == 303
