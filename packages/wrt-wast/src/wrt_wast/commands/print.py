"""`wrt print`: binary to text."""

from __future__ import annotations

import click

from wrt_foundation.plugins import hookimpl
from wrt_wast.commands import files

__all__ = ["print_", "wrt_register_command"]

EXAMPLES = """\b
Examples:
  wrt print program.wasm | less
  wrt print --folded program.wasm -o program.wat
  wrt print program.wat                       text in the order and form that wrt writes it
"""


@click.command("print", epilog=EXAMPLES, context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("file", metavar="FILE")
@click.option("--output", "-o", metavar="FILE", default="-", help="Where to write; - is the standard output.")
@click.option("--folded", "-f", is_flag=True, help="Write operands inside of the instruction that takes them.")
@click.option("--plain", is_flag=True, help="Leave out the annotations without which the bytes would not be the same.")
def print_(file: str, output: str, folded: bool, plain: bool) -> None:
    """Turn a module into text.

    FILE is a module in binary or text, or - for the standard input. The text parses back to the same bytes; where the
    text format can't say how a binary is written, an annotation (@wrt…) does, which other tools ignore.
    """
    from wrt_foundation.binary import decode
    from wrt_wast.text import parse_module, print_module

    source = files.read(file)
    is_text = source[:1] != b"\0" and file.endswith((".wat", "-")) and not source.startswith(b"\0asm")
    module = parse_module(source, None if file == "-" else file) if is_text else decode(source)
    files.write(output, print_module(module, folded=folded, exact=not plain).encode())


@hookimpl
def wrt_register_command() -> click.Command:
    """Hand over the command."""
    return print_
