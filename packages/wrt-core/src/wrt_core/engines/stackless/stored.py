"""Translations as they are kept in a module's pack, and how they come back."""

from __future__ import annotations

from dataclasses import astuple, fields
from typing import Any

from wrt_core.cache import Pack
from wrt_core.engines.stackless.translation.function import Translation
from wrt_core.engines.stackless.translation.safe_points import Exit
from wrt_core.engines.stackless.translation.templates.casts import TEST, test_named
from wrt_core.engines.stackless.translation.variant import Form
from wrt_core.engines.stackless.translation.writing.source import Numbers
from wrt_core.execution.activation import ActivationKind
from wrt_core.validation import ValidatedModule
from wrt_foundation.traps import TrapCode

__all__ = ["Stored"]

_KIND = "stackless"


def _is_kept(form: Form) -> bool:
    return form.resumed is None and not form.wary


class Stored:
    """The translations of one module that its pack has, by function and form.

    What is left of a function at one safe point is not among them: a program may have been paused at any of thousands,
    and each is nearly as long as its function. Nor is what a program's own addresses have made wary.
    """

    def __init__(self, pack: Pack) -> None:
        self._pack = pack

    def get(self, module: ValidatedModule, index: int, form: Form) -> Translation | None:
        """Return a translation, None if it was not kept."""
        found = self._pack.get(_KIND, index, form.key) if _is_kept(form) else None
        if found is None:
            return None
        found["traps"] = {line: TrapCode[name] for line, name in found["traps"].items()}
        for name in found.pop("tests"):
            found["constants"][name] = test_named(name, module)
        found["counted"] = {offset: Numbers(*each) for offset, each in found["counted"].items()}
        found["exits"] = {
            offset: Exit(ActivationKind(kind), stack, held) for offset, (kind, stack, held) in found["exits"].items()
        }
        return Translation(source="", **found)

    def put(self, translation: Translation, index: int, form: Form) -> None:
        """Keep a translation. Its source and what was found on the way are left out: they can be had again."""
        if not _is_kept(form):
            return
        kept: dict[str, Any] = {each.name: getattr(translation, each.name) for each in fields(translation)}
        del kept["source"], kept["found"]
        kept["traps"] = {line: trap.name for line, trap in translation.traps.items()}
        kept["counted"] = {offset: astuple(each) for offset, each in translation.counted.items()}
        kept["exits"] = {at: (each.kind.value, each.stack, each.held) for at, each in translation.exits.items()}
        # A cast's test is a function, which its name says how to make.
        kept["tests"] = [name for name in translation.constants if name.startswith(TEST)]
        kept["constants"] = {name: each for name, each in translation.constants.items() if not name.startswith(TEST)}
        self._pack.put(kept, _KIND, index, form.key)
