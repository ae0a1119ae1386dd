"""Our own capability plugins, tested by the kit that strangers' are tested by."""

from __future__ import annotations

import pytest

from wrt_capability.plugins import create_capability
from wrt_capability.testing import CapabilityConformance
from wrt_foundation.plugins import get_plugin_manager

OURS = ["clocks", "environment", "filesystem", "firewall", "logging", "network", "random", "statistics", "stdio"]


def test_these_are_all():
    entries = get_plugin_manager().registry("wrt.capabilities").entries()
    assert sorted(entry.name for entry in entries if entry.distribution == "wrt-capability") == OURS


@pytest.mark.parametrize("name", OURS)
class TestOurPlugins(CapabilityConformance):
    @pytest.fixture
    def capability(self, name):
        return create_capability(name)


class TestFirewallWithRules(CapabilityConformance):
    @pytest.fixture
    def capability(self):
        return create_capability("firewall", settings={"rules": ["deny env.*"], "default": "deny"})
