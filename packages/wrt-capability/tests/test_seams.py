"""What the parts of this layer say to one another: accesses, decisions, and the traps made of them."""

from __future__ import annotations

import pickle

from wrt_capability.decision import Access, Decision, Subject
from wrt_capability.recorder import NOBODY, Recorder
from wrt_capability.traps import DeniedImport, DeniedTrap, QuotaTrap, denied
from wrt_foundation.errors import CapabilityDenied, LinkError, QuotaExceeded
from wrt_foundation.traps import Exhaustion, Frame, Trap, TrapCode

ACCESS = Access("import", Subject("acme", "app", "ab" * 32), "env.log", "call")
REFUSAL = Decision(False, "p.toml:3: deny import 'env.*'", "no reason")


def test_a_decision_is_true_if_it_allows():
    assert Decision(True)
    assert not REFUSAL


def test_a_subject_names_the_tenant_and_the_module():
    assert str(Subject("acme", "app", "ab" * 32)) == "acme/app"
    assert str(Subject("acme", "", "ab" * 32)) == f"acme/{'ab' * 6}"
    assert str(Subject("acme")) == "acme"


def test_denials_say_who_what_and_by_which_rule():
    for error in (DeniedTrap(ACCESS, REFUSAL), DeniedImport(ACCESS, REFUSAL, "env", "log"), denied(ACCESS, REFUSAL)):
        assert isinstance(error, CapabilityDenied)
        again = pickle.loads(pickle.dumps(error))
        for each in (error, again):
            assert (each.tenant, each.kind, each.object, each.operation) == ("acme", "import", "env.log", "call")
            assert each.rule == REFUSAL.rule
            assert str(each) == (
                "tenant 'acme' may not call import 'env.log' by p.toml:3: deny import 'env.*': no reason"
            )


def test_a_module_without_a_name_is_called_what_a_policy_may_call_it():
    nameless = Access("module", Subject("acme", "", "ab" * 32), "", "instantiate")
    assert f"instantiate module 'sha256:{'ab' * 32}'" in str(denied(nameless, Decision(False)))
    named = Access("module", Subject("acme", "app", "ab" * 32), "app", "instantiate")
    assert "instantiate module 'app'" in str(denied(named, Decision(False)))


def test_a_denial_of_a_running_guest_is_a_trap_with_frames():
    trap = DeniedTrap(ACCESS, REFUSAL)
    assert isinstance(trap, Trap)
    assert trap.code is TrapCode.CAPABILITY_DENIED
    trap.frames = (Frame(0, "main", 1),)
    trap.args = (trap.code, trap.message, trap.frames)
    assert pickle.loads(pickle.dumps(trap)).frames == trap.frames


def test_a_denied_import_is_a_link_error():
    error = DeniedImport(ACCESS, REFUSAL, "env", "log")
    assert isinstance(error, LinkError)
    assert (error.module, error.name) == ("env", "log")


def test_a_quota_trap_is_an_exhaustion_that_names_the_account():
    trap = QuotaTrap(QuotaExceeded("no", account="process/acme", kind="fuel", requested=2, available=1))
    assert isinstance(trap, Exhaustion)
    for each in (trap, pickle.loads(pickle.dumps(trap))):
        assert (each.account, each.kind, each.requested, each.available) == ("process/acme", "fuel", 2, 1)
        assert each.code is TrapCode.QUOTA_EXCEEDED


def test_nobody_records_nothing():
    assert isinstance(NOBODY, Recorder)
    assert NOBODY.record({"event": "decision"}) is None
