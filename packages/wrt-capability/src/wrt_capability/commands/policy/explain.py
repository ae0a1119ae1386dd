"""`wrt policy explain`: may somebody do something, and by which rule?"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from typing import Any

import click

from wrt_capability.commands.policy.module import KnownModule, known_module
from wrt_capability.commands.printable import printable
from wrt_capability.decision import Access
from wrt_capability.panel import Panel, plugins_for
from wrt_capability.plugins import describe_capability
from wrt_capability.policy import QUANTITIES, Limit, Policy
from wrt_capability.policy.explanation import Explanation, explain
from wrt_capability.policy.quantities import show_quantity
from wrt_capability.policy.section import combine
from wrt_foundation.errors import UnknownPlugin, did_you_mean
from wrt_foundation.plugins import PluginManager

__all__ = ["command"]

EXAMPLES = """\b
Examples:
  wrt policy explain policy.toml import env.log link
  wrt policy explain policy.toml filesystem /data/in.txt read --tenant acme --module app.wasm
  wrt policy explain sandbox import wasi_snapshot_preview1.random_get   each operation of that kind
  wrt policy explain asil-d --module app.wasm                          the limits that hold

\b
Exit status: 0 if all that was asked about is allowed, 1 if something is denied.
"""


@click.command("explain", epilog=EXAMPLES, context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("policy")
@click.argument("kind", required=False)
@click.argument("object", required=False)
@click.argument("operation", required=False)
@click.option("--tenant", default="default", show_default=True, help="Who asks.")
@click.option("--module", metavar="MODULE", help="Running which module: a file, its name, or sha256:HASH.")
@click.option("--json", "as_json", is_flag=True, help="Write the answer as JSON.")
@click.pass_context
def command(
    ctx: click.Context,
    policy: str,
    kind: str | None,
    object: str | None,  # noqa: A002 - the word for it in policies
    operation: str | None,
    tenant: str,
    module: str | None,
    as_json: bool,
) -> None:
    """Answer whether a tenant that runs a module may do something: the rule that decides, and those it overrides.

    KIND is a kind of access, such as import, call, module, filesystem or stdio; OBJECT what it is about, such as
    env.log or /data/in.txt; OPERATION what is done with it, or each one that the kind has. Without a kind, the limits
    that hold are shown.
    """
    plugins: PluginManager = ctx.obj.plugins
    asked = Policy.of(policy, manager=plugins)
    about = known_module(module, plugins)
    if kind is None:
        _limits(asked, tenant, about, as_json=as_json)
        return
    if object is None:
        raise click.UsageError(f'say which {kind}: an OBJECT, such as "*"')
    answers = _explained(asked, tenant, about, kind, object, operation, plugins)
    if as_json:
        click.echo(json.dumps([each.plain() for each in answers], indent=2))
    else:
        for each in answers:
            _tell(each)
    if not all(each.allowed for each in answers):
        ctx.exit(1)


def _explained(
    policy: Policy,
    tenant: str,
    about: KnownModule,
    kind: str,
    object: str,  # noqa: A002
    operation: str | None,
    plugins: PluginManager,
) -> list[Explanation]:
    panel, policy = _asked(policy, kind, plugins)
    known = policy.kinds.get(kind)
    if known is None:
        raise click.UsageError(f"there is no kind of access {kind!r}{did_you_mean(kind, policy.kinds)}")
    if operation is not None and operation not in known.operations:
        names = ", ".join(known.operations)
        hint = did_you_mean(operation, known.operations)
        raise click.UsageError(f"{kind} has no operation {operation!r}{hint}; known: {names}")
    operations = known.operations if operation is None else (operation,)
    subject = about.of(tenant)
    try:
        return [explain(policy, Access(kind, subject, object, each), panel) for each in operations]
    except ValueError as error:
        raise click.UsageError(f"{object!r} is not among {known.objects}: {error}") from error


def _asked(policy: Policy, kind: str, plugins: PluginManager) -> tuple[Panel, Policy]:
    """Return the plugins that an engine with this policy asks, and the policy, knowing the kind that is asked for."""
    made = plugins_for(policy, plugins)
    described = [plugin.describe() for plugin in made]
    if kind not in policy.kinds:
        with suppress(UnknownPlugin):
            described.append(describe_capability(kind, plugins))
    kinds = {each.name: each for description in described for each in description.kinds}
    return Panel(made), replace(policy, kinds=kinds | dict(policy.kinds))


def _tell(answer: Explanation, depth: int = 0) -> None:
    access, decision = answer.access, answer.decision
    verdict = click.style("allowed", fg="green") if decision else click.style("denied", fg="red")
    by = decision.rule or decision.reason
    why = f" ({decision.reason})" if decision.rule and decision.reason else ""
    indent = "  " * depth
    what = f"{access.subject}: {access.operation} {access.kind} {access.object!r}"
    click.echo(f"{indent}{verdict}: {printable(what)}")
    click.echo(f"{indent}  by {printable(by + why)}")
    for ruling in answer.rulings[1:]:
        click.echo(f"{indent}  which overrides {printable(str(ruling))}")
    if answer.amounts_to:
        click.echo(f"{indent}  and it amounts to")
        for each in answer.amounts_to:
            _tell(each, depth + 2)


def _limits(policy: Policy, tenant: str, about: KnownModule, *, as_json: bool) -> None:
    tables = {"limits": combine(policy.limits(about.of(tenant)), about.limits), "quota": policy.quota(tenant)}
    if as_json:
        click.echo(json.dumps({name: _plain(table) for name, table in tables.items()}, indent=2))
        return
    for name, limits in tables.items():
        for quantity, limit in limits.items():
            click.echo(f"{name}.{quantity} = {_shown(quantity, limit)}")
            click.echo(f"  by {printable(limit.rule)}")
    if not any(tables.values()):
        click.echo("nothing is limited")


def _plain(limits: dict[str, Limit]) -> dict[str, Any]:
    return {name: {"value": limit.value, "rule": limit.rule} for name, limit in limits.items()}


def _shown(quantity: str, limit: Limit) -> str:
    return show_quantity(QUANTITIES[quantity], limit.value)
