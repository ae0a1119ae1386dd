"""Modules that are loaded from text know where in it their instructions stand."""

from __future__ import annotations

import pickle

import pytest

from wrt_core import EngineFactory
from wrt_foundation.binary.instructions import read_instructions
from wrt_foundation.positions import Position
from wrt_foundation.traps import Trap
from wrt_wast.text import assemble

TEXT = """\
(module $m
  (func $flat (param i32) (result i32)
    local.get 0
    if (result i32) ;; a comment
      i32.const 200 i32.const 1
      i32.add
    else
      unreachable
    end)
  (func $folded (param i32) (result i32)
    (block $b (result i32)
      (if (local.get 0)
        (then (nop))
        (else (drop (i32.const 3))))
      (i32.div_s
        (i32.const 1)
        (local.get 0)))))
"""


def positions_of(module, text=None):
    """Each instruction's name, with the lines and columns where it stands."""
    found = []
    for code in module.codes:
        for instruction, _, offset in read_instructions(code.code, code.offset):
            position = module.positions.at(offset)
            found.append((instruction.name, position.line, position.column))
    return found


def test_every_instruction_stands_where_its_keyword_does():
    assert positions_of(assemble(TEXT, "m.wat")) == [
        ("local.get", 3, 5),
        ("if", 4, 5),
        ("i32.const", 5, 7),
        ("i32.const", 5, 21),
        ("i32.add", 6, 7),
        ("else", 7, 5),
        ("unreachable", 8, 7),
        ("end", 9, 5),
        ("end", 9, 8),
        ("block", 11, 6),
        ("local.get", 12, 12),
        ("if", 12, 8),
        ("nop", 13, 16),
        ("else", 14, 10),
        ("i32.const", 14, 22),
        ("drop", 14, 16),
        ("end", 14, 36),
        ("i32.const", 16, 10),
        ("local.get", 17, 10),
        ("i32.div_s", 15, 8),
        ("end", 17, 23),
        ("end", 17, 24),
    ]


def test_what_is_no_instruction_has_no_position():
    module = assemble(TEXT)
    starts = {offset for code in module.codes for _, _, offset in read_instructions(code.code, code.offset)}
    for offset in (-1, *range(len(module.binary) + 5), 1 << 40):
        assert (module.positions.at(offset) is not None) == (offset in starts)


def test_lines_of_the_text_are_known_without_a_file():
    module = assemble(TEXT.replace("\n", "\r\n"))
    position = module.positions.at(module.codes[0].offset)
    assert position == Position("<text>", 3, 5)
    assert module.positions.text(position) == "    local.get 0"
    assert module.positions.text(Position("<text>", 99)) is None


def test_characters_are_counted_not_bytes():
    module = assemble('(module (; ünï ;) (func (export "ä€𝄞") nop))')
    assert positions_of(module)[0] == ("nop", 1, 40)


def test_they_pickle():
    module = assemble(TEXT, "m.wat")
    again = pickle.loads(pickle.dumps(module.positions))
    for offset in range(len(module.binary)):
        assert again.at(offset) == module.positions.at(offset)


def test_code_that_is_given_as_bytes_has_none(tmp_path):
    plain = assemble("(module (func nop) (func nop))")
    given = assemble('(module binary "\\00asm\\01\\00\\00\\00")')
    assert given.positions is None
    assert plain == assemble('(module quote "(func nop) (func nop)")')


def test_quoted_text_has_positions_in_itself():
    module = assemble('(module quote "(func" "\\0a nop)")', "q.wat")
    assert module.positions.at(module.codes[0].offset) == Position("q.wat (quoted)", 2, 2)


def test_a_trap_says_where_in_the_text_it_was(tmp_path):
    path = tmp_path / "m.wat"
    path.write_text(
        "(module $m (func $divide (param i32)\n  (drop\n    (i32.div_s (i32.const 1) (local.get 0))))\n"
        ' (func (export "f")\n  (call $divide (i32.const 0))))'
    )
    engine = EngineFactory.create("stackless")
    exports = engine.instantiate(engine.load(path)).exports
    with pytest.raises(Trap) as caught:
        exports.f()
    divide, outer = caught.value.frames
    assert divide.position == Position(str(path), 3, 6)
    assert outer.position == Position(str(path), 5, 4)
    assert caught.value.backtrace().splitlines()[1].endswith(f"{path}:5:4")
