"""The audit log: time, digests, sinks that fail, processors, tenants' views."""

from __future__ import annotations

import json
import threading

import pytest
import structlog

from wrt_capability.audit import AuditFailed, AuditLog, AuditSink, AuditWarning, Digester
from wrt_capability.audit.sinks.file import FileSink
from wrt_capability.recorder import Recorder


class Kept(AuditSink):
    """Keeps records, and fails when told to."""

    def __init__(self, name="kept"):
        self.name = name
        self.records = []
        self.failure = None
        self.closed = 0
        self.synced = 0

    def write(self, record):
        if self.failure is not None:
            raise self.failure
        self.records.append(dict(record))

    def sync(self):
        self.synced += 1

    def close(self):
        self.closed += 1
        if self.failure is not None:
            raise self.failure


@pytest.fixture
def sink():
    return Kept()


def test_a_log_is_a_recorder(sink):
    assert isinstance(AuditLog(sink), Recorder)


def test_the_log_adds_the_time_and_nobody_else(sink):
    AuditLog(sink, clock=lambda: 1_000_000_000).record({"event": "call", "time": "yesterday"})
    assert sink.records == [{"time": "1970-01-01T00:00:01.000000Z", "event": "call"}]


def test_every_sink_has_a_record_before_record_returns():
    sinks = Kept(), Kept()
    AuditLog(*sinks).record({"event": "decision", "allowed": False, "rule": "r"})
    assert sinks[0].records == sinks[1].records
    assert sinks[0].records[0]["allowed"] is False


@pytest.mark.parametrize("arguments", [("hunter2", 1234), ["hunter2"], "hunter2", b"hunter2", {"password": "hunter2"}])
def test_arguments_are_never_written(tmp_path, sink, arguments):
    with AuditLog(sink, FileSink(tmp_path / "audit.jsonl")) as log:
        log.record({"event": "call", "function": "login", "arguments": arguments})
    assert Digester.is_digest(sink.records[0]["arguments"])
    assert "hunter2" not in repr(sink.records)
    assert b"hunter2" not in (tmp_path / "audit.jsonl").read_bytes()
    assert b"1234" not in json.dumps(sink.records[0]["arguments"]).encode()


def test_equal_arguments_can_be_seen_to_be_equal(sink):
    log = AuditLog(sink)
    for arguments in ((1, "a"), (1, "a"), (1, "b"), log.digester.digest((1, "a"))):
        log.record({"event": "call", "arguments": arguments})
    one, same, other, ready = [record["arguments"] for record in sink.records]
    assert one == same == ready != other


def test_what_looks_like_a_digest_and_is_not_is_digested(sink):
    AuditLog(sink).record({"event": "call", "arguments": "blake2b:hunter2"})
    assert Digester.is_digest(sink.records[0]["arguments"])


# --- failing -----------------------------------------------------------------------------------------------


def test_a_failing_sink_fails_closed(sink):
    log = AuditLog(sink)
    sink.failure = OSError(28, "No space left on device")
    with pytest.raises(AuditFailed, match="'kept' failed.*No space left") as caught:
        log.record({"event": "call"})
    assert caught.value.sink == "kept"
    sink.failure = None
    log.record({"event": "call"})
    assert [record["event"] for record in sink.records] == ["call"]


def test_it_fails_open_only_where_that_was_asked_for(sink):
    good = Kept("good")
    log = AuditLog(sink, good, on_failure="open")
    log.record({"event": "call", "n": 0})
    sink.failure = OSError("gone")
    with pytest.warns(AuditWarning, match=r"'kept' fails.*gone"):
        log.record({"event": "call", "n": 1})
    log.record({"event": "call", "n": 2})  # warnings are errors here: it says so once
    sink.failure = None
    log.record({"event": "call", "n": 3})
    log.record({"event": "call", "n": 4})
    gap = sink.records[1]
    assert (gap["event"], gap["operation"], gap["lost"]) == ("audit", "gap", 2)
    assert [record["n"] for record in sink.records if "n" in record] == [0, 3, 4]
    assert [record["n"] for record in good.records] == [0, 1, 2, 3, 4]


def test_on_failure_has_two_values(sink):
    with pytest.raises(ValueError, match="'closed' or 'open'"):
        AuditLog(sink, on_failure="ignore")


@pytest.mark.parametrize("event", [{}, {"event": 1}, {"event": "call", "x": 1.5}, {"event": "call", "seal": "x"}])
def test_what_is_no_event_is_refused_and_not_written(sink, event):
    with pytest.raises((TypeError, ValueError)):
        AuditLog(sink).record(event)
    assert sink.records == []


def test_a_closed_log_takes_no_more(sink):
    other = Kept("other")
    log = AuditLog(sink, other)
    sink.failure = OSError("can't")
    with pytest.raises(OSError, match="can't"):
        log.close()
    assert other.closed == 1
    with pytest.raises(AuditFailed, match="closed"):
        log.record({"event": "call"})
    assert other.records == []


def test_sync_reaches_the_sinks(sink):
    AuditLog(sink).sync()
    assert sink.synced == 1


# --- views and processors ----------------------------------------------------------------------------------


def test_a_view_sets_its_keys_whatever_the_caller_says(sink):
    log = AuditLog(sink)
    view = log.bind(tenant="acme")
    view.record({"event": "call", "tenant": "victim"})
    view.bind(tenant="victim", hash="ab").record({"event": "call"})
    log.record({"event": "call"})
    assert [(record.get("tenant"), record.get("hash")) for record in sink.records] == [
        ("acme", None),
        ("acme", "ab"),
        (None, None),
    ]


def test_closing_a_view_closes_nothing(sink):
    log = AuditLog(sink)
    log.bind(tenant="acme").close()
    log.record({"event": "call"})
    assert sink.closed == 0


def test_processors_add_and_leave_out(sink):
    def only_denials(logger, method, event):
        if event.get("allowed"):
            raise structlog.DropEvent
        return event

    log = AuditLog(sink, processors=[structlog.contextvars.merge_contextvars, only_denials])
    with structlog.contextvars.bound_contextvars(request="r-17"):
        log.record({"event": "decision", "allowed": True})
        log.record({"event": "decision", "allowed": False})
    assert [(record["allowed"], record["request"]) for record in sink.records] == [(False, "r-17")]


def test_a_processor_cannot_bring_arguments_back(sink):
    def spill(logger, method, event):
        event["arguments"] = ["hunter2"]
        return event

    AuditLog(sink, processors=[spill]).record({"event": "call"})
    assert "hunter2" not in repr(sink.records)


def test_the_configuration_of_structlog_does_not_reach_the_log(sink):
    structlog.configure(processors=[lambda *_: (_ for _ in ()).throw(structlog.DropEvent)])
    try:
        AuditLog(sink).record({"event": "call"})
    finally:
        structlog.reset_defaults()
    assert len(sink.records) == 1


def test_threads_record_at_once(sink):
    log = AuditLog(sink)
    threads = [
        threading.Thread(target=lambda n=n: [log.record({"event": "call", "n": (n, i)[1]}) for i in range(50)])
        for n in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(sink.records) == 200
