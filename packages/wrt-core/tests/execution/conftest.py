"""An engine, the guests that most of these tests run, and processes to move them to."""

from __future__ import annotations

import os
import pickle
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import importlib_metadata
import pluggy
import pytest

import wrt_core
import wrt_foundation
from wrt_core import EngineFactory
from wrt_core.engines.core import CoreEngine
from wrt_core.runtime.instance import Instance
from wrt_core.testing import ModuleBuilder
from wrt_core.validation import ValidatedModule


@pytest.fixture
def engine() -> CoreEngine:
    made = EngineFactory.create("stackless")
    assert isinstance(made, CoreEngine)
    return made


@pytest.fixture
def counting(engine: CoreEngine) -> ValidatedModule:
    """A module that counts.

    `count` counts in a global up to its argument, telling `env.log` each number, and returns what memory has at 8 and
    what it was given besides; `spin` never ends, nor does `recurse`; `down` goes as deep as it is told and returns how
    deep that was.
    """
    builder = ModuleBuilder()
    log = builder.import_function("env", "log", "i32 ->")
    builder.memory(1, 4)
    builder.global_("n", "i32", "i32.const 0", mutable=True)
    builder.function(
        "count",
        "i32 i64 -> i64 i64",
        f"""
        i64.const 7
        loop
            global.get 0  i32.const 1  i32.add  global.set 0
            i32.const 8  i32.const 8  i64.load  local.get 1  i64.add  i64.store
            global.get 0  call {log}
            global.get 0  local.get 0  i32.lt_s  br_if 0
        end
        drop
        i32.const 8  i64.load  local.get 1
        """,
    )
    builder.function("spin", "->", "loop br 0 end")
    builder.function("recurse", "i32 -> i32", "local.get 0 i32.const 1 i32.add call 3")
    builder.function(
        "down",
        "i32 -> i32",
        "local.get 0 i32.eqz if i32 i32.const 0 else local.get 0 i32.const 1 i32.sub call 4 i32.const 1 i32.add end",
    )
    builder.function("fail", "->", "unreachable")
    return engine.load(builder.bytes())


@pytest.fixture
def guest(engine: CoreEngine, counting: ValidatedModule) -> Callable[..., Instance]:
    """Make an instance of `counting`, with `log` as given."""

    def make(log: Callable[[int], Any] = lambda _: None) -> Instance:
        return engine.instantiate(counting, {"env": {"log": log}})

    return make


class Elsewhere:
    """A process that goes on with snapshots; see `elsewhere.py`."""

    def __init__(self, python: str) -> None:
        packages = (wrt_core, wrt_foundation, pluggy, importlib_metadata)
        paths = dict.fromkeys(str(Path(str(each.__file__)).parents[1]) for each in packages)
        self.process = subprocess.Popen(
            [python, str(Path(__file__).with_name("elsewhere.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        )

    def go_on(self, module: bytes, snapshot: bytes, host: Any, fuel: int) -> tuple[Any, Any]:
        """Return how it went on, an `Ending` or a snapshot's bytes, and the host's state then."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        pickle.dump((module, snapshot, host, fuel), self.process.stdin)
        self.process.stdin.flush()
        answer: tuple[Any, Any] = pickle.load(self.process.stdout)
        return answer

    def close(self) -> None:
        """End it."""
        self.process.communicate()


@pytest.fixture(scope="session")
def elsewhere() -> Iterator[Elsewhere]:
    """A process of this Python."""
    made = Elsewhere(sys.executable)
    yield made
    made.close()


@pytest.fixture(scope="session")
def other_python() -> str:
    """The command of another Python than this: the one that WRT_OTHER_PYTHON names, or a version that is installed."""
    commands = [os.environ.get("WRT_OTHER_PYTHON")]
    versions = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    for name in ("python3.13", "python3.11", "python3.12", "python3.14"):
        if name != f"python3.{sys.version_info.minor}":
            commands += [shutil.which(name), *map(str, versions.glob(f"{name.removeprefix('python')}.*/bin/{name}"))]
    for command in commands:
        if command and subprocess.run([command, "-c", ""], check=False, capture_output=True).returncode == 0:
            return command
    pytest.skip("SNAPSHOTS ARE NOT TRIED IN ANOTHER PYTHON: there is no python3.13 or python3.11 beside this one")


@pytest.fixture(scope="session")
def other(other_python: str) -> Iterator[Elsewhere]:
    """A process of another Python."""
    made = Elsewhere(other_python)
    yield made
    made.close()
