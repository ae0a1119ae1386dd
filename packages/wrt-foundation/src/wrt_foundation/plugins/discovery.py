"""Discovery: which plugins the installed distributions offer, read from their metadata. Nothing is imported."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Collection
from dataclasses import dataclass
from importlib.machinery import ModuleSpec

from wrt_foundation.plugins.events import PluginWarning
from wrt_foundation.plugins.installed import (
    EntryPoint,
    distributions,
    entry_points,
    header,
    normalized,
)

__all__ = ["BUILT_IN", "Offer", "is_missing", "normalized", "offers"]

BUILT_IN = frozenset({"wrt-capability", "wrt-cli", "wrt-core", "wrt-foundation", "wrt-jit", "wrt-wasi", "wrt-wast"})
"""The distributions that make up WRT. They differ from a stranger's in one thing: they win a clash of names,
so that installing a package can't change what "stackless" means. See RATIONALE.md, "Why do built-in names win?"."""


@dataclass(frozen=True)
class Offer:
    """One entry point of one installed distribution."""

    group: str
    name: str
    entry_point: EntryPoint
    distribution: str
    """The distribution's normalized name."""
    version: str | None
    requires: tuple[str, ...]
    """The distribution's requirements, as its metadata words them."""

    @property
    def qualified(self) -> str:
        """The name that only this offer answers to: "distribution:name"."""
        return f"{self.distribution}:{self.name}"

    def is_spelt(self, name: str) -> bool:
        """Say whether `name` is this offer's full name, the distribution being spelt as package indexes allow.

        A plugin's own name may have colons in it, as those of host modules do ("wasi:clocks/wall-clock").
        """
        distribution, colon = name[: -len(self.name) - 1], name[-len(self.name) - 1 :]
        return colon == f":{self.name}" and normalized(distribution) == self.distribution

    @property
    def built_in(self) -> bool:
        """True if WRT itself offers it."""
        return self.distribution in BUILT_IN


def offers(groups: Collection[str]) -> list[Offer]:
    """Return what every distribution on `sys.path` offers in `groups`, by distribution and name.

    Of a distribution that is on the path twice, the first one counts: it is the one that would be imported.
    One whose metadata cannot be read is named in a `PluginWarning` and left out.
    """
    found: list[Offer] = []
    for name, distribution in sorted(distributions(), key=lambda each: each[0]):
        what = str(getattr(distribution, "_path", distribution))
        try:
            text = distribution.read_text("entry_points.txt")
            if text and any(group in text for group in groups):
                fields = header(distribution)
                what = name
                version, requires = fields.get("Version", [None])[0], tuple(fields.get("Requires-Dist", ()))
                offered = sorted(entry_points(text), key=lambda entry_point: entry_point.name)
                found += [Offer(e.group, e.name, e, name, version, requires) for e in offered if e.group in groups]
        except Exception as error:  # noqa: BLE001 - whatever is wrong with one distribution, the others count
            _leave_out(what, error)
    return found


def _leave_out(what: str, error: Exception) -> None:
    message = f"the plugins of {what} are left out: its metadata cannot be read ({type(error).__name__}: {error})"
    warnings.warn(PluginWarning(message), stacklevel=3)


def is_missing(module: str) -> str | None:
    """Return the first part of a dotted module name that does not exist, or None; nothing is imported.

    None too where only an import could tell: in a namespace package inside another package, say.
    (`importlib.util.find_spec` would import the parents.)
    """
    parts = module.split(".")
    if not all(part.isidentifier() for part in parts):
        return module
    path: list[str] | None = None
    for length in range(1, len(parts) + 1):
        name = ".".join(parts[:length])
        imported = sys.modules.get(name)
        if imported is not None:
            path = list(getattr(imported, "__path__", ()))
            continue
        try:
            spec = _find(name, path)
            if spec is None:
                return name
            path = list(spec.submodule_search_locations or ())
        except Exception:  # noqa: BLE001 - finders are strangers' too, and a namespace's path may need its parent
            return None
    return None


def _find(name: str, path: list[str] | None) -> ModuleSpec | None:
    for finder in sys.meta_path:
        spec = finder.find_spec(name, path)
        if spec is not None:
            return spec
    return None
