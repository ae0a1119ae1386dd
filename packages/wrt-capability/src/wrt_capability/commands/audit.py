"""`wrt audit`: is an audit log what was written to it, and what does it say?"""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from wrt_capability.commands.printable import printable
from wrt_foundation.plugins import hookimpl

if TYPE_CHECKING:
    from wrt_capability.audit.chain import Head
    from wrt_capability.audit.verify import Verdict

__all__ = ["audit", "wrt_register_command"]

EXAMPLES = """\b
Examples:
  wrt audit verify audit.jsonl
  wrt audit verify audit.jsonl --key-file audit.key --json
  wrt audit query audit.jsonl --tenant acme --denied
  wrt audit query audit.db --event decision --since 2026-11-01 --limit 20 --json
"""

SETTINGS = {"help_option_names": ["-h", "--help"]}


def moment(text: str) -> datetime:
    """Read a date, or a date and time, in ISO 8601; UTC unless it says otherwise."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(f"{text!r} is no time such as 2026-11-24 or 2026-11-24T09:30:00Z") from None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found


def noted(text: str) -> Head:
    """Read a head that was noted: the number of the last record and its seal, with a colon between them."""
    from wrt_capability.audit.chain import Head

    count, _, seal = text.partition(":")
    if not (count.isascii() and count.isdecimal()) or len(seal) != 64:
        raise click.BadParameter(f"{text!r} is not the number of a record, a colon, and its seal of 64 digits")
    return Head(int(count), 0, seal)


@click.group(epilog=EXAMPLES, context_settings=SETTINGS)
def audit() -> None:
    """Verify audit logs, and ask them."""


@audit.command(context_settings=SETTINGS)
@click.argument("file", type=click.Path(dir_okay=False))
@click.option("--head", type=click.Path(dir_okay=False), help="The log's head, if not beside it. [FILE.head]")
@click.option("--key-file", type=click.Path(dir_okay=False), help="The key that the log was sealed with.")
@click.option("--expect", type=noted, metavar="NUMBER:SEAL", help="A head noted before: the log must go on from there.")
@click.option("--json", "as_json", is_flag=True, help="Write a record of what was found.")
@click.pass_context
def verify(
    ctx: click.Context, file: str, head: str | None, key_file: str | None, expect: Head | None, as_json: bool
) -> None:
    """Say whether a log is what was written to it; exits with 1 if it is not.

    FILE is a log of the sink "file". Found are lines that were edited, dropped, put elsewhere or in, and lines that are
    missing at the end.
    """
    from wrt_capability.audit.verify import verify as verified

    key = None if key_file is None else Path(key_file).read_bytes().strip()
    verdict = verified(file, head=head, key=key, expect=expect)
    if as_json:
        click.echo(json.dumps(dataclasses.asdict(verdict) | {"intact": verdict.intact}, indent=2))
    else:
        _tell(verdict)
    if not verdict.intact:
        ctx.exit(1)


def _tell(verdict: Verdict) -> None:
    for problem in verdict.problems:
        where = f"line {problem.line}" if problem.line else "head"
        click.echo(f"{where}: {problem.finding}: {printable(problem.message)}")
    if verdict.more_problems:
        click.echo(f"and {verdict.more_problems} more")
    if verdict.unacknowledged:
        click.echo(f"{verdict.unacknowledged} records at the end were written and not acknowledged")
    if verdict.torn:
        click.echo(f"{verdict.torn} bytes at the end are a record that was not written whole, nor acknowledged")
    state = "intact" if verdict.intact else "NOT INTACT"
    span = f", {printable(verdict.first)} to {printable(verdict.last)}" if verdict.first else ""
    click.echo(f"{state}: {verdict.records} records{span}")
    if verdict.intact and verdict.head is not None:
        click.echo(f"head: {verdict.head.count}:{verdict.head.seal}")


@audit.command("query", context_settings=SETTINGS)
@click.argument("file", type=click.Path(dir_okay=False))
@click.option("--tenant", help="Only this tenant's.")
@click.option("--event", help="Only these, such as decision, quota, trap, instantiation, policy.")
@click.option("--kind", help="Only decisions on this kind of access, such as import or filesystem.")
@click.option("--allowed/--denied", "allowed", default=None, help="Only decisions that came out so.")
@click.option("--module", help="Only this module's: its name, or the beginning of its hash.")
@click.option("--since", type=moment, metavar="TIME", help="Only from this time on, UTC unless it says otherwise.")
@click.option("--until", type=moment, metavar="TIME", help="Only before this time.")
@click.option("--limit", type=click.IntRange(min=0), help="At most so many, the latest ones.")
@click.option("--json", "as_json", is_flag=True, help="Write one record a line.")
def query_(file: str, as_json: bool, **wanted: Any) -> None:
    """Show the records that match, oldest first.

    FILE is a log of the sink "file" or "sqlite".
    """
    from wrt_capability.audit.query import Query, query

    for record in query(file, Query(**wanted)):
        click.echo(json.dumps(record) if as_json else _row(record))


def _row(record: dict[str, Any]) -> str:
    words = [str(record.get("time", "")), str(record.get("tenant", "-")), str(record.get("event", ""))]
    allowed = record.get("allowed")
    words += [] if allowed is None else ["allowed" if allowed else "DENIED"]
    words += [str(record[key]) for key in ("kind", "object", "operation") if record.get(key)]
    words += [f"[{record['rule']}]"] if record.get("rule") else []
    words += [f"({record['reason']})"] if record.get("reason") else []
    return printable("  ".join(words))


@hookimpl
def wrt_register_command() -> click.Command:
    """Hand over the command."""
    return audit
