"""Unknown imports: functions that nobody gave are linked to a trap, for programs that never call them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NoReturn

from wrt_core.runtime.host_namespace import HostNamespace
from wrt_core.runtime.instance import Instance
from wrt_foundation.traps import Trap, TrapCode
from wrt_foundation.types import ExternKind

if TYPE_CHECKING:
    from wrt_core.validation import ValidatedModule

__all__ = ["trap_unknown_imports"]


def trap_unknown_imports(module: ValidatedModule, imports: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return `imports` with a function that traps for each function that `module` imports and `imports` lacks.

    The trap has the code `UNKNOWN_IMPORT` and names the import. What is unknown and not a function stays
    unknown: there is no memory or global that a program would not notice.
    """
    complete: dict[str, dict[str, Any]] = {}
    for name, namespace in imports.items():
        offered = dict(namespace.exports if isinstance(namespace, Instance) else namespace)
        complete[name] = HostNamespace(namespace.attach, offered) if isinstance(namespace, HostNamespace) else offered
    for wanted in module.imports:
        if wanted.kind is ExternKind.FUNC:
            complete.setdefault(wanted.module, {}).setdefault(wanted.name, _trap(wanted.module, wanted.name))
    return complete


def _trap(module: str, name: str) -> Any:
    def unknown(*_: object) -> NoReturn:
        raise Trap(TrapCode.UNKNOWN_IMPORT, f"{TrapCode.UNKNOWN_IMPORT.value}: {module}.{name}")

    return unknown
