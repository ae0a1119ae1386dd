"""Quantities: which limits there are, in which unit, and how one is written."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

__all__ = ["QUANTITIES", "Limit", "Quantity", "Unit", "parse_quantity", "show_quantity", "stricter"]


class Unit(StrEnum):
    """What a limit counts in."""

    BYTES = "bytes"
    COUNT = "count"
    NANOSECONDS = "nanoseconds"
    PER_SECOND = "per second"


@dataclass(frozen=True, slots=True)
class Quantity:
    """One thing that can be limited.

    In `limits` a number holds for each instance or call by itself, in `quota` for all of a tenant together. `code` is
    what stands for it in a `wrt.resource_limits` section; `account` what the quotas' books call it, if they count it.
    """

    name: str
    unit: Unit
    description: str
    limits: bool = True
    quota: bool = False
    code: int | None = None
    account: str | None = None


QUANTITIES: Mapping[str, Quantity] = {
    quantity.name: quantity
    for quantity in (
        Quantity("memory", Unit.BYTES, "linear memory, held at one time", quota=True, code=1, account="memory"),
        Quantity("memory-initial", Unit.BYTES, "linear memory that an instance starts with", code=2),
        Quantity("memory-growth", Unit.BYTES, "linear memory that an instance adds to what it starts with", code=3),
        Quantity("table", Unit.COUNT, "table elements, held at one time", quota=True, code=4, account="table"),
        Quantity("gc", Unit.BYTES, "the guest's heap of structures and arrays", quota=True, code=5, account="gc"),
        Quantity("stack", Unit.COUNT, "calls inside one another", code=6),
        Quantity("fuel", Unit.COUNT, "fuel: of each call from the host, or in all", quota=True, code=7, account="fuel"),
        Quantity("time", Unit.NANOSECONDS, "wall-clock time, likewise", quota=True, code=8, account="time"),
        Quantity("cpu", Unit.NANOSECONDS, "processor time, likewise", quota=True, code=9, account="cpu"),
        Quantity("instances", Unit.COUNT, "instances alive at one time", limits=False, quota=True, account="instances"),
        Quantity("module-size", Unit.BYTES, "a module, as bytes or text"),
        Quantity(
            "concurrency", Unit.COUNT, "calls from the host running at one time", quota=True, code=10, account="calls"
        ),
        Quantity("output", Unit.BYTES, "bytes written to streams", quota=True, code=11, account="output"),
        Quantity("call-rate", Unit.PER_SECOND, "calls from the host", code=12),
    )
}
"""Everything that can be limited, by its name in policies."""

_SIZES = {"b": 1, "kib": 1 << 10, "mib": 1 << 20, "gib": 1 << 30, "kb": 10**3, "mb": 10**6, "gb": 10**9}
_TIMES = {"ns": 1, "us": 10**3, "ms": 10**6, "s": 10**9, "min": 60 * 10**9, "h": 3600 * 10**9}
_LARGEST = (1 << 64) - 1

_EXAMPLES = {
    Unit.BYTES: 'a whole number of bytes, or text such as "16 MiB"',
    Unit.COUNT: "a whole number",
    Unit.NANOSECONDS: 'text such as "500 ms" or "2 s", or a number of seconds',
    Unit.PER_SECOND: 'a whole number, or text such as "100/s"',
}


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit in the quantity's unit, None for none, and the rule it is from."""

    value: int | None
    rule: str = ""


def parse_quantity(quantity: Quantity, value: object) -> int | None:
    """Return the number that a policy's value means, None for "unlimited". Raises `ValueError` saying what would do."""
    if value == "unlimited":
        return None
    number = _number(quantity.unit, value)
    if number is None or not 0 <= number <= _LARGEST:
        raise ValueError(f"{value!r} is no limit of {quantity.name}: it must be {_EXAMPLES[quantity.unit]}")
    return number


def _number(unit: Unit, value: object) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, (int, float)):
        if unit is Unit.NANOSECONDS:
            return int(value * 10**9) if abs(value) < 1e9 else None  # false for what is no number at all
        return value if isinstance(value, int) else None
    if not isinstance(value, str):
        return None
    match = re.fullmatch(r"([0-9][0-9_]*(?:\.[0-9]+)?)\s*(/?[A-Za-z]*)", value.strip())
    if match is None:
        return None
    text, suffix = match[1].replace("_", ""), match[2].lower()
    if unit is Unit.PER_SECOND:
        factor = 1 if suffix in ("", "/s") else None
    else:
        factors = _SIZES if unit is Unit.BYTES else _TIMES if unit is Unit.NANOSECONDS else {}
        factor = factors.get(suffix)
    if factor is None:
        return None
    whole, _, fraction = text.partition(".")
    # By integers: a float would round a size past 2**53.
    exact, rest = divmod(int(whole + fraction) * factor, 10 ** len(fraction))
    return exact if not rest else None


def show_quantity(quantity: Quantity, value: int | None) -> str:
    """Return a number as policies have it, in TOML."""
    if value is None:
        return '"unlimited"'
    units = _SIZES if quantity.unit is Unit.BYTES else _TIMES if quantity.unit is Unit.NANOSECONDS else {}
    names = {"kib": "KiB", "mib": "MiB", "gib": "GiB"}
    for name, factor in sorted(units.items(), key=lambda each: -each[1]):
        if factor > 1 and value and value % factor == 0 and name not in ("kb", "mb", "gb"):
            return f'"{value // factor} {names.get(name, name)}"'
    if quantity.unit is Unit.NANOSECONDS:
        return f'"{value} ns"'
    return str(value)


def stricter(one: int | None, other: int | None) -> int | None:
    """Return the smaller of two limits, None being none."""
    return other if one is None else one if other is None else min(one, other)
