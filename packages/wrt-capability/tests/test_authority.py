"""Authorities: nothing but what the policy allows, everything recorded, and plugins that can only take away."""

from __future__ import annotations

import pickle

import pytest

from wrt_capability.authority import Authority
from wrt_capability.decision import Decision, Subject
from wrt_capability.panel import Panel
from wrt_capability.plugins import Claim, Description
from wrt_capability.policy import Policy
from wrt_capability.quota import QuotaAccount
from wrt_foundation.errors import CapabilityDenied, PluginError, QuotaExceeded
from wrt_foundation.plugins import hookimpl
from wrt_foundation.traps import Trap, TrapCode

SUBJECT = Subject("acme", "app", "ab" * 32)


def authority(policy, events, *plugins, **limits) -> Authority:
    account = QuotaAccount("acme", limits)
    return Authority(SUBJECT, Policy.of(policy), account=account, recorder=events, panel=Panel(plugins))


def test_nothing_is_allowed_unless_a_rule_says_so(events):
    asked = authority(None, events)
    assert not asked.decide("random", "bytes", "read")
    assert events.events == []
    with pytest.raises(CapabilityDenied, match="nothing allows it") as caught:
        asked.require("import", "env.log", "call")
    assert isinstance(caught.value, Trap)
    assert caught.value.code is TrapCode.CAPABILITY_DENIED
    assert pickle.loads(pickle.dumps(caught.value)).object == "env.log"
    (event,) = events.of("decision", allowed=False)
    assert (event["tenant"], event["module"], event["hash"]) == ("acme", "app", "ab" * 32)
    assert (event["kind"], event["object"], event["operation"]) == ("import", "env.log", "call")


def test_what_is_allowed_is_recorded_with_its_rule(events):
    asked = authority({"rule": [{"allow": {"stdio": {"write": "stdout"}}}]}, events)
    assert asked.require("stdio", "stdout", "write") == "stdout"
    (event,) = events.of("decision", allowed=True)
    assert 'allow.stdio.write "stdout"' in event["rule"]
    with pytest.raises(CapabilityDenied):
        asked.require("stdio", "stdout", "read")
    with pytest.raises(CapabilityDenied):
        asked.require("stdio", "stderr", "write")


def test_what_cannot_be_recorded_is_not_done(events):
    asked = authority("trusted", events)
    events.failure = OSError("disk full")
    with pytest.raises(OSError, match="disk full"):
        asked.require("random", "bytes", "read")


def test_paths_are_given_back_resolved(events, tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "inside").mkdir()
    (tmp_path / "in" / "out").symlink_to(tmp_path / "inside")
    (tmp_path / "alias").symlink_to(tmp_path / "in")
    asked = authority({"rule": [{"allow": {"filesystem": {"read": f"{tmp_path}/in/**"}}}]}, events)
    resolved = (tmp_path / "in").resolve() / "file"
    assert asked.require("filesystem", str(tmp_path / "alias" / "file"), "read") == str(resolved)
    for path in ("in/out/file", "inside/file", "in/../inside", "in/\0"):
        with pytest.raises(CapabilityDenied):
            asked.require("filesystem", f"{tmp_path}/{path}", "read")
    with pytest.raises(CapabilityDenied):
        asked.require("filesystem", str(resolved), "write")


def test_charges_are_refused_past_the_account_and_recorded(events):
    asked = authority("trusted", events, output=10)
    asked.charge("output", 7)
    with pytest.raises(QuotaExceeded, match="'acme' refuses 4 of output: 3 of 10 are left") as caught:
        asked.charge("output", 4)
    assert (caught.value.account, caught.value.requested, caught.value.available) == ("acme", 4, 3)
    (event,) = events.of("quota")
    assert (event["account"], event["kind"], event["requested"], event["allowed"]) == ("acme", "output", 4, False)
    asked.charge("output", 3)
    with pytest.raises(QuotaExceeded):
        asked.charge("output", 1)


class Objector:
    """A plugin that is no `CapabilityPlugin`, with hooks alone."""

    def __init__(self, opinion):
        self.opinion = opinion

    @hookimpl
    def wrt_capability_decide(self, access, decision):
        if isinstance(self.opinion, Exception):
            raise self.opinion
        return self.opinion

    @hookimpl
    def wrt_capability_charge(self, subject, kind, amount):
        if amount > 100:
            raise QuotaExceeded("too much at once", account="plugin", kind=kind, requested=amount)


def test_plugins_take_away_and_never_give(events):
    assert not authority("trusted", events, Objector(Decision(False, "no"))).decide("random", "bytes", "read")
    assert authority("trusted", events, Objector(None)).decide("random", "bytes", "read")
    assert not authority(None, events, Objector(Decision(True))).decide("import", "env.log", "link")
    assert not authority("trusted", events, Objector(Decision(True)), Objector(Decision(False))).decide(
        "random", "bytes", "read"
    )


def test_a_plugin_that_raises_denies(events):
    asked = authority("trusted", events, Objector(RuntimeError("oops")))
    decision = asked.decide("random", "bytes", "read")
    assert not decision
    assert "RuntimeError: oops" in decision.reason


def test_plugins_refuse_charges(events):
    asked = authority("trusted", events, Objector(None))
    asked.charge("output", 100)
    with pytest.raises(QuotaExceeded, match="too much at once"):
        asked.charge("output", 101)
    assert asked.account.used("output") == 100
    assert events.of("quota", account="plugin")


class Offers:
    def __init__(self, name, **functions):
        self.name, self.functions = name, functions

    @hookimpl
    def wrt_capability_provide(self, authority):
        return {"env": self.functions}

    @hookimpl
    def wrt_capability_describe(self):
        return Description(self.name, claims={"env.f": Claim("random", self.name, "read")})

    @hookimpl
    def wrt_capability_intercept(self, access, code):
        return lambda: [*code(), self.name]

    @hookimpl
    def wrt_capability_sink(self):
        return self if self.name == "broken" else None


def test_plugins_are_asked_in_their_order(events):
    panel = Panel([Offers("first", f=1, g=2), Offers("second", f=3, h=4)])
    assert panel.provide(authority(None, events)) == {"env": {"f": 1, "g": 2, "h": 4}}
    assert [claim.object for claim in panel.claims["env.f"]] == ["first", "second"]
    assert panel.intercept(None, list)() == ["first", "second"]
    assert panel.sinks() == []
    with pytest.raises(PluginError, match="can't record"):
        Panel([Offers("broken")]).sinks()


def test_the_interceptors_of_the_package_are_plugins(events, caplog):
    policy = Policy.parse("""
        extends = "trusted"
        [capabilities.firewall]
        rules = ["allow env.ok", "deny env.*"]
        [capabilities.statistics]
        [capabilities.logging]
    """)
    from wrt_capability.plugins import create_capability

    plugins = [create_capability(name, settings=settings) for name, settings in policy.settings.items()]
    asked = authority(policy, events, *plugins)
    assert asked.require("import", "env.ok", "link")
    with caplog.at_level("INFO"), pytest.raises(CapabilityDenied, match=r"deny env\.\*"):
        asked.require("import", "env.no", "link")
    statistics = plugins[1]
    assert statistics.decisions == {("import", True): 2}  # the policy allows both: what others object to is theirs
    asked.charge("output", 5)
    assert statistics.charges == {("acme", "output"): 5}
    access = next(iter([asked.require("import", "env.ok", "call")]))
    assert access == "env.ok"
    assert "env.no" in caplog.text
