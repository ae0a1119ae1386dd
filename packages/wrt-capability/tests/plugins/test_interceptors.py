"""Interceptors: logging, firewall and statistics, on decisions, links, calls and charges."""

from __future__ import annotations

import logging
import threading

import pytest

from wrt_capability.authority import Authority
from wrt_capability.decision import Access, Subject
from wrt_capability.interceptors.firewall import Firewall
from wrt_capability.interceptors.logging import Logging
from wrt_capability.interceptors.statistics import Statistics
from wrt_capability.panel import Panel
from wrt_capability.policy import Policy
from wrt_capability.quota import QuotaAccount
from wrt_foundation.errors import CapabilityDenied, QuotaExceeded

SUBJECT = Subject("acme", "shop")
EVERYTHING = {"rule": [{"allow": {"import": "*"}}]}


def authority(plugin, events, policy=EVERYTHING, **limits) -> Authority:
    account = QuotaAccount("acme", limits)
    return Authority(SUBJECT, Policy.of(policy), account=account, recorder=events, panel=Panel([plugin]))


def importing(name: str) -> Access:
    return Access("import", SUBJECT, name, "link")


# --- firewall ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("default", "name", "passes"),
    [
        ("allow", "env.log", True),
        ("allow", "env.exit", False),
        ("allow", "sys.log", True),
        ("deny", "env.log", True),
        ("deny", "env.exit", False),
        ("deny", "sys.log", False),
    ],
)
def test_the_first_rule_that_fits_decides(events, default, name, passes):
    firewall = Firewall(rules=["allow env.log", "deny env.*", "allow env.exit"], default=default)
    assert authority(firewall, events).decide("import", name, "link").allowed is passes


def test_a_firewall_opens_nothing(events):
    firewall = Firewall(rules=["allow *"])
    assert not authority(firewall, events, None).decide("import", "env.log", "link")


def test_a_firewall_is_about_imports_alone(events):
    asked = authority(Firewall(default="deny"), events, {"rule": [{"allow": {"call": "*"}}]})
    assert asked.decide("call", "main", "call")


def test_its_denial_is_recorded_with_its_rule(events):
    with pytest.raises(CapabilityDenied, match="firewall: deny env"):
        authority(Firewall(rules=["deny env.*"]), events).require("import", "env.log", "call")
    assert events.of("decision", allowed=False)[0]["rule"] == "firewall: deny env.*"


@pytest.mark.parametrize("settings", [{"rules": ["block x"]}, {"rules": ["deny"]}, {"default": "no"}])
def test_rules_that_make_no_sense_are_refused(settings):
    with pytest.raises(ValueError):
        Firewall(**settings)


# --- logging -----------------------------------------------------------------------------------------------


def test_decisions_and_calls_are_logged_and_arguments_are_not(events, caplog):
    caplog.set_level(logging.INFO, "wrt.capability")
    plugin = Logging()
    asked = authority(plugin, events)
    asked.decide("import", "env.log", "link")
    asked.decide("random", "bytes", "read")
    assert plugin.intercept(importing("env.log"), lambda *arguments: sum(arguments))(1234567, 1) == 1234568
    levels = [record.levelno for record in caplog.records]
    assert levels == [logging.INFO, logging.WARNING, logging.INFO]
    assert "allowed" in caplog.messages[0]
    assert "denied" in caplog.messages[1]
    assert "env.log" in caplog.messages[2]
    assert "1234567" not in caplog.text


def test_calls_need_not_be_logged():
    assert Logging(calls=False).intercept(importing("env.log"), print) is None


def test_another_logger_may_be_named(events, caplog):
    caplog.set_level(logging.INFO, "shop.audit")
    authority(Logging(logger="shop.audit"), events).decide("import", "env.log", "link")
    assert [record.name for record in caplog.records] == ["shop.audit"]


# --- statistics --------------------------------------------------------------------------------------------


def test_everything_is_counted(events):
    counted = Statistics()
    asked = authority(counted, events, output=10)
    asked.decide("import", "env.log", "link")
    asked.decide("random", "bytes", "read")
    asked.charge("output", 7)
    function = counted.intercept(importing("env.log"), lambda: None)
    for _ in range(3):
        function()
    assert counted.calls == {("acme", "env.log"): 3}
    assert counted.decisions == {("import", True): 1, ("random", False): 1}
    assert counted.charges == {("acme", "output"): 7}
    with pytest.raises(QuotaExceeded):
        asked.charge("output", 7)


def test_no_call_is_lost_between_threads():
    counted = Statistics()
    function = counted.intercept(importing("env.log"), lambda: None)
    threads = [threading.Thread(target=lambda: [function() for _ in range(2000)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counted.calls["acme", "env.log"] == 8000
