from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wrt_wast.text.strings import StringError, decode_name, decode_string, quote


@given(st.binary())
def test_bytes_that_are_quoted_decode_to_themselves(data):
    literal = quote(data)
    assert decode_string(literal) == data
    assert literal.isascii()
    assert literal.isprintable()


@given(st.text())
def test_names_that_are_quoted_decode_to_themselves(name):
    if any(0xD800 <= ord(c) < 0xE000 for c in name):
        return
    literal = quote(name)
    assert decode_name(literal) == name
    assert literal.isprintable()


@pytest.mark.parametrize(
    ("literal", "data"),
    [
        (r'"\t\n\r\"\'\\"', b"\t\n\r\"'\\"),
        (r'"\00\fF\7f"', b"\x00\xff\x7f"),
        (r'"\u{0}\u{7F}\u{e9}\u{20_ac}\u{1F600}"', "\0\x7fé€😀".encode()),
        (r'"\u{0000000000000000000000000000041}"', b"A"),
        ('"é\u202e"', "é\u202e".encode()),
        (r'"\\41"', b"\\41"),
    ],
)
def test_every_escape_stands_for_its_bytes(literal, data):
    assert decode_string(literal) == data


@pytest.mark.parametrize("scalar", ["d800", "DFFF", "110000", "ffffffffffffffffffffffff"])
def test_only_scalar_values_can_be_escaped(scalar):
    with pytest.raises(StringError, match="illegal escape"):
        decode_string(f'"\\u{{{scalar}}}"')


def test_a_name_must_be_utf8():
    with pytest.raises(StringError, match="malformed UTF-8 encoding"):
        decode_name(r'"\ff"')
