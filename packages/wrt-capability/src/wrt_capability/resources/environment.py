"""The environment: variables that a guest may know."""

from __future__ import annotations

from typing import ClassVar

from wrt_capability.plugins import AccessKind, CapabilityPlugin, Description

__all__ = ["Environment"]


class Environment(CapabilityPlugin):
    """Variables by name. The engine takes those that may not be read out of the `Grants` that host modules get."""

    name: ClassVar[str] = "environment"

    def describe(self) -> Description:
        """Say what the capability is about."""
        kind = AccessKind("environment", ("read",), "names of variables", "variables that a guest may know")
        return Description("Variables of the environment, by name.", (kind,))
