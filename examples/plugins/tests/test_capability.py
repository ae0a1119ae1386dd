"""The capability `keyvalue` against the kit, and what guests of several tenants see of it."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing

import pytest

from wrt_capability.authority import Authority
from wrt_capability.decision import Subject
from wrt_capability.panel import Panel
from wrt_capability.plugins import create_capability
from wrt_capability.policy import Policy
from wrt_capability.quota import QuotaAccount
from wrt_capability.testing import CapabilityConformance
from wrt_core import EngineFactory
from wrt_core.testing import ModuleBuilder
from wrt_foundation.errors import CapabilityDenied, QuotaExceeded

POLICY = {"rule": [{"allow": {"keyvalue": ["shop/*"]}}, {"tenant": "reader", "deny": {"keyvalue": {"put": "*"}}}]}


class TestKeyValue(CapabilityConformance):
    @pytest.fixture
    def capability(self):
        with closing(create_capability("keyvalue")) as made:
            yield made


@pytest.fixture
def store(tmp_path):
    with closing(create_capability("keyvalue", settings={"path": str(tmp_path / "kv.db")})) as made:
        yield made


class Guest:
    """A guest of a tenant: it hands on what it is told to what it imports."""

    def __init__(self, tenant: str, store: object, limits: Mapping[str, int] | None = None) -> None:
        builder = ModuleBuilder()
        get = builder.import_function("keyvalue", "get", "i32 i32 i32 i32 -> i32")
        put = builder.import_function("keyvalue", "put", "i32 i32 i32 i32 ->")
        builder.memory(1)
        hand_on = "local.get 0  local.get 1  local.get 2  local.get 3"
        builder.function("get", "i32 i32 i32 i32 -> i32", f"{hand_on}  call {get}")
        builder.function("put", "i32 i32 i32 i32 ->", f"{hand_on}  call {put}")
        account = QuotaAccount(tenant, limits)
        authority = Authority(Subject(tenant), Policy.of(POLICY), account=account)
        self.instance = builder.instantiate(EngineFactory.create("stackless"), Panel([store]).provide(authority))
        self.memory = self.instance.exports.memory

    def put(self, key: bytes, value: bytes) -> None:
        self.memory.write(0, key)
        self.memory.write(1000, value)
        self.instance.exports["put"](0, len(key), 1000, len(value))

    def get(self, key: bytes, capacity: int = 100) -> bytes | None:
        self.memory.write(0, key)
        self.memory.write(2000, bytes(100))
        size = self.instance.exports["get"](0, len(key), 2000, capacity)
        return None if size < 0 else self.memory.read(2000, size)


def test_what_was_put_is_there(store):
    guest = Guest("acme", store)
    guest.put(b"shop/a", b"one")
    guest.put(b"shop/a", b"two")
    assert guest.get(b"shop/a") == b"two"
    assert guest.get(b"shop/b") is None
    assert guest.get(b"shop/a", capacity=1) == bytes(3)  # it is told the size, and nothing is written


def test_it_outlives_guests(store, tmp_path):
    Guest("acme", store).put(b"shop/a", b"kept")
    with closing(create_capability("keyvalue", settings={"path": str(tmp_path / "kv.db")})) as again:
        assert Guest("acme", again).get(b"shop/a") == b"kept"


def test_tenants_do_not_see_one_another(store):
    Guest("acme", store).put(b"shop/a", b"secret")
    assert Guest("other", store).get(b"shop/a") is None


@pytest.mark.parametrize("key", [b"bank/a", b"", b"SHOP/a", b"shop", b"\xff"])
def test_keys_that_are_not_granted_are_denied(store, key):
    guest = Guest("acme", store)
    with pytest.raises(CapabilityDenied):
        guest.put(key, b"x")
    with pytest.raises(CapabilityDenied):
        guest.get(key)


def test_operations_are_granted_one_by_one(store):
    guest = Guest("reader", store)
    assert guest.get(b"shop/a") is None
    with pytest.raises(CapabilityDenied):
        guest.put(b"shop/a", b"x")


def test_what_is_kept_is_charged_first(store):
    guest = Guest("acme", store, {"keyvalue": 5})
    guest.put(b"shop/a", b"12345")
    with pytest.raises(QuotaExceeded):
        guest.put(b"shop/b", b"6")
    assert guest.get(b"shop/b") is None
