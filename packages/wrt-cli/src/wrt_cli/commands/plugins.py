"""`wrt plugins`: what is installed, without importing any of it."""

from __future__ import annotations

import dataclasses

import click

from wrt_cli import output
from wrt_foundation.errors import did_you_mean
from wrt_foundation.plugins import PluginEntry, PluginManager, State, hookimpl, list_plugins

__all__ = ["plugins", "wrt_register_command"]

EXAMPLES = """\b
Examples:
  wrt plugins                    every kind
  wrt plugins --kind engines     what can stand behind wrt run --engine
  wrt plugins --check            import each one; fails if one is broken
  wrt plugins --json             for programs
  WRT_PLUGINS= wrt plugins       without those of others
"""


@click.command(epilog=EXAMPLES, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--kind", "kinds", metavar="KIND", multiple=True, help="Only this kind, such as engines. Repeatable.")
@click.option("--check", is_flag=True, help="Import each plugin to see whether it works; exits with 1 if one does not.")
@click.option("--json", "as_json", is_flag=True, help="Write a list of records.")
@click.pass_context
def plugins(ctx: click.Context, kinds: tuple[str, ...], check: bool, as_json: bool) -> None:
    """List the installed plugins.

    Nothing is imported, so of the broken ones only those are seen whose module is not there; --check finds them all.
    """
    manager: PluginManager = ctx.obj.plugins
    groups = [_group(manager, kind) for kind in kinds] or list(manager.kinds)
    entries = [entry for entry in list_plugins(manager, load=check) if entry.kind in groups]
    if as_json:
        output.json_document([dataclasses.asdict(entry) | {"state": entry.state.value} for entry in entries])
    else:
        _show(manager, groups, entries)
    if check and any(entry.state is State.BROKEN for entry in entries):
        ctx.exit(1)


def _group(manager: PluginManager, kind: str) -> str:
    """Return the entry-point group that a user means by "wrt.engines", "engines", "engine" or "memory-providers"."""
    plural = kind.removeprefix("wrt.").replace("-", "_").replace(" ", "_")
    for group in (f"wrt.{plural}", f"wrt.{plural}s"):
        if group in manager.kinds:
            return group
    known = [group.removeprefix("wrt.") for group in manager.kinds]
    raise click.BadParameter(f"no kind of plugin is {kind!r}{did_you_mean(plural, known)}; known: {', '.join(known)}")


def _show(manager: PluginManager, groups: list[str], entries: list[PluginEntry]) -> None:
    rows = [
        (entry.kind, entry.name, entry.distribution or "this process", entry.version or "", entry.state.value)
        for entry in entries
    ]
    output.table(("kind", "name", "distribution", "version", "state"), rows)
    reasons = [entry for entry in entries if entry.reason]
    for entry in reasons:
        noun = manager.kinds[entry.kind].noun
        click.echo(output.printable(f"{entry.state.value}: the {noun} {entry.name!r}: {entry.reason}"))
    for group in groups:
        if not any(entry.kind == group for entry in entries):
            click.echo(f"none installed: {group}")


@hookimpl
def wrt_register_command() -> click.Command:
    """Hand over the command."""
    return plugins
