"""`wrt inspect`: show what is in a module."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from wrt_cli import output, sources
from wrt_foundation.plugins import hookimpl

__all__ = ["inspect", "wrt_register_command"]

EXAMPLES = """\b
Examples:
  wrt inspect program.wasm                 sections, types, imports, exports, memories …
  wrt inspect program.wasm | grep fd_      is plain text where nobody looks
  wrt inspect --json - < program.wasm      for programs

\b
Exit status: 1 if MODULE is malformed, or if it is not valid, which is shown.
"""


@click.command(epilog=EXAMPLES, context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("module")
@click.option("--json", "as_json", is_flag=True, help="Write one record with everything.")
@click.pass_context
def inspect(ctx: click.Context, module: str, as_json: bool) -> None:
    """Show what is in a module.

    MODULE is a file, or - for the standard input. You see its sections and their sizes, the features it uses, its
    types, imports, exports, tables, memories, globals, tags and custom sections.
    """
    from wrt_cli.description import describe
    from wrt_core.formats import read_module

    description = {"file": module, **describe(read_module(*sources.read(module), ctx.obj.plugins))}
    if as_json:
        output.json_document(description)
    else:
        _show(description)
    if not description["valid"]:
        ctx.exit(1)


def _show(description: dict[str, Any]) -> None:
    functions, segments = description["functions"], description["segments"]
    start = "none" if description["start"] is None else f"function {description['start']}"
    summary = {
        "module": description["name"] or "(no name)",
        "size": f"{description['bytes']:,} bytes",
        "valid": "yes" if description["valid"] else f"no: {description['error']}",
        "features": ", ".join(description.get("features", ())) or "unknown",
        "functions": f"{functions['defined']:,} defined, {functions['imported']:,} imported",
        "segments": f"{segments['elements']:,} of elements, {segments['data']:,} of data",
        "start": start,
    }
    for name, text in summary.items():
        click.echo(f"{click.style(f'{name:<9}', bold=True)}  {output.printable(text)}")
    for title, columns, row in _TABLES:
        found = description[title.replace(" ", "_")]
        if found:
            output.heading(f"{title} ({len(found):,})")
            output.table(columns, [row(index, each) for index, each in enumerate(found)])


def _origin(each: dict[str, Any]) -> str:
    return "imported" if each["imported"] else "defined"


def _type(kind: str, type_: dict[str, Any] | None) -> str:
    """Return a type of `description` on one line, as the text format words it."""
    if type_ is None:
        return "?"
    match kind:
        case "func" | "tag":
            if "params" not in type_:
                return f"type {type_['index']}"
            words = [f"(param {' '.join(type_['params'])})"] if type_["params"] else []
            words += [f"(result {' '.join(type_['results'])})"] if type_["results"] else []
            return " ".join(words) or "()"
        case "table":
            return f"{_limits(type_, '')} {type_['element']}{_address(type_)}"
        case "memory":
            pages = "pages" if type_["page_size"] == 65536 else f"pages of {type_['page_size']} byte(s)"
            return f"{_limits(type_, pages)}{' shared' if type_['shared'] else ''}{_address(type_)}"
        case "global":
            return f"(mut {type_['value']})" if type_["mutable"] else str(type_["value"])
        case "struct":
            return " ".join(f"(field {_field(field)})" for field in type_["fields"]) or "()"
        case "array":
            return _field(type_["element"])
    return f"of type {type_['function']}"  # a continuation


def _limits(type_: dict[str, Any], unit: str) -> str:
    most = "or more" if type_["maximum"] is None else f"to {type_['maximum']}"
    return f"{type_['minimum']} {most} {unit}".rstrip()


def _address(type_: dict[str, Any]) -> str:
    return "" if type_["address"] == "i32" else f", addresses are {type_['address']}"


def _field(field: dict[str, Any]) -> str:
    return f"(mut {field['storage']})" if field["mutable"] else str(field["storage"])


def _definition(index: int, each: dict[str, Any]) -> tuple[object, ...]:
    above = f" sub {' '.join(map(str, each['supertypes']))}" if each["supertypes"] else "" if each["final"] else " open"
    return index, each["kind"] + above, _type(each["kind"], each)


Row = Callable[[int, dict[str, Any]], tuple[object, ...]]


def _in_space(kind: str) -> Row:
    return lambda index, each: (index, _origin(each), _type(kind, each["type"]))


_TABLES: tuple[tuple[str, tuple[str, ...], Row], ...] = (
    (
        "sections",
        ("section", "offset", "bytes", "entries"),
        lambda _, each: (
            f"custom {each['custom']!r}" if "custom" in each else each["name"],
            f"0x{each['offset']:x}",
            each["bytes"],
            each.get("entries", ""),
        ),
    ),
    ("types", ("index", "kind", "type"), _definition),
    (
        "imports",
        ("module", "name", "kind", "type"),
        lambda _, each: (each["module"], each["name"], each["kind"], _type(each["kind"], each["type"])),
    ),
    (
        "exports",
        ("name", "kind", "index", "type"),
        lambda _, each: (each["name"], each["kind"], each["index"], _type(each["kind"], each["type"])),
    ),
    ("tables", ("index", "origin", "type"), _in_space("table")),
    ("memories", ("index", "origin", "type"), _in_space("memory")),
    ("globals", ("index", "origin", "type"), _in_space("global")),
    ("tags", ("index", "origin", "type"), _in_space("tag")),
    ("custom sections", ("name", "bytes"), lambda _, each: (each["name"], each["bytes"])),
)


@hookimpl
def wrt_register_command() -> click.Command:
    """Hand over the command."""
    return inspect
