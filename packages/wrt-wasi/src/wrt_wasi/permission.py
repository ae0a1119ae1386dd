"""What a program may have of what it is given: an engine that holds programs to a policy is asked first."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from io import RawIOBase
from typing import Any, BinaryIO, cast

from wrt_core import Engine
from wrt_core.host_modules import GrantedDirectory, Grants
from wrt_core.validation import ValidatedModule
from wrt_foundation.errors import WrtError
from wrt_foundation.memory import Budget, process_budget
from wrt_wasi.filesystem.directory import Directory
from wrt_wasi.filesystem.file import File
from wrt_wasi.mounts import Mount, Mountable
from wrt_wasi.streams import Source, Target
from wrt_wasi.streams.standard import source_of, target_of

__all__ = ["Given", "budget_above", "confined", "permitted"]


@dataclass(frozen=True)
class Given:
    """What an embedder gives a program, or what is left of that."""

    env: Mapping[str, str]
    dirs: Mapping[str, Mountable]
    stdin: Source
    stdout: Target
    stderr: Target


class _Decisions(list[Mapping[str, Any]]):
    """A recorder that keeps what it is told, see `wrt_capability.recorder`."""

    def record(self, event: Mapping[str, Any], /) -> None:
        self.append(dict(event))


@contextmanager
def confined(engine: str | Engine, policy: Any, tenant: str | None) -> Iterator[tuple[Engine, list[Mapping[str, Any]]]]:
    """Hold the programs of an engine to a policy meanwhile; what is decided is added to the list.

    Raises what `CapabilityAwareEngine` raises.
    """
    from wrt_capability.decision import ANONYMOUS
    from wrt_capability.engine import CapabilityAwareEngine

    decisions = _Decisions()
    made = CapabilityAwareEngine(
        inner=engine, policy=policy, tenant=ANONYMOUS if tenant is None else tenant, audit=decisions
    )
    try:
        yield made, decisions
    finally:
        made.close()


def permitted(engine: Engine, module: ValidatedModule, given: Given) -> Given:
    """Return what the module may have of what is given: all of it, if no policy is in force.

    Directories in memory are the program's own, and no policy's business. Raises `WrtError` for a `Directory`: nobody
    knows what is in it, so no policy could be asked.
    """
    host = {name: found for name, each in given.dirs.items() if (found := _host_directory(name, each)) is not None}
    offered = Grants(
        environment=given.env,
        directories=tuple(host.values()),
        stdin=None if given.stdin is None else cast(BinaryIO, _AsStream(source_of(given.stdin))),
        stdout=None if given.stdout is None else cast(BinaryIO, _AsStream(target_of(given.stdout))),
        stderr=None if given.stderr is None else cast(BinaryIO, _AsStream(target_of(given.stderr, error=True))),
    )
    left = engine.permitted(module, offered)
    if left.permits is None:
        return given
    for name, each in given.dirs.items():
        if isinstance(_mount(each).directory, Directory):
            raise WrtError(f"a policy can't be asked about {name!r}: give the path of the directory, or a Mount of it")
    refused = host.keys() - {each.guest_path for each in left.directories}
    return Given(
        left.environment,
        {name: _guarded(each, left.permits) for name, each in given.dirs.items() if name not in refused},
        None if left.stdin is None else given.stdin,
        left.stdout,
        left.stderr,
    )


def budget_above(engine: Engine) -> Budget:
    """Return the budget that its programs' memory counts in: its account's if it keeps one, or the process's."""
    account = getattr(engine, "account", None)
    if account is None:
        return process_budget()
    kept: Budget = account.budget()
    return kept


def _mount(given: Mountable) -> Mount:
    return given if isinstance(given, Mount) else Mount(cast(Any, given))


def _host_directory(name: str, given: Mountable) -> GrantedDirectory | None:
    mount = _mount(given)
    if not isinstance(mount.directory, (str, os.PathLike)):
        return None
    return GrantedDirectory(os.fspath(mount.directory), name, mount.read_only)


def _guarded(given: Mountable, permits: Callable[[str, str, str], bool]) -> Mountable:
    mount = _mount(given)
    own = mount.permits

    def both(operation: str, path: str) -> bool:
        return (own is None or own(operation, path)) and permits("filesystem", path, operation)

    return replace(mount, permits=both)


class _AsStream(RawIOBase):
    """A guest's file as a stream of Python's, which is what policies count the bytes of."""

    def __init__(self, file: File) -> None:
        super().__init__()
        self._file = file

    def write(self, data: Any) -> int:
        return self._file.write(bytes(data))

    def flush(self) -> None:
        self._file.flush()

    def close(self) -> None:
        """Do nothing; the file is the embedder's, and may be closed by now."""

    def writable(self) -> bool:
        return True
