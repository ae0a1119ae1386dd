from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wrt_foundation.errors import TextError
from wrt_wast.text.lexer import END, FAULT, decode_source, tokenize


def lexemes(source: str) -> list[str]:
    found = tokenize(source).lexemes
    assert found.pop() == END
    return found


def fault(source: str) -> str:
    tokens = tokenize(source)
    (message, *_) = (tokens.faults[i] for i in sorted(tokens.faults))
    return message


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("", []),
        (" \t\r\n ", []),
        ("(a b)", ["(", "a", "b", ")"]),
        ("(a)(b)", ["(", "a", ")", "(", "b", ")"]),
        ('a"b"', [FAULT]),
        ('"a""b"', [FAULT]),
        ('"a" "b"', ['"a"', '"b"']),
        ("a;;b\nc", ["a", "c"]),
        ("a;;b\rc", ["a", "c"]),
        ("a(;b;)c", ["a", "c"]),
        ("a(;(;;);)c", ["a", "c"]),
        ("a(;;;(;()(;x;)(;;);)(;;);)c;;", ["a", "c"]),
        ("(;)(;););)", []),
        ("$a!#$%&'*+-./:<=>?@\\^_`|~9", ["$a!#$%&'*+-./:<=>?@\\^_`|~9"]),
        (r'$"a b" $"\41" $"$"', ["$a b", "$A", "$$"]),
        ('"\u202eé(;"', ['"\u202eé(;"']),
        (";;\u202e\n(;\u2066;)a", ["a"]),
        (r'"\"" x', [r'"\""', "x"]),
        ("(@x)a", ["a"]),
        ('(@x (y (z)) ")" (;);) ;;)\n , ; [ ] {})a', ["a"]),
        ('(@"x y" a"b"c $ @ 0$x (@y) (@z(@)))a', ["a"]),
    ],
)
def test_tokens(source, expected):
    assert lexemes(source) == expected


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("a , b", "unknown operator"),
        ('0$x"y"', "unknown operator"),
        ("\x00", "illegal character"),
        ("é", "illegal character"),
        ("\x7f", "illegal character"),
        ("\x0b", "illegal character"),
        ('"abc', "unclosed string"),
        ('"abc\n"', "unclosed string"),
        ('"a\x01b"', "illegal character"),
        (r'"\q"', "illegal escape"),
        (r'"\u{}"', "illegal escape"),
        (r'"\u{1__2}"', "illegal escape"),
        ("(; (; ;)", "unclosed comment"),
        ("$", "empty identifier"),
        ("$()", "empty identifier"),
        ('$""', "empty identifier"),
        ('$"a\nb"', "empty identifier"),
        (r'$"\ff"', "malformed UTF-8 encoding"),
        ("(@)", "empty annotation id"),
        ("(@ x)", "empty annotation id"),
        ('(@"")', "empty annotation id"),
        (r'(@"\ff")', "malformed UTF-8 encoding"),
        ("(@x", "unclosed annotation"),
        ("(@x (y)", "unclosed annotation"),
        ('(@x "', "unclosed string"),
        ("(@x é)", "illegal character"),
        ("(@x \x05)", "illegal character"),
        ("(@x (; )", "unclosed comment"),
    ],
)
def test_what_is_no_token_is_kept_as_a_fault_with_its_reason(source, message):
    assert fault(source).startswith(message)


def test_a_fault_leaves_the_tokens_after_it_readable():
    assert lexemes('(a "\\q" b) c') == ["(", "a", FAULT, "b", ")", "c"]


def test_annotations_are_kept_on_request_with_the_token_they_stand_before():
    tokens = tokenize('(a (@keep "x" (y)) (@drop) b)', keep=frozenset({"keep"}))
    assert tokens.lexemes == ["(", "a", "b", ")", END]
    (annotation,) = tokens.annotations[2]
    assert (annotation.name, annotation.lexemes, annotation.start) == ("keep", ['"x"', "(", "y", ")"], 3)


def test_places_count_lines_and_columns_from_one():
    tokens = tokenize("a\n\n  b\nc")
    assert [tokens.place(start) for start in tokens.starts] == [(1, 1), (3, 3), (4, 1), (4, 2)]


def test_an_error_shows_its_line():
    error = tokenize("first\n\tsecond line\r\nthird", "x.wat").error("wrong", 7)
    assert (error.line, error.column, error.source_line) == (2, 2, "\tsecond line")
    assert str(error) == "x.wat:2:2: wrong\n  \tsecond line\n  \t^"


def test_sources_must_be_utf8():
    with pytest.raises(TextError, match="malformed UTF-8 encoding") as caught:
        decode_source(b"ok\n (\xc3\xa9 \xff)", "x.wat")
    assert (caught.value.line, caught.value.column) == (2, 5)


def test_deeply_nested_comments_and_annotations_do_not_recurse():
    depth = 100_000
    assert lexemes("(;" * depth + ";)" * depth + "a") == ["a"]
    assert lexemes("(@x " + "(" * depth + ")" * depth + ")a") == ["a"]
    assert fault("(;" * depth) == "unclosed comment"


@given(st.text())
def test_any_text_can_be_lexed(source):
    tokens = tokenize(source)
    assert len(tokens.lexemes) == len(tokens.starts)
    assert tokens.starts == sorted(tokens.starts)
    assert all((lexeme == FAULT) == (i in tokens.faults) for i, lexeme in enumerate(tokens.lexemes))
