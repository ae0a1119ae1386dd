"""Namespaces of host modules: what is offered under one module name, by somebody who works on the guest's memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wrt_core.runtime.instance import Instance

__all__ = ["HostNamespace"]


class HostNamespace(dict[str, object]):
    """Externs and callables by name, for a module's imports; `attach(instance)` is called with who imports from it.

    That happens in `instantiate`, once the instance has its memories and exports, and before its segments are copied
    and its start function runs: so that function can call what is offered here. The memories' contents are not
    there yet. What `attach` raises ends the instantiation.

    `missing` says of names that a guest may ask for why they are not offered.
    """

    def __init__(
        self,
        attach: Callable[[Instance], None],
        offered: Mapping[str, object],
        missing: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(offered)
        self.attach = attach
        self.missing = {} if missing is None else missing
