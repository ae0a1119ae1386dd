"""The `wrt` command: a group whose subcommands are plugins (entry points `wrt.commands`)."""

from __future__ import annotations

import os
import sys
import warnings
from dataclasses import dataclass, field
from typing import Any, NoReturn, TextIO

import click

from wrt_cli import failures, output
from wrt_cli.__about__ import __version__
from wrt_foundation.errors import PluginError, UnknownPlugin, WrtError, did_you_mean
from wrt_foundation.plugins import Contract, PluginManager, PluginWarning, Registry, get_plugin_manager

__all__ = ["Commands", "Shared", "main", "wrt"]


class Commands(click.Group):
    """A group that finds its commands by entry point and imports the one that is typed.

    A broken one is named where it would have been listed, and does not disturb the others. Whatever WRT raises
    in a command becomes a message and an exit status here, so that a stranger's command fails as ours do.
    """

    def registry(self, ctx: click.Context) -> Registry[click.Command]:
        """Return the commands that are installed; the plugin manager is made once for each run."""
        return ctx.ensure_object(Shared).plugins.registry("wrt.commands", Contract.instance_of(click.Command))

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the installed commands; nothing is imported."""
        return list(self.registry(ctx).names())

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command; None for a name that nobody offers, and a `BrokenCommand` for one that can't be had."""
        try:
            return self.registry(ctx).get(cmd_name)
        except UnknownPlugin:
            return None
        except PluginError as error:
            return BrokenCommand(cmd_name, error)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that was typed, or say which there are and which is the closest."""
        name = args[0]
        command = self.get_command(ctx, name)
        if command is None:
            known = self.list_commands(ctx)
            ctx.fail(f"no command is called {name!r}{did_you_mean(name, known)}; known: {', '.join(known)}")
        return name, command, args[1:]

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command that was typed, and turn WRT's errors into messages and exit statuses."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            raise  # click ends quietly where nobody reads on
        except (WrtError, OSError, KeyboardInterrupt) as error:
            ctx.exit(failures.report(error))


class BrokenCommand(click.Command):
    """Stands for a command whose plugin can't be loaded: it is listed, and says why when it is typed."""

    def __init__(self, name: str, error: PluginError) -> None:
        super().__init__(name, short_help=f"(broken) {error.message}")
        self.error = error

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Take whatever was typed, --help included."""
        ctx.args = args
        return args

    def invoke(self, ctx: click.Context) -> NoReturn:
        """Raise the plugin's error."""
        raise self.error


@dataclass
class Shared:
    """What commands find in `ctx.obj`: the plugin manager of this run."""

    plugins: PluginManager = field(default_factory=get_plugin_manager)


EXAMPLES = """\b
Examples:
  wrt run program.wasm --verbose input.txt     a WASI command with its arguments
  wrt run add.wasm --invoke add 19 23          call one function
  wrt validate *.wasm                          is it valid?
  wrt inspect program.wasm                     what is in it?
  wrt plugins                                  what is installed?
  wrt cache info                               what is kept to start quicker?
"""


@click.group(cls=Commands, epilog=EXAMPLES, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, "-V", "--version", prog_name="wrt")
@click.pass_context
def wrt(ctx: click.Context) -> None:
    """Run, validate and inspect WebAssembly modules, in pure Python."""
    if os.environ.get("NO_COLOR"):
        ctx.color = False


def main() -> None:
    """Run the `wrt` command and exit."""
    # A guest's output may hold anything; text that the terminal's encoding lacks must not end the program.
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    warnings.showwarning = _show_warning
    wrt(prog_name="wrt")


def _show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """WRT's own warnings are told as errors are; where in our own code it was noticed helps nobody."""
    if issubclass(category, PluginWarning) or category.__module__.startswith("wrt_"):
        output.error(str(message), label="Warning")
    else:
        _python_shows(message, category, filename, lineno, file, line)


_python_shows = warnings.showwarning
