"""Sinks by name, Python's logging, the database, and what `wrt audit` makes of them."""

from __future__ import annotations

import json
import logging
import sqlite3
from datetime import UTC, datetime

import pytest
from click.testing import CliRunner

from wrt_capability.audit import AuditFailed, AuditLog, AuditSink, Query, create_sink, query, verify
from wrt_capability.audit.sinks.factory import GROUP, sink_names
from wrt_capability.audit.sinks.file import FileSink, head_path
from wrt_capability.audit.sinks.logging import LoggingSink
from wrt_capability.audit.sinks.sqlite import SQLiteSink
from wrt_capability.commands.audit import audit
from wrt_foundation.errors import PluginError, UnknownPlugin
from wrt_foundation.plugins import get_plugin_manager

EVENTS = [
    {"event": "policy", "operation": "loaded"},
    {"event": "decision", "tenant": "acme", "kind": "import", "object": "env.log", "allowed": True},
    {"event": "decision", "tenant": "acme", "kind": "fs", "object": "/etc", "operation": "read", "allowed": False,
     "rule": "p.toml:3", "hash": "ab" * 32, "module": "shell"},
    {"event": "decision", "tenant": "evil", "kind": "import", "object": "env.log", "allowed": False},
    {"event": "trap", "tenant": "evil", "reason": "unreachable", "backtrace": ["f @ 0x1f"], "hash": "cd" * 32},
]  # fmt: skip
"""One second apart, from 1970 on."""


@pytest.fixture(params=["file", "sqlite"])
def log(request, tmp_path):
    """A log of a file or a database with the events above."""
    seconds = iter(range(10))
    path = tmp_path / "audit"
    with AuditLog(create_sink(request.param, path=path), clock=lambda: next(seconds) * 10**9) as log:
        for event in EVENTS:
            log.record(event)
    return path


def at(second):
    return datetime.fromtimestamp(second, UTC)


# --- by name -----------------------------------------------------------------------------------------------


def test_our_sinks_have_names(tmp_path):
    assert set(sink_names()) >= {"file", "logging", "sqlite"}
    with create_sink("file", path=tmp_path / "a") as sink:
        assert isinstance(sink, FileSink)
    with create_sink("sqlite", path=tmp_path / "b") as sink:
        assert isinstance(sink, SQLiteSink)
    assert isinstance(create_sink("logging"), LoggingSink)


def test_an_unknown_name_is_told_with_the_known_ones():
    with pytest.raises(UnknownPlugin, match=r"did you mean 'file'.*logging"):
        create_sink("fiel")


def test_a_strangers_sink_does_what_ours_do():
    class Kept(AuditSink):
        records = []

        def write(self, record):
            self.records.append(record)

    manager = get_plugin_manager({})
    manager.registry(GROUP).register("kept", Kept)
    manager.registry(GROUP).register("broken", lambda: "no sink")
    AuditLog(create_sink("kept", manager=manager)).record({"event": "call"})
    assert Kept.records[0]["event"] == "call"
    with pytest.raises(PluginError, match="no AuditSink"):
        create_sink("broken", manager=manager)


# --- asking ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (Query(), [0, 1, 2, 3, 4]),
        (Query(tenant="acme"), [1, 2]),
        (Query(event="trap"), [4]),
        (Query(kind="import"), [1, 3]),
        (Query(allowed=False), [2, 3]),
        (Query(allowed=True), [1]),
        (Query(tenant="evil", allowed=False), [3]),
        (Query(tenant="acme' OR '1'='1"), []),
        (Query(module="shell"), [2]),
        (Query(module="cdcd"), [4]),
        (Query(module=""), []),
        (Query(since=at(2), until=at(4)), [2, 3]),
        (Query(event="decision", limit=2), [2, 3]),
        (Query(limit=0), []),
        (Query(tenant="acme", limit=1), [2]),
    ],
)
def test_a_question_has_the_same_answer_from_file_and_database(log, wanted, found):
    records = [record for record in query(log, wanted) if record["event"] != "audit"]
    assert [int(record["time"][17:19]) for record in records] == found
    for record in records:
        assert {**EVENTS[int(record["time"][17:19])]}.items() <= record.items()


def test_limits_count_in_files_too(tmp_path):
    with FileSink(tmp_path / "a") as sink:
        for n in range(5):
            sink.write({"event": "call", "n": n})
    assert [record.get("n") for record in query(tmp_path / "a", Query(limit=3))] == [3, 4, None]


def test_a_file_with_a_torn_line_still_answers(tmp_path):
    with FileSink(tmp_path / "a") as sink:
        sink.write({"event": "call"})
    with (tmp_path / "a").open("ab") as file:
        file.write(b'{"seq":')
    assert [record["event"] for record in query(tmp_path / "a", Query(event="call"))] == ["call"]


def test_a_database_that_is_no_log_says_so(tmp_path):
    with sqlite3.connect(tmp_path / "other.db") as connection:
        connection.execute("CREATE TABLE t (x)")
    connection.close()
    with pytest.raises(AuditFailed, match="can't be asked"):
        list(query(tmp_path / "other.db"))


# --- the database ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("statement", ["DELETE FROM audit", "UPDATE audit SET tenant = 'x'"])
def test_records_in_the_database_are_not_changed_by_a_slip(tmp_path, statement):
    with SQLiteSink(tmp_path / "a.db") as sink:
        sink.write({"event": "call", "tenant": "t"})
        other = sqlite3.connect(tmp_path / "a.db")
        with pytest.raises(sqlite3.IntegrityError, match="records"):
            other.execute(statement)
        other.close()


def test_a_database_that_cannot_be_written_fails_the_record(tmp_path):
    sink = SQLiteSink(tmp_path / "a.db", lock_timeout=0.01)
    other = sqlite3.connect(tmp_path / "a.db", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(AuditFailed, match="locked"):
        sink.write({"event": "call"})
    other.execute("ROLLBACK")
    other.close()
    sink.write({"event": "call"})
    sink.sync()
    sink.close()
    sink.close()
    with pytest.raises(AuditFailed, match="closed"):
        sink.write({"event": "call"})
    assert len(list(query(tmp_path / "a.db"))) == 1


def test_a_file_that_is_no_database_is_refused(tmp_path):
    (tmp_path / "a.db").write_bytes(b"this is not a database, is it?" * 100)
    with pytest.raises(AuditFailed, match="can't be opened"):
        SQLiteSink(tmp_path / "a.db")
    with pytest.raises(AuditFailed, match="can't be opened"):
        SQLiteSink(tmp_path / "absent" / "a.db")


# --- logging -----------------------------------------------------------------------------------------------


def test_logging_has_one_line_and_the_record(caplog):
    caplog.set_level(logging.INFO, "wrt.audit")
    log = AuditLog(LoggingSink())
    log.record({"event": "decision", "tenant": "acme", "object": "a b\n\x1b[2J", "allowed": False})
    log.record({"event": "decision", "tenant": "acme", "allowed": True})
    denied, allowed = caplog.records
    assert (denied.levelname, allowed.levelname) == ("WARNING", "INFO")
    assert denied.getMessage() == r"decision tenant=acme object='a b\n\x1b[2J' allowed=False"
    assert denied.audit["object"] == "a b\n\x1b[2J"


def test_a_logger_that_drops_records_fails_them(caplog):
    logger = logging.getLogger("wrt.test.quiet")
    logger.setLevel(logging.ERROR)
    with pytest.raises(AuditFailed, match="drops records"):
        AuditLog(LoggingSink(logger)).record({"event": "call"})
    alone = logging.getLogger("wrt.test.alone")
    alone.propagate = False  # so it has no handler
    with pytest.raises(AuditFailed, match="drops records"):
        AuditLog(LoggingSink(alone)).record({"event": "call"})


# --- the command -------------------------------------------------------------------------------------------


def run(*arguments):
    return CliRunner().invoke(audit, [str(argument) for argument in arguments])


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "audit.jsonl"
    with AuditLog(FileSink(path)) as log:
        for event in EVENTS:
            log.record(event)
    return path


def test_verify_says_that_a_log_is_intact_and_how_far_it_goes(file):
    outcome = run("verify", file)
    assert outcome.exit_code == 0
    head = verify(file).head
    assert outcome.output.splitlines()[-1] == f"head: 8:{head.seal}"
    assert "intact: 8 records" in outcome.output
    assert run("verify", file, "--expect", f"8:{head.seal}").exit_code == 0
    assert run("verify", file, "--expect", f"7:{head.seal}").exit_code == 1
    assert run("verify", file, "--expect", "nonsense").exit_code == 2


def test_verify_fails_for_a_log_that_is_not(file):
    file.write_bytes(file.read_bytes().replace(b"evil", b"acme", 1))
    outcome = run("verify", file)
    assert outcome.exit_code == 1
    assert "line 6: edited: record 6 is not as it was sealed" in outcome.output
    assert "NOT INTACT" in outcome.output


def test_verify_writes_json(file):
    data = file.read_bytes()
    file.write_bytes(data[: data.rindex(b'{"seq"')])
    outcome = run("verify", file, "--json")
    assert outcome.exit_code == 1
    report = json.loads(outcome.output)
    assert report["intact"] is False
    assert [problem["finding"] for problem in report["problems"]] == ["truncated"]


def test_verify_tells_of_a_torn_line_and_is_content(file):
    with file.open("ab") as log:
        log.write(b'{"seq":9')
    outcome = run("verify", file)
    assert outcome.exit_code == 0
    assert "8 bytes at the end" in outcome.output


def test_verify_takes_a_key_and_a_head(tmp_path):
    (tmp_path / "key").write_bytes(b"0123456789abcdef\n")
    FileSink(tmp_path / "a", key=b"0123456789abcdef", head=tmp_path / "elsewhere").close()
    assert (
        run("verify", tmp_path / "a", "--key-file", tmp_path / "key", "--head", tmp_path / "elsewhere").exit_code == 0
    )
    assert run("verify", tmp_path / "a", "--head", tmp_path / "elsewhere").exit_code == 1
    assert run("verify", tmp_path / "a", "--key-file", tmp_path / "key").exit_code == 1


def test_query_shows_what_matches(log):
    outcome = run("query", log, "--tenant", "acme", "--denied")
    assert outcome.exit_code == 0
    assert outcome.output == "1970-01-01T00:00:02.000000Z  acme  decision  DENIED  fs  /etc  read  [p.toml:3]\n"
    outcome = run("query", log, "--event", "trap", "--json", "--since", "1970-01-01", "--until", "1970-01-01T00:00:05Z")
    assert [json.loads(line)["backtrace"] for line in outcome.output.splitlines()] == [["f @ 0x1f"]]
    assert run("query", log, "--since", "yesterday").exit_code == 2


def test_query_writes_nothing_that_commands_a_terminal(tmp_path):
    with FileSink(tmp_path / "a") as sink:
        sink.write({"event": "call", "object": "\x1b[2J\nforged line"})
    outcome = run("query", tmp_path / "a", "--event", "call")
    assert "\\x1b[2J\\nforged line" in outcome.output
    assert outcome.output.count("\n") == 1


def test_the_command_is_installed():
    assert get_plugin_manager({}).registry("wrt.commands").get("audit") is audit


def test_a_head_beside_the_log_has_its_name():
    assert head_path("x/audit.jsonl").name == "audit.jsonl.head"
