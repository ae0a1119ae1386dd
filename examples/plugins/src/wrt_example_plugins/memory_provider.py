"""A memory provider: the basic one, but it wipes each region before its pages go back, and keeps count."""

from __future__ import annotations

from typing import Any

from wrt_foundation.memory import BasicMemoryProvider, Region


class ScrubbingMemoryProvider(BasicMemoryProvider):
    """Leaves nothing of a guest's memory behind in the host's; `scrubbed` counts the bytes that were wiped."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.scrubbed = 0

    def free(self, region: Region) -> None:
        """Wipe the region, then let it go as usual."""
        region.clear()
        self.scrubbed += region.size
        super().free(region)
