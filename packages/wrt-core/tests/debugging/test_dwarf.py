"""DWARF that a compiler wrote: every version, every instruction, against the compiler's own tools."""

from __future__ import annotations

import pickle
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from wrt_core import EngineFactory
from wrt_core.debugging import positions
from wrt_foundation.positions import Position
from wrt_foundation.traps import Trap

SHAPES = Path(__file__).parent / "shapes"


def of(name, shapes, instructions, version):
    """Where the instructions of a name came from, in order."""
    module = shapes(version)
    return [positions(module).at(offset) for each, offset in instructions(module) if each == name]


@pytest.mark.parametrize(("version", "directory"), [("v2", ""), ("v4", "/src/shapes/"), ("v5", "/src/shapes/")])
def test_instructions_have_positions(shapes, instructions, version, directory):
    division = of("i32.div_s", shapes, instructions, version)[0]
    assert division == Position(f"{directory}shapes.c", 10, 18, "divide")
    assert of("unreachable", shapes, instructions, version)[0] == Position(f"{directory}shapes.c", 15, 5, "pick")
    assert str(division) == f"{directory}shapes.c:10:18"


def test_code_that_was_inlined_is_where_it_was_written(shapes, instructions):
    assert Position("/src/shapes/shapes.h", 2, 12, "divide") in of("i32.shl", shapes, instructions, "v5")


def test_functions_have_the_names_of_their_declarations(shapes, instructions):
    # A method's entry refers to the one in its class; both are in the second unit.
    position = of("i32.div_s", shapes, instructions, "v5")[1]
    assert position == Position("/src/shapes/circles.cpp", 11, 28, "area")


@pytest.mark.parametrize("version", ["v2", "v4", "v5"])
def test_what_is_no_instruction_has_no_position(shapes, version):
    module = shapes(version)
    found = positions(module)
    for offset in (-1, 0, 8, module.codes[0].offset - 30, len(module.binary), 1 << 40):
        assert found.at(offset) is None
    assert found.problems.found == []


def test_code_that_stands_for_no_line_has_no_position(shapes, instructions):
    module = shapes("v5")
    found = [positions(module).at(offset) for _, offset in instructions(module)]
    assert None in found
    assert all(each is None or each.line > 0 for each in found)


def test_source_lines_come_from_the_module_itself(shapes, instructions):
    module = shapes("v5")
    assert positions(module).text(of_division(module, instructions)) == "  return doubled / b;"


def test_source_lines_come_from_files_beside_the_module(instructions):
    module = EngineFactory.create("stackless").load(SHAPES / "shapes.v2.wasm").module
    assert positions(module).text(of_division(module, instructions)) == "  return doubled / b;"


def test_source_lines_of_a_module_without_a_file_are_not_looked_for(shapes, instructions, monkeypatch):
    monkeypatch.chdir(SHAPES)
    module = shapes("v2")
    assert positions(module).text(of_division(module, instructions)) is None


def of_division(module, instructions):
    offset = next(offset for name, offset in instructions(module) if name == "i32.div_s")
    return positions(module).at(offset)


@pytest.mark.parametrize("version", ["v2", "v4", "v5"])
def test_they_pickle(shapes, instructions, version):
    module = shapes(version)
    again = pickle.loads(pickle.dumps(positions(module)))
    for _, offset in instructions(module):
        assert again.at(offset) == positions(module).at(offset)


def test_they_are_found_once(shapes):
    module = shapes("v4")
    assert positions(module) is positions(module)


def test_a_trap_says_where_in_the_source_it_was():
    engine = EngineFactory.create("stackless")
    exports = engine.instantiate(engine.load(SHAPES / "shapes.v5.wasm"), {"host": {"fail": print}}).exports
    with pytest.raises(Trap) as caught:
        exports.average(0)
    first, second = caught.value.frames
    assert first.position == Position("/src/shapes/shapes.c", 10, 18, "divide")
    assert second.position == Position("/src/shapes/shapes.c", 23, 10, "average")
    assert re.match(r"  0: divide @ 0x[0-9a-f]+ at /src/shapes/shapes.c:10:\d+\n", caught.value.backtrace())
    again = pickle.loads(pickle.dumps(caught.value))
    assert again.backtrace() == caught.value.backtrace()
    assert again.frames[0].positions.text(again.frames[0].position) == "  return doubled / b;"
    assert len(pickle.dumps(caught.value)) < 2_000, "the debug information stays where it is"


ROW = re.compile(r"^0x([0-9a-f]{16}) +(\d+) +(\d+) +(\d+)(.*)$")


@pytest.mark.parametrize("version", ["v2", "v4", "v5"])
def test_every_row_is_as_llvm_reads_it(shapes, version):
    tool = shutil.which("llvm-dwarfdump")
    if tool is None:
        pytest.skip("llvm-dwarfdump is not installed")
    text = subprocess.run(
        [tool, "--debug-line", SHAPES / f"shapes.{version}.wasm"], capture_output=True, text=True, check=True
    ).stdout
    found = positions(shapes(version))
    row, compared = None, 0
    for line in text.splitlines():
        match = ROW.match(line)
        if match is None:
            row = None
            continue
        address, number, column = int(match[1], 16), int(match[2]), int(match[3])
        if row is not None:
            for each in range(row[0], address):
                position = found.at(found._start + each)
                assert (position and (position.line, position.column or 0)) == (row[1:] if row[1] else None)
                compared += 1
        row = None if "end_sequence" in match[5] or address == 0 else (address, number, column)
    assert compared > 150
