"""`Access`: what somebody wants to do; `Decision`: what a policy says to that. Nouns that all of this layer shares."""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["ANONYMOUS", "Access", "Decision", "Subject"]

ANONYMOUS = "default"
"""The tenant of those who name none."""


@dataclass(frozen=True, slots=True)
class Subject:
    """Who asks: a module that a tenant runs. `module` is its own name, `hash` its SHA-256 in hexadecimal; or ""."""

    tenant: str = ANONYMOUS
    module: str = ""
    hash: str = ""

    def __str__(self) -> str:
        module = self.module or self.hash[:12]
        return f"{self.tenant}/{module}" if module else self.tenant


@dataclass(frozen=True, slots=True)
class Access:
    """One thing that a subject wants to do: `operation` on `object`, where `kind` says what objects these are.

    `kind` is "import", "call", … or the name of a capability plugin; `object` an import as "module.name", an export's
    name, a resolved path, the name of a variable …; `operation` a word of that kind, such as "link", "call" or "read".
    """

    kind: str
    subject: Subject
    object: str
    operation: str

    def __str__(self) -> str:
        return f"{self.subject}: {self.kind} {self.object!r} {self.operation}"


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided of an access, by which rule and why. True in a condition if it is allowed.

    `rule` is where the rule stands and its text, such as 'policy.toml:12: allow import "env.*"', or "" where no rule
    applies and the default decides. `log` asks for each use of what is allowed to be recorded, not only its link.
    """

    allowed: bool
    rule: str = ""
    reason: str = ""
    log: bool = field(default=False, compare=False)

    def __bool__(self) -> bool:
        return self.allowed
