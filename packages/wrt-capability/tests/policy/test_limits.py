"""Limits: how they are written, which of several holds, and what a module's own section has to say."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wrt_capability.decision import Subject
from wrt_capability.policy import QUANTITIES, Limit, Policy
from wrt_capability.policy.quantities import parse_quantity, show_quantity
from wrt_capability.policy.section import SECTION, combine, encode_limits, limits_of, resource_limits
from wrt_core.testing import ModuleBuilder
from wrt_foundation.binary import decode, encode
from wrt_foundation.errors import DecodeError
from wrt_foundation.module import CustomSection

CODED = [name for name, quantity in QUANTITIES.items() if quantity.code is not None]


@pytest.mark.parametrize(
    ("name", "value", "number"),
    [
        ("memory", 1000, 1000),
        ("memory", "1_000 B", 1000),
        ("memory", "16 MiB", 16 << 20),
        ("memory", "1.5kib", 1536),
        ("memory", "2GB", 2 * 10**9),
        ("memory", "unlimited", None),
        ("memory", "9007199254740993 B", 9007199254740993),
        ("time", "2 s", 2 * 10**9),
        ("time", "500 ms", 5 * 10**8),
        ("time", "1.5 min", 90 * 10**9),
        ("time", 0.25, 250_000_000),
        ("time", 3, 3 * 10**9),
        ("call-rate", "100/s", 100),
        ("call-rate", 100, 100),
        ("fuel", 1_000, 1000),
    ],
)
def test_values(name, value, number):
    assert parse_quantity(QUANTITIES[name], value) == number


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("memory", "0.3 B"),
        ("memory", "-1"),
        ("fuel", "1 MiB"),
        ("time", "1 fortnight"),
        ("call-rate", "1/h"),
        ("gc", []),
    ],
)
def test_values_that_are_none(name, value):
    with pytest.raises(ValueError, match=name):
        parse_quantity(QUANTITIES[name], value)


@given(st.sampled_from(sorted(QUANTITIES)), st.none() | st.integers(0, (1 << 64) - 1))
def test_what_is_shown_reads_the_same(name, value):
    shown = show_quantity(QUANTITIES[name], value)
    assert parse_quantity(QUANTITIES[name], shown[1:-1] if shown[0] == '"' else int(shown)) == value


def test_the_more_specific_rule_holds_and_among_equals_the_stricter():
    policy = Policy.parse("""
        [[rule]]
        limits = { memory = 100, stack = 50 }
        [[rule]]
        limits.memory = 80
        [[rule]]
        module = "shop"
        limits.memory = 500
        [[rule]]
        tenant = "acme"
        limits.stack = 70
        quota.memory = 1000
    """)
    assert policy.limits(Subject("other"))["memory"].value == 80
    assert policy.limits(Subject("other", "shop"))["memory"].value == 500
    assert policy.limits(Subject("acme", "shop"))["stack"].value == 70
    assert policy.quota("acme")["memory"].value == 1000
    assert policy.quota("other") == {}
    assert policy.largest("memory", "other") == 500
    assert policy.largest("stack", "acme") == 70
    assert policy.largest("fuel", "acme") is None
    assert policy.limited() == {"memory", "stack"}


def with_section(*sections: CustomSection) -> object:
    module = decode(ModuleBuilder().bytes())
    module.customs.extend(sections)
    return decode(encode(module))


def test_a_modules_own_limits_are_read():
    limits = {"memory": 1 << 40, "fuel": 7, "stack": 0}
    assert limits_of(with_section(resource_limits(limits))) == limits
    assert limits_of(with_section()) == {}
    assert limits_of(with_section(CustomSection("other", b"\xff"))) == {}


@given(st.dictionaries(st.sampled_from(CODED), st.integers(0, (1 << 64) - 1)))
def test_every_section_that_is_written_is_read(limits):
    assert limits_of(with_section(resource_limits(limits))) == limits


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "version"),
        (b"\x02\x00", "version"),
        (b"\x01", "unexpected end"),
        (b"\x01\x01", "unexpected end"),
        (b"\x01\x01\x01", "unexpected end"),
        (b"\x01\x01\x63\x01", "unknown quantity 99"),
        (b"\x01\x02\x01\x05\x01\x05", "memory occurs twice"),
        (b"\x01\x00\x00", "behind its end"),
        (b"\x01\x01\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", "too large"),
    ],
)
def test_malformed_sections_are_refused(data, message):
    with pytest.raises(DecodeError, match=message) as caught:
        limits_of(with_section(CustomSection(SECTION, data)))
    assert caught.value.section == "custom"
    assert caught.value.offset


def test_a_second_section_is_refused():
    section = resource_limits({"memory": 1})
    with pytest.raises(DecodeError, match="more than one"):
        limits_of(with_section(section, section))


@pytest.mark.parametrize("limits", [{"module-size": 1}, {"nothing": 1}, {"memory": -1}, {"memory": 1 << 64}])
def test_what_no_module_can_bound_is_refused(limits):
    with pytest.raises(ValueError):
        encode_limits(limits)


def test_the_stricter_wins():
    policy = {"memory": Limit(100, "p"), "stack": Limit(5, "p"), "fuel": Limit(None, "p")}
    combined = combine(policy, {"memory": 50, "stack": 9, "fuel": 3, "table": 4})
    assert {name: limit.value for name, limit in combined.items()} == {"memory": 50, "stack": 5, "fuel": 3, "table": 4}
    assert combined["stack"].rule == "p"
    assert SECTION in combined["memory"].rule
