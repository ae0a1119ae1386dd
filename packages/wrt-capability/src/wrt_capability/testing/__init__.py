"""The conformance kit for capability plugins: inherit a class, give one fixture, get our tests.

It ships in the wheel and needs pytest only where it runs. A conftest.py that calls
`pytest.register_assert_rewrite("wrt_capability.testing")` makes its failures tell more.
"""

from __future__ import annotations

from wrt_capability.testing.capability_plugin import CapabilityConformance

__all__ = ["CapabilityConformance"]
