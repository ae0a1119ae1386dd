"""Kinds: what accesses can be about, and how the objects of each are written, compared and resolved."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from wrt_capability.policy.patterns import NamePattern, PathPattern, Pattern, resolve_path

__all__ = ["CORE_KINDS", "AccessKind", "Kinds"]


def _as_it_is(object: str) -> str:  # noqa: A002 - the word for it in policies
    return object


@dataclass(frozen=True, slots=True)
class AccessKind:
    """A kind of access: its name as policies have it, its operations, and what its objects are.

    `pattern` makes a pattern of a policy's text, raising `ValueError`; `resolve` turns what a guest asks for into
    what patterns are compared with, raising `ValueError` for what is no such object.
    """

    name: str
    operations: tuple[str, ...]
    objects: str
    """What an object is, in words."""
    description: str
    pattern: Callable[[str], Pattern] = NamePattern
    resolve: Callable[[str], str] = _as_it_is

    @classmethod
    def of_paths(cls, name: str, operations: tuple[str, ...], description: str) -> AccessKind:
        """Make a kind whose objects are paths of the host, compared as resolved paths and never as text."""
        return cls(name, operations, "absolute paths", description, PathPattern, resolve_path)


Kinds = Mapping[str, AccessKind]
"""Kinds by name."""

CORE_KINDS: Kinds = {
    kind.name: kind
    for kind in (
        AccessKind("import", ("link", "call"), '"module.name"', "what a module imports, functions and all else"),
        AccessKind("call", ("call",), "names of exports", "which exports the host may use"),
        AccessKind(
            "module",
            ("instantiate", "snapshot", "resume"),
            "names of modules, or * for the rule's own",
            "what may be done with a module as a whole",
        ),
        AccessKind("delegate", ("delegate",), "kinds of access", "what may be handed on to others"),
    )
}
"""The kinds that the capability-aware engine itself asks about."""
