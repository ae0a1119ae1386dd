"""docs/policy.md says what policies come to: its truth table, its quantities, its kinds, its presets."""

from __future__ import annotations

import re
import tomllib
from itertools import chain

import pytest

from wrt_capability.decision import Access, Subject
from wrt_capability.plugins import create_capability
from wrt_capability.policy import QUANTITIES, Policy
from wrt_capability.policy.kinds import CORE_KINDS
from wrt_capability.policy.quantities import parse_quantity
from wrt_capability.policy.reading import PRESETS
from wrt_foundation.plugins import get_plugin_manager

HASH = "a" * 64


@pytest.fixture(scope="module")
def page(root) -> str:
    return (root / "docs" / "policy.md").read_text(encoding="utf-8")


def table(text: str, first: str) -> list[dict[str, str]]:
    """Return the rows of the first table in `text` whose first column is `first`."""
    lines = iter(text.splitlines())
    head = next(line for line in lines if line.startswith(f"| {first} |"))
    columns = cells(head)
    next(lines)
    rows = []
    for line in lines:
        if not line.startswith("|"):
            break
        row = cells(line)
        assert len(row) == len(columns), line
        rows.append(dict(zip(columns, row, strict=True)))
    return rows


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def quoted(text: str) -> list[str]:
    return re.findall("`([^`]*)`", text)


def test_the_truth_table(page):
    _, _, text = page.partition("<!-- truth table: the policy -->")
    block = re.search(r"```toml\n(.*?)```", text, re.DOTALL)
    assert block is not None
    policy = Policy.parse(block[1], "p.toml")
    rows = table(text.partition("<!-- truth table: the rows -->")[2], "tenant")
    decided = set()
    for row in rows:
        (tenant,), (module,) = quoted(row["tenant"]), quoted(row["module"])
        subject = Subject(tenant, "", HASH) if module == "aaaa…" else Subject(tenant, module, "b" * 64)
        kind, what, operation = row["access"].split(" ")
        decision = policy.decide(Access(kind, subject, what.strip("`"), operation))
        assert decision.allowed is (row["comes out"] == "allowed"), row
        by = quoted(row["by"])
        if by:
            assert re.sub(r"^p\.toml:\d+: | for (tenant|module) .*$", "", decision.rule) == by[0], row
            decided.add(by[0])
        else:
            assert decision.rule == "", row
    # Every entry of the policy decides somewhere but the one that is there to be overridden.
    entries = {str(entry) for rule in policy.rules for entry in rule.entries}
    assert entries - decided == {'allow.import "env.secret*"'}


def test_the_examples_make_sense(page):
    for block in re.findall(r"```toml\n(.*?)```", page, re.DOTALL):
        Policy.parse(block)


def test_every_quantity_is_in_the_table(page):
    rows = {quoted(row["quantity"])[0]: row for row in table(page, "quantity")}
    assert list(rows) == list(QUANTITIES)
    for name, quantity in QUANTITIES.items():
        assert (rows[name]["`limits`"] == "yes", rows[name]["`quota`"] == "yes") == (quantity.limits, quantity.quota)


def test_every_code_is_in_the_table(page):
    pairs = chain.from_iterable(
        re.findall(r"\| (\d+) \| `([a-z-]+)` ", line) for line in page.splitlines() if re.match(r"\| \d", line)
    )
    assert {name: int(code) for code, name in pairs} == {q.name: q.code for q in QUANTITIES.values() if q.code}


def test_quantities_are_written_as_the_page_says(page):
    units = {"bytes": "memory", "elements, calls, fuel, instances": "fuel", "time": "time", "per second": "call-rate"}
    rows = table(page, "in")
    assert [row["in"] for row in rows] == list(units)
    for row in rows:
        for text in quoted(row["is written"]):
            assert parse_quantity(QUANTITIES[units[row["in"]]], tomllib.loads(f"a = {text}")["a"]) is not None


def test_every_kind_is_in_the_tables(page):
    manager = get_plugin_manager()
    kinds = dict(CORE_KINDS)
    for name in manager.registry("wrt.capabilities").names():
        plugin = create_capability(name, manager)
        if type(plugin).__module__.startswith("wrt_capability."):
            kinds |= {kind.name: kind for kind in plugin.describe().kinds}
    section = page.partition("## Accesses")[2].partition("## Wildcards")[0]
    rows = [*table(section, "kind"), *table(section.partition("These come with")[2], "kind")]
    shown = {quoted(row["kind"])[0]: tuple(quoted(row["operations"])) for row in rows}
    assert shown == {name: kind.operations for name, kind in kinds.items()}


def test_every_preset_is_what_the_table_says(page):
    rows = {quoted(row["preset"])[0]: row for row in table(page, "preset")}
    assert tuple(rows) == PRESETS
    for name, row in rows.items():
        limits = Policy.preset(name).limits(Subject())
        for column, quantity in (("fuel a call", "fuel"), ("memory", "memory"), ("calls deep", "stack")):
            said = row[column]
            value = parse_quantity(QUANTITIES[quantity], int(said) if said[0].isdigit() and " " not in said else said)
            assert (limits[quantity].value if quantity in limits else None) == value, (name, quantity)
