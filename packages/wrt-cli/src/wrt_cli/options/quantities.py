"""Quantities with a unit: durations such as 5s, and sizes such as 64MiB."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import click

__all__ = ["DURATION", "SIZE"]

_NUMBER = re.compile(r"([0-9]{1,18}(?:\.[0-9]{1,9})?)([A-Za-z]*)", re.ASCII)


class _Quantity(click.ParamType[Any]):
    """A number and a unit, as a number of the smallest one."""

    def __init__(self, name: str, units: dict[str, Decimal], example: str) -> None:
        self.name = name
        self._units = units
        self._example = example

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return what the text says; more than nothing."""
        if not isinstance(value, str):
            return value
        match = _NUMBER.fullmatch(value)
        if match is None or match[2] not in self._units:
            units = ", ".join(unit for unit in self._units if unit)
            self.fail(f"{value!r} is no {self.name}: a number with a unit of {units}, such as {self._example}")
        amount = self._number(Decimal(match[1]) * self._units[match[2]])
        if not amount:
            self.fail(f"a {self.name} is more than nothing, and {value!r} is not")
        return amount

    def _number(self, amount: Decimal) -> Any:
        return int(amount)


class _Duration(_Quantity):
    def _number(self, amount: Decimal) -> Any:
        return float(amount)


DURATION = _Duration(
    "duration",
    {"s": Decimal(1), "ms": Decimal("0.001"), "m": Decimal(60), "h": Decimal(3600), "": Decimal(1)},
    "5s",
)
"""Seconds, as a float; without a unit, seconds."""

SIZE = _Quantity(
    "size",
    {
        "KiB": Decimal(1 << 10),
        "MiB": Decimal(1 << 20),
        "GiB": Decimal(1 << 30),
        "kB": Decimal(10**3),
        "MB": Decimal(10**6),
        "GB": Decimal(10**9),
        "B": Decimal(1),
        "": Decimal(1),
    },
    "64MiB",
)
"""Bytes, as an int; without a unit, bytes."""
