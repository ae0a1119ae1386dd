"""Journals that are damaged, cut, foreign, or written by somebody who means harm: refused, and the place is named."""

from __future__ import annotations

import json
import random
import zlib

import pytest

from wrt_core import Memory
from wrt_core.recording import Divergence, JournalError, replay
from wrt_core.recording.journal import JournalReader
from wrt_core.testing import ModuleBuilder
from wrt_foundation.types import Limits, MemoryType


def program() -> ModuleBuilder:
    builder = ModuleBuilder("sample")
    ask = builder.import_function("env", "ask", "i32 -> i32")
    builder.memory(1, 3)
    builder.table(2, 4)
    builder.global_("level", "i32", "i32.const 0")
    builder.function("run", "i32 -> i32", f"local.get 0 call {ask} i32.load")
    return builder


@pytest.fixture
def module(record):
    """The program, of which there is a journal with every kind of event."""
    guests = []

    def ask(address):
        exports = guests[0].exports
        exports.memory.write(address, b"answer")
        exports.memory.read(address, 3)
        exports.memory.grow(1)
        exports.table.grow(1)
        exports.table[0] = exports.run
        exports.level.value += 1
        if address == 8:
            raise ValueError(address)
        return address

    def use(guest):
        guests.append(guest)
        guest.exports.run(4)
        with pytest.raises(ValueError, match="8"):
            guest.exports.run(8)

    return record(program(), use, {"env": {"ask": ask}})


@pytest.fixture
def refusal(journal, engine, module):
    """Replay what a journal has become; return what is said of it."""

    def refusal(content: bytes) -> JournalError:
        journal.write_bytes(content)
        with pytest.raises(JournalError) as caught:
            replay(journal, engine, module)
        return caught.value

    return refusal


def test_every_line_is_json(journal, module):
    lines = [json.loads(line) for line in journal.read_text().splitlines()]
    words = {line[1] for line in lines}
    assert lines[0][1:3] == ["wrt journal", 1]
    assert words >= {
        "begin",
        "call",
        "import",
        "write",
        "read",
        "grow",
        "lengthen",
        "element",
        "global",
        "raise",
        "end",
    }


def test_a_bit_that_flips(journal, refusal):
    whole = journal.read_bytes()
    for position in range(len(whole)):
        damaged = bytearray(whole)
        damaged[position] ^= 1 << position % 8
        error = refusal(bytes(damaged))
        line = whole.count(b"\n", 0, position) + 1
        assert error.line == line if line > 1 else error.line in (None, 1)


def test_a_line_that_is_lost_doubled_or_in_another_place(journal, refusal):
    lines = journal.read_bytes().splitlines(keepends=True)
    for index in range(1, len(lines)):
        assert refusal(b"".join(lines[:index] + lines[index + 1 :])).line in (index, index + 1)
        assert refusal(b"".join([*lines[: index + 1], *lines[index:]])).line == index + 2
    assert refusal(b"".join([*lines[:2], lines[3], lines[2], *lines[4:]])).line == 3


def test_the_rest_is_missing(journal, refusal):
    whole = journal.read_bytes()
    for length in range(0, len(whole), 7):
        refusal(whole[:length])
    cut = whole[: whole.rstrip().rfind(b"\n") + 1]
    assert (
        str(refusal(cut)) == f"the journal is cut off: its end is missing (line {cut.count(b'%c' % 10)} of the journal)"
    )


@pytest.mark.parametrize("content", [b"", b"\0asm\1\0\0\0", b"[]\n", b'["00000000"]\n', b"\x80\x04K\x01.", b"{}" * 9])
def test_other_files(refusal, content):
    assert str(refusal(content)) == "not a journal: it does not begin like one"


def test_a_file_that_is_not_there(engine, module, tmp_path):
    with pytest.raises(FileNotFoundError):
        replay(tmp_path / "none", engine, module)


def test_another_module(journal, engine, module):
    other = ModuleBuilder()
    with pytest.raises(JournalError, match=r"of another module \(sample\)"):
        replay(journal, engine, engine.load(other.bytes()))


def rewritten(content: bytes, change) -> bytes:
    """Return a journal with other lines, checksums and all."""
    checksum, parts = 0, []
    for said in change([json.loads(line)[1:] for line in content.splitlines()]):
        rest = json.dumps(said, separators=(",", ":"))[1:].encode()
        checksum = zlib.crc32(rest, checksum)
        parts.append(b'["%08x",%s\n' % (checksum, rest))
    return b"".join(parts)


def test_another_version(journal, refusal):
    later = rewritten(journal.read_bytes(), lambda lines: [["wrt journal", 2, {}], *lines[1:]])
    assert "version [2]; this reads version 1" in str(refusal(later))


@pytest.mark.parametrize(
    "line",
    [
        ["unknown"],
        [],
        [7],
        ["begin", 1],
        ["call", -1, []],
        ["call", True, []],
        ["call", 99, []],
        ["call", 1, []],
        ["call", 1, [1 << 32]],
        ["call", 1, [None]],
        ["call", 0, [1 << 64]],
        ["call", 1, 5],
        ["done", []],
        ["answer", []],
        ["import", 0, [1], [1], []],
        ["write", 0, 65534, "AAAA"],
        ["write", 9, 0, "AAAA"],
        ["write", 0, 0, "A"],
        ["write", 0, 0, 7],
        ["write", 0, 1 << 70, "AAAA"],
        ["read", 7, 0, "AAAA"],
        ["grow", 0, 1 << 40],
        ["global", 0, "x"],
        ["global", 4, 0],
        ["lengthen", 0, 1 << 40],
        ["element", 0, 77, None, [], []],
        ["element", 0, 0, {"func": 99}, [], []],
        ["element", 0, 0, {"host": 0}, [], []],
        ["element", 0, 0, {"own": 1}, ["what"], []],
        ["element", 0, 0, {"own": 1}, [3], []],
        ["element", 0, 0, {"own": 0}, [], []],
        ["raise", ["error", "X", "", 0, []]],
        ["failed", ["trap", "NO_SUCH_TRAP", "", 0, []]],
        ["failed", ["exit", "", "", 1 << 40, []]],
        ["end", 0, [], [], []],
    ],
)
def test_lines_that_make_no_sense(journal, refusal, line):
    """Behind the instance's beginning, where the host's turn is."""
    assert refusal(rewritten(journal.read_bytes(), lambda lines: [*lines[:3], line, *lines[3:]])).line in (4, 5)


def test_headers_that_make_no_sense(journal, refusal):
    def with_imports(value):
        def change(lines):
            return [[*lines[0][:2], {**lines[0][2], "imports": value}], *lines[1:]]

        return rewritten(journal.read_bytes(), change)

    for value in ([], [1], [None, None], 7):
        refusal(with_imports(value))


def test_imports_of_a_size_that_can_not_be(journal, engine, record, rewrite):
    builder = ModuleBuilder()
    builder.import_memory("env", "memory", 1)
    given = Memory(MemoryType(Limits(1)))
    module = record(builder, lambda guest: None, {"env": {"memory": given}})
    whole = journal.read_bytes()
    for size in ([1 << 40, None], [2, 1], [-1, None], [True, None], ["1", 1], [1], None, [1, None, 0]):

        def change(lines):
            lines[0][2]["imports"] = [size]  # noqa: B023 - called at once
            return lines

        journal.write_bytes(rewritten(whole, change))
        with pytest.raises((JournalError, Divergence)):
            replay(journal, engine, module)


def test_headers_that_lack_something(journal, refusal):
    refusal(rewritten(journal.read_bytes(), lambda lines: [["wrt journal", 1, {}], *lines[1:]]))


def test_json_that_is_too_much(journal, refusal):
    deep = b'"x":' + b"[" * 200_000
    for rest in (deep, b'"write",0,0,' + b"9" * 10_000 + b"]", b"\xff]"):
        header = journal.read_bytes().splitlines(keepends=True)[0]
        line = b'["%08x",%s\n' % (zlib.crc32(rest, int(header[2:10], 16)), rest)
        assert refusal(header + line).line == 2
        journal.write_bytes(header)


def test_nothing_but_typed_errors(journal, engine, module):
    """Values anywhere replaced by others that could be there: at the worst a divergence."""
    whole, rng = journal.read_bytes(), random.Random(6)
    values = [0, 1, -1, 3, 1 << 31, 1 << 63, True, None, "", "AAAA", [], [0], {}, {"func": 0}, {"own": 1}, {"host": 2}]
    outcomes = set()
    for _ in range(400):

        def change(lines):
            line = rng.choice(lines[1:])
            if len(line) > 1 and rng.random() < 0.8:
                line[rng.randrange(1, len(line))] = rng.choice(values)
            else:
                line[:] = rng.choice(lines[1:])
            return lines

        journal.write_bytes(rewritten(whole, change))
        try:
            replay(journal, engine, module)
        except (JournalError, Divergence) as error:
            outcomes.add(type(error))
    assert outcomes == {JournalError, Divergence}


def test_events_are_as_they_were_written(journal, module):
    with JournalReader(journal) as reader:
        words = [event.word for event in reader]
    turn = ["import", "global", "lengthen", "element", "answer"]
    assert words[:3] == ["begin", "done", "call"]
    assert [word for word in words[3:] if word in turn][:3] == ["import", "global", "lengthen"]
