"""Conformance kits for plugin authors: inherit a class, give one fixture, and get our tests.

They ship in the wheel and need pytest only where they run. A conftest.py that calls
`pytest.register_assert_rewrite("wrt_foundation.testing")` makes their failures tell more.
"""

from __future__ import annotations

from wrt_foundation.testing.memory_provider import MemoryProviderConformance

__all__ = ["MemoryProviderConformance"]
