"""`wrt run --record` and `wrt replay`: the same run again, without streams, arguments or a clock."""

from __future__ import annotations

import json
import zlib
from pathlib import Path

import pytest


@pytest.fixture
def recorded(shell, modules, tmp_path):
    """Record a program; return the journal and the module."""

    def recorded(name: str, *arguments: str, stdin: str = "", status: int = 0, options: tuple[str, ...] = ()):
        journal = str(tmp_path / "run.journal")
        module = modules(name)
        result = shell("run", *options, "--record", journal, module, *arguments, stdin=stdin)
        assert result.returncode == status, result.stderr
        return journal, module

    return recorded


def test_a_run_and_its_replay(invoke, recorded):
    journal, module = recorded("echoing", stdin="good morning")
    result = invoke("replay", journal, module, stdin=b"something else")
    assert result.exit_code == 0, result.stderr
    engines = "recorded on stackless, replayed on stackless"
    assert result.stdout == f"the same: 3 calls of the host, 1 calls of the guest; {engines}\n"
    assert "good morning" not in result.stdout


def test_an_exit_status_is_part_of_the_run(invoke, recorded):
    journal, module = recorded("counting", "a", "b", status=30)
    result = invoke("replay", "--json", journal, module)
    assert result.exit_code == 0, result.stderr
    found = json.loads(result.stdout)
    assert (found["same"], found["host_calls"], found["cut"]) == (True, 3, False)


def test_a_trap_is_part_of_the_run(invoke, recorded):
    journal, module = recorded("trapping", status=134)
    assert invoke("replay", journal, module).exit_code == 0


def test_a_function_that_was_invoked(invoke, recorded):
    journal, module = recorded("reactor", options=("--invoke", "calls"))
    result = invoke("replay", journal, module)
    assert "0 calls of the host, 2 calls of the guest" in result.stdout


@pytest.mark.parametrize("as_json", [False, True])
def test_a_run_that_differs(invoke, recorded, as_json):
    """The journal says that there was another argument: as if an engine had a mistake."""
    journal, module = recorded("echoing", stdin="good morning")
    whole = Path(journal).read_text()
    checksum, forged = 0, []
    for line in whole.splitlines():
        said = json.loads(line)[1:]
        if said[:2] == ["import", 1] and said[2][0] == 1:
            said[2][0] = 7
        rest = json.dumps(said, separators=(",", ":"))[1:].encode()
        checksum = zlib.crc32(rest, checksum)
        forged.append(b'["%08x",%s\n' % (checksum, rest))
    Path(journal).write_bytes(b"".join(forged))
    result = invoke("replay", *(["--json"] if as_json else []), journal, module)
    assert result.exit_code == 1
    message = "argument 0 of wasi_snapshot_preview1.fd_write is 1, and was 7"
    if as_json:
        found = json.loads(result.stdout)
        assert (found["same"], found["call"], found["message"]) == (False, 2, message)
        assert found["recorded"] == found["replayed"] != []
    else:
        assert "the runs differ at call 2 of the host" in result.stderr
        assert message in result.stderr
        assert "recorded on stackless:\n  0: _start @ 0x" in result.stderr
        assert "replayed on stackless:\n  0: _start @ 0x" in result.stderr


def test_a_damaged_journal(invoke, recorded):
    journal, module = recorded("echoing")
    whole = Path(journal).read_bytes()
    Path(journal).write_bytes(whole.replace(b',"import",', b',"inport",', 1))
    result = invoke("replay", journal, module)
    assert result.exit_code == 1
    assert "the journal is damaged" in result.stderr
    assert "(line 5 of the journal)" in result.stderr


def test_another_module(invoke, recorded, modules):
    journal, _ = recorded("echoing")
    result = invoke("replay", journal, modules("counting"))
    assert result.exit_code == 1
    assert "a journal of another module" in result.stderr


def test_what_is_no_journal(invoke, modules):
    result = invoke("replay", modules("echoing"), modules("echoing"))
    assert (result.exit_code, result.stderr) == (1, "Error: not a journal: it does not begin like one\n")


def test_a_journal_that_is_not_there_or_can_not_be(invoke, modules, tmp_path):
    assert invoke("replay", str(tmp_path / "none"), modules("echoing")).exit_code == 1
    result = invoke("run", "--record", str(tmp_path / "none" / "run.journal"), modules("counting"))
    assert result.exit_code == 1
    assert "none/run.journal" in result.stderr


def test_an_engine_that_is_not_there(invoke, recorded):
    journal, module = recorded("counting", status=10)
    result = invoke("replay", "--engine", "stackles", journal, module)
    assert result.exit_code == 2
    assert "did you mean 'stackless'?" in result.stderr


@pytest.mark.parametrize(
    ("program", "options", "status"),
    [
        ("counting", ("--fuel", "100000"), 30),
        ("counting", ("--timeout", "60s"), 30),
        ("sleeping", ("--timeout", "60s", "--seed", "1"), 0),
        ("echoing", ("--timeout", "60s", "--fuel", "100000", "--max-memory", "1MiB"), 0),
    ],
)
def test_a_run_within_limits(invoke, recorded, program, options, status):
    journal, module = recorded(program, "a", "b", options=options, stdin="x", status=status)
    found = json.loads(invoke("replay", "--json", journal, module).stdout)
    assert (found["same"], found["cut"]) == (True, False)


@pytest.mark.parametrize("program", ["spinning", "beginning"])
@pytest.mark.parametrize("option", [("--fuel", "100000"), ("--timeout", "300ms")])
def test_a_run_that_a_limit_has_ended(invoke, recorded, program, option):
    """The replay ends there too, and not never."""
    journal, module = recorded(program, options=option, status=134)
    result = invoke("replay", journal, module)
    assert result.exit_code == 0, result.stderr
    assert "ended from outside there; so was this one" in result.stdout


def test_a_wait_that_a_limit_has_ended(invoke, recorded):
    journal, module = recorded("sleeping", options=("--timeout", "300ms"), status=134)
    result = invoke("replay", journal, module)
    assert result.stdout.startswith("the same: 1 calls of the host")
