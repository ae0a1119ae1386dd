"""Writing policies: rules as TOML that people like to read and change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

__all__ = ["Grant", "array", "escaped", "key", "quoted", "rule_text"]


@dataclass(frozen=True, slots=True, order=True)
class Grant:
    """One line of what is allowed: a kind, an operation or "" for all, the pattern, and a remark to stand behind it."""

    kind: str
    operation: str
    pattern: str
    remark: str = ""


def quoted(text: str) -> str:
    """Return text as TOML has it, on one line whatever is in it."""
    out = []
    for character in text:
        if character in '"\\':
            out.append("\\" + character)
        elif character.isprintable():
            out.append(character)
        elif ord(character) <= 0xFFFF:
            out.append(f"\\u{ord(character):04x}")
        else:
            out.append(f"\\U{ord(character):08x}")
    return f'"{"".join(out)}"'


def key(text: str) -> str:
    """Return a key as TOML has it, bare where that will do."""
    bare = text and text.isascii() and all(character.isalnum() or character in "-_" for character in text)
    return text if bare else quoted(text)


def escaped(name: str) -> str:
    """Return the pattern that matches this name alone."""
    return "".join("\\" + character if character in "*?\\" else character for character in name)


def array(items: Sequence[str], comment: str = "") -> list[str]:
    """Return the lines of an array of texts, an item a line, each a comment if `comment` is "# "."""
    return ["[", *(f"  {comment}{item}" for item in items), "]"]


def rule_text(
    grants: Iterable[Grant],
    *,
    about: Mapping[str, str] | None = None,
    commented: bool = False,
    remarks: Sequence[str] = (),
) -> str:
    """Return a rule that allows these, for the tenant and module in `about`: a pattern each.

    With `commented` the patterns are there to be uncommented, and nothing is allowed before. `remarks` are lines of
    comment at the end.
    """
    lines = ["[[rule]]", *(f"{name} = {quoted(text)}" for name, text in (about or {}).items())]
    by_key: dict[tuple[str, str], list[Grant]] = {}
    for grant in grants:
        by_key.setdefault((grant.kind, grant.operation), []).append(grant)
    for (kind, operation), found in sorted(by_key.items()):
        name = ".".join(key(part) for part in ("allow", kind, operation) if part)
        if len(found) == 1 and not (commented or found[0].remark):
            lines.append(f"{name} = {quoted(found[0].pattern)}")
            continue
        items = [f"{quoted(each.pattern)},{f'  # {each.remark}' if each.remark else ''}" for each in found]
        first, *rest = array(items, "# " if commented else "")
        lines += [f"{name} = {first}", *rest]
    return "\n".join([*lines, *(f"# {remark}" for remark in remarks)]) + "\n"
