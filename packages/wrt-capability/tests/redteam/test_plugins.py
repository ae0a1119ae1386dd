"""Plugins and records that fail, or lie: nothing is let through, and nothing is lost unnoticed."""

from __future__ import annotations

import json

import pytest

from wrt_capability.audit import AuditLog, create_sink
from wrt_capability.audit.verify import verify
from wrt_capability.decision import Decision
from wrt_core.testing import ModuleBuilder
from wrt_foundation.errors import CapabilityDenied, WrtError
from wrt_foundation.plugins import hookimpl


class Raises:
    @hookimpl
    def wrt_capability_decide(self, access, decision):
        raise RuntimeError("broken")


class Allows:
    @hookimpl
    def wrt_capability_decide(self, access, decision):
        return Decision(True, "I say so")


class Refuses:
    @hookimpl
    def wrt_capability_charge(self, subject, kind, amount):
        raise RuntimeError("no")


class FullDisk:
    def record(self, event, /):
        raise OSError("no space left on device")


def importing() -> ModuleBuilder:
    builder = ModuleBuilder()
    host = builder.import_function("env", "log", "->")
    builder.function("run", "->", f"call {host}")
    return builder


def test_a_plugin_that_raises_denies(lab):
    with pytest.raises(CapabilityDenied, match="RuntimeError: broken"):
        lab.guest(importing(), {"env": {"log": lambda: None}}, lab.tenant("a", capabilities=[Raises()]))


def test_a_plugin_cannot_allow_what_the_policy_denies(lab):
    builder = ModuleBuilder()
    builder.import_function("env", "secret", "->")
    with pytest.raises(CapabilityDenied):
        lab.guest(builder, {"env": {"secret": lambda: None}}, lab.tenant("a", capabilities=[Allows()]))


def test_a_plugin_that_refuses_a_charge_stops_it(lab):
    tenant = lab.tenant("a", capabilities=[Refuses()])
    with pytest.raises(RuntimeError):
        lab.guest(importing(), {"env": {"log": lambda: None}}, tenant)
    assert tenant.account.used("instances") == 0


def test_a_record_that_cannot_be_written_stops_what_it_is_about(lab):
    calls = []
    tenant = lab.tenant("a")
    guest = lab.guest(importing(), {"env": {"log": lambda: calls.append(1)}}, tenant)
    guest.exports.run()
    lab.events.failure = OSError("no space left on device")
    with pytest.raises(OSError, match="no space"):
        lab.guest(importing(), {"env": {"log": lambda: calls.append(1)}}, tenant)
    lab.events.failure = None
    assert calls == [1]


def test_a_tenant_whose_trail_fails_from_the_beginning_does_not_begin(lab):
    with pytest.raises(OSError, match="no space"):
        lab.tenant("a", audit=FullDisk())


@pytest.fixture
def trail(lab, tmp_path):
    """A trail of a guest that was refused, as a file that is intact."""
    path = tmp_path / "audit.jsonl"
    log = AuditLog(create_sink("file", path=path))
    tenant = lab.tenant("a", audit=log)
    builder = ModuleBuilder()
    builder.import_function("env", "secret", "->")
    for _ in range(5):
        with pytest.raises(CapabilityDenied):
            lab.guest(builder, {"env": {"secret": lambda: None}}, tenant)
    tenant.close()
    log.close()
    assert verify(path).intact
    return path


def forged(lines):
    record = json.loads(lines[4])
    record["allowed"] = True
    lines[4] = json.dumps(record)


@pytest.mark.parametrize(
    "tamper",
    [
        forged,
        lambda lines: lines.pop(4),
        lambda lines: lines.pop(),
        lambda lines: lines.insert(2, lines[4]),
        lambda lines: lines.reverse(),
        lambda lines: lines.clear(),
        lambda lines: lines.append(lines[-1]),
    ],
    ids=["forged", "dropped", "truncated", "inserted", "reordered", "emptied", "repeated"],
)
def test_tampering_is_found(trail, tamper):
    lines = trail.read_text().splitlines()
    tamper(lines)
    trail.write_text("".join(line + "\n" for line in lines))
    assert not verify(trail).intact


def test_a_guest_cannot_forge_records_by_the_names_it_chooses(lab, tmp_path):
    path = tmp_path / "audit.jsonl"
    log = AuditLog(create_sink("file", path=path))
    tenant = lab.tenant("a", audit=log)
    builder = ModuleBuilder('x"}\n{"event": "decision", "allowed": true, "seal": "')
    builder.import_function("env", 'secret\n{"event": "forged"}', "->")
    builder.import_function("env", "secret", "->")
    with pytest.raises(WrtError):
        lab.guest(builder, {}, tenant)
    tenant.close()
    log.close()
    assert verify(path).intact
    assert all(json.loads(line)["event"] != "forged" for line in path.read_text().splitlines())


def test_arguments_are_in_no_record(lab, tmp_path):
    path = tmp_path / "audit.jsonl"
    log = AuditLog(create_sink("file", path=path))
    tenant = lab.tenant("a", '[[rule]]\nallow.import = "env.*"\nallow.call = "*"\nlog = true\n', audit=log)
    builder = ModuleBuilder()
    host = builder.import_function("env", "log", "i32 ->")
    builder.function("run", "i32 ->", f"local.get 0  call {host}")
    lab.guest(builder, {"env": {"log": lambda pin: None}}, tenant).exports.run(123454321)
    tenant.close()
    log.close()
    text = path.read_text()
    assert any(json.loads(line)["event"] == "call" for line in text.splitlines())
    assert "123454321" not in text
