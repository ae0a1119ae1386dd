"""Where address space is short: memories are had all the same, and growth fails instead of moving or crashing."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap

import pytest

resource = pytest.importorskip("resource", reason="the limit on address space is POSIX's")


def run(megabytes: int, code: str) -> str:
    """Run `code` in a Python that may map that many megabytes in all."""
    prelude = f"""
        import resource
        from wrt_foundation.memory import *
        PAGE = 65536
        resource.setrlimit(resource.RLIMIT_AS, ({megabytes} << 20, {megabytes} << 20))
    """
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    script = textwrap.dedent(prelude) + textwrap.dedent(code)
    result = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, env=environment, check=False
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux enforces RLIMIT_AS")


def test_a_memory_without_maximum_is_had_and_grows_as_far_as_it_can() -> None:
    output = run(
        1024,
        """
        memory = LinearMemory(1)
        reserved = memory.region.reservation
        assert 64 << 20 <= reserved < 1 << 30, reserved
        memory.write(0, b"kept")
        view = memory.view
        assert memory.grow(reserved // PAGE) == -1
        assert memory.grow(reserved // PAGE - 1) == 1
        assert memory.grow(1) == -1
        memory.write(memory.byte_length - 4, b"last")
        assert bytes(view[:4]) == b"kept"
        print("done")
        """,
    )
    assert output == "done\n"


def test_the_host_keeps_room_for_itself_and_for_more_memories() -> None:
    output = run(
        1024,
        """
        memories = [LinearMemory(1) for _ in range(8)]
        ballast = [bytearray(1 << 20) for _ in range(10)]
        assert all(memory.grow(1) == 1 for memory in memories), memories
        print("done")
        """,
    )
    assert output == "done\n"


def test_a_minimum_that_does_not_fit_is_a_typed_error() -> None:
    output = run(
        512,
        """
        owner = Budget("guest")
        try:
            LinearMemory(16384, owner=owner)
        except AllocationFailed as error:
            print(error.owner, error.requested, owner.used)
        print(LinearMemory(16, owner=owner).size)
        """,
    )
    assert output == f"guest {1 << 30} 0\n16\n"


def test_the_test_provider_makes_do_as_well() -> None:
    output = run(
        512,
        """
        from wrt_foundation.memory.test import TestMemoryProvider
        provider = TestMemoryProvider()
        with LinearMemory(1, provider=provider) as memory:
            assert memory.grow(1) == 1
        provider.check_leaks()
        print("done")
        """,
    )
    assert output == "done\n"
