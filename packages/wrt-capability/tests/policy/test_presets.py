"""Presets: what each bounds and grants, and that a policy on top of one has the last word."""

from __future__ import annotations

import tomllib

import pytest

from wrt_capability.decision import Access, Subject
from wrt_capability.policy import Policy, PolicyError
from wrt_capability.policy.reading import PRESETS, preset_text

MIB = 1 << 20
# Fuel, memory and depth of calls of each level, as the ancestor's presets have them.
LEVELS = {
    "qm": (None, None, 1024),
    "asil-a": (1_000_000, 16 * MIB, 512),
    "asil-b": (500_000, 8 * MIB, 256),
    "asil-c": (100_000, 4 * MIB, 128),
    "asil-d": (50_000, 2 * MIB, 64),
}
HOST = [
    ("import", "env.log", "link"),
    ("import", "wasi_snapshot_preview1.fd_write", "link"),
    ("filesystem", "/etc/passwd", "read"),
    ("filesystem", "/tmp/x", "create"),
    ("environment", "HOME", "read"),
    ("network", "example.org:80", "connect"),
    ("random", "bytes", "read"),
    ("clocks", "time", "use"),
    ("stdio", "stdout", "write"),
]


def allowed(policy: Policy, kind: str, what: str, operation: str) -> bool:
    return policy.decide(Access(kind, Subject("anybody", "any", "ab" * 32), what, operation)).allowed


@pytest.mark.parametrize("name", LEVELS)
def test_levels_bound_fuel_memory_and_depth(name):
    limits = Policy.preset(name).limits(Subject("anybody"))
    values = tuple(limits[quantity].value if quantity in limits else None for quantity in ("fuel", "memory", "stack"))
    assert values == LEVELS[name]


@pytest.mark.parametrize("name", [name for name in LEVELS if name != "qm"])
def test_levels_let_guests_compute_and_nothing_else(name):
    policy = Policy.preset(name)
    assert allowed(policy, "call", "main", "call")
    assert allowed(policy, "module", "any", "instantiate")
    assert [access for access in HOST if allowed(policy, *access)] == []


@pytest.mark.parametrize("name", ["trusted", "qm"])
def test_trusted_code_may_do_everything(name):
    policy = Policy.preset(name)
    assert [access for access in HOST if not allowed(policy, *access)] == []


def test_a_sandbox_reaches_streams_clocks_and_random_bytes_alone():
    policy = Policy.preset("sandbox")
    reached = {kind for kind, what, operation in HOST if allowed(policy, kind, what, operation)}
    assert reached == {"import", "random", "clocks", "stdio"}
    assert not allowed(policy, "import", "env.log", "link")
    assert not allowed(policy, "import", "wasi_snapshot_preview1.sock_accept", "link")
    assert {"memory", "table", "stack", "output", "module-size"} <= policy.limits(Subject()).keys()


@pytest.mark.parametrize("name", PRESETS)
def test_presets_are_readable_and_overridable(name):
    text = preset_text(name)
    assert tomllib.loads(text)["name"] == name
    assert tomllib.loads(text)["description"]
    assert text.startswith("# ")
    policy = Policy.of(
        {
            "extends": name,
            "rule": [{"allow": {"import": "env.log"}, "deny": {"call": "*"}, "limits": {"stack": 7, "fuel": 8}}],
        }
    )
    assert allowed(policy, "import", "env.log", "link")
    assert not allowed(policy, "call", "main", "call")
    limits = policy.limits(Subject())
    assert (limits["stack"].value, limits["fuel"].value) == (7, 8)


def test_another_preset_is_no_preset():
    with pytest.raises(PolicyError, match="did you mean 'asil-d'"):
        Policy.preset("asil_d")
