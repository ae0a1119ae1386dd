"""The format of snapshots: a header, `Saved` piece by piece, and a SHA-256 over all before it.

The digest finds damage. It is no signature: who can't trust where a snapshot comes from is safe all the same, as
nothing in it is code and everything is checked against the modules (`restore`).
"""

from __future__ import annotations

import hashlib
import math
from typing import TypeVar

from wrt_core.execution.activation import ActivationKind
from wrt_core.execution.interruption import Reason
from wrt_core.execution.snapshot.model import (
    SPACES,
    ObjectKind,
    Origin,
    Saved,
    SavedCall,
    SavedFrame,
    SavedImport,
    SavedInstance,
    SavedMemory,
    SavedModule,
    SavedObject,
)
from wrt_core.execution.snapshot.wire import Reader, Writer
from wrt_core.execution.state import State
from wrt_foundation.errors import SnapshotError

__all__ = ["MAGIC", "VERSION", "decode", "encode"]

MAGIC = b"\0wrtsnap"
VERSION = 1
_DIGEST = 32
_T = TypeVar("_T")
_STATES = (State.READY, State.PAUSED, State.FINISHED)
_KINDS = tuple(ActivationKind)
_REASONS = tuple(Reason)


def encode(saved: Saved) -> bytes:
    """Return a snapshot's bytes; the same for the same snapshot."""
    writer = Writer()
    writer.parts.append(MAGIC)
    writer.u32(VERSION)
    _Encoder(writer).whole(saved)
    digest = hashlib.sha256()
    for part in writer.parts:
        digest.update(part)
    return b"".join([*writer.parts, digest.digest()])


def decode(data: bytes) -> Saved:
    """Return the snapshot that bytes are. Raises `SnapshotError` if they are none, or damaged."""
    if data[: len(MAGIC)] != MAGIC:
        raise SnapshotError("not a snapshot: it does not begin like one")
    reader = Reader(memoryview(data)[len(MAGIC) : max(len(MAGIC), len(data) - _DIGEST)])
    version = reader.u32()
    if version != VERSION:
        raise SnapshotError(f"a snapshot of version {version}; this is made for version {VERSION}")
    if hashlib.sha256(memoryview(data)[:-_DIGEST]).digest() != data[-_DIGEST:]:
        raise SnapshotError("the snapshot is damaged: its digest is another")
    saved = _Decoder(reader).whole()
    reader.end()
    return saved


class _Encoder:
    """Writes each piece of a snapshot."""

    def __init__(self, writer: Writer) -> None:
        self.to = writer

    def whole(self, saved: Saved) -> None:
        to = self.to
        to.several(saved.modules, self.module)
        self.call(saved.call)
        to.several(saved.frames, self.frame)
        to.several(saved.instances, self.instance)
        to.several(saved.objects, self.object)

    def module(self, module: SavedModule) -> None:
        self.to.parts.append(bytes.fromhex(module.hash))
        self.to.optional(module.name, self.to.text)

    def call(self, call: SavedCall) -> None:
        to = self.to
        to.u32(call.function[0])
        to.u32(call.function[1])
        to.u8(_STATES.index(State(call.state)))
        to.optional(None if call.reason is None else _REASONS.index(Reason(call.reason)), to.u8)
        to.optional(call.fuel, to.u64)
        to.u64(call.fuel_given)
        to.u64(call.fuel_needed)
        to.optional(call.time_left, to.f64)
        to.several(call.results, to.u8)
        to.blob(call.values)

    def frame(self, frame: SavedFrame) -> None:
        to = self.to
        to.u32(frame.instance)
        to.u32(frame.function)
        to.optional(frame.name, to.text)
        to.u8(_KINDS.index(ActivationKind(frame.kind)))
        to.u64(frame.offset)
        to.blob(frame.values)

    def instance(self, instance: SavedInstance) -> None:
        to = self.to
        to.u32(instance.module)
        to.several(instance.imports, self.import_)
        to.several(instance.memories, self.memory)
        to.several(instance.tables, to.blob)
        to.several(instance.globals, to.blob)
        to.several(instance.data, to.u8)
        to.several(instance.elements, lambda each: to.optional(each, to.blob))

    def import_(self, import_: SavedImport) -> None:
        to = self.to
        to.text(import_.module)
        to.text(import_.name)
        to.u8(SPACES.index(import_.kind))
        to.optional(import_.origin, self.origin)

    def origin(self, origin: tuple[int, int]) -> None:
        self.to.u32(origin[0])
        self.to.u32(origin[1])

    def memory(self, memory: SavedMemory) -> None:
        assert isinstance(memory.content, bytes)
        self.to.u64(memory.pages)
        self.to.blob(memory.content)

    def object(self, each: SavedObject) -> None:
        to = self.to
        assert each.kind is not ObjectKind.LIVE
        to.u8(each.kind)
        to.u32(each.first)
        to.u32(each.second)
        to.u32(each.count)
        to.blob(each.content)


class _Decoder:
    """Reads each piece of a snapshot."""

    def __init__(self, reader: Reader) -> None:
        self.from_ = reader

    def whole(self) -> Saved:
        from_ = self.from_
        modules = from_.several(self.module)
        call = self.call()
        frames = from_.several(self.frame)
        instances = from_.several(self.instance)
        return Saved(modules, instances, from_.several(self.object), frames, call)

    def module(self) -> SavedModule:
        return SavedModule(bytes(self.from_.take(_DIGEST)).hex(), self.from_.optional(self.from_.text))

    def call(self) -> SavedCall:
        from_ = self.from_
        function = self.origin()
        state = _chosen(_STATES, from_.u8())
        reason = from_.optional(lambda: _chosen(_REASONS, from_.u8()))
        if (reason is not None) is not (state is State.PAUSED):
            raise SnapshotError("the snapshot is malformed: what is paused has a reason, and nothing else has one")
        fuel, given, needed = from_.optional(from_.u64), from_.u64(), from_.u64()
        time_left = from_.optional(from_.f64)
        if time_left is not None and not 0 <= time_left < math.inf:
            raise SnapshotError(f"the snapshot is malformed: {time_left} seconds are left")
        return SavedCall(
            *(function, state, reason, fuel, given, needed, time_left), tuple(from_.several(from_.u8)), from_.blob()
        )

    def frame(self) -> SavedFrame:
        from_ = self.from_
        instance, function, name = from_.u32(), from_.u32(), from_.optional(from_.text)
        return SavedFrame(instance, function, name, _chosen(_KINDS, from_.u8()), from_.u64(), from_.blob())

    def instance(self) -> SavedInstance:
        from_ = self.from_
        return SavedInstance(
            from_.u32(),
            from_.several(self.import_),
            from_.several(lambda: SavedMemory(from_.u64(), from_.blob())),
            from_.several(from_.blob),
            from_.several(from_.blob),
            from_.several(from_.flag),
            from_.several(lambda: from_.optional(from_.blob)),
        )

    def import_(self) -> SavedImport:
        from_ = self.from_
        module, name, kind = from_.text(), from_.text(), _chosen(SPACES, from_.u8())
        origin: Origin = from_.optional(self.origin)
        return SavedImport(module, name, kind, origin)

    def origin(self) -> tuple[int, int]:
        return self.from_.u32(), self.from_.u32()

    def object(self) -> SavedObject:
        from_ = self.from_
        kind = from_.u8()
        if not ObjectKind.FUNC <= kind <= ObjectKind.EXTERNAL:
            raise SnapshotError(f"the snapshot is malformed: there is no kind of object {kind}")
        return SavedObject(ObjectKind(kind), from_.u32(), from_.u32(), from_.u32(), from_.blob())


def _chosen(choices: tuple[_T, ...], number: int) -> _T:
    if number >= len(choices):
        raise SnapshotError(f"the snapshot is malformed: {number} where there are {len(choices)} choices")
    return choices[number]
