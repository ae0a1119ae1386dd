"""`wrt policy`: a group of commands on policies, one file a verb."""

from __future__ import annotations

from importlib import import_module

import click

from wrt_foundation.plugins import hookimpl

__all__ = ["policy", "wrt_register_command"]

EXAMPLES = """\b
Examples:
  wrt policy init app.wasm -o policy.toml             begin one for a module
  wrt policy check policy.toml                        does it make sense?
  wrt policy explain policy.toml import env.log link  may that be linked, and by which rule?
  wrt policy diff sandbox policy.toml                 what does it allow that the preset does not?

\b
A policy is a file, or the name of a preset: qm, asil-a, asil-b, asil-c, asil-d, sandbox, trusted.
"""

_VERBS = ("check", "diff", "explain", "init")


class _Verbs(click.Group):
    """Imports the verb that is typed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _VERBS:
            return None
        found: click.Command = import_module(f"wrt_capability.commands.policy.{cmd_name}").command
        return found


@click.command(cls=_Verbs, epilog=EXAMPLES, context_settings={"help_option_names": ["-h", "--help"]})
def policy() -> None:
    """Check, explain, compare and begin policies."""


@hookimpl
def wrt_register_command() -> click.Command:
    """Hand over the command."""
    return policy
