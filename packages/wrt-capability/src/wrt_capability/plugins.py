"""`CapabilityPlugin`: the contract of kind `wrt.capabilities`, and how plugins are made by name.

A capability of your own::

    class Dice(CapabilityPlugin):
        name = "dice"

        def describe(self):
            return Description("Rolls dice.", kinds=(AccessKind("dice", ("roll",), "numbers of sides", "which dice"),))

        def provide(self, authority):
            def roll(sides):
                authority.require("dice", str(sides), "roll")  # traps if the policy has no such dice
                return random.randint(1, sides)

            return {"dice": {"roll": roll}}

Policies may then say `allow.dice.roll = ["6", "20"]`. `wrt_capability.testing` has the tests that each must pass.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from wrt_capability.policy.kinds import AccessKind
from wrt_foundation.errors import PluginError, WrtError
from wrt_foundation.plugins import Contract, PluginManager, get_plugin_manager, hookimpl

if TYPE_CHECKING:
    from wrt_capability.authority import Authority
    from wrt_capability.decision import Access, Decision, Subject
    from wrt_capability.recorder import Recorder

__all__ = ["AccessKind", "CapabilityPlugin", "Claim", "Description", "create_capability", "describe_capability"]

GROUP = "wrt.capabilities"


@dataclass(frozen=True, slots=True)
class Claim:
    """That to import something amounts to an access: who imports it needs that, too, or it is denied at link time.

    So a function that hands out random bytes is not linked for those who have no right to any, whoever offers it.
    """

    kind: str
    object: str
    operation: str


@dataclass(frozen=True, slots=True)
class Description:
    """What a capability is about: one sentence, the kinds of access that it defines, and its claims on imports.

    `claims` are by the import's "module.name".
    """

    text: str
    kinds: tuple[AccessKind, ...] = ()
    claims: Mapping[str, Claim] = field(default_factory=dict)


class CapabilityPlugin(ABC):
    """A capability: rights of one sort, what they are called in policies, and what is done with them.

    One object serves one engine, whose instances may run in several threads. Its constructor takes what the policy
    says under `[capabilities.NAME]` as keyword arguments, and raises `TypeError` or `ValueError` for what makes no
    sense. Only `describe` has to be written. For when each method is called see `wrt_capability.hookspecs`.
    """

    name: ClassVar[str] = ""
    """The entry-point name, for messages."""

    @abstractmethod
    def describe(self) -> Description:
        """Say what the capability is about."""

    def decide(self, access: Access, decision: Decision) -> Decision | None:
        """Give an opinion on an access, a denial or None; it can't allow what the policy denies."""
        return None

    def provide(self, authority: Authority) -> Mapping[str, Mapping[str, object]]:
        """Offer host functions for one instance, by module name, then by name."""
        return {}

    def intercept(self, access: Access, code: Callable[..., Any]) -> Callable[..., Any] | None:
        """Step between a guest and a host function: return what is to take its place, or None."""
        return None

    def charge(self, subject: Subject, kind: str, amount: int) -> None:  # noqa: B027 - most have nothing against it
        """Hear of something that is about to be used up; raise `QuotaExceeded` to refuse."""

    def sink(self) -> Recorder | None:
        """Offer a place for the audit trail."""
        return None

    def close(self) -> None:  # noqa: B027 - most hold nothing
        """Let go of what is held; the engine closes. Twice does nothing."""

    # --- the hooks -----------------------------------------------------------------------------------------

    @hookimpl
    def wrt_capability_describe(self) -> Description:
        """See `describe`."""
        return self.describe()

    @hookimpl
    def wrt_capability_decide(self, access: Access, decision: Decision) -> Decision | None:
        """See `decide`."""
        return self.decide(access, decision)

    @hookimpl
    def wrt_capability_provide(self, authority: Authority) -> Mapping[str, Mapping[str, object]]:
        """See `provide`."""
        return self.provide(authority)

    @hookimpl
    def wrt_capability_intercept(self, access: Access, code: Callable[..., Any]) -> Callable[..., Any] | None:
        """See `intercept`."""
        return self.intercept(access, code)

    @hookimpl
    def wrt_capability_charge(self, subject: Subject, kind: str, amount: int) -> None:
        """See `charge`."""
        self.charge(subject, kind, amount)

    @hookimpl
    def wrt_capability_sink(self) -> Recorder | None:
        """See `sink`."""
        return self.sink()


_CONTRACT: Contract[Callable[..., Any]] = Contract(
    "a CapabilityPlugin subclass or another callable that takes its settings", callable
)


def create_capability(
    name: str, manager: PluginManager | None = None, settings: Mapping[str, Any] | None = None
) -> CapabilityPlugin:
    """Return a new capability plugin by its entry-point name, made with `settings`.

    Raises `UnknownPlugin` for a name that nobody offers, and `PluginError` for a plugin that is broken or does not
    take these settings.
    """
    manager = get_plugin_manager() if manager is None else manager
    factory = manager.registry(GROUP, _CONTRACT).get(name)
    try:
        made = factory(**(settings or {}))
    except WrtError:
        raise
    except Exception as error:  # a stranger's code
        message = f"the capability {name!r} can't be made: {type(error).__name__}: {error}"
        raise PluginError(message, plugin=name) from error
    if not isinstance(made, CapabilityPlugin):
        message = f"the capability {name!r} is broken: it made {made!r}, which is no CapabilityPlugin"
        raise PluginError(message, plugin=name)
    return made


def describe_capability(
    name: str, manager: PluginManager | None = None, settings: Mapping[str, Any] | None = None
) -> Description:
    """Return what the capability of that name says it is about; what it holds is let go of again.

    Raises as `create_capability` does.
    """
    with closing(create_capability(name, manager, settings)) as capability:
        return capability.describe()
