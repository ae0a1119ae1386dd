"""Patterns: what they match, and when one covers another."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wrt_capability.policy.patterns import ModulePattern, NamePattern, PathPattern, resolve_path

TEXTS = st.text("ab*?\\\n\0[.", max_size=8)


def reference(pattern: str, name: str) -> bool:
    """Whether a pattern matches, by the rules as they are written, one character at a time."""
    if not pattern:
        return not name
    if pattern[0] == "*":
        return any(reference(pattern[1:], name[index:]) for index in range(len(name) + 1))
    if pattern[0] == "\\":
        literal, rest = pattern[1:2] or "\\", pattern[2:]
        return name[:1] == literal and reference(rest, name[1:])
    return bool(name) and (pattern[0] in ("?", name[0])) and reference(pattern[1:], name[1:])


@given(TEXTS.filter(bool), TEXTS)
def test_names_match_as_the_rules_say(pattern, name):
    assert NamePattern(pattern).matches(name) == reference(pattern, name)


@given(TEXTS.filter(bool), TEXTS.filter(bool), TEXTS)
def test_what_covers_a_pattern_matches_what_that_matches(wide, narrow, name):
    if NamePattern(wide).covers(NamePattern(narrow)) and NamePattern(narrow).matches(name):
        assert NamePattern(wide).matches(name)


@pytest.mark.parametrize(
    ("wide", "narrow", "covered"),
    [
        ("env.*", "env.log", True),
        ("env.*", "env.*", True),
        ("env.*", "env.l*g", True),
        ("env.?", "env.*", False),
        ("env.log", "env.*", False),
        ("*", "a?b", True),
        ("a\\*", "a*", False),
        ("a*", "a\\*", True),
    ],
)
def test_covering(wide, narrow, covered):
    assert NamePattern(wide).covers(NamePattern(narrow)) is covered


def test_many_stars_take_no_time():
    assert not NamePattern("*a" * 200 + "b").matches("a" * 5000)


def test_a_more_specific_name_says_more():
    ranked = ["*", "env*", "env.*", "env.lo?", "env.log"]
    assert sorted(ranked, key=lambda text: NamePattern(text).specificity) == ranked
    assert ModulePattern("sha256:" + "a" * 64).specificity > ModulePattern("a" * 100).specificity


def test_an_empty_pattern_is_refused():
    with pytest.raises(ValueError, match="empty"):
        NamePattern("")


def test_modules_by_hash_are_matched_by_nothing_else():
    pattern = ModulePattern("sha256:" + "AB" * 32)
    assert pattern.admits("any name", "ab" * 32)
    assert not pattern.admits("sha256:" + "ab" * 32, "cd" * 32)
    assert not pattern.admits("", "")
    assert ModulePattern("*").admits("", "ab" * 32)
    with pytest.raises(ValueError, match="64 hexadecimal"):
        ModulePattern("sha256:abc")


def matches(pattern: object, path: object) -> bool:
    return PathPattern(str(pattern)).matches(resolve_path(str(path)))


def test_paths_are_compared_by_components(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "dataevil").mkdir()
    assert matches(tmp_path / "data" / "**", tmp_path / "data")
    assert matches(tmp_path / "data" / "**", tmp_path / "data" / "a" / "b")
    assert not matches(tmp_path / "data" / "**", tmp_path / "dataevil" / "a")
    assert not matches(tmp_path / "data", tmp_path / "data" / "a")
    assert matches(tmp_path / "*" / "a", tmp_path / "data" / "a")
    assert not matches(tmp_path / "*", tmp_path / "data" / "a")
    assert matches("**", tmp_path)


def test_dots_and_links_lead_nowhere_else(tmp_path):
    inside, outside = tmp_path / "in", tmp_path / "out"
    inside.mkdir()
    outside.mkdir()
    (inside / "link").symlink_to(outside)
    pattern = inside / "**"
    assert not matches(pattern, inside / ".." / "out" / "secret")
    assert not matches(pattern, inside / "link" / "secret")
    assert not matches(pattern, f"{inside}/./../in/../out")
    assert matches(pattern, inside / "x" / ".." / "y")
    # A pattern of a folder that is a link is about where it leads.
    (tmp_path / "alias").symlink_to(inside)
    assert matches(tmp_path / "alias" / "**", inside / "file")


@pytest.mark.parametrize("text", ["relative", "./here", "", "/a/**/b", "/a/../b", "/a\0b"])
def test_paths_that_are_none_are_refused(text):
    with pytest.raises(ValueError):
        PathPattern(text)


@pytest.mark.parametrize("path", ["", "/tmp/\0"])
def test_requests_that_are_no_paths_are_refused(path):
    with pytest.raises(ValueError):
        resolve_path(path)


def test_covering_of_paths(tmp_path):
    deep, one = PathPattern(f"{tmp_path}/**"), PathPattern(f"{tmp_path}/*")
    assert deep.covers(one)
    assert deep.covers(PathPattern(f"{tmp_path}/a/**"))
    assert not one.covers(deep)
    assert not deep.covers(PathPattern(f"{tmp_path}evil/**"))
    assert not deep.covers(NamePattern("*"))
    assert PathPattern("**").covers(deep)


def test_a_newline_at_the_end_matters():
    assert not NamePattern("log").matches("log\n")
