"""Families of WASI's functions: FAMILY=PLUGIN, or FAMILY=none to leave one out."""

from __future__ import annotations

import click

__all__ = ["families_of_wasi"]


def families_of_wasi(ctx: click.Context, parameter: click.Parameter, texts: tuple[str, ...]) -> dict[str, str | None]:
    """Return who serves which family, None for nobody; the callback of such an option."""
    found: dict[str, str | None] = {}
    for text in texts:
        family, _, plugin = text.partition("=")
        if not family or not plugin:
            raise click.BadParameter(f"{text!r} says not who serves what; write FAMILY=PLUGIN, or FAMILY=none")
        found[family] = None if plugin == "none" else plugin
    return found
