"""Stand-ins: what a guest imports in a replay, in place of what it had from its host."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from wrt_core.recording.guest import own_function
from wrt_core.recording.values import References
from wrt_core.runtime.function import Func
from wrt_core.runtime.globals import Global
from wrt_core.runtime.host_namespace import HostNamespace
from wrt_core.runtime.instance import Instance
from wrt_core.runtime.memory import Memory
from wrt_core.runtime.table import Table
from wrt_core.runtime.tag import Tag
from wrt_core.validation import ImportType, ValidatedModule
from wrt_foundation.canonical import DefinedType
from wrt_foundation.types import ExternKind, GlobalType, Limits, MemoryType, TableType

__all__ = ["stand_ins"]

Asked = Callable[[int, Func, tuple[Any, ...]], Any]
"""Answers a call of the import with that index: given the function and its arguments, it returns results."""


def stand_ins(
    module: ValidatedModule,
    described: tuple[Any, ...],
    references: References,
    asked: Asked,
    attach: Callable[[Instance], None],
) -> dict[str, HostNamespace]:
    """Return imports for `module`, made by what a journal's header says of them.

    Memories are zero and tables null at first. Raises `ValueError` if the header does not fit.
    """
    if len(described) != len(module.imports):
        raise ValueError(f"{len(described)} imports are described, and the module has {len(module.imports)}")
    given: dict[str, HostNamespace] = {}
    functions = 0
    for wanted, said in zip(module.imports, described, strict=True):
        namespace = given.setdefault(wanted.module, HostNamespace(attach, {}))
        if wanted.kind is not ExternKind.FUNC:
            namespace.setdefault(wanted.name, _made(wanted, said, references))
        elif said is not None:
            raise ValueError(f"the import {wanted.module}.{wanted.name} is described as {said!r:.40}")
        else:
            namespace.setdefault(wanted.name, _asking(wanted, functions, asked))
            functions += 1
    return given


def _asking(wanted: ImportType, index: int, asked: Asked) -> Func:
    assert isinstance(wanted.type, DefinedType)

    def code(*arguments: Any) -> Any:
        return asked(index, func, arguments)

    func = own_function(wanted.type, code, f"{wanted.module}.{wanted.name}")
    return func


def _made(wanted: ImportType, said: Any, references: References) -> Any:
    match wanted.type, said:
        case MemoryType() as type_, [int(size), int() | None as maximum] if type(size) is int:
            return Memory(MemoryType(Limits(size, maximum), type_.address, type_.shared, type_.page_size))
        case TableType() as type_, [int(size), int() | None as maximum]:
            return Table(TableType(type_.element, Limits(size, maximum), type_.address))
        case GlobalType() as type_, _:
            return Global.of_raw(type_, references.load(type_.value, said))
        case DefinedType() as type_, None:
            return Tag(type_)
    raise ValueError(f"the import {wanted.module}.{wanted.name} is described as {said!r:.40}")
