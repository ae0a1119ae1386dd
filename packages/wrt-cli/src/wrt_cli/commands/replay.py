"""`wrt replay`: run again what was recorded, without its host, and see whether it does the same."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from wrt_cli import output
from wrt_cli.engines import engine_for
from wrt_cli.options.engine import CACHE, ENGINE
from wrt_cli.patience import Patience
from wrt_foundation.plugins import hookimpl

if TYPE_CHECKING:
    from wrt_core.recording import Divergence

__all__ = ["replay", "wrt_register_command"]

EXAMPLES = """\b
Examples:
  wrt run --record run.journal program.wasm             first record a run
  wrt replay run.journal program.wasm                   does it do that again?
  wrt replay --engine other run.journal program.wasm    and does another engine?
  wrt replay --json run.journal program.wasm            for programs

\b
The program reaches nothing outside: what its host did is done again from the journal, and nothing is written.
Exit status: 0 if the runs are the same; 1 if they differ, or if the journal is damaged or of another module.
"""


@click.command(epilog=EXAMPLES, context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("journal", type=click.Path(dir_okay=False))
@click.argument("module")
@ENGINE
@CACHE
@click.option("--json", "as_json", is_flag=True, help="Write a record.")
@click.pass_context
def replay(ctx: click.Context, journal: str, module: str, engine: str, cache: bool, as_json: bool) -> None:
    """Replay a recorded run.

    JOURNAL is what wrt run --record has written, and MODULE the same module. Each call of the host is compared with the
    recorded one: who is called, with which arguments, with what in memory. The first that differs is named, with the
    guest's backtrace in both runs.
    """
    from wrt_core.recording import Divergence
    from wrt_core.recording import replay as replayed

    source = sys.stdin.buffer.read() if module == "-" else Path(module)
    waiting = Patience(f"loading {output.printable(module)}")
    waiting.watch(ctx.obj.plugins)
    chosen = engine_for(ctx, engine, cache=cache)
    with waiting:
        loaded = chosen.load(source)
    try:
        found = replayed(journal, chosen, loaded)
    except Divergence as divergence:
        if not as_json:
            raise
        output.json_document(_record(divergence))
        ctx.exit(1)
    if as_json:
        output.json_document({"same": True, **dataclasses.asdict(found)})
        return
    engines = f"recorded on {found.recorded_on}, replayed on {found.replayed_on}"
    counts = f"{found.host_calls:,} calls of the host, {found.guest_calls:,} calls of the guest"
    click.echo(output.printable(f"the same: {counts}; {engines}"))
    if found.cut:
        click.echo("the recorded run was ended from outside there; so was this one")


def _record(divergence: Divergence) -> dict[str, Any]:
    recorded_on, replayed_on = divergence.engines
    return {
        "same": False,
        "call": divergence.call,
        "line": divergence.line,
        "message": divergence.message,
        "recorded_on": recorded_on,
        "recorded": [str(frame) for frame in divergence.recorded],
        "replayed_on": replayed_on,
        "replayed": [str(frame) for frame in divergence.replayed],
    }


@hookimpl
def wrt_register_command() -> click.Command:
    """Hand over the command."""
    return replay
