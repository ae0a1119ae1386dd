"""`wrt validate`: say of each file whether it is a valid module."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from wrt_cli import output, sources
from wrt_foundation.errors import WrtError
from wrt_foundation.features import Feature, Features
from wrt_foundation.features import features as features_named
from wrt_foundation.plugins import PluginManager, hookimpl

if TYPE_CHECKING:
    from wrt_core.validation import ValidatedModule

__all__ = ["validate", "wrt_register_command"]

EXAMPLES = """\b
Examples:
  wrt validate program.wasm
  wrt validate --features wasm-2.0 *.wasm        for engines that know no more than that
  wrt validate --features wasm-3.0,threads a.wasm
  wrt validate --json - < program.wasm

\b
Sets of features: wasm-2.0, wasm-3.0 (unless told otherwise), all. Features:
{}
Exit status: 0 if every file is a valid module, else 1.
"""


def _listed() -> str:
    names, lines = [feature.value for feature in Feature], [""]
    for name in names:
        if len(lines[-1]) + len(name) > 90:
            lines.append("")
        lines[-1] += f"  {name}"
    return "\n".join(lines)


def _features(ctx: click.Context, parameter: click.Parameter, text: str) -> Features:
    try:
        return features_named(name.strip() for name in text.split(","))
    except WrtError as error:
        raise click.BadParameter(error.message) from error


@click.command(epilog=EXAMPLES.format(_listed()), context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@click.option(
    "--features",
    metavar="NAME,...",
    default="wasm-3.0",
    show_default=True,
    callback=_features,
    help="What a module may use.",
)
@click.option("--json", "as_json", is_flag=True, help="Write a list of records.")
@click.pass_context
def validate(ctx: click.Context, files: tuple[str, ...], features: Features, as_json: bool) -> None:
    """Say of files whether they are valid modules.

    FILE is a module, or - for the standard input. Of each that is not valid you hear what is wrong with it, and where.
    """
    records = []
    for file in files:
        record = _record(file, features, ctx.obj.plugins)
        records.append(record)
        if not as_json:
            _show(record)
    if as_json:
        output.json_document(records)
    if not all(record["valid"] for record in records):
        ctx.exit(1)


def _record(file: str, features: Features, plugins: PluginManager) -> dict[str, Any]:
    try:
        module = _validated(file, features, plugins)
    except (WrtError, OSError) as error:
        return {"file": file, "valid": False, "error": _described(error)}
    return {"file": file, "valid": True, "features": sorted(feature.value for feature in module.features_used)}


def _validated(file: str, features: Features, plugins: PluginManager) -> ValidatedModule:
    from wrt_core import validate
    from wrt_core.formats import read_module

    return validate(read_module(*sources.read(file), plugins), features=features)


def _described(error: WrtError | OSError) -> dict[str, Any]:
    if isinstance(error, OSError):
        return {"kind": type(error).__name__, "message": error.strerror or str(error)}
    where = {
        name: found
        for name in ("section", "offset", "function", "feature", "line", "column")
        if (found := getattr(error, name, None)) is not None
    }
    return {"kind": type(error).__name__, "message": error.message, **where, "text": str(error)}


def _show(record: dict[str, Any]) -> None:
    name = output.printable(record["file"])
    if record["valid"]:
        click.echo(f"{click.style('ok', fg='green')}     {name}")
    else:
        error = record["error"]
        message = "\n       ".join(map(output.printable, error.get("text", error["message"]).split("\n")))
        click.echo(f"{click.style('error', fg='red')}  {name}: {message}")


@hookimpl
def wrt_register_command() -> click.Command:
    """Hand over the command."""
    return validate
