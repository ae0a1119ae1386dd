"""The conformance kit for capability plugins::

    class TestDice(CapabilityConformance):
        @pytest.fixture
        def capability(self):
            return Dice()

Each test gets a plugin of its own. Our own plugins are tested by this kit too.
"""

from __future__ import annotations

import inspect
import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, ClassVar

import pytest

from wrt_capability.authority import Authority
from wrt_capability.decision import Access, Decision, Subject
from wrt_capability.panel import Panel
from wrt_capability.plugins import CapabilityPlugin, Description
from wrt_capability.policy import Policy
from wrt_capability.policy.kinds import CORE_KINDS, AccessKind
from wrt_capability.quota import QuotaAccount
from wrt_capability.recorder import Recorder
from wrt_core.execution import Interruption
from wrt_foundation.errors import CapabilityDenied, QuotaExceeded
from wrt_foundation.plugins import get_plugin_manager
from wrt_foundation.traps import Trap, TrapCode

__all__ = ["CapabilityConformance"]

SOMEBODY = Subject("acme", "shop", "ab" * 32)
IMPORT = Access("import", SOMEBODY, "env.log", "link")

# What guests and policies may come up with: none of it may surprise a plugin.
ODD = ["", "\0", "*", "**", "?", "..", "../..", "/", "//", "\\", "[", "a:b", "é", "\ud800", "\x1b[2J", "x" * 10_000]


class _Events:
    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []

    def record(self, event: Mapping[str, Any], /) -> None:
        self.events.append(dict(event))


class CapabilityConformance:
    """What every capability must do. Inherit it in a class that pytest collects; define a fixture `capability`."""

    everything: ClassVar[Mapping[str, str]] = {}
    """By kind, the pattern that stands for all of its objects, where that is neither `*` nor `**`."""

    unguarded: ClassVar[Collection[str]] = ()
    """The host functions, as "module.name", that give nothing away and so need not ask."""

    # --- what it says of itself ----------------------------------------------------------------------------

    def test_it_has_a_name(self, capability: CapabilityPlugin) -> None:
        assert capability.name, "set `name` to the entry point's name"

    def test_it_says_what_it_is_about(self, capability: CapabilityPlugin) -> None:
        described = capability.describe()
        assert isinstance(described, Description)
        assert described.text, "a description is one sentence at least"
        again = capability.describe()
        assert [kind.name for kind in again.kinds] == [kind.name for kind in described.kinds]
        assert again.claims == described.claims

    def test_its_kinds_can_be_written_in_policies(self, capability: CapabilityPlugin) -> None:
        kinds = capability.describe().kinds
        assert len({kind.name for kind in kinds}) == len(kinds), "two kinds have the same name"
        for kind in kinds:
            assert kind.name not in CORE_KINDS, f"{kind.name} is the engine's own kind"
            assert kind.name, "a kind has a name"
            assert kind.operations, f"{kind.name} has no operation"
            assert len(set(kind.operations)) == len(kind.operations)
            assert kind.description, f"{kind.name} is not described"
            assert kind.objects, f"{kind.name} does not say what its objects are"

    def test_its_claims_are_about_its_own_kinds(self, capability: CapabilityPlugin) -> None:
        described = capability.describe()
        kinds = {kind.name: kind for kind in described.kinds}
        for name, claim in described.claims.items():
            assert "." in name, f"{name} is no import: it would be module.name"
            assert claim.kind in kinds
            assert claim.operation in kinds[claim.kind].operations
            assert kinds[claim.kind].resolve(claim.object) == claim.object

    def test_settings_that_make_no_sense_are_refused(self, capability: CapabilityPlugin) -> None:
        with pytest.raises((TypeError, ValueError)):
            type(capability)(**{"there is no such setting": 1})

    # --- objects and patterns ------------------------------------------------------------------------------

    def test_odd_objects_are_resolved_or_refused(self, capability: CapabilityPlugin) -> None:
        for kind in capability.describe().kinds:
            for text in ODD:
                try:
                    resolved = kind.resolve(text)
                except ValueError:
                    continue
                assert kind.resolve(resolved) == resolved, f"{kind.name}: {text!r} is resolved to what is not resolved"

    def test_odd_patterns_are_read_or_refused(self, capability: CapabilityPlugin) -> None:
        for kind in capability.describe().kinds:
            for text in ODD:
                try:
                    pattern = kind.pattern(text)
                except ValueError:
                    continue
                again = kind.pattern(text)
                assert pattern.text == text
                assert pattern == again
                assert hash(pattern) == hash(again)
                assert pattern.covers(again), f"{kind.name}: {text!r} does not cover itself"
                assert len(pattern.specificity) == 2
                for what in resolved(kind, ODD):
                    assert isinstance(pattern.matches(what), bool)

    def test_policies_grant_and_deny_its_kinds(self, capability: CapabilityPlugin) -> None:
        for kind in capability.describe().kinds:
            every = self._everything(kind)
            for operation in kind.operations:
                granting = self._policy(capability, {"rule": [{"allow": {kind.name: {operation: every}}}]})
                denying = self._policy(
                    capability, {"rule": [{"allow": {kind.name: every}, "deny": {kind.name: every}}]}
                )
                nothing = self._policy(capability, {})
                objects = list(resolved(kind, ["a", "/a", "a:1", "0", *ODD]))
                assert objects, f"{kind.name} resolves nothing"
                for what in objects:
                    access = Access(kind.name, SOMEBODY, what, operation)
                    assert granting.decide(access).allowed, f"{every!r} does not stand for {what!r}"
                    assert not denying.decide(access).allowed
                    assert not nothing.decide(access).allowed
                    for other in set(kind.operations) - {operation}:
                        assert not granting.decide(Access(kind.name, SOMEBODY, what, other)).allowed

    # --- deciding ------------------------------------------------------------------------------------------

    def test_it_gives_nothing_that_the_policy_denies(self, capability: CapabilityPlugin) -> None:
        panel = Panel([capability])
        denial = Decision(False, "p.toml:1: deny", "no")
        for access in self._accesses(capability):
            opinion = capability.decide(access, denial)
            assert opinion is None or isinstance(opinion, Decision)
            assert panel.decide(access, denial) == denial

    def test_it_has_the_same_opinion_in_every_thread(self, capability: CapabilityPlugin) -> None:
        allowance = Decision(True, "p.toml:1: allow")
        accesses = list(self._accesses(capability))
        expected = [_verdict(capability.decide(access, allowance)) for access in accesses]
        found: list[list[bool]] = []

        def ask() -> None:
            found.append([_verdict(capability.decide(access, allowance)) for access in accesses])

        threads = [threading.Thread(target=ask) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert found == [expected] * 4

    def test_charges_are_heard_or_refused(self, capability: CapabilityPlugin) -> None:
        for kind in ("memory", "fuel", "output", "no such kind"):
            for amount in (0, 1, 1 << 40):
                try:
                    capability.charge(SOMEBODY, kind, amount)
                except QuotaExceeded:
                    continue

    # --- host functions ------------------------------------------------------------------------------------

    def test_what_it_offers_can_be_linked(self, capability: CapabilityPlugin) -> None:
        for module, names in capability.provide(self._authority(capability, {})).items():
            assert isinstance(module, str)
            for name, offered in names.items():
                assert isinstance(name, str)
                assert offered is not None, f"{module}.{name} is nothing"

    def test_host_functions_ask_before_they_give(self, capability: CapabilityPlugin) -> None:
        """Called for somebody who may do nothing, each must raise `CapabilityDenied`, and that must be recorded."""
        events = _Events()
        authority = self._authority(capability, {}, events)
        for name, function in host_functions(capability.provide(authority)):
            if name in self.unguarded:
                continue
            arguments = [0] * sum(
                each.default is inspect.Parameter.empty for each in inspect.signature(function).parameters.values()
            )
            before = len(events.events)
            with pytest.raises(CapabilityDenied):
                function(*arguments)
            denials = [each for each in events.events[before:] if each["event"] == "decision"]
            assert denials, f"{name} was denied, and nothing recorded"
            assert not denials[-1]["allowed"]

    def test_interceptors_let_values_and_traps_through(self, capability: CapabilityPlugin) -> None:
        trap, pause = Trap(TrapCode.UNREACHABLE), Interruption()

        def code(*arguments: Any) -> Any:
            if arguments == (1,):
                raise trap
            if arguments == (2,):
                raise pause
            return arguments

        for operation in CORE_KINDS["import"].operations:
            replaced = capability.intercept(Access("import", SOMEBODY, "env.log", operation), code)
            if replaced is None:
                continue
            assert replaced(3, 4) == (3, 4)
            with pytest.raises(Trap) as trapped:
                replaced(1)
            assert trapped.value is trap
            with pytest.raises(Interruption) as paused:
                replaced(2)
            assert paused.value is pause

    # --- life ----------------------------------------------------------------------------------------------

    def test_its_sink_records(self, capability: CapabilityPlugin) -> None:
        sink = capability.sink()
        if sink is not None:
            assert isinstance(sink, Recorder)
            sink.record({"event": "decision", "tenant": "acme", "allowed": True})

    def test_closing_twice_does_nothing(self, capability: CapabilityPlugin) -> None:
        panel = Panel([capability])
        panel.close()
        panel.close()

    # --- what the tests are made with ----------------------------------------------------------------------

    def _everything(self, kind: AccessKind) -> str:
        if kind.name in self.everything:
            return self.everything[kind.name]
        try:
            return kind.pattern("*").text
        except ValueError:
            return "**"

    def _policy(self, capability: CapabilityPlugin, document: Mapping[str, Any]) -> Policy:
        manager = get_plugin_manager()
        registry = manager.registry("wrt.capabilities")
        name = capability.name
        if name not in registry.names():
            registry.register(name, lambda **_: capability)
        return Policy.of({"capabilities": {name: {}}, **document}, manager=manager)

    def _authority(
        self, capability: CapabilityPlugin, document: Mapping[str, Any], recorder: Recorder | None = None
    ) -> Authority:
        policy = self._policy(capability, document)
        account = QuotaAccount("acme")
        return Authority(SOMEBODY, policy, account=account, recorder=recorder or _Events(), panel=Panel([capability]))

    def _accesses(self, capability: CapabilityPlugin) -> Iterator[Access]:
        yield IMPORT
        kinds = {**CORE_KINDS, **{kind.name: kind for kind in capability.describe().kinds}}
        for kind in kinds.values():
            for operation in kind.operations:
                for what in resolved(kind, ["a", "/a", "a:1", *ODD]):
                    yield Access(kind.name, SOMEBODY, what, operation)


def resolved(kind: AccessKind, objects: list[str]) -> Iterator[str]:
    """Yield what the kind makes of those that are objects of it."""
    for each in objects:
        try:
            yield kind.resolve(each)
        except ValueError:
            continue


def host_functions(offered: Mapping[str, Mapping[str, object]]) -> Iterator[tuple[str, Callable[..., Any]]]:
    """Yield the functions that are offered, by "module.name"."""
    for module, names in offered.items():
        for name, each in names.items():
            if callable(each):
                yield f"{module}.{name}", each


def _verdict(opinion: Decision | None) -> bool:
    return opinion is None or opinion.allowed
