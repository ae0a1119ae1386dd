"""`wrt.resource_limits`: what a module asks not to be given more of, in a custom section.

The section is a byte, the version 1; a vector of limits; nothing else. A limit is the quantity's code as an unsigned
number of 32 bits and its value as one of 64, both LEB128. No quantity may occur twice, and no code is unknown, for what
is not understood would not be kept. Values are in the units of `quantities`: bytes, counts, nanoseconds, per second.
"""

from __future__ import annotations

from collections.abc import Mapping

from wrt_capability.policy.quantities import QUANTITIES, Limit, Quantity, stricter
from wrt_foundation.binary.leb128 import read_unsigned, write_unsigned
from wrt_foundation.errors import DecodeError
from wrt_foundation.module import CustomSection, Module

__all__ = ["SECTION", "combine", "encode_limits", "limits_of", "resource_limits"]

SECTION = "wrt.resource_limits"
"""The custom section's name."""

_VERSION = 1
_BY_CODE: Mapping[int, Quantity] = {each.code: each for each in QUANTITIES.values() if each.code is not None}


def resource_limits(limits: Mapping[str, int]) -> CustomSection:
    """Return the section that asks for these limits, by quantity; for tools that make modules.

    Raises `ValueError` for a quantity that no module can bound, and for a value that is none.
    """
    return CustomSection(SECTION, encode_limits(limits))


def encode_limits(limits: Mapping[str, int]) -> bytes:
    """Return such a section's contents."""
    out = bytearray([_VERSION])
    write_unsigned(out, len(limits))
    for name, value in limits.items():
        quantity = QUANTITIES.get(name)
        if quantity is None or quantity.code is None:
            raise ValueError(f"a module can't bound {name!r}")
        if not 0 <= value < 1 << 64:
            raise ValueError(f"{value} is no limit of {name}")
        write_unsigned(out, quantity.code)
        write_unsigned(out, value, 64)
    return bytes(out)


def limits_of(module: Module) -> dict[str, int]:
    """Return the limits that a module's own section asks for; none if it has no such section.

    Raises `DecodeError` for a section that is malformed, and for a second one.
    """
    found = [section for section in module.customs if section.name == SECTION]
    if not found:
        return {}
    if len(found) > 1:
        raise DecodeError(f"more than one section {SECTION}", offset=found[1].offset, section="custom")
    try:
        return _decoded(found[0].data)
    except DecodeError as error:
        message = f"malformed section {SECTION}: {error.message}"
        raise DecodeError(message, offset=found[0].offset + (error.offset or 0), section="custom") from error


def _decoded(data: bytes) -> dict[str, int]:
    if data[:1] != bytes([_VERSION]):
        raise DecodeError(f"its version is not {_VERSION}", offset=0)
    count, at = read_unsigned(data, 1)
    limits: dict[str, int] = {}
    for _ in range(count):
        start = at
        code, at = read_unsigned(data, at)
        quantity = _BY_CODE.get(code)
        if quantity is None:
            raise DecodeError(f"unknown quantity {code}", offset=start)
        if quantity.name in limits:
            raise DecodeError(f"{quantity.name} occurs twice", offset=start)
        limits[quantity.name], at = read_unsigned(data, at, 64)
    if at != len(data):
        raise DecodeError("there is more behind its end", offset=at)
    return limits


def combine(policy: Mapping[str, Limit], own: Mapping[str, int]) -> dict[str, Limit]:
    """Return the stricter of what a policy and a module's own section say, by quantity."""
    combined = dict(policy)
    for name, value in own.items():
        known = combined.get(name)
        if known is None or stricter(known.value, value) != known.value:
            combined[name] = Limit(value, f"the module's section {SECTION}")
    return combined
