"""Variables of the environment: NAME=VALUE, or NAME for the host's own value."""

from __future__ import annotations

import os

import click

__all__ = ["variables"]


def variables(ctx: click.Context, parameter: click.Parameter, texts: tuple[str, ...]) -> dict[str, str]:
    """Return the variables that an option was given, by name; the callback of such an option."""
    found = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not name:
            raise click.BadParameter(f"{text!r} names no variable; write NAME=VALUE, or NAME for the host's own value")
        if not equals:
            if name not in os.environ:
                raise click.BadParameter(f"{name!r} has no value on this host; write {name}=VALUE")
            value = os.environ[name]
        found[name] = value
    return found
