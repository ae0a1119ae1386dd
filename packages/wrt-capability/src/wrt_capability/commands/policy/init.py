"""`wrt policy init`: a policy to begin with."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import click

from wrt_capability.commands.policy.module import described, read
from wrt_capability.plugins import Claim, describe_capability
from wrt_capability.policy import QUANTITIES
from wrt_capability.policy.quantities import show_quantity
from wrt_capability.policy.reading import PRESETS, preset_text
from wrt_capability.policy.writing import Grant, escaped, quoted, rule_text
from wrt_foundation.errors import PluginError
from wrt_foundation.module import Module
from wrt_foundation.plugins import PluginManager

__all__ = ["command"]

EXAMPLES = """\b
Examples:
  wrt policy init -o policy.toml                        the preset "sandbox", to change
  wrt policy init --preset asil-b -o policy.toml        another one
  wrt policy init app.wasm -o policy.toml               for a module: what it imports, to be uncommented
  wrt policy init app.wasm --preset asil-b              the same, on top of a preset
"""


@click.command("init", epilog=EXAMPLES, context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("module", required=False)
@click.option("--preset", type=click.Choice(PRESETS), help="Begin with this one; without MODULE, sandbox.")
@click.option("-o", "--output", type=click.Path(dir_okay=False), help="Write to this file, which must not exist yet.")
@click.pass_context
def command(ctx: click.Context, module: str | None, preset: str | None, output: str | None) -> None:
    """Write a policy to begin with, to the standard output unless told otherwise.

    Without MODULE it is a preset as it stands. For a module it allows to call its exports, and lists what it imports
    as patterns to be uncommented; nothing that reaches the host is allowed before.
    """
    plugins: PluginManager = ctx.obj.plugins
    text = preset_text(preset or "sandbox") if module is None else _for(read(module, plugins), module, preset, plugins)
    if output is None:
        click.echo(text, nl=False)
        return
    try:
        with Path(output).open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise click.UsageError(f"{output} exists already") from None


def _for(module: Module, path: str, preset: str | None, plugins: PluginManager) -> str:
    known = described(module)
    head = [f"# What {Path(path).name!r} may do. Check it with: wrt policy check", f"name = {quoted(Path(path).stem)}"]
    head += [f"extends = {quoted(preset)}"] if preset else []
    about = {"module": f"sha256:{known.hash}"}
    remarks = [f"whatever calls itself so: module = {quoted(known.name)}"] if known.name else []
    for name, value in known.limits.items():
        quantity = QUANTITIES[name]
        remarks.append(f"the module asks for no more than limits.{name} = {show_quantity(quantity, value)}")
    text = rule_text([Grant("call", "", "*"), Grant("module", "instantiate", "*")], about=about, remarks=remarks)
    wanted = _wanted(module, plugins)
    if wanted:
        text += "\n# Uncomment what it may have.\n" + rule_text(wanted, about=about, commented=True)
    return "\n".join(head) + "\n\n" + text


def _wanted(module: Module, plugins: PluginManager) -> list[Grant]:
    """Return what a module imports, and what these imports amount to, as grants."""
    imports = {f"{each.module}.{each.name}": each.kind.name.lower() for each in module.imports}
    grants = {Grant("import", "", escaped(name)): kind for name, kind in imports.items()}
    for name, claim in _claims(plugins):
        if name in imports:
            grants.setdefault(Grant(claim.kind, claim.operation, escaped(claim.object)), f"for {name}")
    return [replace(grant, remark=remark) for grant, remark in grants.items()]


def _claims(plugins: PluginManager) -> Iterable[tuple[str, Claim]]:
    for name in plugins.registry("wrt.capabilities").names():
        try:
            yield from describe_capability(name, plugins).claims.items()
        except PluginError:
            continue  # one that is broken, or can't be made without settings
