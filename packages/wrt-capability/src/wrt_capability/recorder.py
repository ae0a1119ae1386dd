"""`Recorder`: where what happened is written; the audit log is one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable

__all__ = ["NOBODY", "Recorder"]


@runtime_checkable
class Recorder(Protocol):
    """Takes one event at a time. Thread-safe; it is called before what it records takes effect, wherever it can be.

    An event is a mapping of plain values (str, int, bool, None, and lists of them). Keys:

    ============  =======================================================================================
    `event`       "decision", "quota", "trap", "instantiation", "call", "policy", "delegation", "revocation", "pause"
    `tenant`      the tenant's name
    `module`      the module's own name, or ""
    `hash`        the module's SHA-256 in hexadecimal, or ""
    `kind` `object` `operation`   of the access, where there is one
    `allowed`     whether it was, where something was decided
    `rule`        the rule that decided, with its place
    `reason`      why, in words
    `function`    the guest's function it happened in, or "" where that is not known
    `backtrace`   the guest's frames, innermost first, a list of str
    `arguments`   a digest of the arguments, never the arguments themselves
    `count`       of a refused quota: for how many refusals the record stands, those of a loop being told together
    ============  =======================================================================================

    The recorder adds the time. Keys that do not apply are left out; others may be added.
    """

    def record(self, event: Mapping[str, Any], /) -> None:
        """Record `event`, durably as far as this recorder promises that, before it returns.

        It raises if it cannot, and then what was to be recorded must not happen: a failing recorder fails closed.
        """


class _Nobody:
    def record(self, event: Mapping[str, Any], /) -> None:
        pass


NOBODY: Recorder = _Nobody()
"""Records nothing: for who wants no audit."""
