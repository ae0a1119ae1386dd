"""`wrt cache`: what `wrt run` keeps on disk, and how to be rid of it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from wrt_cli import output
from wrt_foundation.plugins import hookimpl

if TYPE_CHECKING:
    from wrt_core.cache import Cache, CachedModule

__all__ = ["cache", "wrt_register_command"]

EXAMPLES = """\b
Examples:
  wrt cache info                    where it is, and what is in it
  wrt cache info --json             for programs
  wrt cache clear                   remove it all; it comes back as modules are run
  wrt run --no-cache program.wasm   run without it, once
  WRT_CACHE=off wrt run …           and always
  WRT_CACHE=/tmp/mine wrt run …     in another directory, which has to be yours alone

\b
Of each module it has that it is valid, and the translations of the functions that were called. Damage is noticed, and
another version of Python or of WRT starts anew. What was not used for the longest time goes first when it is full.
"""

_SETTINGS = {"help_option_names": ["-h", "--help"]}


@click.group(epilog=EXAMPLES, context_settings=_SETTINGS)
def cache() -> None:
    """Show or clear what is kept so that a second start is quick."""


@cache.command(epilog=EXAMPLES, context_settings=_SETTINGS)
@click.option("--json", "as_json", is_flag=True, help="Write a record.")
def info(as_json: bool) -> None:
    """Show where the cache is, how large, and of which modules."""
    opened = _opened()
    modules = opened.modules()
    size = sum(each.size for each in modules)
    if as_json:
        records = [_record(each) for each in modules]
        limit = opened.size_limit
        output.json_document({"directory": str(opened.directory), "size": size, "limit": limit, "modules": records})
        return
    click.echo(f"directory  {output.printable(str(opened.directory))}")
    click.echo(f"size       {size:,} of at most {opened.size_limit:,} bytes")
    click.echo(f"modules    {len(modules)}")
    if modules:
        output.heading("modules")
        rows = [(each.module[:12], each.python, each.size, _when(each.used)) for each in modules]
        output.table(("module", "for", "bytes", "last used"), rows)


@cache.command(epilog=EXAMPLES, context_settings=_SETTINGS)
@click.option("--json", "as_json", is_flag=True, help="Write a record of what was removed.")
def clear(as_json: bool) -> None:
    """Remove all that is in the cache."""
    opened = _opened()
    removed = opened.clear()
    size = sum(each.size for each in removed)
    if as_json:
        records = [_record(each) for each in removed]
        output.json_document({"directory": str(opened.directory), "size": size, "modules": records})
    else:
        click.echo(f"removed {len(removed)} modules, {size:,} bytes, from {output.printable(str(opened.directory))}")


def _opened() -> Cache:
    from wrt_core.cache import Cache, chosen_directory

    directory = chosen_directory()
    if directory is None:
        raise click.UsageError("there is no cache: WRT_CACHE=off")
    return Cache(directory)


def _record(module: CachedModule) -> dict[str, Any]:
    return {"module": module.module, "for": module.python, "size": module.size, "used": _when(module.used)}


def _when(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(" ", "seconds")


@hookimpl
def wrt_register_command() -> click.Command:
    """Hand over the command."""
    return cache
