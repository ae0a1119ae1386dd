"""Formats: how a source, bytes or text, becomes a `Module` (entry points `wrt.formats`).

The binary format is built in and needs no plugin; it is told by its first four bytes. Any other source goes
to the installed formats, by the file's suffix first, then to each that recognises it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import PurePath

from wrt_foundation.binary import decode
from wrt_foundation.errors import DecodeError, PluginError
from wrt_foundation.limits import DEFAULT_LIMITS, ImplementationLimits
from wrt_foundation.module import Module
from wrt_foundation.plugins import Contract, PluginManager

__all__ = ["ModuleFormat", "read_module"]

_MAGIC = b"\0asm"


class ModuleFormat(ABC):
    """The contract of kind `wrt.formats`. A plugin hands over an instance; it must be thread-safe."""

    suffixes: tuple[str, ...] = ()
    """File name endings of this format, with the dot: `(".wat",)`."""

    @abstractmethod
    def recognises(self, source: bytes) -> bool:
        """Say whether a source of unknown name looks like this format; cheaply, from its beginning."""

    @abstractmethod
    def read(self, source: bytes, filename: str | None = None) -> Module:
        """Return the module. Raises `TextError`, or `DecodeError`, for a source that is not well-formed."""


def read_module(
    source: bytes, filename: str | None, manager: PluginManager, limits: ImplementationLimits = DEFAULT_LIMITS
) -> Module:
    """Return the module that `source` is, in whichever format; it knows its file's name.

    `limits` are those of the binary format. Raises `DecodeError` or `TextError` if it is malformed, or of no format
    that is installed.
    """
    module = _read(source, filename, manager, limits)
    module.filename = filename
    return module


def _read(source: bytes, filename: str | None, manager: PluginManager, limits: ImplementationLimits) -> Module:
    suffix = PurePath(filename).suffix if filename else ""
    if source[:4] == _MAGIC or suffix == ".wasm":
        return decode(source, limits)
    registry = manager.registry("wrt.formats", Contract.instance_of(ModuleFormat))
    formats = []
    for name in registry.names():
        try:
            formats.append(registry.get(name))
        except PluginError:
            continue  # a broken plugin takes no other format down; listing plugins shows it
    formats.sort(key=lambda each: suffix not in each.suffixes)
    for each in formats:
        if suffix in each.suffixes or each.recognises(source):
            return each.read(source, filename)
    if formats or source[:1] != b"(":
        return decode(source, limits)  # says what is wrong with it as a binary
    raise DecodeError("magic header not detected: this looks like text; pip install wrt-wast to read it", offset=0)
