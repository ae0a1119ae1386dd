"""The name section: every kind of name comes back, and nothing wrong with it makes the module wrong."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wrt_foundation.binary import decode, decode_names, encode, encode_names
from wrt_foundation.module import CustomSection, Module, Names

NAME = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
INDEX = st.integers(0, 300) | st.integers(0, 2**32 - 1)
MAP = st.dictionaries(INDEX, NAME, max_size=4)
MAPS = st.dictionaries(INDEX, st.dictionaries(INDEX, NAME, min_size=1, max_size=3), max_size=3)

EVERY = Names(
    module="m",
    functions={0: "f", 300: "φ"},
    locals={1: {0: "x", 2: "y"}, 2: {7: ""}},
    labels={1: {0: "loop"}},
    types={0: "t"},
    tables={1: "tab"},
    memories={2: "mem"},
    globals={3: "g"},
    elements={4: "e"},
    data={5: "d"},
    fields={0: {0: "first"}},
    tags={6: "tag"},
)


@settings(deadline=None)
@given(st.builds(Names, st.none() | NAME, MAP, MAPS, MAPS, MAP, MAP, MAP, MAP, MAP, MAP, MAPS, MAP))
def test_names_come_back(names: Names) -> None:
    assert decode_names(encode_names(names)) == names


def test_every_kind_has_its_number() -> None:
    encoded = encode_names(EVERY)
    kinds, position = [], 0
    while position < len(encoded):
        kinds.append(encoded[position])
        position += 2 + encoded[position + 1]
    assert kinds == list(range(12))
    assert decode_names(encoded) == EVERY
    assert encoded.startswith(bytes.fromhex("00 02 01 6d  01 09 02 00 01 66 ac 02 02 cf 86"))


def test_no_names_no_bytes() -> None:
    assert encode_names(Names()) == b""
    assert encode_names(Names(locals={3: {}})) == b""
    assert encode_names(Names(module="")) == b"\0\1\0"


def test_a_malformed_section_gives_what_could_be_read() -> None:
    encoded = encode_names(EVERY)
    for size in range(len(encoded)):
        names = decode_names(encoded[:size])
        assert names.functions.items() <= EVERY.functions.items()
        assert names.module in (None, "m")
    assert decode_names(b"\1\5\2\0\1f\1" + b"\0\2\1m") == Names(module="m", functions={0: "f"})
    assert decode_names(b"\1\4\1\0\1\xff" + b"\0\2\1m") == Names(module="m")


def test_unknown_subsections_are_passed_over() -> None:
    assert decode_names(b"\x0c\1x\x7f\0\0\2\1m") == Names(module="m")


@pytest.mark.parametrize("kind", range(12))
def test_counts_that_the_section_has_no_room_for(kind: int) -> None:
    assert decode_names(bytes([kind, 5]) + b"\xff\xff\xff\xff\x0f") == Names()


def test_names_are_decoded_when_somebody_asks() -> None:
    section = CustomSection("name", encode_names(EVERY), 0)
    module = decode(encode(Module(customs=[section])))
    assert module.customs == [section]
    assert module.names == EVERY
    assert module.names is module.names
    assert pickle.loads(pickle.dumps(decode(module.binary))).names == EVERY


def test_a_malformed_name_section_is_no_fault_of_the_module() -> None:
    section = CustomSection("name", b"\1\xff\xff\xff", 0)
    module = decode(encode(Module(customs=[section])))
    assert module.names == Names()
    assert decode(encode(module)) == module


def test_modules_have_names_of_their_own() -> None:
    first, second = Module(), Module()
    first.names.functions[0] = "f"
    assert second.names == Names()
    assert first == second
