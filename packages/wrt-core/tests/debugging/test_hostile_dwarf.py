"""DWARF that is damaged, or made to do harm: it gives fewer positions, says why, and takes no longer than its size."""

from __future__ import annotations

import random
from time import perf_counter

import pytest

from wrt_core import EngineFactory
from wrt_core.debugging import positions
from wrt_foundation.module import CustomSection
from wrt_foundation.traps import Trap


def uleb(value):
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes((*out, value))


def unit(contents):
    return len(contents).to_bytes(4, "little") + contents


def line_unit(program, directories=b"\0", files=b"a.c\0\0\0\0\0", line_range=14):
    """A line number program of version 4."""
    rest = bytes((1, 1, 1, 0xFB, line_range, 13, 0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1)) + directories + files
    return unit(b"\4\0" + len(rest).to_bytes(4, "little") + rest + program)


def at(address):
    return b"\0\5\2" + address.to_bytes(4, "little")


END = b"\0\1\1"
ROW = at(4) + b"\3\6\1" + b"\2\x20" + END
"""Line 7 for the addresses from 4 up to 0x24."""


def asked(module):
    """The positions that a module has for all its bytes, and its problems as text; it may take no longer than this."""
    start = perf_counter()
    found = positions(module)
    each = [found.at(offset) for offset in range(0, len(module.binary), 1 + len(module.binary) // 300)]
    assert perf_counter() - start < 10
    return [position for position in each if position], [str(problem) for problem in found.problems.found]


def test_a_program_of_ours_is_read(with_sections):
    found, problems = asked(with_sections({".debug_line": line_unit(ROW)}))
    assert {str(position) for position in found} == {"a.c:7"}
    assert len(found) == 0x20, "the section is not longer than the code, so all bytes were asked for"
    assert problems == []


@pytest.mark.parametrize(
    ("section", "message"),
    [
        (b"\1", "unexpected end"),
        (b"\xf0\xff\xff\xff", "a reserved length"),
        (b"\xff\xff\xff\xff" + b"\xff" * 8, "longer than what is left"),
        (unit(b"\6\0"), "unknown version 6"),
        (unit(b"\4\0\xff\0\0\0"), "a header longer than its unit"),
        (line_unit(ROW, line_range=0), "special opcodes without a range"),
        (line_unit(ROW[:-3]), "a sequence without end"),
        (line_unit(at(4) + b"\1" + at(3) + b"\1" + END), "addresses that go down"),
        (line_unit(at(4) + b"\3\x7e\1" + END), "a line or an address that is none"),
        (line_unit(b"\0\x20\2"), "an extended opcode that is empty or too long"),
        (line_unit(b"\0\0"), "an extended opcode that is empty or too long"),
        (line_unit(b"\0\x0a\2" + b"\xff" * 9 + b"\1"), "an address of 9 bytes"),
        (line_unit(b"\2" + b"\x80" * 12), "number too long"),
        (line_unit(ROW, files=b"a.c\0\5\0\0\0"), "no directory 5"),
        (line_unit(ROW, files=b"a.c"), "a string without end"),
    ],
)
def test_what_is_malformed_is_reported_and_left_out(with_sections, caplog, section, message):
    found, problems = asked(with_sections({".debug_line": section}))
    assert found == []
    assert len(problems) == 1
    assert message in problems[0]
    assert ".debug_line" in problems[0]
    assert [record.problem for record in caplog.records] == positions_problems(caplog)


def positions_problems(caplog):
    return [record.args[0] for record in caplog.records if record.name == "wrt_core.debugging"]


def test_one_bad_unit_does_not_hide_the_others(with_sections):
    section = unit(b"\6\0") + line_unit(ROW)
    found, problems = asked(with_sections({".debug_line": section}))
    assert {position.line for position in found} == {7}
    assert len(problems) == 1


def test_one_bad_unit_of_entries_does_not_hide_the_others(shapes, instructions):
    module = shapes("v4")
    good = positions(shapes("v4"))
    module.customs = [
        CustomSection(each.name, unit(b"\x63\0") + each.data) if each.name == ".debug_info" else each
        for each in module.customs
    ]
    found = positions(module)
    assert [found.at(offset).line for name, offset in instructions(module) if name == "i32.div_s"] == [
        good.at(offset).line for name, offset in instructions(module) if name == "i32.div_s"
    ]
    assert "unknown version 99" in str(found.problems.found[0])


def test_no_more_than_some_problems_are_kept(with_sections):
    _, problems = asked(with_sections({".debug_line": b"".join(line_unit(b"\0\0" * each) for each in range(1, 50))}))
    assert len(problems) == 20


BIG = 200_000


@pytest.mark.parametrize(
    "sections",
    [
        # Paths that grow by being put together: many files in a directory with a long name.
        {".debug_line": line_unit(ROW, b"d" * BIG + b"\0\0", b"f\0\1\0\0" * (BIG // 5) + b"\0")},
        # Units that all run the same long program.
        {
            ".debug_abbrev": b"\1\x11\0\x10\x17\0\0\0",
            ".debug_info": unit(b"\4\0" + bytes(4) + b"\4" + b"\1" + bytes(4)) * (BIG // 16),
            ".debug_line": line_unit(ROW * (BIG // len(ROW))),
        },
        # Units that run the parts of one, each from an offset of its own.
        {
            ".debug_abbrev": b"\1\x11\0\x10\x17\0\0\0",
            ".debug_info": b"".join(
                unit(b"\4\0" + bytes(4) + b"\4" + b"\1" + offset.to_bytes(4, "little")) for offset in range(BIG // 16)
            ),
            ".debug_line": (b"\x40\x42\x0f\0" + b"\4\0") * (BIG // 6),
        },
        # Entries without bytes, as many as a number can say.
        {
            ".debug_line": unit(
                b"\5\0\4\0"
                + (40).to_bytes(4, "little")
                + b"\1\1\1\xfb\1\1"
                + b"\1\1\x19"
                + b"\xff" * 9
                + b"\1"
                + bytes(30)
            )
        },
        # Units that all have the same long name for their directory.
        {
            ".debug_abbrev": b"\1\x11\0\x1b\x0e\0\0\0",
            ".debug_info": unit(b"\4\0" + bytes(4) + b"\4" + b"\1" + bytes(4)) * (BIG // 16),
            ".debug_str": b"s" * BIG + b"\0",
            ".debug_line": line_unit(ROW),
        },
        # Abbreviations that are read again and again, from every offset.
        {
            ".debug_abbrev": b"\1\x11\0" * (BIG // 3),
            ".debug_info": b"".join(
                unit(b"\4\0" + offset.to_bytes(4, "little") + b"\4" + b"\1" + bytes(4)) for offset in range(BIG // 16)
            ),
            ".debug_line": line_unit(ROW),
        },
        # A list of ranges that all units share.
        {
            ".debug_abbrev": b"\1\x11\0\x55\x17\0\0\0",
            ".debug_info": unit(b"\4\0" + bytes(4) + b"\4" + b"\1" + bytes(4)) * (BIG // 16),
            ".debug_ranges": b"\4\0\0\0\5\0\0\0" * (BIG // 8) + bytes(8),
            ".debug_line": line_unit(ROW),
        },
    ],
    ids=["paths", "programs", "offsets", "counts", "names", "abbreviations", "ranges"],
)
def test_a_small_section_does_not_take_long(with_sections, sections):
    _, problems = asked(with_sections(sections))
    assert len(problems) <= 20


@pytest.mark.parametrize("version", ["v2", "v4", "v5"])
@pytest.mark.parametrize("seed", range(3))
def test_damage_of_any_kind_is_survived(shapes, version, seed):
    chance = random.Random(f"{version} {seed}")
    good = shapes(version)
    for _ in range(10):
        module = shapes(version)
        module.customs = []
        for custom in good.customs:
            data = bytearray(custom.data)
            if custom.name.startswith(".debug_"):
                for _ in range(chance.choice((0, 1, 3))):
                    place = chance.randrange(len(data))
                    match chance.randrange(4):
                        case 0:
                            data[place] = chance.choice((0, 1, 0x7F, 0x80, 0xFF))
                        case 1:
                            data[place] ^= 1 << chance.randrange(8)
                        case 2:
                            del data[place:]
                            data += bytes(1)
                        case _:
                            data[place:place] = chance.randbytes(3)
            module.customs.append(CustomSection(custom.name, bytes(data)))
        asked(module)


def test_a_guest_with_damaged_debug_information_runs_and_traps_all_the_same(shapes):
    module = shapes("v4")
    module.customs = [CustomSection(".debug_line", b"\xff" * 8)]
    engine = EngineFactory.create("stackless")
    exports = engine.instantiate(engine.load(module), {"host": {"fail": print}}).exports
    assert exports.average(2) == 10
    with pytest.raises(Trap) as caught:
        exports.average(0)
    assert [frame.position for frame in caught.value.frames] == [None, None]
    assert "divide" in caught.value.backtrace()
