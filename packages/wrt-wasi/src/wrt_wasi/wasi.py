"""`Wasi`: the host module that a program compiled for WASI preview 1 imports."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from types import TracebackType
from typing import Any

from wrt_core.execution.interruption import Interruption
from wrt_core.host_modules import GrantedDirectory, Grants, HostModule, HostNamespace
from wrt_core.runtime.function import Func
from wrt_core.runtime.host_function import results_converter
from wrt_core.runtime.instance import Instance
from wrt_core.runtime.memory import Memory
from wrt_foundation.errors import WrtError
from wrt_foundation.plugins import PluginManager
from wrt_foundation.types import I32, FuncType
from wrt_wasi.families import Chosen, Families
from wrt_wasi.mounts import Mount, Mountable
from wrt_wasi.preview1.clocks import Clocks, SimulatedClocks, SystemClocks
from wrt_wasi.preview1.descriptor import MAXIMUM_DESCRIPTORS, Descriptors
from wrt_wasi.preview1.errno import Errno, Refused
from wrt_wasi.preview1.family import Guest
from wrt_wasi.preview1.guest_memory import GuestMemory
from wrt_wasi.preview1.random import seeded
from wrt_wasi.preview1.signatures import SIGNATURES
from wrt_wasi.preview1.waiting import Patience, PendingCall, Waiting
from wrt_wasi.streams.standard import Source, Target

__all__ = ["MODULE", "Wasi"]

MODULE = "wasi_snapshot_preview1"
"""The module name that guests import WASI preview 1 from."""


class Wasi(HostModule):
    """WASI preview 1 for one guest instance::

        with Wasi(arguments=["program", "-v"], directories={"/data": "./data"}, stdout=INHERIT) as wasi:
            instance = engine.instantiate(module, wasi.imports())
            instance.exports._start()  # may raise Exit

    The guest has what is given here and nothing else: no arguments, no variables, an empty input, outputs that
    nobody reads, and no files. `directories` are by the path at which the guest finds each: a path of the host, a
    `Mount`, a `VirtualFilesystem`, the contents for one as a mapping, or a `Directory`, which is the guest's from then
    on. `listeners` are sockets that listen; the guest has them behind its directories. What streams may be say `Source`
    and `Target`; file objects and sockets stay the embedder's.

    Time and random bytes are the host's unless `clocks` and `random` say otherwise; `random(n)` returns n bytes. With
    `seed`, both are simulated, so that a run repeats exactly as long as its files and inputs are the same.

    At most `descriptors` are open at a time, each of which may be one of the host's. With `suspend`, a call that would
    wait suspends the guest instead of its thread, for guests that are run by `call_async` or `run_sync`.

    The functions are served by families, each a plugin of the kind `wrt.wasi_families`. By family, `families` says who
    serves it in place of ours: the name of another plugin, a `Family` subclass, or None for nobody. Functions that
    nobody serves do not link. `plugins` is a manager that knows the plugins; who makes many guests saves looking for
    them each time by giving one.

    Raises `WrtError` for arguments, variables and paths that can't be passed on, `OSError` for a directory that can't
    be opened. As thread-safe as the guest. `close`, or the end of a `with` statement, closes what the guest has open.
    """

    def __init__(
        self,
        *,
        arguments: Sequence[str | bytes] = (),
        environment: Mapping[str, str] | None = None,
        directories: Mapping[str, Mountable] | None = None,
        listeners: Sequence[socket.socket] = (),
        stdin: Source = None,
        stdout: Target = None,
        stderr: Target = None,
        clocks: Clocks | None = None,
        random: Callable[[int], bytes] | None = None,
        seed: int | None = None,
        descriptors: int = MAXIMUM_DESCRIPTORS,
        suspend: bool = False,
        families: Chosen | None = None,
        plugins: PluginManager | None = None,
    ) -> None:
        if clocks is None:
            clocks = SystemClocks() if seed is None else SimulatedClocks()
        if random is None:
            random = os.urandom if seed is None else seeded(seed)
        self._memory = GuestMemory()
        self._descriptors = Descriptors(descriptors)
        self._patience = Patience()
        self._suspend = suspend
        directories = {} if directories is None else directories
        if 3 + len(directories) + len(listeners) > descriptors:
            raise WrtError(f"the guest is given more than the {descriptors} descriptors that it may have")
        guest = Guest(
            arguments=arguments,
            environment={} if environment is None else environment,
            directories=directories,
            listeners=listeners,
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            clocks=clocks,
            random=random,
            descriptors=self._descriptors,
            patience=self._patience,
        )
        try:
            self._families = Families(guest, {} if families is None else families, plugins)
        except BaseException:
            self._descriptors.close()
            raise

    @classmethod
    def granted(cls, grants: Grants) -> Wasi:
        """Make one that hands on what the embedder grants."""
        permits = grants.permits
        directories = {each.guest_path: _mount(each, permits) for each in grants.directories}
        try:
            return cls(
                arguments=grants.arguments,
                environment=grants.environment,
                directories=directories,
                stdin=grants.stdin,
                stdout=grants.stdout,
                stderr=grants.stderr,
                seed=grants.seed,
                suspend=grants.suspend,
                families=grants.families,
                plugins=grants.plugins,
            )
        except OSError as error:
            raise WrtError(f"can't open the directory {error.filename!r}: {error.strerror}") from error

    def imports(self) -> dict[str, HostNamespace]:
        """Return the functions of preview 1 that are served, each with its type, for `engine.instantiate`."""
        functions = {
            name: Func(SIGNATURES[name], self._function(served, SIGNATURES[name]), name=name)
            for name, served in self._families.functions.items()
        }
        return {MODULE: HostNamespace(self._bind, functions, self._families.missing)}

    def attach(self, instance: Instance) -> None:
        """Work on the memory that `instance` exports as "memory"; it need not have one until a function needs it.

        From now on the guest is suspended where it would wait, if that is wanted: while it was instantiated, it could
        not be.
        """
        self._bind(instance)
        self._patience.suspends = self._suspend

    def _bind(self, instance: Instance) -> None:
        memory = instance.exports.get("memory")
        if isinstance(memory, Memory):
            self._memory.bind(memory)

    def close(self) -> None:
        """Close what the guest has open; of what is the embedder's, only take it from the guest."""
        self._descriptors.close()
        self._families.close()

    def __enter__(self) -> Wasi:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _function(self, function: Callable[..., None], type_: FuncType) -> Callable[..., Any]:
        memory = self._memory
        # Guests mean unsigned numbers, and the core gives signed ones.
        convert = results_converter(type_)
        masks = [0xFFFF_FFFF if each is I32 else 0xFFFF_FFFF_FFFF_FFFF for each in type_.params]

        def answer(*arguments: int) -> int:
            unsigned = [value & mask for value, mask in zip(arguments, masks, strict=True)]
            try:
                function(memory, *unsigned)
            except Refused as refused:
                return refused.errno
            except Waiting as waiting:
                return self._wait(waiting, partial(function, memory, *unsigned), convert)
            return Errno.SUCCESS

        return answer

    def _wait(self, waiting: Waiting, function: Callable[[], None], convert: Callable[[Any], Any]) -> int:
        """Wait for what a function waits for, and return what becomes of it then; or suspend the guest meanwhile."""

        def call(waiting: Waiting) -> int:
            try:
                (waiting.again or function)()
            except Refused as refused:
                return refused.errno
            return Errno.SUCCESS

        pending = PendingCall(waiting, call)
        if self._patience.suspends:
            raise Interruption(awaitable=pending, convert=convert)
        pending.wait()
        return int(pending.answer())


def _mount(granted: GrantedDirectory, permits: Callable[[str, str, str], bool] | None) -> Mount:
    guard = None if permits is None else lambda operation, path: permits("filesystem", path, operation)
    return Mount(granted.path, granted.read_only, permits=guard)
