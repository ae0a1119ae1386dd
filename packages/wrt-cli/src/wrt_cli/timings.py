"""Timings: where the time of a run goes, told when it is over."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING

import click

from wrt_foundation.plugins import hookimpl

if TYPE_CHECKING:
    from wrt_core.validation import ValidatedModule

__all__ = ["Timings"]


class Timings:
    """An observer that adds up the seconds of each phase; what is translated counts for no other phase."""

    def __init__(self) -> None:
        self._seconds = dict.fromkeys(("decode", "validate", "link", "translate", "run"), 0.0)
        self._details = dict.fromkeys(self._seconds, "")
        self._translated = 0
        self._linked = self._translated_by_then = 0.0

    @hookimpl
    def wrt_module_loaded(self, module: ValidatedModule, decoding: float, validating: float) -> None:
        """Note how long the module took."""
        self._seconds["decode"] += decoding
        self._seconds["validate"] += validating
        self._details["decode"] = f"{len(module.module.binary):,} bytes"
        self._details["validate"] = f"{len(module.module.codes):,} functions"

    @hookimpl
    def wrt_instance_created(self, seconds: float) -> None:
        """Note how long linking took, the start function included; what follows is the run."""
        self._seconds["link"] += seconds - self._seconds["translate"]
        self._linked, self._translated_by_then = perf_counter(), self._seconds["translate"]

    @hookimpl
    def wrt_function_compiled(self, seconds: float) -> None:
        """Count one function."""
        self._translated += 1
        self._seconds["translate"] += seconds
        self._details["translate"] = f"{self._translated:,} functions"

    def show(self) -> None:
        """Write a line for each phase to stderr. The run ends here."""
        if self._linked:
            translating = self._seconds["translate"] - self._translated_by_then
            self._seconds["run"] = perf_counter() - self._linked - translating
        for name, seconds in self._seconds.items():
            click.echo(f"{name:10}{seconds * 1000:12,.1f} ms   {self._details[name]}".rstrip(), err=True)
