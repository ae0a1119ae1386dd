"""Output: tables and messages for people, plain where nobody looks, and JSON for programs.

On a terminal, rich draws; elsewhere lines are plain text with aligned columns, never cut and never coloured.
NO_COLOR takes the colours from a terminal too. What comes from a module may be hostile: characters that
would command a terminal are written as escapes.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import Any

import click

__all__ = ["error", "heading", "json_document", "printable", "table"]


def printable(text: str) -> str:
    """Return `text` with every character that is not for printing written as an escape, line ends included."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "backslashreplace").decode() for c in text)


def json_document(value: Any) -> None:
    """Write `value` as JSON to stdout."""
    click.echo(json.dumps(value, indent=2))


def heading(text: str) -> None:
    """Write the line above a table."""
    click.echo()
    click.echo(click.style(text, bold=True))


def table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Write a table to stdout. Cells are made printable; numbers stand to the right."""
    cells = [[printable(str(cell)) for cell in row] for row in rows]
    numeric = [all(row[index] == "" or isinstance(row[index], int) for row in rows) for index in range(len(columns))]
    if sys.stdout.isatty():
        _drawn(columns, cells, numeric)
    else:
        _plain(columns, cells, numeric)


def _drawn(columns: Sequence[str], cells: Sequence[Sequence[str]], numeric: Sequence[bool]) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    drawn = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for column, right in zip(columns, numeric, strict=True):
        drawn.add_column(column, justify="right" if right else "left", overflow="fold")
    for row in cells:
        drawn.add_row(*(Text(cell, style=_STYLES.get(cell, "")) for cell in row))
    Console().print(drawn)


_STYLES = {
    "available": "green",
    "loaded": "green",
    "ok": "green",
    "broken": "red",
    "error": "red",
    "shadowed": "yellow",
}


def _plain(columns: Sequence[str], cells: Sequence[Sequence[str]], numeric: Sequence[bool]) -> None:
    lines = [columns, *cells]
    widths = [max(len(line[index]) for line in lines) for index in range(len(columns))]
    for line in lines:
        aligned = [
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(line, widths, numeric, strict=True)
        ]
        click.echo("  ".join(aligned).rstrip())


def error(message: str, *, label: str = "Error") -> None:
    """Write a message to stderr; its lines are made printable one by one."""
    lines = [printable(line.replace("\t", "    ")) for line in message.split("\n")]
    click.echo(f"{click.style(f'{label}:', fg='red', bold=True)} " + "\n".join(lines), err=True)
