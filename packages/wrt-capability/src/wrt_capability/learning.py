"""Learning: run a program with everything allowed, and write the policy that allows what it has used, and no more.

    with LearningEngine(learn="policy.toml", tenant="acme") as engine:
        instance = engine.instantiate(engine.load("app.wasm"), imports)
        instance.exports.main()

What was not reached is not learned: run it with what it is to do. Quotas of what was held are suggested, in comments.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO, ClassVar, cast

from wrt_capability.authority import Authority
from wrt_capability.decision import ANONYMOUS
from wrt_capability.engine import CapabilityAwareEngine
from wrt_capability.plugins import CapabilityPlugin, Description, describe_capability
from wrt_capability.policy import Policy
from wrt_capability.policy.kinds import CORE_KINDS, AccessKind
from wrt_capability.policy.patterns import PathPattern
from wrt_capability.policy.quantities import QUANTITIES, show_quantity
from wrt_capability.policy.writing import Grant, escaped, rule_text
from wrt_core.host_modules import Grants
from wrt_core.validation import ValidatedModule
from wrt_foundation.errors import PluginError
from wrt_foundation.plugins import PluginManager, get_plugin_manager

__all__ = ["Learner", "LearningEngine", "capability_aware", "everything"]


def capability_aware(
    *, learn: str | os.PathLike[str] | None = None, policy: Any = None, **options: Any
) -> CapabilityAwareEngine:
    """Return the engine `capability-aware`: one that keeps a policy, or, with `learn`, one that writes it to that file.

    Takes the options of `CapabilityAwareEngine` besides. Raises `TypeError` if there is a policy to keep, too.
    """
    if learn is None:
        return CapabilityAwareEngine(policy=policy, **options)
    if policy is not None:
        raise TypeError("an engine keeps a policy or learns one, not both")
    return LearningEngine(learn=learn, **options)


class Learner(CapabilityPlugin):
    """Notes each access that is allowed, as a sink of the audit trail. Thread-safe."""

    name: ClassVar[str] = "learning"

    def __init__(self) -> None:
        self._used: dict[tuple[str, str, str], dict[tuple[str, str, str], None]] = {}

    def describe(self) -> Description:
        """Say what the capability is about."""
        return Description("Notes what is used.")

    def sink(self) -> Learner:
        """Have every event come here."""
        return self

    def record(self, event: Mapping[str, Any], /) -> None:
        """Note an access."""
        if event["event"] == "decision" and event["allowed"]:
            whose = event["tenant"], event["hash"], event["module"]
            self._used.setdefault(whose, {})[event["kind"], event["operation"], event["object"]] = None

    def policy(self, kinds: Mapping[str, AccessKind], held: Mapping[str, int] | None = None) -> str:
        """Return the policy that allows this and nothing else, in TOML.

        `held` is the most that the tenant has held at one time of what it is to be offered a quota of, by quantity: a
        comment, since a run shows what it took and not what it may take.
        """
        rules = ["# Learned from what was used; whatever else is asked for is denied. Limits are yours to set.\n"]
        for (tenant, digest, name), accesses in sorted(self._used.items()):
            about = {"tenant": escaped(tenant)} | ({"module": f"sha256:{digest}"} if digest else {})
            grants = [Grant(kind, operation, _pattern(kinds.get(kind), what)) for kind, operation, what in accesses]
            remarks = [f"the module calls itself {name!r}"] if name else []
            rules.append(rule_text(sorted(grants), about=about, remarks=remarks))
        if held:
            rules.append(_suggested(held))
        return "\n".join(rules)


def _suggested(held: Mapping[str, int]) -> str:
    lines = [
        "# The most that was held at one time, doubled and rounded up. To bound what a tenant may hold, uncomment:"
    ]
    quotas = [(name, show_quantity(QUANTITIES[name], _roomy(most))) for name, most in held.items() if most]
    lines += ["#", "# [[rule]]", *(f"# quota.{name} = {text}" for name, text in quotas)]
    return "\n".join(lines) + "\n"


def _roomy(most: int) -> int:
    """The next power of two from twice as much on."""
    return 1 << (2 * most - 1).bit_length()


def _pattern(kind: AccessKind | None, what: str) -> str:
    if not what:
        return "*"  # a module without a name: its rule is about its hash
    return what if kind is not None and kind.pattern is PathPattern else escaped(what)


def everything(manager: PluginManager) -> Policy:
    """Return the policy that allows everything that the engine, or a plugin that is installed, is asked about."""
    kinds: dict[str, AccessKind] = dict(CORE_KINDS)
    for name in manager.registry("wrt.capabilities").names():
        try:
            found = describe_capability(name, manager).kinds
        except PluginError:
            continue  # one that is broken, or can't be made without settings
        kinds |= {kind.name: kind for kind in found if kind.name == name}
    allow = {name: "**" if kind.pattern is PathPattern else "*" for name, kind in kinds.items()}
    return Policy.of({"name": "everything", "rule": [{"allow": allow}]}, manager=manager)


class LearningEngine(CapabilityAwareEngine):
    """An engine that allows everything, notes what is used, and writes a policy for that to `learn` when it is closed.

    Takes the options of `CapabilityAwareEngine` but for a policy.
    """

    def __init__(
        self,
        *,
        learn: str | os.PathLike[str],
        tenant: str = ANONYMOUS,
        capabilities: Iterable[object] = (),
        plugins: PluginManager | None = None,
        **options: Any,
    ) -> None:
        """Raises what `CapabilityAwareEngine` raises."""
        plugins = get_plugin_manager() if plugins is None else plugins
        self.learner = Learner()
        self._learn = Path(learn)
        self._written = False
        super().__init__(
            policy=everything(plugins),
            tenant=tenant,
            capabilities=[*capabilities, self.learner],
            plugins=plugins,
            **options,
        )

    def permitted(self, module: ValidatedModule, grants: Grants) -> Grants:
        """Return all of it; a stream is noted when it is first used, variables when they are handed out."""
        subject = self._subject(module)
        authority = self.tenant.authority.below(subject, self.account)
        given = authority.only(replace(grants, stdin=None, stdout=None, stderr=None))

        def noted(stream: BinaryIO | None, name: str, operation: str) -> BinaryIO | None:
            return None if stream is None else cast(BinaryIO, _Noted(stream, authority, name, operation))

        return replace(
            given,
            stdin=noted(grants.stdin, "stdin", "read"),
            stdout=noted(grants.stdout, "stdout", "write"),
            stderr=noted(grants.stderr, "stderr", "write"),
        )

    def close(self) -> None:
        """Write the policy, and close as any engine is closed. Raises `OSError` if it can't be written."""
        try:
            if not self._written:
                self._written = True
                self._learn.write_text(self.learner.policy(self.tenant.policy.kinds, self._held()), encoding="utf-8")
        finally:
            super().close()

    def _held(self) -> dict[str, int]:
        account = self.tenant.account
        return {
            name: account.budget(QUANTITIES[name].account or name).peak for name in ("memory", "table", "instances")
        }


class _Noted:
    """A stream whose first use is an access. What it can do is what the stream can do."""

    _HARMLESS = frozenset({"closed", "flush", "isatty", "mode", "name", "readable", "seekable", "writable"})

    def __init__(self, stream: BinaryIO, authority: Authority, name: str, operation: str) -> None:
        self._stream = stream
        self._note: Any = lambda: authority.require("stdio", name, operation)

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._stream, name)
        if name not in self._HARMLESS and self._note is not None:
            note, self._note = self._note, None
            note()
        return found
