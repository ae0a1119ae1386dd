"""A guest to call WASI from: it exports a memory of one page, and every function of preview 1 as it imported it."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from wrt_core import EngineFactory, Instance
from wrt_foundation.module import Code, Export, Import, Module
from wrt_foundation.types import ExternKind, FuncType, FuncUse, Limits, MemoryType, RecType, SubType
from wrt_wasi import MODULE, VirtualFilesystem, Wasi
from wrt_wasi.preview1.errno import Errno
from wrt_wasi.preview1.rights import EVERYTHING
from wrt_wasi.preview1.signatures import SIGNATURES

PAGE = 65536
LAST = PAGE - 1

# Where `Guest` puts what it passes: buffers, their list, results, and two paths.
DATA, VECTORS, DONE, PATH, OTHER = 0x4000, 0x3000, 0x3100, 0x1000, 0x2000


def module_that_imports(names: list[str], memory: str | None = "memory") -> Module:
    """Return a module that imports functions of preview 1 and exports them again, with a memory called `memory`."""
    return Module(
        types=[RecType((SubType(SIGNATURES[name]),)) for name in names],
        imports=[Import(MODULE, name, FuncUse(index)) for index, name in enumerate(names)],
        memories=[MemoryType(Limits(1, 4))],
        exports=[
            *(Export(name, ExternKind.FUNC, index) for index, name in enumerate(names)),
            *([] if memory is None else [Export(memory, ExternKind.MEMORY, 0)]),
        ],
    )


class Guest:
    """An instance with shorthands for what tests do: call a function, and look into its memory."""

    def __init__(self, instance: Instance, wasi: Wasi) -> None:
        self.instance = instance
        self.wasi = wasi
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

    def path(self, path: str | bytes, at: int = PATH) -> tuple[int, int]:
        """Write a path, and return where it is and how long."""
        data = path.encode() if isinstance(path, str) else path
        self.memory.write(at, data)
        return at, len(data)

    def open(
        self,
        path: str | bytes,
        *,
        fd: int = 3,
        follow: bool = True,
        how: int = 0,
        rights: int = EVERYTHING,
        inheriting: int = EVERYTHING,
        flags: int = 0,
    ) -> int | Errno:
        """Return the descriptor, or why there is none. `how` is create 1, directory 2, exclusive 4, truncate 8."""
        told = self.call("path_open", fd, int(follow), *self.path(path), how, rights, inheriting, flags, DONE)
        return told if told is not Errno.SUCCESS else self.u32(DONE)

    def opened(self, path: str | bytes, **options: int) -> int:
        fd = self.open(path, **options)
        assert not isinstance(fd, Errno), fd
        return fd

    def read(self, fd: int, size: int = 1000) -> bytes | Errno:
        told = self.call("fd_read", fd, *self.vectors(VECTORS, (DATA, size)), DONE)
        return told if told is not Errno.SUCCESS else self.memory.read(DATA, self.u32(DONE))

    def write(self, fd: int, data: bytes) -> int | Errno:
        self.memory.write(DATA, data)
        told = self.call("fd_write", fd, *self.vectors(VECTORS, (DATA, len(data))), DONE)
        return told if told is not Errno.SUCCESS else self.u32(DONE)

    def on_path(self, name: str, path: str | bytes, *, fd: int = 3) -> Errno:
        """Call one of the functions that take a descriptor and a path."""
        return self.call(name, fd, *self.path(path))

    def on_two(self, name: str, path: str | bytes, other: str | bytes, *, fd: int = 3, to: int = 3) -> Errno:
        """Call `path_link` or `path_rename`."""
        lookup = (0,) if name == "path_link" else ()
        return self.call(name, fd, *lookup, *self.path(path), to, *self.path(other, OTHER))

    def symlink(self, target: str | bytes, path: str | bytes, *, fd: int = 3) -> Errno:
        where, length = self.path(target)
        return self.call("path_symlink", where, length, fd, *self.path(path, OTHER))

    def stat(self, path: str | bytes, *, fd: int = 3, follow: bool = False) -> tuple[int, ...] | Errno:
        """Return device, inode, type, links, size, and the three times."""
        told = self.call("path_filestat_get", fd, int(follow), *self.path(path), DATA)
        return told if told is not Errno.SUCCESS else self.filestat()

    def filestat(self) -> tuple[int, ...]:
        return struct.unpack("<QQBxxxxxxxQQQQQ", self.memory.read(DATA, 64))

    def names(self, fd: int = 3, *, size: int = 4096) -> list[bytes]:
        """Return the names of a directory, read with buffers of `size` bytes."""
        names: list[bytes] = []
        cookie = 0
        while True:
            assert self.call("fd_readdir", fd, DATA, size, cookie, DONE) is Errno.SUCCESS
            used = self.u32(DONE)
            data = self.memory.read(DATA, used)
            at = 0
            while at + 24 <= used:
                following, _inode, length, _type = struct.unpack_from("<QQIB", data, at)
                if at + 24 + length > used:
                    break
                names.append(data[at + 24 : at + 24 + length])
                at += 24 + length
                cookie = following
            if used < size:
                return names


@pytest.fixture(scope="session")
def guest() -> Callable[..., Guest]:
    """A function that returns a guest of a `Wasi` made with the options it is given."""
    engine = EngineFactory.create("stackless")
    module = engine.load(module_that_imports(list(SIGNATURES)))

    def make(*, pages: int = 1, **options: object) -> Guest:
        wasi = Wasi(**options)
        instance = engine.instantiate(module, wasi.imports())
        wasi.attach(instance)
        instance.memories[0].grow(pages - 1)
        return Guest(instance, wasi)

    return make


@pytest.fixture(scope="session")
def importing() -> Callable[..., Module]:
    """`module_that_imports`, for tests that link modules of their own."""
    return module_that_imports


@pytest.fixture
def suspended() -> Iterator[Callable[..., Instance]]:
    """A function that makes a guest whose own functions call those of preview 1, and are suspended where they wait.

    `start` is one that its start function calls, and with which small numbers.
    """
    engine = EngineFactory.create("stackless")
    made: list[Wasi] = []

    def make(*, start: tuple[str, tuple[int, ...]] | None = None, **options: object) -> Instance:
        wasi = Wasi(suspend=True, **options)
        made.append(wasi)
        instance = engine.instantiate(engine.load(module_that_calls(start)), wasi.imports())
        wasi.attach(instance)
        return instance

    yield make
    for wasi in made:
        wasi.close()


def module_that_calls(start: tuple[str, tuple[int, ...]] | None) -> Module:
    names = sorted(SIGNATURES)
    count = len(names)
    codes = [
        Code((), b"".join(bytes([0x20, at]) for at in range(len(SIGNATURES[name].params))) + bytes([0x10, index, 0x0B]))
        for index, name in enumerate(names)
    ]
    begin = b""
    if start is not None:
        name, numbers = start
        begin = b"".join(bytes([0x41, number]) for number in numbers) + bytes([0x10, names.index(name), 0x1A])
    return Module(
        types=[*(RecType((SubType(SIGNATURES[name]),)) for name in names), RecType((SubType(FuncType()),))],
        imports=[Import(MODULE, name, FuncUse(index)) for index, name in enumerate(names)],
        functions=[*range(count), count],
        memories=[MemoryType(Limits(1, 1))],
        exports=[
            *(Export(name, ExternKind.FUNC, count + index) for index, name in enumerate(names)),
            Export("memory", ExternKind.MEMORY, 0),
        ],
        start=2 * count,
        codes=[*codes, Code((), begin + b"\x0b")],
    )


FILES = {"file.txt": "hello, world", "dir/inner.txt": "inside", "dir/deep/leaf": b"\x00\x01", "empty": {}}


class Tree:
    """A guest that was given a directory at "/", and what is in that directory."""

    def __init__(self, guest: Guest, files: Callable[[], dict[str, bytes]]) -> None:
        self.guest = guest
        self.files = files


@pytest.fixture(params=["host", "virtual"])
def tree(request: pytest.FixtureRequest, guest: Callable[..., Guest], tmp_path: Path) -> Iterator[Tree]:
    """The same tree, once in a directory of the host and once in memory: they behave the same."""
    if request.param == "virtual":
        filesystem = VirtualFilesystem(FILES)
        g = guest(directories={"/": filesystem})
        files = filesystem.files
    else:
        root = tmp_path / "root"
        fill(root, FILES)
        g = guest(directories={"/": root})

        def files() -> dict[str, bytes]:
            return {
                str(each.relative_to(root)): each.read_bytes()
                for each in sorted(root.rglob("*"))
                if each.is_file() and not each.is_symlink()
            }

    with g.wasi:
        yield Tree(g, files)


def fill(root: Path, files: dict[str, object]) -> None:
    root.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        path = root / name
        if isinstance(content, dict):
            fill(path, content)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A directory of the host with a few files in it, and a secret beside it."""
    fill(tmp_path / "root", FILES)
    fill(tmp_path / "outside", {"secret": "nobody's business"})
    return tmp_path / "root"


@pytest.fixture
def caged(guest: Callable[..., Guest], root: Path) -> Iterator[Guest]:
    """A guest with `root`, beside which nothing may have changed afterwards."""
    g = guest(directories={"/": root})
    yield g
    g.wasi.close()
    assert (root.parent / "outside/secret").read_text() == "nobody's business"
    assert sorted(each.name for each in root.parent.iterdir()) == ["outside", "root"]
    assert [each.name for each in (root.parent / "outside").iterdir()] == ["secret"]
