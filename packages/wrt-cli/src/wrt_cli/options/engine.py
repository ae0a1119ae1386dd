"""Which engine, and whether it keeps what it finds out: the options of commands that run guests."""

from __future__ import annotations

import click

__all__ = ["CACHE", "ENGINE"]

ENGINE = click.option(
    "--engine",
    metavar="NAME",
    default="stackless",
    show_default=True,
    envvar="WRT_ENGINE",
    show_envvar=True,
    help="Run on this engine; wrt plugins --kind engines lists them.",
)
"""`engine`, its name."""

CACHE = click.option(
    "--cache/--no-cache",
    default=True,
    show_default=True,
    help="Keep what is found out about MODULE for its next start; see wrt cache.",
)
"""`cache`, whether the user's cache is used."""
