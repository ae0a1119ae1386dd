"""A host with something to hide, and a way to run hostile guests in confinement."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from wrt_capability.engine import CapabilityAwareEngine
from wrt_capability.policy import Policy
from wrt_capability.tenant import Tenant
from wrt_core.testing import ModuleBuilder

POLICY = """
exhausted = "trap"
[[rule]]
allow.call = "*"
allow.module = "*"
allow.import = ["env.*"]
deny.import = "env.secret"
allow.filesystem.read = "{root}/data/**"
limits.memory = "1 MiB"
limits.table = 1000
limits.gc = "64 KiB"
limits.stack = 500
limits.fuel = 2_000_000
limits.output = 100
limits.module-size = "64 KiB"
limits.call-rate = 100_000
quota.instances = 8
quota.memory = "4 MiB"
"""


class Lab:
    """Makes tenants, engines and guests, and closes them."""

    def __init__(self, root: Path, events: Any) -> None:
        self.root = root
        self.events = events
        self.text = POLICY.format(root=root)
        self.tenants: list[Tenant] = []

    def tenant(self, name: str = "hostile", more: str = "", **options: Any) -> Tenant:
        policy = Policy.parse(self.text + more)
        tenant = Tenant(name, policy=policy, **{"audit": self.events, **options})
        self.tenants.append(tenant)
        return tenant

    def engine(self, tenant: Tenant | None = None) -> CapabilityAwareEngine:
        return CapabilityAwareEngine(tenant=tenant or self.tenant(), interruptible=True)

    def guest(self, builder: ModuleBuilder, imports: Any = None, tenant: Tenant | None = None) -> Any:
        return builder.instantiate(self.engine(tenant), imports)


@pytest.fixture
def lab(tmp_path, events) -> Any:
    for name in ("data", "dataevil", "secret"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text(name)
    made = Lab(tmp_path, events)
    yield made
    for tenant in made.tenants:
        tenant.close()
