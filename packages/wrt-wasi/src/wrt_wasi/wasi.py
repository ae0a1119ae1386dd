"""`Wasi`: the host module that a program compiled for WASI preview 1 imports."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any, BinaryIO

from wrt_core.host_modules import Grants, HostModule, HostNamespace
from wrt_core.runtime.function import Func
from wrt_core.runtime.instance import Instance
from wrt_core.runtime.memory import Memory
from wrt_foundation.types import I32, FuncType
from wrt_wasi.preview1.arguments import Arguments
from wrt_wasi.preview1.clocks import ClockFunctions, Clocks, SystemClocks
from wrt_wasi.preview1.environment import Environment
from wrt_wasi.preview1.errno import Errno, Refused
from wrt_wasi.preview1.guest_memory import GuestMemory
from wrt_wasi.preview1.polling import Polling
from wrt_wasi.preview1.process import Process
from wrt_wasi.preview1.random import RandomNumbers
from wrt_wasi.preview1.signatures import SIGNATURES
from wrt_wasi.preview1.stdio import Stdio

__all__ = ["MODULE", "Wasi"]

MODULE = "wasi_snapshot_preview1"
"""The module name that guests import WASI preview 1 from."""


class Wasi(HostModule):
    """WASI preview 1 for one guest instance::

        wasi = Wasi(arguments=["program", "-v"], stdout=sys.stdout.buffer)
        instance = engine.instantiate(module, wasi.imports())
        instance.exports._start()  # may raise Exit

    The guest has what is given here and nothing else: no arguments, no variables, an empty input, outputs that
    nobody reads, and no files. Streams are binary and stay the embedder's. Time and random bytes are the host's
    unless `clocks` and `random` say otherwise; `random(n)` returns n bytes. Functions that are not implemented
    answer ENOSYS. Raises `WrtError` for arguments and variables that can't be passed on. As thread-safe as the guest.
    """

    def __init__(
        self,
        *,
        arguments: Sequence[str | bytes] = (),
        environment: Mapping[str, str] | None = None,
        stdin: BinaryIO | bytes | None = None,
        stdout: BinaryIO | None = None,
        stderr: BinaryIO | None = None,
        clocks: Clocks | None = None,
        random: Callable[[int], bytes] = os.urandom,
    ) -> None:
        clocks = SystemClocks() if clocks is None else clocks
        self._memory = GuestMemory()
        self._families: tuple[object, ...] = (
            Arguments(arguments),
            Environment({} if environment is None else environment),
            ClockFunctions(clocks),
            RandomNumbers(random),
            Stdio(stdin, stdout, stderr),
            Polling(clocks),
            Process(),
        )

    @classmethod
    def granted(cls, grants: Grants) -> Wasi:
        """Make one that hands on what the embedder grants."""
        return cls(
            arguments=grants.arguments,
            environment=grants.environment,
            stdin=grants.stdin,
            stdout=grants.stdout,
            stderr=grants.stderr,
        )

    def imports(self) -> dict[str, HostNamespace]:
        """Return every function of preview 1, each with its type, for `engine.instantiate`."""
        functions = {name: Func(type_, self._function(name, type_), name=name) for name, type_ in SIGNATURES.items()}
        return {MODULE: HostNamespace(self.attach, functions)}

    def attach(self, instance: Instance) -> None:
        """Work on the memory that `instance` exports as "memory"; it need not have one until a function needs it."""
        memory = instance.exports.get("memory")
        if isinstance(memory, Memory):
            self._memory.bind(memory)

    def _function(self, name: str, type_: FuncType) -> Callable[..., Any]:
        implementation = next((getattr(family, name) for family in self._families if hasattr(family, name)), None)
        if implementation is None:
            return _not_implemented
        memory, function = self._memory, implementation
        # Guests mean unsigned numbers, and the core gives signed ones.
        masks = [0xFFFF_FFFF if each is I32 else 0xFFFF_FFFF_FFFF_FFFF for each in type_.params]

        def answer(*arguments: int) -> int:
            try:
                function(memory, *[value & mask for value, mask in zip(arguments, masks, strict=True)])
            except Refused as refused:
                return refused.errno
            return Errno.SUCCESS

        return answer


def _not_implemented(*_: int) -> int:
    return Errno.NOSYS
