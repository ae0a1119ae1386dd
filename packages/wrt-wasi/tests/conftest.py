"""A guest to call WASI from: it exports a memory of one page, and every function of preview 1 as it imported it."""

from __future__ import annotations

import struct
from collections.abc import Callable

import pytest

from wrt_core import EngineFactory, Instance
from wrt_foundation.module import Export, Import, Module
from wrt_foundation.types import ExternKind, FuncUse, Limits, MemoryType, RecType, SubType
from wrt_wasi import MODULE, Wasi
from wrt_wasi.preview1.errno import Errno
from wrt_wasi.preview1.signatures import SIGNATURES

PAGE = 65536
LAST = PAGE - 1


def module_that_imports(names: list[str], memory: str | None = "memory") -> Module:
    """Return a module that imports functions of preview 1 and exports them again, with a memory called `memory`."""
    return Module(
        types=[RecType((SubType(SIGNATURES[name]),)) for name in names],
        imports=[Import(MODULE, name, FuncUse(index)) for index, name in enumerate(names)],
        memories=[MemoryType(Limits(1, 1))],
        exports=[
            *(Export(name, ExternKind.FUNC, index) for index, name in enumerate(names)),
            *([] if memory is None else [Export(memory, ExternKind.MEMORY, 0)]),
        ],
    )


class Guest:
    """An instance with shorthands for what tests do: call a function, and look into its memory."""

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        self.memory = instance.memories[0]

    def call(self, name: str, *arguments: int) -> Errno:
        return Errno(self.instance.exports[name](*arguments))

    def u32(self, address: int) -> int:
        return int.from_bytes(self.memory.read(address, 4), "little")

    def u64(self, address: int) -> int:
        return int.from_bytes(self.memory.read(address, 8), "little")

    def vectors(self, address: int, *vectors: tuple[int, int]) -> tuple[int, int]:
        """Write (address, length) pairs, and return what a scattered read or write takes: where, and how many."""
        self.memory.write(address, b"".join(struct.pack("<II", *vector) for vector in vectors))
        return address, len(vectors)


@pytest.fixture(scope="session")
def guest() -> Callable[..., Guest]:
    """A function that returns a guest of a `Wasi` made with the options it is given."""
    engine = EngineFactory.create("stackless")
    module = engine.load(module_that_imports(list(SIGNATURES)))

    def make(**options: object) -> Guest:
        wasi = Wasi(**options)
        instance = engine.instantiate(module, wasi.imports())
        wasi.attach(instance)
        return Guest(instance)

    return make


@pytest.fixture(scope="session")
def importing() -> Callable[..., Module]:
    """`module_that_imports`, for tests that link modules of their own."""
    return module_that_imports
