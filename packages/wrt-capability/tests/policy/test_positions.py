"""Positions: every key and item of a document is found on its line, whatever `tomllib` takes."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wrt_capability.policy.positions import positions

DOCUMENT = '''# a comment with [brackets] and = signs
name = "a # b"
"quoted \\u006bey" = 1

[[rule]]
allow.import = [  # a list
  "one",
  "two",   # and more
  'thr]ee',
]
text = """
[not.a.table]
x = "1"
"""
limits = { memory = "1 MiB", "stack" = 5 }
[rule.quota]
instances = 1

[[rule]]
allow."import" = "x"
deny = {call = ["a",
  "b"]}
literal = \'\'\'it"s \'\'\'
[capabilities.fire-wall]
rules = []
'''


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("name",), 2),
        (("quoted key",), 3),
        (("rule",), 5),
        (("rule", 0), 5),
        (("rule", 0, "allow", "import"), 6),
        (("rule", 0, "allow", "import", 0), 7),
        (("rule", 0, "allow", "import", 2), 9),
        (("rule", 0, "text"), 11),
        (("rule", 0, "limits", "memory"), 15),
        (("rule", 0, "limits", "stack"), 15),
        (("rule", 0, "quota", "instances"), 17),
        (("rule", 1), 19),
        (("rule", 1, "allow", "import"), 20),
        (("rule", 1, "deny", "call", 1), 22),
        (("rule", 1, "literal"), 23),
        (("capabilities", "fire-wall", "rules"), 25),
    ],
)
def test_lines(path, line):
    assert positions(DOCUMENT)[path] == line


def test_other_line_ends_count_the_same():
    assert positions("a = 1\r\nb = 2\r\n") == {("a",): 1, ("b",): 2}


def paths(value: object, path: tuple[str | int, ...] = ()) -> set[tuple[str | int, ...]]:
    found = {path} if path else set()
    if isinstance(value, dict):
        for key, each in value.items():
            found |= paths(each, (*path, key))
    elif isinstance(value, list):
        for index, each in enumerate(value):
            found |= paths(each, (*path, index))
    return found


def test_nothing_is_missed():
    assert paths(tomllib.loads(DOCUMENT)) <= set(positions(DOCUMENT))


FRAGMENTS = st.lists(
    st.sampled_from(
        (
            "a",
            "b.c",
            '"x y"',
            "'.'",
            " = ",
            "=",
            "1",
            '"s"',
            "'l'",
            '"""m\n"',
            '"""',
            "'''",
            "[",
            "]",
            "[[",
            "]]",
            "{",
            "}",
            ",",
            "\n",
            "#c\n",
            " ",
            "\t",
            "true",
            '"\\""',
            '\\"',
            "-1.5",
            "1979-05-27 07:32:00",
        )
    ),
    max_size=14,
).map("".join)


@given(FRAGMENTS)
def test_whatever_is_a_document_can_be_scanned(text):
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    assert paths(document) <= set(positions(text))
