"""Linking: what was given for a module's imports is found and checked (specification, section 4.7.1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wrt_core.runtime.function import Func
from wrt_core.runtime.globals import Global
from wrt_core.runtime.host_namespace import HostNamespace
from wrt_core.runtime.instance import Instance
from wrt_core.runtime.memory import Memory
from wrt_core.runtime.table import Table
from wrt_core.runtime.tag import Tag
from wrt_core.validation import ImportType, ValidatedModule
from wrt_foundation.canonical import DefinedType
from wrt_foundation.errors import LinkError, did_you_mean
from wrt_foundation.subtyping import matches_global, matches_memory, matches_table
from wrt_foundation.types import ExternKind, GlobalType, MemoryType, TableType

__all__ = ["Imports", "link", "resolve", "waiting"]

Imports = Mapping[str, Any]
"""What a user gives: by module name, a mapping of names to externs or callables, or an `Instance`."""

_KINDS: dict[type, ExternKind] = {
    Func: ExternKind.FUNC,
    Table: ExternKind.TABLE,
    Memory: ExternKind.MEMORY,
    Global: ExternKind.GLOBAL,
    Tag: ExternKind.TAG,
}


def link(module: ValidatedModule, imports: Imports | None) -> list[Any]:
    """Return the extern for each import of `module`, in order.

    Where the module imports a function, any callable will do and gets the declared type. Raises `LinkError` naming
    the import: "unknown import" where nothing is given, "incompatible import type" where it is of another
    kind or its type does not match.
    """
    given = {} if imports is None else imports
    return [resolve(wanted, given) for wanted in module.imports]


def waiting(module: ValidatedModule, imports: Imports | None) -> list[HostNamespace]:
    """Return the namespaces that `module` imports from and whose givers want to know its instance."""
    given = {} if imports is None else imports
    names = dict.fromkeys(wanted.module for wanted in module.imports)
    return [namespace for name in names if isinstance(namespace := given.get(name), HostNamespace)]


def resolve(wanted: ImportType, given: Imports) -> Any:
    """Return the extern for one import. Raises as `link` does."""
    namespace = given.get(wanted.module)
    if isinstance(namespace, Instance):
        namespace = namespace.exports
    if namespace is None or wanted.name not in namespace:
        if isinstance(namespace, HostNamespace) and wanted.name in namespace.missing:
            reason = namespace.missing[wanted.name]
            raise _error(wanted, f"unknown import: nothing was given for {_names(wanted)}: {reason}")
        known = given if namespace is None else namespace
        hint = did_you_mean(wanted.module if namespace is None else wanted.name, known)
        raise _error(wanted, f"unknown import: nothing was given for {_names(wanted)}{hint}")
    extern = namespace[wanted.name]
    kind = next((kind for cls, kind in _KINDS.items() if isinstance(extern, cls)), None)
    if kind is None:
        if wanted.kind is ExternKind.FUNC and callable(extern):
            assert isinstance(wanted.type, DefinedType)
            return Func.of_host(wanted.type, extern, f"{wanted.module}.{wanted.name}")
        raise _incompatible(wanted, f"a {type(extern).__name__} was given")
    if kind is not wanted.kind:
        raise _incompatible(wanted, f"a {kind} was given")
    if not _matches(extern.type, wanted):
        raise _incompatible(wanted, f"its type is {_shown(extern.type)}")
    return extern


def _matches(actual: object, wanted: ImportType) -> bool:
    match actual, wanted.type:
        case DefinedType(), DefinedType():
            if wanted.kind is ExternKind.TAG or wanted.exact:
                return actual is wanted.type
            return actual.is_subtype_of(wanted.type)
        case TableType(), TableType():
            return matches_table(actual, wanted.type)
        case MemoryType(), MemoryType():
            return matches_memory(actual, wanted.type)
        case GlobalType(), GlobalType():
            return matches_global(actual, wanted.type)
    return False


def _names(wanted: ImportType) -> str:
    return f"{wanted.module!r} {wanted.name!r}"


def _shown(type_: object) -> str:
    return str(type_)


def _incompatible(wanted: ImportType, reason: str) -> LinkError:
    return _error(
        wanted, f"incompatible import type: {_names(wanted)} is a {wanted.kind} {_shown(wanted.type)}, and {reason}"
    )


def _error(wanted: ImportType, message: str) -> LinkError:
    return LinkError(message, module=wanted.module, name=wanted.name)
