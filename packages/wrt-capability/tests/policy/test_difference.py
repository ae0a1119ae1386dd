"""Differences: what they say is so, and of what is so nothing is left out where patterns are told apart by prefixes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wrt_capability.decision import Access, Subject
from wrt_capability.policy import Policy
from wrt_capability.policy.difference import access_changes, limit_changes
from wrt_capability.policy.overlap import overlap
from wrt_capability.policy.patterns import NamePattern, PathPattern, symbols

PATTERNS = st.text("ab*?\\", min_size=1, max_size=7)


@given(PATTERNS, PATTERNS, st.text("ab*?\\", max_size=8))
def test_both_match_what_their_overlap_matches(one, other, name):
    both = overlap(NamePattern(one), NamePattern(other))
    if both is not None and both.matches(name):
        assert NamePattern(one).matches(name)
        assert NamePattern(other).matches(name)


@given(PATTERNS.filter(lambda text: "*" not in text), PATTERNS, st.text("ab", max_size=7))
def test_no_overlap_is_missed_where_one_has_no_star(one, other, name):
    if overlap(NamePattern(one), NamePattern(other)) is None:
        assert not (NamePattern(one).matches(name) and NamePattern(other).matches(name))


@pytest.mark.parametrize(
    ("one", "other", "both"),
    [
        ("a*", "*b", "a*b"),
        ("env.*", "*.log", "env.*.log"),
        ("a*c", "ab*", "ab*c"),
        ("a?", "?b", "ab"),
        ("x*1*y", "*2*", "x*1*2*y"),
        ("a*", "b*", None),
        ("*a", "*b", None),
        ("a?c", "ab*", "abc"),
    ],
)
def test_overlaps_of_names(one, other, both):
    found = overlap(NamePattern(one), NamePattern(other))
    assert (None if found is None else found.text) == both


@pytest.mark.parametrize(
    ("one", "other", "both"),
    [
        ("/a/*/c", "/*/b/c", "/a/b/c"),
        ("/a/**", "/*/b/**", "/a/b/**"),
        ("/a/**", "/*/b", "/a/b"),
        ("/a/*", "/*/b/c", None),
        ("/a/**", "/b/**", None),
        ("/a/**", "/a", "/a"),
    ],
)
def test_overlaps_of_paths(one, other, both):
    found = overlap(PathPattern(one), PathPattern(other))
    assert (None if found is None else found.text) == both


RULES = st.lists(
    st.tuples(
        st.sampled_from(["*", "x", "x*", "y"]),
        st.sampled_from(["allow", "deny"]),
        st.sampled_from(["", "link", "call"]),
        PATTERNS,
    ),
    max_size=4,
)


def policy(rules) -> Policy:
    return Policy.of(
        {
            "rule": [
                {"tenant": tenant, verdict: {"import": {operation: text} if operation else text}}
                for tenant, verdict, operation, text in rules
            ]
        }
    )


def witnesses(pattern: NamePattern, others: set[NamePattern]) -> list[str]:
    """Names that a pattern matches, and of the others only those around it: its stars stand for nothing or for much."""
    found = symbols(pattern.text)
    names = ["".join({"*": star, "?": "_"}.get(symbol, symbol[1:]) for symbol in found) for star in ("", "_" * 9)]
    narrower = [other for other in others if not other.covers(pattern)]
    return [name for name in names if not any(other.matches(name) for other in narrower)]


def allowed(asked: Policy, tenant: str, name: str, operation: str) -> bool:
    return asked.decide(Access("import", Subject(tenant), name, operation)).allowed


@given(RULES, RULES)
def test_what_is_said_is_so(before, after):
    old, new = policy(before), policy(after)
    tenants = {NamePattern(rule[0]) for rule in before + after}
    patterns = {NamePattern(rule[3]) for rule in before + after}
    for change in access_changes(old, new):
        for who in witnesses(NamePattern(change.tenant), tenants):
            for what in witnesses(NamePattern(change.pattern), patterns):
                for operation in change.operations:
                    assert allowed(old, who, what, operation) is not change.allowed
                    assert allowed(new, who, what, operation) is change.allowed


def test_names_that_only_the_changed_pattern_matches_are_found():
    assert witnesses(NamePattern("*"), {NamePattern("*"), NamePattern("?*")}) == [""]
    assert witnesses(NamePattern("a*"), {NamePattern("*"), NamePattern("a")}) == ["a" + "_" * 9]


@pytest.mark.parametrize(("one", "other"), [("*?", "?*"), ("a**", "a*"), ("*?*", "?*"), ("a*??b", "a?*?b")])
def test_wildcards_next_to_each_other_have_no_order(one, other):
    assert NamePattern(one).covers(NamePattern(other))
    assert NamePattern(other).covers(NamePattern(one))
    assert access_changes(policy([("*", "allow", "", one)]), policy([("*", "allow", "", other)])) == []


PREFIXES = st.lists(
    st.tuples(
        st.sampled_from(["*", "x"]),
        st.sampled_from(["allow", "deny"]),
        st.sampled_from(["", "link"]),
        st.sampled_from(["*", "a*", "ab*", "abc", "b*"]),
    ),
    max_size=4,
)


@given(PREFIXES, PREFIXES, st.sampled_from(["", "a", "ab", "abc", "abcd", "b", "c"]), st.sampled_from(["x", "y"]))
def test_nothing_is_left_out(before, after, name, tenant):
    old, new = policy(before), policy(after)
    if allowed(old, tenant, name, "link") != allowed(new, tenant, name, "link"):
        assert any(
            "link" in change.operations
            and change.allowed is allowed(new, tenant, name, "link")
            and NamePattern(change.pattern).matches(name)
            and NamePattern(change.tenant).matches(tenant)
            for change in access_changes(old, new)
        )


def test_limits_are_compared_for_each_tenant_and_module_once():
    old = Policy.of({"rule": [{"limits": {"memory": 10}}, {"module": "m", "limits": {"stack": 5}}]})
    new = Policy.of({"rule": [{"limits": {"memory": 20}, "quota": {"fuel": 3}}, {"module": "m"}]})
    found = [(each.table, each.quantity, each.module, each.looser) for each in limit_changes(old, new)]
    assert found == [
        ("limits", "memory", "*", True),
        ("limits", "stack", "m", True),
        ("quota", "fuel", "*", False),
    ]
