"""The module that a command about policies is asked about: a file, a name, or a hash."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from wrt_capability.decision import Subject
from wrt_capability.policy.section import limits_of
from wrt_core.formats import read_module
from wrt_core.validation.validated import hash_of
from wrt_foundation.module import Module
from wrt_foundation.plugins import PluginManager

__all__ = ["KnownModule", "described", "known_module", "read"]


@dataclass(frozen=True, slots=True)
class KnownModule:
    """What is known of it: its own name, its hash, and the limits that it asks for itself."""

    name: str = ""
    hash: str = ""
    limits: Mapping[str, int] = field(default_factory=dict)

    def of(self, tenant: str) -> Subject:
        """Return the subject that is a tenant with this module."""
        return Subject(tenant, self.name, self.hash)


def known_module(text: str | None, manager: PluginManager) -> KnownModule:
    """Return what `text` says, by name or hash, or what the file at `text` is. None is no module in particular."""
    if not text:
        return KnownModule()
    if re.fullmatch("sha256:[0-9a-fA-F]{64}", text):
        return KnownModule(hash=text.removeprefix("sha256:").lower())
    if Path(text).is_file():
        return described(read(text, manager))
    return KnownModule(text)


def read(path: str, manager: PluginManager) -> Module:
    """Return the module in a file, of whichever format."""
    return read_module(Path(path).read_bytes(), path, manager)


def described(module: Module) -> KnownModule:
    """Return what policies know a module by."""
    return KnownModule(module.names.module or "", hash_of(module), limits_of(module))
