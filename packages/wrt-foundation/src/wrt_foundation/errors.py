"""Every error that WRT raises on purpose, in one family under `WrtError`.

All of them pickle, so an error may cross a process pool. Traps, the failures a *running* guest
meets, are in `traps.py`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

__all__ = [
    "BudgetExceeded",
    "CapabilityDenied",
    "DecodeError",
    "ExecutionError",
    "Exit",
    "LinkError",
    "PluginError",
    "QuotaExceeded",
    "SnapshotError",
    "TextError",
    "UnknownPlugin",
    "UnsupportedFeature",
    "ValidationError",
    "ValueRangeError",
    "ValueTypeError",
    "WrtError",
    "did_you_mean",
]


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return " (did you mean 'x'?)" for the known name closest to `name`, or an empty string."""
    from difflib import get_close_matches  # nobody waits for it who has made no mistake

    close = get_close_matches(name, list(known), n=1)
    return f" (did you mean {close[0]!r}?)" if close else ""


class WrtError(Exception):
    """The root of everything WRT raises on purpose.

    `message` is the specification's own wording where it has one; `str()` adds where it happened.
    """

    def __init__(self, message: str = "") -> None:
        super().__init__(message)
        self.message = message

    def __reduce__(self) -> tuple[Any, ...]:
        # Exception.__reduce__ calls the class with `args` alone; keyword-only fields would be lost.
        return _rebuild, (type(self), self.args, self.__dict__.copy())


def _rebuild(kind: type[WrtError], args: tuple[Any, ...], state: dict[str, Any]) -> WrtError:
    error = kind.__new__(kind, *args)
    error.args = args
    error.__dict__.update(state)
    return error


class _Located(WrtError):
    """An error that can name the section and the byte offset it was found at."""

    def __init__(self, message: str, *, offset: int | None = None, section: str | None = None) -> None:
        super().__init__(message)
        self.offset = offset
        self.section = section

    def __str__(self) -> str:
        where = []
        if self.section is not None:
            where.append(f"in the {self.section} section")
        if self.offset is not None:
            where.append(f"at offset 0x{self.offset:x}")
        return f"{self.message} ({' '.join(where)})" if where else self.message


class DecodeError(_Located):
    """Bytes that are not a module: malformed by the binary format. `offset` counts from the module's first byte."""


class ValidationError(_Located):
    """A well-formed module that breaks a typing rule.

    `function` is the index of the function whose body is at fault, None outside of bodies.
    """

    def __init__(
        self,
        message: str,
        *,
        offset: int | None = None,
        section: str | None = None,
        function: int | None = None,
    ) -> None:
        super().__init__(message, offset=offset, section=section)
        self.function = function

    def __str__(self) -> str:
        text = super().__str__()
        return text if self.function is None else f"{text} in function {self.function}"


class UnsupportedFeature(ValidationError):
    """A module needs a feature that is switched off, or that the chosen engine does not run.

    `feature` is the feature's name.
    """

    def __init__(self, message: str, *, feature: str, offset: int | None = None, function: int | None = None) -> None:
        super().__init__(message, offset=offset, function=function)
        self.feature = feature


class TextError(WrtError):
    """Text that is not a module or a script: malformed by the text format. `line` and `column` count from 1."""

    def __init__(
        self, message: str, *, line: int, column: int, source_line: str = "", filename: str | None = None
    ) -> None:
        super().__init__(message)
        self.line = line
        self.column = column
        self.source_line = source_line
        self.filename = filename

    def __str__(self) -> str:
        where = f"{self.filename or '<text>'}:{self.line}:{self.column}: {self.message}"
        if not self.source_line:
            return where
        # Of a long line, as generated text has, what stands around the place is enough.
        start = max(self.column - 1 - _AROUND, 0)
        line = self.source_line[start : start + 2 * _AROUND]
        # Tabs are kept in the margin, so that the caret stands under the right character.
        margin = "".join("\t" if c == "\t" else " " for c in line[: self.column - 1 - start])
        return f"{where}\n  {line}\n  {margin}^"


_AROUND = 80
"""Characters that are shown before and after a place in a line."""


class LinkError(WrtError):
    """Imports that do not fit the module: absent, of another kind, or of a type that does not match.

    `module` and `name` are the import's two names where one import is at fault.
    """

    def __init__(self, message: str, *, module: str | None = None, name: str | None = None) -> None:
        super().__init__(message)
        self.module = module
        self.name = name


class ValueTypeError(WrtError, TypeError):
    """A host's object is not of the kind that a WebAssembly type asks for, such as a float given for an i32."""


class ValueRangeError(WrtError, ValueError):
    """A host's value is of the right kind, but the WebAssembly type can't hold it, such as 2**32 given for an i32."""


class BudgetExceeded(WrtError):
    """A memory budget would be overdrawn; nothing was charged.

    `owner` names the budget that refused; `requested` and `available` are bytes.
    """

    def __init__(self, message: str, *, owner: str, requested: int, available: int) -> None:
        super().__init__(message)
        self.owner = owner
        self.requested = requested
        self.available = available


class CapabilityDenied(WrtError):
    """A guest asked for what its policy does not grant.

    `tenant` is who asked, `kind`, `object` and `operation` what for; `rule` is the rule that said no, "" if none did.
    """

    def __init__(
        self,
        message: str,
        *,
        tenant: str = "",
        kind: str = "",
        object: str = "",  # noqa: A002 - the word for it in policies
        operation: str = "",
        rule: str = "",
    ) -> None:
        super().__init__(message)
        self.tenant = tenant
        self.kind = kind
        self.object = object
        self.operation = operation
        self.rule = rule


class QuotaExceeded(WrtError):
    """A guest used up one of its quotas; nothing was charged.

    `account` names the account that refused, by its path; `kind` is what it ran out of, `requested` and `available`
    in that kind's unit.
    """

    def __init__(
        self, message: str, *, account: str = "", kind: str = "", requested: int = 0, available: int = 0
    ) -> None:
        super().__init__(message)
        self.account = account
        self.kind = kind
        self.requested = requested
        self.available = available


class ExecutionError(WrtError):
    """An execution was asked for what it can't do in its state, or what its engine can't do at all."""


class SnapshotError(WrtError):
    """A snapshot that can't be taken, or is damaged, hostile, or of another program; nothing of it has run."""


class PluginError(WrtError):
    """A plugin could not be loaded, or broke its contract. `plugin` is its entry-point name."""

    def __init__(self, message: str, *, plugin: str | None = None, distribution: str | None = None) -> None:
        super().__init__(message)
        self.plugin = plugin
        self.distribution = distribution


class UnknownPlugin(PluginError, LookupError):
    """No plugin of that name is installed. The message lists the known ones and suggests the closest."""


class Exit(WrtError):
    """A guest ended itself with `status`. It never ends the host process: it is an exception to catch."""

    def __init__(self, status: int) -> None:
        super().__init__(f"the guest exited with status {status}")
        self.status = status
