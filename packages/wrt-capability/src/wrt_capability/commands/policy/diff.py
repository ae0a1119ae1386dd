"""`wrt policy diff`: what does one policy allow that another does not?"""

from __future__ import annotations

import json
from dataclasses import asdict

import click

from wrt_capability.commands.printable import printable
from wrt_capability.policy import QUANTITIES, Limit, Policy
from wrt_capability.policy.difference import (
    AccessChange,
    LimitChange,
    SettingChange,
    access_changes,
    limit_changes,
    setting_changes,
)
from wrt_capability.policy.quantities import show_quantity
from wrt_capability.policy.writing import quoted

__all__ = ["command"]

EXAMPLES = """\b
Examples:
  wrt policy diff old.toml new.toml
  wrt policy diff sandbox policy.toml
  wrt policy diff asil-a asil-b --json

\b
Exit status: 0 if they come to the same, 1 if not.
"""


@click.command("diff", epilog=EXAMPLES, context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("before")
@click.argument("after")
@click.option("--json", "as_json", is_flag=True, help="Write the differences as JSON.")
@click.pass_context
def command(ctx: click.Context, before: str, after: str, as_json: bool) -> None:
    """Compare what two policies come to, however they are written.

    Lines with + are newly allowed, or limits that are wider; lines with - newly denied, or tighter. Compared are all
    patterns that either names, for each tenant and module that either names.
    """
    old, new = (Policy.of(each, manager=ctx.obj.plugins) for each in (before, after))
    accesses, limits = access_changes(old, new), limit_changes(old, new)
    settings = setting_changes(old, new)
    if as_json:
        document = {
            "accesses": [asdict(each) for each in accesses],
            "limits": [asdict(each) | {"looser": each.looser} for each in limits],
            "settings": [asdict(each) for each in settings],
        }
        click.echo(json.dumps(document, indent=2))
    else:
        for access in accesses:
            _tell_access(access)
        for limit in limits:
            _tell_limit(limit)
        for setting in settings:
            _tell_setting(setting)
    if accesses or limits or settings:
        ctx.exit(1)


def _tell_access(change: AccessChange) -> None:
    sign = click.style("+ allowed", fg="green") if change.allowed else click.style("- denied", fg="red")
    whom = _whom(change.tenant, change.module)
    what = f"{change.kind} {quoted(change.pattern)} {', '.join(change.operations)}{whom}"
    click.echo(f"{sign}: {printable(what)}")
    click.echo(f"    before: {printable(change.before or 'nothing allowed it')}")
    click.echo(f"    after:  {printable(change.after or 'nothing allows it')}")


def _tell_limit(change: LimitChange) -> None:
    sign = click.style("+ wider", fg="green") if change.looser else click.style("- tighter", fg="red")
    whom = _whom(change.tenant, change.module)
    before, after = _shown(change.quantity, change.before), _shown(change.quantity, change.after)
    click.echo(f"{sign}: {printable(f'{change.table}.{change.quantity}: {before} -> {after}{whom}')}")


def _tell_setting(change: SettingChange) -> None:
    click.echo(f"! {printable(f'{change.setting}: {_text(change.before)} -> {_text(change.after)}')}")


def _text(value: object) -> str:
    return "not there" if value is None else json.dumps(value, default=str)


def _whom(tenant: str, module: str) -> str:
    whom = [f"{noun} {quoted(text)}" for noun, text in (("tenant", tenant), ("module", module)) if text != "*"]
    return f" for {', '.join(whom)}" if whom else ""


def _shown(quantity: str, limit: Limit | None) -> str:
    return show_quantity(QUANTITIES[quantity], None if limit is None else limit.value)
