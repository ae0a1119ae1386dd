"""Directories of the host for guests: HOST, HOST::GUEST, and :ro behind either to look at only."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from wrt_core.host_modules import GrantedDirectory

__all__ = ["directories"]


def directories(ctx: click.Context, parameter: click.Parameter, texts: tuple[str, ...]) -> tuple[GrantedDirectory, ...]:
    """Return the directories that an option was given; the callback of such an option."""
    found = [_directory(text) for text in texts]
    seen: set[str] = set()
    for each in found:
        if each.guest_path in seen:
            raise click.BadParameter(f"two directories can't both be {each.guest_path!r} to the guest")
        seen.add(each.guest_path)
    return tuple(found)


def _directory(text: str) -> GrantedDirectory:
    from wrt_core.host_modules import GrantedDirectory

    place, colon, access = text.rpartition(":")
    if not colon or access not in ("ro", "rw"):
        place, access = text, "rw"
    host, _, guest = place.partition("::")
    if not host or place.endswith("::"):
        raise click.BadParameter(f"{text!r} names no directory; write HOST::GUEST, HOST::GUEST:ro, or HOST")
    if not Path(host).is_dir():
        raise click.BadParameter(f"{host!r} is no directory of this host")
    return GrantedDirectory(host, guest or host, read_only=access == "ro")
