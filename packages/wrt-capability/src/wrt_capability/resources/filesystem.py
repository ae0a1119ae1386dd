"""Files: paths of the host that may be read, written or created."""

from __future__ import annotations

from typing import ClassVar

from wrt_capability.plugins import AccessKind, CapabilityPlugin, Description

__all__ = ["Filesystem"]


class Filesystem(CapabilityPlugin):
    """Paths, compared after links and `..` are resolved, component by component.

    `Authority.require("filesystem", path, "read")` returns the resolved path, which is the one to open.
    """

    name: ClassVar[str] = "filesystem"

    def describe(self) -> Description:
        """Say what the capability is about."""
        kind = AccessKind.of_paths("filesystem", ("read", "write", "create", "remove"), "files and folders of the host")
        return Description("Files and folders of the host, by their resolved paths.", (kind,))
