"""`wrt policy check`: do policies make sense?"""

from __future__ import annotations

import json

import click

from wrt_capability.commands.printable import printable
from wrt_capability.policy import Policy, PolicyError
from wrt_foundation.plugins import PluginManager

__all__ = ["command"]

EXAMPLES = """\b
Examples:
  wrt policy check policy.toml
  wrt policy check policies/*.toml --json

\b
Exit status: 0 if all of them make sense, 1 if one does not.
"""


@click.command("check", epilog=EXAMPLES, context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("policies", metavar="POLICY...", nargs=-1, required=True)
@click.option("--json", "as_json", is_flag=True, help="Write what was found as JSON.")
@click.pass_context
def command(ctx: click.Context, policies: tuple[str, ...], as_json: bool) -> None:
    """Say whether policies make sense; of one that does not, the line, the key, and the nearest word that would.

    What they extend is read as well, and the capability plugins that they speak of are asked what they know.
    """
    found = [_verdict(policy, ctx.obj.plugins) for policy in policies]
    if as_json:
        click.echo(json.dumps(found, indent=2))
    else:
        for each in found:
            click.echo(printable(str(each["text"])))
    if not all(each["ok"] for each in found):
        ctx.exit(1)


def _verdict(source: str, plugins: PluginManager) -> dict[str, object]:
    try:
        policy = Policy.of(source, manager=plugins)
    except PolicyError as error:
        text = str(error) if error.filename else f"{source}: {error}"
        where = {"file": error.filename or source, "line": error.line, "key": error.key}
        return {"policy": source, "ok": False, **where, "message": error.message, "text": text}
    except OSError as error:
        message = error.strerror or str(error)
        where = {"file": source, "line": None, "key": None}
        return {"policy": source, "ok": False, **where, "message": message, "text": f"{source}: {message}"}
    entries = sum(len(rule.entries) for rule in policy.rules)
    limits = sum(len(rule.limits) + len(rule.quota) for rule in policy.rules)
    text = f"{source}: ok: {len(policy.rules)} rules, {entries} patterns, {limits} limits"
    counts = {"rules": len(policy.rules), "patterns": entries, "limits": limits}
    return {"policy": source, "ok": True, **counts, "text": text}
