"""The bytes of memories: blocks that are all zero cost nothing, and the others are compressed."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

from wrt_core.execution.snapshot.wire import Reader, Writer
from wrt_foundation.errors import SnapshotError
from wrt_foundation.memory.linear_memory import LinearMemory

__all__ = ["blocks", "clear", "fill_from", "packed", "unpacked"]

BLOCK = 1 << 16
"""Bytes: what is looked at, and left out, at a time."""
_ZEROS = bytes(BLOCK)
_LEVEL = 1
"""Of compression: what is beyond takes several times as long, for a tenth less."""


def blocks(memory: LinearMemory) -> Iterator[tuple[int, bytes]]:
    """Return the blocks of a memory that are not all zero, each with its number; the last one may be shorter."""
    length = memory.byte_length
    for address in range(0, length, BLOCK):
        block = memory.read(address, min(BLOCK, length - address))
        if block != _ZEROS[: len(block)]:
            yield address // BLOCK, block


def packed(memory: LinearMemory) -> bytes:
    """Return what is in a memory: the numbers of the blocks that are not all zero, and these, compressed."""
    compressor, numbers, parts = zlib.compressobj(_LEVEL), [], []
    for number, block in blocks(memory):
        numbers.append(number)
        parts.append(compressor.compress(block))
    parts.append(compressor.flush())
    writer = Writer()
    writer.several(numbers, writer.u32)
    writer.parts += parts
    return b"".join(writer.parts)


def fill_from(memory: LinearMemory, content: bytes | LinearMemory) -> None:
    """Put into a memory of zeros what `packed` has returned of one of its size, or what is in another one.

    Raises `SnapshotError` if the bytes are not of a memory of this size.
    """
    for number, block in (
        blocks(content) if isinstance(content, LinearMemory) else unpacked(content, memory.byte_length)
    ):
        memory.write(number * BLOCK, block)


def clear(memory: LinearMemory) -> None:
    """Make a memory all zeros."""
    for number, block in blocks(memory):
        memory.write(number * BLOCK, bytes(len(block)))


def unpacked(content: bytes, length: int) -> Iterator[tuple[int, bytes]]:
    """Return the blocks that are not all zero of a memory of `length` bytes, each with its number."""
    reader = Reader(content)
    numbers = reader.several(reader.u32)
    last, before = (length - 1) // BLOCK if length else -1, -1
    stream, data = zlib.decompressobj(), bytes(reader.take(reader.left))
    for number in numbers:
        if not before < number <= last:
            raise SnapshotError(f"the snapshot is malformed: a memory of {length} bytes has no block {number} here")
        before = number
        block = b""
        wanted = min(BLOCK, length - number * BLOCK)
        while len(block) < wanted:
            part, data = _decompressed(stream, data, wanted - len(block))
            if not part:
                raise SnapshotError("the snapshot is malformed: a memory's bytes end in the middle")
            block += part
        yield number, block
    part, data = _decompressed(stream, data, 1)
    if part or data or not stream.eof or stream.unused_data:
        raise SnapshotError("the snapshot is malformed: a memory has bytes too many")


def _decompressed(stream: zlib._Decompress, data: bytes, most: int) -> tuple[bytes, bytes]:
    try:
        return stream.decompress(data, most), stream.unconsumed_tail
    except zlib.error as error:
        raise SnapshotError(f"the snapshot is malformed: a memory's bytes can't be decompressed: {error}") from None
