"""A program in one line: what it gets, what comes back, and what ends it."""

from __future__ import annotations

import asyncio
import io
import os
import socket
import threading
import time
from pathlib import Path

import anyio
import pytest

import wrt_wasi
from wrt_core import EngineFactory
from wrt_foundation.errors import (
    BudgetExceeded,
    CapabilityDenied,
    DecodeError,
    Exit,
    LinkError,
    QuotaExceeded,
    UnknownPlugin,
    WrtError,
)
from wrt_foundation.module import Code, Export, Import, Module
from wrt_foundation.traps import Exhaustion, Trap, TrapCode
from wrt_foundation.types import ExternKind, FuncType, FuncUse, RecType, SubType
from wrt_wasi import HostDirectory, Mount, VirtualFilesystem

KIT = Path(__file__).parent / "guests" / "kit.wasm"


@pytest.fixture(scope="module")
def kit():
    """The program of the tests, loaded once, and its engine."""
    engine = EngineFactory.create("stackless")
    return engine, engine.load(KIT)


@pytest.fixture(params=["sync", "async"])
def run(request, kit):
    """`run` and `run_async`, which do the same."""
    engine, module = kit

    def call(*args, **options):
        options = {"capture": True, "engine": engine} | options
        if request.param == "sync":
            return wrt_wasi.run(module, args=args, **options)
        return asyncio.run(wrt_wasi.run_async(module, args=args, **options))

    return call


def test_the_result_of_a_program(run):
    result = run("say", "hello", "complain", "oh", "exit", "7")
    assert (result.status, result.stdout, result.stderr) == (7, b"hello\n", b"oh\n")
    assert result.trap is None
    assert not result.ok
    assert result.peak_memory >= 65536
    with pytest.raises(Exit) as raised:
        result.check()
    assert raised.value.status == 7


def test_what_goes_well_is_ok(run):
    result = run("say", "hello")
    assert result.ok
    assert result.check() is result


def test_what_is_given(run):
    result = run("environment", "echo", env={"A": "1", "B": "two"}, stdin=b"input")
    assert result.stdout == b"A=1\nB=two\ninput"
    assert run("echo", stdin="text").stdout == b"text"
    assert run("echo", stdin=io.BytesIO(b"a file's")).stdout == b"a file's"


def test_nothing_is_given_unless_asked(run, monkeypatch):
    monkeypatch.setenv("SECRET", "x")
    assert run("environment", "echo").stdout == b""
    assert b"show" not in run("show", "/etc/passwd", "list", "/").stdout
    assert b"root:" not in run("show", "/etc/passwd").stdout


def test_a_program_knows_its_name_by_its_file():
    assert wrt_wasi.run(KIT, args=["name"], capture=True).stdout == b"kit.wasm\n"
    assert wrt_wasi.run(str(KIT), args=["name"], capture=True).stdout == b"kit.wasm\n"
    assert wrt_wasi.run(KIT.read_bytes(), args=["name"], capture=True).stdout == b"program\n"


def test_directories(run, tmp_path):
    (tmp_path / "in.txt").write_text("from the host\n")
    memory = VirtualFilesystem({"lib/a": "in memory\n"})
    dirs = {"/data": tmp_path, "/ro": Mount(tmp_path, read_only=True), "/m": memory}
    result = run("show", "/data/in.txt", "show", "/m/lib/a", "write", "/data/out", "write", "/m/out", dirs=dirs)
    assert result.stdout == b"from the host\nin memory\n"
    assert (tmp_path / "out").read_bytes() == memory.files()["out"] == b"written\n"
    assert b"Read-only" in run("write", "/ro/x", dirs=dirs).stdout
    assert not (tmp_path / "x").exists()
    assert b"inner" not in run("show", "/data/../../etc/passwd", dirs=dirs).stdout


def test_output_goes_to_the_hosts_own_unless_told_otherwise(run, monkeypatch):
    out = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(out))
    result = run("say", "hello", capture=False)
    assert (out.getvalue(), result.stdout) == (b"hello\n", b"")
    other = io.BytesIO()
    run("say", "there", capture=False, stdout=other)
    assert other.getvalue() == b"there\n"
    run("say", "nobody", capture=False, stdout=None)
    assert out.getvalue() == b"hello\n"


def test_what_is_captured_has_an_end(run):
    result = run("flood", "100", capture_limit=10_000)
    assert result.stdout == b"x" * 10_000
    assert result.stderr == b"write: No space left on device\n"


# --- how it may end ----------------------------------------------------------------------------------------


def test_a_trap_is_told_by_the_result(run):
    result = run("say", "before", "trap")
    assert (result.status, result.stdout) == (134, b"before\n")
    assert result.trap.code is TrapCode.UNREACHABLE
    assert result.trap.frames
    with pytest.raises(Trap, match="unreachable"):
        result.check()


def test_and_raised_where_that_is_wanted(run):
    with pytest.raises(Trap, match="unreachable"):
        run("trap", check=True)
    with pytest.raises(Exit):
        run("exit", "1", check=True)
    assert run(check=True).ok


def test_fuel(run):
    result = run("say", "started", "spin", fuel=200_000)
    assert (result.status, result.stdout) == (134, b"started\n")
    assert 199_000 < result.fuel_used <= 200_000
    assert isinstance(result.trap, Exhaustion)
    assert result.trap.code is TrapCode.OUT_OF_FUEL
    first, second = (run("say", "hello", fuel=10**9) for _ in range(2))
    assert first.ok
    assert 0 < first.fuel_used == second.fuel_used < 10**6
    assert run("say", "hello").fuel_used is None


@pytest.mark.parametrize("args", [("spin",), ("sleep", "60000"), ("wait", "60000")])
def test_time(run, args):
    reader, writer = os.pipe()
    with os.fdopen(reader, "rb") as stdin, os.fdopen(writer, "wb"):
        started = time.monotonic()
        result = run("say", "started", *args, timeout=1, stdin=stdin)
        assert time.monotonic() - started < 30
    assert (result.status, result.stdout) == (134, b"started\n")
    assert result.trap.code is TrapCode.INTERRUPTED
    assert "time is up" in str(result.trap)
    assert result.trap.frames


def test_time_of_who_waits_for_input(run):
    reader, writer = os.pipe()
    with os.fdopen(reader, "rb") as stdin, os.fdopen(writer, "wb"):
        result = run("echo", timeout=0.3, stdin=stdin)
    assert "time is up" in str(result.trap)


def test_time_that_is_enough_is_no_matter(run):
    assert run("sleep", "1", "say", "done", timeout=60).stdout == b"done\n"


def test_memory(run):
    result = run("allocate", "1", "allocate", "100", max_memory=8 << 20)
    assert result.stdout == b"allocated\nno memory\n"
    assert 1 << 20 < result.peak_memory <= 8 << 20
    assert run("allocate", "20").peak_memory > 20 << 20


def test_memory_that_does_not_suffice_to_begin(run):
    with pytest.raises(BudgetExceeded, match="program"):
        run(max_memory=65536)


def test_a_seed_is_the_same_run(run):
    first, second, other = (run("chance", "sleep", "100000", "chance", seed=seed).stdout for seed in (1, 1, 2))
    assert first == second != other


def test_what_is_no_program(tmp_path):
    with pytest.raises(FileNotFoundError):
        wrt_wasi.run(tmp_path / "nothing.wasm")
    with pytest.raises(DecodeError):
        wrt_wasi.run(b"nonsense")
    with pytest.raises(WrtError, match="no function '_start'"):
        wrt_wasi.run(b"\0asm\1\0\0\0")
    with pytest.raises(UnknownPlugin):
        wrt_wasi.run(KIT, engine="stakless")
    with pytest.raises(NotADirectoryError):
        wrt_wasi.run(KIT, dirs={"/": KIT})


IMPORTS = {"import": {"link": "wasi_snapshot_preview1.*"}, "module": {"instantiate": "*"}, "call": {"call": "_start"}}


def policy(**allow):
    return {"rule": [{"allow": {**IMPORTS, "clocks": {"use": "*"}, "random": {"read": "*"}, **allow}}]}


def test_a_policy_says_what_a_program_may_have(run):
    given = {"env": {"LANG": "C", "KEY": "secret"}}
    result = run(
        "environment",
        **given,
        engine="stackless",
        policy=policy(stdio={"write": "stdout"}, environment={"read": "LANG"}),
    )
    assert (result.status, result.stdout) == (0, b"LANG=C\n")
    decided = {(each.get("kind"), each.get("object")): each.get("allowed") for each in result.decisions}
    assert decided["environment", "KEY"] is False
    assert decided["stdio", "stderr"] is False


def test_what_a_policy_denies_is_not_there(run):
    result = run("say", "hello", "complain", "oh", engine="stackless", policy=policy())
    assert (result.status, result.stdout, result.stderr) == (0, b"", b"")


def test_a_program_that_a_policy_does_not_allow_does_not_start(run):
    with pytest.raises(CapabilityDenied, match="nothing allows it"):
        run("say", "hello", engine="stackless", policy={})
    rule = {"tenant": "acme", **policy(stdio={"write": "stdout"})["rule"][0]}
    with pytest.raises(CapabilityDenied):
        run("say", "hello", engine="stackless", policy={"rule": [rule]}, tenant="other")


def test_a_policy_is_asked_about_files_of_the_host_alone(run, tmp_path):
    for name in ("open.txt", "shut.txt"):
        (tmp_path / name).write_text(name)
    files = {"read": [str(tmp_path), str(tmp_path / "open.txt")]}
    confined = policy(stdio={"write": "*"}, filesystem=files)
    dirs = {"/d": tmp_path, "/m": {"own.txt": b"own"}}
    assert run("show", "/d/open.txt", engine="stackless", policy=confined, dirs=dirs).stdout == b"open.txt"
    assert run("show", "/m/own.txt", engine="stackless", policy=confined, dirs=dirs).stdout == b"own"
    refused = run("show", "/d/shut.txt", engine="stackless", policy=confined, dirs=dirs)
    assert refused.stdout.startswith(b"/d/shut.txt: Permission denied")
    assert any(each.get("object", "").endswith("shut.txt") and not each["allowed"] for each in refused.decisions)
    with pytest.raises(WrtError, match="can't be asked about '/d'"):
        run("show", "/d/open.txt", engine="stackless", policy=confined, dirs={"/d": HostDirectory.at(tmp_path)})


def test_output_past_a_quota_ends_a_program_that_a_policy_holds(run):
    (rule,) = policy(stdio={"write": "*"})["rule"]
    for limit, ends in ((100, False), (3, True)):
        limited = {"rule": [rule | {"limits": {"output": limit}}]}
        result = run("say", "hello", engine="stackless", policy=limited)
        if ends:
            assert (result.status, result.stdout) == (134, b"")
            assert isinstance(result.trap, QuotaExceeded)
            assert result.trap.kind == "output"
        else:
            assert (result.status, result.stdout) == (0, b"hello\n")


def test_an_engine_that_holds_a_policy_already_is_asked_too(run, kit):
    engine = EngineFactory.create("capability-aware", inner="stackless", policy=policy(stdio={"write": "stderr"}))
    result = run("say", "x", "complain", "y", engine=engine)
    assert (result.stdout, result.stderr) == (b"", b"y\n")
    assert result.decisions == ()
    engine.close()


def test_memory_is_limited_beside_a_policy(run):
    result = run("say", "x", engine="stackless", policy=policy(stdio={"write": "*"}), max_memory=64 << 20)
    assert 65536 <= result.peak_memory <= 64 << 20
    with pytest.raises(WrtError):
        run("say", "x", engine="stackless", policy=policy(stdio={"write": "*"}), max_memory=65536)


def test_a_tenant_without_a_policy_is_a_mistake(run):
    with pytest.raises(WrtError, match="no policy was given"):
        run("say", "x", tenant="acme")


def test_what_wasi_does_not_offer_is_not_linked():
    module = Module(
        types=[RecType((SubType(FuncType()),))],
        imports=[Import("elsewhere", "thing", FuncUse(0))],
        functions=[0],
        exports=[Export("_start", ExternKind.FUNC, 1)],
        codes=[Code((), b"\x0b")],
    )
    engine = EngineFactory.create("stackless")
    with pytest.raises(LinkError, match="elsewhere"):
        wrt_wasi.run(engine.load(module), engine=engine)


def test_nothing_stays_open(run, tmp_path):
    listed = Path("/proc/self/fd")
    if not listed.exists():
        pytest.skip("needs /proc")
    run("list", "/d", dirs={"/d": tmp_path})
    before = len(list(listed.iterdir()))
    for _ in range(3):
        run("list", "/d", "trap", dirs={"/d": tmp_path})
    assert len(list(listed.iterdir())) == before


# --- in an event loop --------------------------------------------------------------------------------------


@pytest.fixture(params=["asyncio", "trio"])
def in_loop(request):
    """Runs a coroutine in an event loop: its result, and how often another task had its turn meanwhile."""
    if request.param == "trio":
        pytest.importorskip("trio", reason="WAITING IN trio IS NOT TRIED: it is not here")

    def in_loop(coroutine):
        async def both():
            turns = 0

            async def tick():
                nonlocal turns
                while True:
                    await anyio.sleep(0.01)
                    turns += 1

            async with anyio.create_task_group() as tasks:
                tasks.start_soon(tick)
                try:
                    result = await coroutine
                finally:
                    tasks.cancel_scope.cancel()
            return result, turns

        try:
            return anyio.run(both, backend=request.param)
        except ExceptionGroup as group:
            raise group.exceptions[0] from None

    return in_loop


def arun(kit, *args, **options):
    engine, module = kit
    return wrt_wasi.run_async(module, args=args, engine=engine, capture=True, **options)


@pytest.mark.parametrize("args", [("sleep", "300"), ("wait", "300")])
def test_others_run_while_a_guest_sleeps(kit, args, in_loop):
    reader, writer = os.pipe()
    with os.fdopen(reader, "rb") as stdin, os.fdopen(writer, "wb"):
        result, turns = in_loop(arun(kit, *args, stdin=stdin))
    assert result.ok
    assert turns >= 5


def test_others_run_while_a_guest_reads(kit, in_loop):
    reader, writer = os.pipe()
    with os.fdopen(reader, "rb") as stdin, os.fdopen(writer, "wb", buffering=0) as far_end:
        threading.Timer(0.3, lambda: (far_end.write(b"late"), far_end.close())).start()
        result, turns = in_loop(arun(kit, "echo", stdin=stdin))
    assert result.stdout == b"late"
    assert turns >= 5


def test_others_run_while_a_guest_computes(kit, in_loop):
    result, turns = in_loop(arun(kit, "spin", timeout=0.5))
    assert result.status == 134
    assert turns >= 3


def test_a_guest_that_waits_too_long_is_ended(kit, in_loop):
    result, turns = in_loop(arun(kit, "sleep", "60000", timeout=0.3))
    assert result.status == 134
    assert "0.3" in str(result.trap)
    assert turns >= 3


def test_a_full_pipe_makes_only_the_guest_wait(kit):
    reader, writer = os.pipe()
    with os.fdopen(reader, "rb", buffering=0) as near_end, os.fdopen(writer, "wb") as stdout:
        engine, module = kit
        received = []

        async def drain():
            await asyncio.sleep(0.3)
            os.set_blocking(reader, False)
            while sum(map(len, received)) < 64 * 4096:
                received.append(near_end.read(65536) or b"")
                await asyncio.sleep(0)

        async def both():
            program = wrt_wasi.run_async(module, args=["flood", "64"], engine=engine, stdout=stdout)
            result, _ = await asyncio.gather(program, drain())
            return result

        assert asyncio.run(both()).ok
    assert b"".join(received) == b"x" * (64 * 4096)


def test_what_python_has_read_ahead_is_not_waited_for(kit, in_loop):
    reader, writer = os.pipe()
    with os.fdopen(reader, "rb") as stdin, os.fdopen(writer, "wb", buffering=0) as far_end:
        far_end.write(b"first line\nthe rest")
        assert stdin.readline() == b"first line\n"  # and has all the rest in its buffer
        timer = threading.Timer(0.3, far_end.close)
        timer.start()
        result, _ = in_loop(arun(kit, "wait", "60000", "echo", stdin=stdin, timeout=30))
        timer.join()
        assert os.get_blocking(reader)
    assert result.stdout == b"1\nthe rest"


def test_many_guests_wait_at_a_time(kit):
    async def together():
        return await asyncio.gather(*[arun(kit, "sleep", "200", "say", "x") for _ in range(5)])

    assert [result.stdout for result in asyncio.run(together())] == [b"x\n"] * 5


def test_cancelling_ends_the_guest(kit):
    async def cancelled():
        task = asyncio.create_task(arun(kit, "sleep", "60000"))
        await asyncio.sleep(0.2)
        task.cancel()
        await task

    started = time.monotonic()
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(cancelled())
    assert time.monotonic() - started < 30


def test_a_server_waits_for_who_comes(suspended):
    """Accepting and receiving suspend a guest, and what was received before is not lost."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        g = suspended(listeners=[listening])

        async def serve():
            assert await g.exports.sock_accept.call_async(3, 0, 0) == 0
            fd = int.from_bytes(g.memories[0].read(0, 4), "little")
            g.memories[0].write(16, (64).to_bytes(4, "little") + (6).to_bytes(4, "little"))
            assert await g.exports.sock_recv.call_async(fd, 16, 1, 2, 0, 8) == 0
            return g.memories[0].read(64, 6)

        async def call():
            await asyncio.sleep(0.1)
            _, writing = await asyncio.open_connection(*listening.getsockname())
            for part in (b"abc", b"def"):
                writing.write(part)
                await writing.drain()
                await asyncio.sleep(0.1)
            writing.close()
            await writing.wait_closed()

        async def both():
            received, _ = await asyncio.gather(serve(), call())
            return received

        assert asyncio.run(both()) == b"abcdef"


def test_while_it_is_instantiated_a_guest_is_not_suspended(suspended):
    with socket.create_server(("127.0.0.1", 0)) as listening:
        timer = threading.Timer(0.1, lambda: socket.create_connection(listening.getsockname()).close())
        timer.start()
        g = suspended(start=("sock_accept", (3, 0, 8)), listeners=[listening])
        timer.join()
    assert g.memories[0].read(8, 4) == (4).to_bytes(4, "little")
