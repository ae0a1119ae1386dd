"""`Engine`: what every engine does, whoever wrote it."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from wrt_foundation.features import Features

if TYPE_CHECKING:
    from wrt_core.host_modules import Grants
    from wrt_core.runtime.instance import Instance
    from wrt_core.runtime.linking import Imports
    from wrt_core.runtime.store import Store
    from wrt_core.validation import ValidatedModule
    from wrt_foundation.module import Module

__all__ = ["Engine", "Source"]

Source = Any
"""What `load` takes: bytes or another buffer, a path, text, or a `Module`."""


class Engine(ABC):
    """The contract of kind `wrt.engines`: a module comes in, an instance comes out.

    Everything else, calling above all, is the instance's: its functions carry how they are entered. Subclass
    `CoreEngine` to write an engine that compiles; subclass this, or wrap another engine, to change what happens
    around one. An engine may serve several threads, as long as each instance is run by one at a time.
    """

    name: ClassVar[str] = ""
    """The entry-point name, for messages and reports."""

    @property
    @abstractmethod
    def features(self) -> Features:
        """What this engine runs: a module that uses anything else is refused by `load`."""

    @abstractmethod
    def load(self, source: Source) -> ValidatedModule:
        """Return the module that `source` is, validated.

        `source` is bytes or another buffer; a path as `str` or `os.PathLike`; a `str` that begins with a
        parenthesis, as text; or a `Module`. Raises `DecodeError`, `TextError`, `ValidationError`,
        `UnsupportedFeature` for one this engine does not run, and `OSError` for a file that can't be read.
        """

    @abstractmethod
    def instantiate(
        self, module: ValidatedModule, imports: Imports | None = None, *, store: Store | None = None
    ) -> Instance:
        """Return a new instance of `module`, linked with `imports`, its start function called.

        `imports` maps module names to mappings of names to externs or callables. Raises `LinkError` if one is
        missing or does not fit, `Trap` if a segment does not fit or the start function traps.
        """

    def permitted(self, module: ValidatedModule, grants: Grants) -> Grants:
        """Return what of an embedder's grants host modules may have for an instance of `module`: here all of it.

        An engine with a policy takes away what that does not allow. Whoever links host modules asks before.
        """
        return grants


def read_source(source: Source) -> tuple[bytes, str | None] | Module:
    """Return a source's bytes and file name, or the `Module` that it is already."""
    from wrt_foundation.module import Module

    if isinstance(source, Module):
        return source
    if isinstance(source, (bytes, bytearray, memoryview)):
        return bytes(source), None
    if isinstance(source, str) and source.lstrip()[:1] in ("(", ";"):
        return source.encode(), None
    if isinstance(source, (str, os.PathLike)):
        return Path(source).read_bytes(), os.fspath(source)
    try:
        return bytes(memoryview(source)), None
    except TypeError:
        raise TypeError(f"a module is bytes, a path or text, not {type(source).__name__}") from None
