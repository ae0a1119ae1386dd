"""Discovery: which plugins the installed distributions offer, read from their metadata. Nothing is imported."""

from __future__ import annotations

import re
import sys
import warnings
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from importlib.machinery import ModuleSpec

from importlib_metadata import Distribution, EntryPoint

from wrt_foundation.plugins.events import PluginWarning

__all__ = ["BUILT_IN", "Offer", "is_missing", "normalized", "offers"]

BUILT_IN = frozenset({"wrt-capability", "wrt-cli", "wrt-core", "wrt-foundation", "wrt-jit", "wrt-wasi", "wrt-wast"})
"""The distributions that make up WRT. They differ from a stranger's in one thing: they win a clash of names,
so that installing a package can't change what "stackless" means. See RATIONALE.md, "Why do built-in names win?"."""


def normalized(distribution: str) -> str:
    """Return a distribution's name as package indexes compare it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", distribution).lower()


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
    # A name has to be parsed out of a distribution's metadata, which for all of them would take most of the time
    # here; so only those are asked for it whose entry points mention us.
    names: set[str] = set()
    for distribution in Distribution.discover():
        try:
            text = distribution.read_text("entry_points.txt")
            if text and any(group in text for group in groups):
                names.add(normalized(distribution.name))
        except Exception as error:  # noqa: BLE001 - whatever is wrong with one distribution, the others count
            _leave_out(str(getattr(distribution, "_path", distribution)), error)
    found: list[Offer] = []
    for name in sorted(names):
        try:
            found += list(_offers_of(Distribution.from_name(name), name, groups))
        except Exception as error:  # noqa: BLE001 - as above
            _leave_out(name, error)
    return found


def _offers_of(distribution: Distribution, name: str, groups: Collection[str]) -> Iterator[Offer]:
    version, requires = distribution.version, tuple(distribution.requires or ())
    for entry_point in sorted(distribution.entry_points, key=lambda entry_point: entry_point.name):
        if entry_point.group in groups:
            yield Offer(entry_point.group, entry_point.name, entry_point, name, version, requires)


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
