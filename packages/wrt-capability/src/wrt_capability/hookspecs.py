"""The hooks of the capability layer: what capability plugins are asked, by life-cycle phase.

Each engine has plugins of its own, those that its policy or its maker names, and asks nobody else. Who derives from
`CapabilityPlugin` has the hooks already; any other object may implement those it wants, marked `@hookimpl`.

They are asked at coarse events alone: a decision, a link, a charge. What runs often is bound once, when it is linked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from wrt_foundation.plugins import hookspec

if TYPE_CHECKING:
    from wrt_capability.authority import Authority
    from wrt_capability.decision import Access, Decision, Subject
    from wrt_capability.plugins import Description
    from wrt_capability.recorder import Recorder

__all__ = [
    "wrt_capability_charge",
    "wrt_capability_decide",
    "wrt_capability_describe",
    "wrt_capability_intercept",
    "wrt_capability_provide",
    "wrt_capability_sink",
]

# --- Set-up ------------------------------------------------------------------------------------------------


@hookspec
def wrt_capability_describe() -> Description | None:
    """Say what the capability is about.

    Called when a policy that names the plugin is read, and when `wrt policy` explains one. Every plugin is asked.

    :returns: the kinds of access that it defines, and what imports of other modules amount to them; or None.
    """


@hookspec
def wrt_capability_sink() -> Recorder | None:
    """Offer a place for the audit trail.

    Called once for each engine, when it is made. Every plugin is asked, and every sink is told of every event, in
    the order of the plugins; one that raises makes what it was told of not happen.

    :returns: the sink, or None.
    """


# --- Deciding ----------------------------------------------------------------------------------------------


@hookspec
def wrt_capability_decide(access: Access, decision: Decision) -> Decision | None:
    """Give an opinion on an access.

    Called after the policy has decided and before anything happens. Every plugin is asked, and one denial denies:
    a plugin may take away, never give, so of an access that the policy denies it merely hears. One that raises denies.

    :param access: who wants to do what.
    :param decision: what the policy says.
    :returns: a decision, or None for no objection.
    """


@hookspec
def wrt_capability_charge(subject: Subject, kind: str, amount: int) -> None:
    """Hear of something that is about to be used up, and refuse by raising `QuotaExceeded`.

    Called before the accounts are charged. Every plugin is asked; whatever one raises refuses.

    :param subject: who uses it.
    :param kind: what, as accounts call it, or a kind of a plugin's own.
    :param amount: how much, in the kind's unit.
    """


# --- Linking -----------------------------------------------------------------------------------------------


@hookspec
def wrt_capability_provide(authority: Authority) -> Mapping[str, Mapping[str, object]] | None:
    """Offer host functions for a module to import.

    Called once for each instance, before it is linked. Every plugin is asked. What whoever instantiates gives for the
    same name goes before; the policy decides about all of it as about any import.

    :param authority: what the instance's subject may do; for the functions to ask, and to charge.
    :returns: what is offered, by module name, then by name, as `engine.instantiate` takes it; or None.
    """


@hookspec
def wrt_capability_intercept(access: Access, code: Callable[..., Any]) -> Callable[..., Any] | None:
    """Step between a guest and a host function that it imports.

    Called when the function is linked, once for each plugin, the result of one being what the next one is given.

    :param access: who imports what.
    :param code: the function, called by position: with a host function's values, or, where a `Func` was given, with
        values in the engines' representation.
    :returns: a function to take its place, or None to leave it as it is, at no cost.
    """
