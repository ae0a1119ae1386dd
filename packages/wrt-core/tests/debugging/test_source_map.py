"""Source maps: found beside the module or inside it, read as the specification says, and never further than that."""

from __future__ import annotations

import base64
import json
import pickle

import pytest

from wrt_core import EngineFactory
from wrt_core.debugging import positions
from wrt_foundation.positions import Position

DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"


def vlq(*numbers):
    text = ""
    for number in numbers:
        value = -number << 1 | 1 if number < 0 else number << 1
        while True:
            text += DIGITS[value & 31 | (32 if value > 31 else 0)]
            value >>= 5
            if not value:
                break
    return text


def section(url):
    data = url.encode()
    size, left = bytearray(), len(data)
    while left > 0x7F:
        size.append(left & 0x7F | 0x80)
        left >>= 7
    return {"sourceMappingURL": bytes((*size, left)) + data}


def inline(document):
    text = document if isinstance(document, str) else json.dumps(document)
    return section(f"data:application/json;base64,{base64.b64encode(text.encode()).decode()}")


MAP = {
    "version": 3,
    "sourceRoot": "/src/",
    "sources": ["a.ts", "b.ts"],
    "sourcesContent": ["first\n  second\nthird", None],
    "names": ["add"],
    "mappings": ",".join((vlq(30, 0, 1, 2, 0), vlq(10, 1, 40, -2), vlq(10), vlq(5, -1, -40, 0))),
}


def test_each_byte_is_where_the_last_mapping_before_it_says(with_sections):
    found = positions(with_sections(inline(MAP)))
    assert found.at(29) is None
    assert found.at(30) == found.at(39) == Position("/src/a.ts", 2, 3, "add")
    assert found.at(40) == found.at(49) == Position("/src/b.ts", 42, 1)
    assert found.at(50) is None
    assert found.at(55) == found.at(1_000_000) == Position("/src/a.ts", 2, 1)
    assert found.text(found.at(30)) == "  second"
    assert found.text(found.at(40)) is None
    assert found.problems.found == []


def test_a_map_may_be_a_file_beside_the_module(with_sections, tmp_path):
    (tmp_path / "m y.map").write_text(")]}'\n" + json.dumps(MAP))
    module = with_sections(section("m%20y.map"))
    module.filename = str(tmp_path / "m.wasm")
    assert positions(module).at(30) == Position("/src/a.ts", 2, 3, "add")
    again = pickle.loads(pickle.dumps(positions(module)))
    assert again.at(30) == Position("/src/a.ts", 2, 3, "add")


@pytest.mark.parametrize(
    "url", ["../secret.map", "/etc/passwd", "file:///etc/passwd", "http://127.0.0.1:9/x", "//h/x", "absent.map", "."]
)
def test_no_other_file_is_read_and_no_network_used(with_sections, tmp_path, url, monkeypatch):
    monkeypatch.setattr("socket.socket.connect", lambda *_: pytest.fail("the network was used"))
    (tmp_path / "secret.map").write_text(json.dumps(MAP))
    (tmp_path / "inside").mkdir()
    module = with_sections(section(url))
    module.filename = str(tmp_path / "inside" / "m.wasm")
    assert positions(module).at(30) is None
    assert "is no file beside the module" in str(positions(module).problems.found[0])


def test_a_link_out_of_the_directory_is_not_followed(with_sections, tmp_path):
    (tmp_path / "secret.map").write_text(json.dumps(MAP))
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "x.map").symlink_to(tmp_path / "secret.map")
    (inside / "round.map").symlink_to(inside / "round.map")
    for url in ("x.map", "round.map"):
        module = with_sections(section(url))
        module.filename = str(inside / "m.wasm")
        assert positions(module).at(30) is None
        assert len(positions(module).problems.found) == 1


def test_a_module_without_a_file_has_no_file_beside_it(with_sections, tmp_path, monkeypatch):
    (tmp_path / "m.map").write_text(json.dumps(MAP))
    monkeypatch.chdir(tmp_path)
    assert positions(with_sections(section("m.map"))).at(30) is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"version": 2}, "not of version 3"),
        ({"sections": []}, "an index of maps"),
        ({"mappings": 5}, "no mappings"),
        ({"mappings": "AA"}, "a segment of 2 numbers"),
        ({"mappings": "A?AA"}, "where a number is"),
        ({"mappings": "g"}, "a number without end"),
        ({"mappings": "ggggggggggggggA"}, "where a number is"),
        ({"mappings": vlq(0, 2, 0, 0)}, "a source, line or column that is none"),
        ({"mappings": vlq(0, 0, -1, 0)}, "a source, line or column that is none"),
        ({"mappings": vlq(0, 0, 0, 0, 1)}, "a name that is none"),
        ({"mappings": f"{vlq(5)},{vlq(-1)}"}, "offsets that go down"),
        ({"mappings": ",".join([vlq((1 << 32) - 1)] * 2)}, "too large"),
        ({"sources": "a"}, "sources is not a list"),
        ({"sources": [1]}, "sources is not a list"),
        ({"names": [None]}, "names is not a list"),
        ({"sourceRoot": 7}, "sourceRoot is no string"),
    ],
)
def test_a_malformed_map_gives_no_positions_and_says_why(with_sections, change, message):
    found = positions(with_sections(inline({**MAP, **change})))
    assert found.at(30) is None
    assert message in str(found.problems.found[0])


@pytest.mark.parametrize("document", ["", "[]", "{", "[" * 100_000, "\0"])
def test_what_is_no_map_gives_no_positions(with_sections, document):
    found = positions(with_sections(inline(document)))
    assert found.at(30) is None
    assert len(found.problems.found) == 1


@pytest.mark.parametrize("data", [b"", b"\xff", b"\x05ab", b"\x02\xff\xff"])
def test_a_malformed_section_is_as_none(with_sections, data):
    assert positions(with_sections({"sourceMappingURL": data})).at(30) is None


def test_dwarf_goes_before_a_source_map(shapes, instructions):
    module = shapes("v4")
    sections = {each.name: each.data for each in module.customs}
    assert ".debug_line" in sections
    engine = EngineFactory.create("stackless")
    loaded = engine.load(module)
    assert positions(loaded).at(next(instructions(module))[1]).file == "/src/shapes/shapes.c"
