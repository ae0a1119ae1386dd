"""`wrt run --policy`, `--learn`, `--tenant` and `--audit`: programs in confinement, where that layer is installed."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytest.importorskip("wrt_capability")
pytest.importorskip("wrt_wasi")

PROGRAM = """
(module $hello
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "\\08\\00\\00\\00\\06\\00\\00\\00hello\\n")
  (func (export "_start") (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 100))))
  (func (export "grow") (result i32) (memory.grow (i32.const 100))))
"""


@pytest.fixture
def run(tmp_path):
    """Run `wrt` as users do, in a folder with a program."""
    pytest.importorskip("wrt_wast")
    (tmp_path / "hello.wat").write_text(PROGRAM)

    def wrt(*arguments, status=0):
        command = [sys.executable, "-m", "wrt_cli", *arguments]
        outcome = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert outcome.returncode == status, outcome.stdout + outcome.stderr
        return outcome

    return wrt


def test_what_was_learned_is_enough(run, tmp_path):
    assert run("run", "--learn", "policy.toml", "--tenant", "acme", "hello.wat").stdout == "hello\n"
    assert run("run", "--policy", "policy.toml", "--tenant", "acme", "hello.wat").stdout == "hello\n"
    assert "may not instantiate" in run("run", "--policy", "policy.toml", "hello.wat", status=1).stderr
    text = (tmp_path / "policy.toml").read_text()
    (tmp_path / "policy.toml").write_text(text.replace('allow.stdio.write = "stdout"', ""))
    assert run("run", "--policy", "policy.toml", "--tenant", "acme", "hello.wat").stdout == ""


def test_a_policy_is_kept(run):
    denied = run("run", "--policy", "asil-d", "hello.wat", status=1).stderr
    assert "may not link import" in denied
    assert "wrt run --learn" in denied
    assert run("run", "--policy", "sandbox", "hello.wat").stdout == "hello\n"
    assert run("run", "--policy", "trusted", "hello.wat", "--invoke", "grow").stdout == "1\n"


def test_limits_are_kept(run, tmp_path):
    (tmp_path / "p.toml").write_text('extends = "trusted"\n[[rule]]\nlimits.memory = "1 MiB"\nlimits.output = "3 B"\n')
    assert run("run", "--policy", "p.toml", "hello.wat", "--invoke", "grow").stdout == "-1\n"
    flooded = run("run", "--policy", "p.toml", "--tenant", "acme", "hello.wat", status=134)
    assert flooded.stdout == ""
    assert "account 'process/acme/" in flooded.stderr
    assert "of output" in flooded.stderr


MAKER = """
(module $maker
  (import "wasi_snapshot_preview1" "path_create_directory" (func $make (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "made")
  (func (export "_start") (call $exit (call $make (i32.const 3) (i32.const 0) (i32.const 4)))))
"""
MADE, DENIED, NO_DIRECTORY = 0, 2, 8


@pytest.mark.parametrize(
    ("rule", "status"),
    [
        ("", MADE),
        ('deny.filesystem.create = "GIVEN/**"', DENIED),
        ('deny.filesystem.create = "GIVEN/made"', DENIED),
        ('deny.filesystem.create = "GIVEN/other"', MADE),
        ('deny.filesystem.read = "GIVEN"', NO_DIRECTORY),
        ('deny.filesystem = "GIVEN/**"', NO_DIRECTORY),
    ],
)
def test_a_directory_is_for_what_the_policy_allows_in_it(run, tmp_path, rule, status):
    given = (tmp_path / "given").resolve()
    given.mkdir()
    (tmp_path / "maker.wat").write_text(MAKER)
    (tmp_path / "p.toml").write_text('extends = "trusted"\n[[rule]]\n' + rule.replace("GIVEN", given.as_posix()))
    options = ("--policy", "p.toml", "--audit", "audit.jsonl", "--dir", "given::/")
    run("run", *options, "maker.wat", status=status)
    assert (given / "made").exists() == (status == MADE)
    if status == DENIED:
        assert f"DENIED  filesystem  {given.as_posix()}/made  create" in run("audit", "query", "audit.jsonl").stdout


def test_directories_are_learned_file_by_file(run, tmp_path):
    given = (tmp_path / "given").resolve()
    given.mkdir()
    (tmp_path / "maker.wat").write_text(MAKER)
    run("run", "--learn", "p.toml", "--dir", "given::/", "maker.wat", status=MADE)
    assert f'allow.filesystem.create = "{given.as_posix()}/made"' in (tmp_path / "p.toml").read_text()
    (given / "made").rmdir()
    run("run", "--policy", "p.toml", "--dir", "given::/", "maker.wat", status=MADE)


def test_start_functions_are_limited_too(run, tmp_path):
    (tmp_path / "starts.wat").write_text('(module (func $spin (loop (br 0))) (start $spin) (func (export "_start")))')
    for limit in (("--fuel", "1000"), ("--timeout", "200ms")):
        run("run", "--policy", "trusted", *limit, "starts.wat", status=134)


@pytest.mark.parametrize("log", ["audit.jsonl", "audit.db"])
def test_everything_is_recorded(run, log):
    run("run", "--policy", "sandbox", "--tenant", "acme", "--audit", log, "hello.wat")
    shown = run("audit", "query", log, "--tenant", "acme").stdout
    assert "allowed  import  wasi_snapshot_preview1.fd_write  link" in shown
    assert "allowed  call  _start  call" in shown
    if log.endswith("jsonl"):
        assert run("audit", "verify", log).stdout.startswith("intact")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--tenant", "a"), "--policy"),
        (("--audit", "a.jsonl"), "--policy"),
        (("--policy", "sandbox", "--learn", "p.toml"), "either"),
    ],
)
def test_options_that_make_no_sense_together_are_refused(run, options, said):
    assert said in run("run", *options, "hello.wat", status=2).stderr


def test_a_policy_with_a_mistake_is_refused(run, tmp_path):
    (tmp_path / "p.toml").write_text("[[rule]]\nalow = 1\n")
    assert "p.toml:2: rule[0].alow" in run("run", "--policy", "p.toml", "hello.wat", status=1).stderr


@pytest.mark.parametrize(("policy", "option"), [("1 MiB", "64MiB"), ("64 MiB", "1MiB")])
def test_of_two_limits_of_memory_the_stricter_holds(run, tmp_path, policy, option):
    (tmp_path / "p.toml").write_text(f'extends = "trusted"\n[[rule]]\nlimits.memory = "{policy}"\n')
    command = ("run", "--policy", "p.toml", "--max-memory", option, "hello.wat", "--invoke", "grow")
    assert run(*command).stdout == "-1\n"
    (tmp_path / "p.toml").write_text('extends = "trusted"\n[[rule]]\nlimits.memory = "64 MiB"\n')
    assert run("run", "--policy", "p.toml", "--max-memory", "64MiB", "hello.wat", "--invoke", "grow").stdout == "1\n"


def test_a_recording_has_what_the_policy_has_said(run, tmp_path):
    """The replay knows no policy, and needs none."""
    (tmp_path / "p.toml").write_text('extends = "trusted"\n[[rule]]\ndeny.stdio.write = "stdout"\n')
    assert run("run", "--policy", "p.toml", "--record", "j", "hello.wat").stdout == ""
    assert run("replay", "j", "hello.wat").stdout.startswith("the same: 1 calls of the host, 1 calls of the guest")
    policy = """
        extends = "trusted"
        denied-imports = "trap"
        [[rule]]
        deny.import = "wasi_snapshot_preview1.fd_write"
    """
    (tmp_path / "p.toml").write_text(policy)
    run("run", "--policy", "p.toml", "--record", "j", "hello.wat", status=134)
    assert run("replay", "j", "hello.wat").stdout.startswith("the same: 1 calls of the host")


def test_a_recording_of_what_a_policy_has_ended(run, tmp_path):
    (tmp_path / "p.toml").write_text('extends = "trusted"\n[[rule]]\nlimits.fuel = 2\n')
    run("run", "--policy", "p.toml", "--record", "j", "hello.wat", status=134)
    assert "ended from outside" in run("replay", "j", "hello.wat").stdout
