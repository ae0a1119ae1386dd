"""Reading policies: what is wrong is named by line and key, with the nearest word; and what each key comes to."""

from __future__ import annotations

import pickle

import pytest

from wrt_capability.decision import Access, Subject
from wrt_capability.policy import DeniedImports, Exhausted, Policy, PolicyError
from wrt_capability.policy.reading import PRESETS

SOMEBODY = Subject("acme", "shop", "ab" * 32)


def access(kind: str, what: str, operation: str = "link", subject: Subject = SOMEBODY) -> Access:
    return Access(kind, subject, what, operation)


@pytest.mark.parametrize(
    ("text", "line", "key", "message"),
    [
        ('[[rule]]\nallow.imprt = "x"', 2, "rule[0].allow.imprt", "did you mean 'import'"),
        ("[[rul]]", 1, "rul", "did you mean 'rule'"),
        ("[[rule]]\n[[rule]]\nlimit.memory = 1", 3, "rule[1].limit", "did you mean 'limits'"),
        ("[[rule]]\nlimits.memry = 1", 2, "rule[0].limits.memry", "did you mean 'memory'"),
        ("[[rule]]\nlimits.instances = 1", 2, "rule[0].limits.instances", "there is no limit 'instances'"),
        ("[[rule]]\nquota.stack = 1", 2, "rule[0].quota.stack", "there is no quota 'stack'"),
        ('[[rule]]\nmodule = "a"\nquota.memory = 1', 3, "rule[0].quota", "must not name a module"),
        ('[[rule]]\nlimits.memory = "1 Mib b"', 2, "rule[0].limits.memory", "such as"),
        ("[[rule]]\nlimits.memory = -1", 2, "rule[0].limits.memory", "such as"),
        ("[[rule]]\nlimits.stack = true", 2, "rule[0].limits.stack", "a whole number"),
        ("[[rule]]\nlimits.stack = 1.5", 2, "rule[0].limits.stack", "a whole number"),
        ("[[rule]]\nlimits.time = nan", 2, "rule[0].limits.time", "such as"),
        ("[[rule]]\nlimits.memory = 18446744073709551616", 2, "rule[0].limits.memory", "such as"),
        ('[[rule]]\nallow.stdio.reed = "stdin"', 2, "rule[0].allow.stdio.reed", "did you mean 'read'"),
        ('[[rule]]\nallow.filesystem = [\n"/a",\n"b"]', 4, "rule[0].allow.filesystem[1]", "must be absolute"),
        ("[[rule]]\nallow.call = [1]", 2, "rule[0].allow.call[0]", "text in quotes"),
        ("[[rule]]\nallow.call = 1", 2, "rule[0].allow.call", "an array of such"),
        ('[[rule]]\nallow.call = ""', 2, "rule[0].allow.call", "must not be empty"),
        ('[[rule]]\nallow = "x"', 2, "rule[0].allow", "must be a table"),
        ('[[rule]]\nmodule = "sha256:12"', 2, "rule[0].module", "64 hexadecimal"),
        ("[[rule]]\ntenant = 1", 2, "rule[0].tenant", "text in quotes"),
        ("[[rule]]\nlog = 1", 2, "rule[0].log", "true or false"),
        ("\nrule = 1", 2, "rule", "write [[rule]]"),
        ('extends = "sandbx"', 1, "extends", "did you mean 'sandbox'"),
        ('denied-imports = "trp"', 1, "denied-imports", "did you mean 'trap'"),
        ('exhausted = "stop"', 1, "exhausted", "'trap' or 'pause'"),
        ("[capabilities.nosuch]", 1, "capabilities.nosuch", "called 'nosuch'"),
        ('[capabilities.firewall]\nrules = ["x"]', 1, "capabilities.firewall", "'deny PATTERN'"),
        ('[[rule]]\nallow.firewall = "x"', 2, "rule[0].allow.firewall", "defines no kind"),
        ("[[rule]]\nallow.call = [", None, None, ""),
    ],
)
def test_errors_name_line_and_key(text, line, key, message):
    with pytest.raises(PolicyError) as caught:
        Policy.parse(text, "p.toml")
    error = caught.value
    assert (error.line, error.key) == (line, key)
    assert message in error.message
    assert str(error).startswith("p.toml:")
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


def test_a_file_that_is_no_text_is_refused(tmp_path):
    path = tmp_path / "p.toml"
    path.write_bytes(b"name = '\xff'")
    with pytest.raises(PolicyError, match="UTF-8"):
        Policy.load(path)
    with pytest.raises(OSError):
        Policy.load(tmp_path / "none.toml")


def test_values_inside_one_another_too_deep_are_refused():
    with pytest.raises(PolicyError, match="too deep"):
        Policy.parse("a = " + "[" * 100_000)


def test_nothing_is_allowed_by_nothing():
    for policy in (Policy(), Policy.of(None), Policy.parse("")):
        decision = policy.decide(access("import", "env.log"))
        assert not decision
        assert decision.reason == "nothing allows it"
    assert not Policy.preset("trusted").decide(access("teleport", "mars"))


def test_what_is_allowed_says_by_which_rule():
    policy = Policy.parse('[[rule]]\ntenant = "acme"\nallow.import = ["env.*", "wasi.*"]', "p.toml")
    decision = policy.decide(access("import", "wasi.x"))
    assert decision
    assert decision.rule == "p.toml:3: allow.import \"wasi.*\" for tenant 'acme'"
    assert not policy.decide(access("import", "wasi.x", subject=Subject("other")))
    assert not policy.decide(access("call", "wasi.x"))


def test_operations_bound_what_is_allowed():
    policy = Policy.parse('[[rule]]\nallow.stdio.read = "*"\nallow.filesystem = "/srv/**"')
    assert policy.decide(access("stdio", "stdin", "read"))
    assert not policy.decide(access("stdio", "stdin", "write"))
    assert policy.decide(access("filesystem", "/srv/x", "write"))
    assert not policy.decide(access("filesystem", "/srv/../etc/passwd", "read"))
    assert not policy.decide(access("filesystem", "/srvevil", "read"))
    assert "null" in policy.decide(access("filesystem", "/srv/\0", "read")).reason


def test_mappings_are_policies_too():
    policy = Policy.of({"rule": [{"allow": {"import": ["env.log"]}, "limits": {"memory": "1 MiB"}}]})
    assert policy.decide(access("import", "env.log"))
    assert policy.limits(SOMEBODY)["memory"].value == 1 << 20
    with pytest.raises(PolicyError, match="did you mean 'rule'"):
        Policy.of({"rules": []})
    with pytest.raises(PolicyError, match="keys are text"):
        Policy.of({"rule": [{1: 2}]})
    with pytest.raises(TypeError, match="a policy is"):
        Policy.of(3)


def test_policies_extend_files_and_presets(tmp_path):
    (tmp_path / "base.toml").write_text('extends = "asil-a"\ndenied-imports = "trap"\n[[rule]]\nallow.import = "env.*"')
    (tmp_path / "own.toml").write_text('extends = ["base.toml"]\nexhausted = "pause"\n[[rule]]\ndeny.import = "env.*"')
    policy = Policy.load(tmp_path / "own.toml")
    assert policy.denied_imports is DeniedImports.TRAP
    assert policy.exhausted is Exhausted.PAUSE
    assert policy.limits(SOMEBODY)["fuel"].value == 1_000_000
    assert not policy.decide(access("import", "env.log"))
    assert policy.decide(access("call", "main", "call"))
    assert Policy.load(tmp_path / "base.toml").decide(access("import", "env.log"))


def test_a_policy_that_extends_itself_is_refused(tmp_path):
    (tmp_path / "a.toml").write_text('extends = "b.toml"')
    (tmp_path / "b.toml").write_text('\nextends = "a.toml"')
    with pytest.raises(PolicyError, match="extends itself") as caught:
        Policy.load(tmp_path / "a.toml")
    assert caught.value.line == 2


@pytest.mark.parametrize("name", PRESETS)
def test_presets_can_be_read_extended_and_overridden(name):
    policy = Policy.preset(name)
    assert policy.name == name
    assert policy.description
    bare = policy.decide(access("import", "env.system"))
    assert bool(bare) is (name in ("qm", "trusted"))
    assert not policy.decide(access("import", "wasi_snapshot_preview1.sock_send")) or name in ("qm", "trusted")
    wider = Policy.parse(f'extends = "{name}"\n[[rule]]\nallow.import = "env.*"\nlimits.memory = "unlimited"')
    assert wider.decide(access("import", "env.system"))
    assert wider.limits(SOMEBODY)["memory"].value is None
    narrower = Policy.parse(f'extends = "{name}"\n[[rule]]\ndeny.call = "*"\nlimits.memory = 1')
    assert not narrower.decide(access("call", "main", "call"))
    assert narrower.limits(SOMEBODY)["memory"].value == 1


def test_presets_of_integrity_levels_are_what_they_say():
    expected = {"a": (1_000_000, 16, 512), "b": (500_000, 8, 256), "c": (100_000, 4, 128), "d": (50_000, 2, 64)}
    for level, (fuel, mebibytes, depth) in expected.items():
        limits = Policy.preset(f"asil-{level}").limits(SOMEBODY)
        assert (limits["fuel"].value, limits["memory"].value, limits["stack"].value) == (fuel, mebibytes << 20, depth)
    assert Policy.preset("qm").limits(SOMEBODY)["stack"].value == 1024
    with pytest.raises(PolicyError, match="did you mean 'asil-d'"):
        Policy.preset("asild")


def test_policies_cross_processes():
    policy = Policy.parse('extends = "sandbox"\n[[rule]]\nallow.filesystem = "/srv/**"')
    again = pickle.loads(pickle.dumps(policy))
    assert again.decide(access("filesystem", "/srv/a", "read")) == policy.decide(access("filesystem", "/srv/a", "read"))
