"""`wrt parse`: text to binary."""

from __future__ import annotations

import click

from wrt_foundation.errors import WrtError
from wrt_foundation.plugins import hookimpl
from wrt_wast.commands import files

__all__ = ["parse", "wrt_register_command"]

EXAMPLES = """\b
Examples:
  wrt parse program.wat                       writes program.wasm
  wrt parse program.wat -o - | wrt inspect -
  wrt parse --strip program.wat -o small.wasm
"""


@click.command(epilog=EXAMPLES, context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("file", metavar="FILE")
@click.option("--output", "-o", metavar="FILE", help="Where to write; - is the standard output. [FILE.wasm]")
@click.option("--strip", is_flag=True, help="Leave the names out.")
def parse(file: str, output: str | None, strip: bool) -> None:
    """Turn a module's text into its binary form.

    FILE is a .wat file, or - for the standard input. Identifiers are kept in the name section. The module is checked
    as far as its form goes; `wrt validate` says whether it is valid.
    """
    from wrt_foundation.binary import encode
    from wrt_foundation.module import Names
    from wrt_wast.text import parse_module

    source = files.read(file)
    if source.startswith(b"\0asm"):
        raise WrtError(f"{file} is a binary already; wrt print shows its text")
    module = parse_module(source, None if file == "-" else file)
    if strip:
        module.defer_names(Names)
        module.customs = [section for section in module.customs if section.name != "name"]
    files.write(output or files.beside(file, ".wasm"), encode(module))


@hookimpl
def wrt_register_command() -> click.Command:
    """Hand over the command."""
    return parse
