"""The kit itself: it finds what is wrong with a plugin."""

from __future__ import annotations

import pytest

from wrt_capability.decision import Decision
from wrt_capability.plugins import AccessKind, CapabilityPlugin, Claim, Description
from wrt_capability.testing import CapabilityConformance
from wrt_foundation.traps import Trap

DICE = AccessKind("dice", ("roll",), "numbers of sides", "which dice may be rolled")


class Dice(CapabilityPlugin):
    """One that is right; the others are this with one thing wrong."""

    name = "dice"

    def __init__(self):
        pass

    def describe(self):
        return Description("Rolls dice.", (DICE,))

    def provide(self, authority):
        def roll(sides):
            authority.require("dice", str(sides), "roll")
            return 1

        return {"dice": {"roll": roll}}


class Nameless(Dice):
    name = ""


class Speechless(Dice):
    def describe(self):
        return Description("", (DICE,))


class TakesTheEnginesKind(Dice):
    def describe(self):
        return Description("Imports.", (AccessKind("import", ("link",), "anything", "what is imported"),))


class ClaimsForOthers(Dice):
    def describe(self):
        return Description("Rolls dice.", (DICE,), {"env.log": Claim("filesystem", "/", "read")})


class TakesAnySetting(Dice):
    def __init__(self, **settings):
        pass


class ResolvesTwice(Dice):
    def describe(self):
        return Description("Rolls dice.", (AccessKind("dice", ("roll",), "x", "y", resolve=lambda text: text + "/"),))


class ChokesOnPatterns(Dice):
    def describe(self):
        def pattern(text):
            raise KeyError(text)

        return Description("Rolls dice.", (AccessKind("dice", ("roll",), "x", "y", pattern=pattern),))


class AnswersAnything(Dice):
    def decide(self, access, decision):
        return "yes"


class GivesWithoutAsking(Dice):
    def provide(self, authority):
        return {"dice": {"roll": lambda sides: 1}}


class DeniesUnrecorded(Dice):
    def provide(self, authority):
        def roll(sides):
            if not authority.decide("dice", str(sides), "roll"):
                raise authority_denial(authority, sides)
            return 1

        return {"dice": {"roll": roll}}


class SwallowsTraps(Dice):
    def intercept(self, access, code):
        def intercepted(*arguments):
            try:
                return code(*arguments)
            except Trap:
                return None

        return intercepted


class LosesArguments(Dice):
    def intercept(self, access, code):
        return lambda *arguments: code(*arguments[:1])


class ChargesBadly(Dice):
    def charge(self, subject, kind, amount):
        raise KeyError(kind)


class OffersNoSink(Dice):
    def sink(self):
        return object()


class ClosesOnce(Dice):
    def close(self):
        del self.open

    open = True


def authority_denial(authority, sides):
    from wrt_capability.decision import Access
    from wrt_capability.traps import DeniedTrap

    return DeniedTrap(Access("dice", authority.subject, str(sides), "roll"), Decision(False))


class TestDice(CapabilityConformance):
    @pytest.fixture
    def capability(self):
        return Dice()


@pytest.mark.parametrize(
    ("broken", "test"),
    [
        (Nameless, "test_it_has_a_name"),
        (Speechless, "test_it_says_what_it_is_about"),
        (TakesTheEnginesKind, "test_its_kinds_can_be_written_in_policies"),
        (ClaimsForOthers, "test_its_claims_are_about_its_own_kinds"),
        (TakesAnySetting, "test_settings_that_make_no_sense_are_refused"),
        (ResolvesTwice, "test_odd_objects_are_resolved_or_refused"),
        (ChokesOnPatterns, "test_odd_patterns_are_read_or_refused"),
        (AnswersAnything, "test_it_gives_nothing_that_the_policy_denies"),
        (ChargesBadly, "test_charges_are_heard_or_refused"),
        (GivesWithoutAsking, "test_host_functions_ask_before_they_give"),
        (DeniesUnrecorded, "test_host_functions_ask_before_they_give"),
        (SwallowsTraps, "test_interceptors_let_values_and_traps_through"),
        (LosesArguments, "test_interceptors_let_values_and_traps_through"),
        (OffersNoSink, "test_its_sink_records"),
        (ClosesOnce, "test_closing_twice_does_nothing"),
    ],
)
def test_what_is_wrong_is_found(broken, test):
    with pytest.raises((Exception, pytest.fail.Exception)):
        getattr(CapabilityConformance(), test)(broken())
