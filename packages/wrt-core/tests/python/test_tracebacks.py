"""Python's tracebacks show a guest's functions: their names, and where in their source, or in the module, they were."""

from __future__ import annotations

import gc
import json
import linecache
import pickle
import traceback
from pathlib import Path
from types import FrameType

import pytest

from wrt_core import EngineFactory
from wrt_core.debugging import wasm_frames
from wrt_core.debugging.python_frames import WASM_FRAME
from wrt_foundation.errors import Exit
from wrt_foundation.traps import Exhaustion, Trap, WasmException

SHAPES = Path(__file__).parent.parent / "debugging" / "shapes"

TEXT = """\
(module $m
  (import "host" "fail" (func $fail))
  (tag $t (export "t"))
  (func $inner
    (call $fail))
  (func $outer (export "run")
    (call $inner))
  (func $divide (export "divide") (param i32)
    (drop (i32.div_u (i32.const 1) (local.get 0))))
  (func $throw (export "throw")
    (throw $t))
  (func (export "over") (param i32)
    (call $throw)))
"""


class HostError(Exception):
    pass


def fail():
    raise HostError("from the host")


def shown(error):
    """What a traceback shows of each entry below what entered the guest: file, line, name, text."""
    entries = traceback.extract_tb(error.__traceback__)
    start = max(index for index, each in enumerate(entries) if each.name in ("enter", "step"))
    return [(each.filename, each.lineno, each.name, each.line) for each in entries[start + 1 :]]


def test_the_frames_of_a_guest_from_a_text_file_are_in_that_file(instantiate, tmp_path):
    path = tmp_path / "m.wat"
    path.write_text(TEXT)
    instance = instantiate(path, {"host": {"fail": fail}})
    with pytest.raises(HostError) as caught:
        instance.exports.run()
    assert shown(caught.value) == [
        (str(path), 7, "outer", "(call $inner))"),
        (str(path), 5, "inner", "(call $fail))"),
        (__file__, fail.__code__.co_firstlineno + 1, "fail", 'raise HostError("from the host")'),
    ]
    text = "".join(traceback.format_exception(caught.value))
    assert f'  File "{path}", line 5, in inner\n    (call $fail))\n     ^\n' in text
    assert "<host function>" not in text
    assert "<stub>" not in text


def test_text_that_is_no_file_is_shown_all_the_same(instantiate):
    instance = instantiate(TEXT, {"host": {"fail": fail}})
    with pytest.raises(HostError) as caught:
        instance.exports.run()
    assert shown(caught.value)[:2] == [
        ("<wasm m text>", 7, "outer", "(call $inner))"),
        ("<wasm m text>", 5, "inner", "(call $fail))"),
    ]
    linecache.clearcache()
    with pytest.raises(HostError) as caught:
        instance.exports.run()
    assert shown(caught.value)[0][3] == "(call $inner))"


def test_without_a_source_lines_are_offsets(instantiate):
    binary = EngineFactory.create("stackless").load(TEXT).module.binary
    instance = instantiate(binary, {"host": {"fail": fail}})
    with pytest.raises(HostError) as caught:
        instance.exports.run()
    outer, inner, _ = shown(caught.value)
    frames = wasm_frames(caught.value)
    assert [(frame.name, frame.offset) for frame in frames] == [("inner", inner[1]), ("outer", outer[1])]
    assert inner == ("<wasm m>", frames[0].offset, "inner", f"call  ;; @ 0x{frames[0].offset:x}")
    assert binary[frames[0].offset :][:2] == b"\x10\x00", "there is the call of function 0"


def test_wasm_frames_say_more(instantiate):
    instance = instantiate(TEXT, {"host": {"fail": fail}})
    with pytest.raises(HostError) as caught:
        instance.exports.run()
    inner, outer = wasm_frames(caught.value)
    assert (inner.function, inner.name, inner.module) == (1, "inner", "m")
    assert str(inner) == f"m!inner @ 0x{inner.offset:x} at <text>:5:6"
    assert (outer.position.line, outer.position.column) == (7, 6)
    assert wasm_frames(HostError()) == ()


@pytest.mark.parametrize("version", ["v2", "v4", "v5"])
def test_the_frames_of_a_compiled_guest_are_in_its_source(instantiate, version):
    instance = instantiate(SHAPES / f"shapes.{version}.wasm", {"host": {"fail": lambda _: fail()}})
    with pytest.raises(HostError) as caught:
        instance.exports.complain(1)
    file, line, name, text = shown(caught.value)[0]
    assert (line, name) == (32, "complain")
    assert file.rstrip(">").endswith("shapes.c")
    if version == "v2":  # its source is named without a directory, and lies beside the module
        assert file == str(SHAPES / "shapes.c")
    assert text == {"v2": "fail(result);", "v4": "", "v5": "fail(result);"}[version]


def test_no_file_is_shown_because_debug_information_names_it(instantiate, tmp_path):
    secret = tmp_path / "secret.c"
    secret.write_text("secret\n" * 100)
    document = {"version": 3, "sources": [str(secret)], "mappings": "AAAA"}
    url = f"data:,{json.dumps(document)}".encode()
    contents = b"\x10sourceMappingURL" + bytes((len(url) & 0x7F | 0x80, len(url) >> 7)) + url
    section = b"\0" + bytes((len(contents) & 0x7F | 0x80, len(contents) >> 7)) + contents
    binary = EngineFactory.create("stackless").load(TEXT).module.binary
    instance = instantiate(binary + section, {"host": {"fail": fail}})
    with pytest.raises(HostError) as caught:
        instance.exports.run()
    assert shown(caught.value)[0] == (f"<wasm m {secret}>", 1, "outer", "")
    assert "secret\n" not in "".join(traceback.format_exception(caught.value))


def test_traps_show_the_guest_too(instantiate):
    instance = instantiate(TEXT, {"host": {"fail": fail}})
    with pytest.raises(Trap) as caught:
        instance.exports.divide(0)
    assert shown(caught.value) == [("<wasm m text>", 9, "divide", "(drop (i32.div_u (i32.const 1) (local.get 0))))")]
    assert wasm_frames(caught.value) == caught.value.frames


def test_exceptions_of_guests_show_where_they_were_thrown(instantiate):
    instance = instantiate(TEXT, {"host": {"fail": fail}})
    with pytest.raises(WasmException) as caught:
        instance.exports.over(0)
    assert [each[1:3] for each in shown(caught.value)] == [(13, "over"), (11, "throw")]


def test_guests_between_hosts_are_shown_in_order(instantiate):
    inner = instantiate(TEXT.replace("$m", "$n"), {"host": {"fail": fail}})
    outer = instantiate(TEXT, {"host": {"fail": lambda: inner.exports.run()}})
    with pytest.raises(HostError) as caught:
        outer.exports.run()
    names = [(Path(each.filename).name, each.name) for each in traceback.extract_tb(caught.value.__traceback__)]
    guests = [each for each in names if each[0].startswith("<wasm")]
    assert guests == [
        ("<wasm m text>", "outer"),
        ("<wasm m text>", "inner"),
        ("<wasm n text>", "outer"),
        ("<wasm n text>", "inner"),
    ]
    assert [each.module for each in wasm_frames(caught.value)] == ["n", "n", "m", "m"]


def test_an_execution_that_was_paused_shows_the_functions_that_wait(instantiate):
    text = """(module $m (import "host" "fail" (func $fail))
  (func $spin (param i32)
    (loop $again
      (local.set 0 (i32.sub (local.get 0) (i32.const 1)))
      (br_if $again (local.get 0)))
    (call $fail))
  (func (export "run")
    (call $spin (i32.const 1000))))"""
    execution = instantiate(text, {"host": {"fail": fail}}).exports.run.start(fuel=500)
    execution.run()
    paused = execution.frames
    assert [(each.position.line, each.source_line.strip()) for each in paused] == [
        (3, "(loop $again"),
        (8, "(call $spin (i32.const 1000))))"),
    ]
    assert str(paused[1]) == f"m!run @ 0x{paused[1].offset:x} at <text>:8:6"
    with pytest.raises(HostError) as caught:
        execution.run(fuel=1_000_000)
    assert [each[1:3] for each in shown(caught.value)][:2] == [(8, "run"), (6, "spin")]


def test_names_can_not_pass_for_lines_of_a_traceback(instantiate):
    name = "x\\0a  File \\22/etc/passwd\\22\\1b[31m"
    text = f'(module (@name "{name}") (func (export "{name}") unreachable))'
    binary = EngineFactory.create("stackless").load(text).module.binary
    exports = instantiate(binary).exports
    with pytest.raises(Trap) as caught:
        exports['x\n  File "/etc/passwd"\x1b[31m']()
    lines = "".join(traceback.format_exception(caught.value))
    assert '\n  File "/etc/passwd"' not in lines
    assert "\x1b" not in lines
    assert "\n" not in str(caught.value.frames[0])
    assert "\x1b" not in caught.value.backtrace()


def test_a_guest_that_ends_itself_reads_no_debug_information(instantiate, monkeypatch):
    monkeypatch.setattr("wrt_core.debugging.dwarf.positions.DwarfPositions.at", lambda *_: pytest.fail("it was read"))

    def leave(_):
        raise Exit(3)

    instance = instantiate(SHAPES / "shapes.v4.wasm", {"host": {"fail": leave}})
    with pytest.raises(Exit) as caught:
        instance.exports.complain(1)
    assert shown(caught.value)[0][2] == "complain"


def test_deep_recursion_is_shown_in_part_and_the_note_has_guests_too(instantiate):
    text = """(module $m (import "host" "fail" (func $fail))
  (func $down (export "down") (param i32)
    (if (i32.eqz (local.get 0)) (then (call $fail)))
    (call $down (i32.sub (local.get 0) (i32.const 1)))))"""
    exports = instantiate(text, {"host": {"fail": fail}}).exports
    with pytest.raises(HostError) as caught:
        exports.down(5_000)
    (note,) = caught.value.__notes__
    assert 'File "<wasm m text>", line 4, in down' in note
    assert len(shown(caught.value)) < 200
    with pytest.raises(Exhaustion) as caught:
        exports.down(-1)
    assert shown(caught.value)[0][2] == "down"


def test_what_shows_a_guest_keeps_nothing_of_its_stack(instantiate):
    instance = instantiate("""(module (func $f (export "f") (param i32)
      (if (i32.eqz (local.get 0)) (then unreachable))
      (call $f (i32.sub (local.get 0) (i32.const 1)))))""")
    gc.collect()
    gc.disable()
    try:
        before = sum(isinstance(each, FrameType) for each in gc.get_objects())
        with pytest.raises(Trap) as caught:
            instance.exports.f(3_000)
        frames = [frame for frame, _ in traceback.walk_tb(caught.value.__traceback__)]
        guests = [frame for frame in frames if WASM_FRAME in frame.f_globals]
        assert guests
        assert all(frame.f_back is None for frame in guests)
        # Python takes what hangs in one another apart by recursion: thousands of frames would go at once, some day.
        assert sum(isinstance(each, FrameType) for each in gc.get_objects()) - before < len(frames) + 100
    finally:
        gc.enable()


def test_lines_of_a_module_go_with_it(instantiate):
    instance = instantiate(TEXT.replace("$m", "$gone"), {"host": {"fail": fail}})
    with pytest.raises(HostError) as caught:
        instance.exports.run()
    assert "<wasm gone text>" in linecache.cache
    del caught, instance
    gc.collect()
    assert "<wasm gone text>" not in linecache.cache


def test_modules_of_one_name_do_not_show_one_anothers_lines(instantiate):
    first = instantiate(TEXT, {"host": {"fail": fail}})
    other = instantiate("\n" + TEXT.replace("(call $fail)", "(call $fail) nop"), {"host": {"fail": fail}})
    for instance, lines in ((first, [7, 5]), (other, [8, 6]), (first, [7, 5])):
        with pytest.raises(HostError) as caught:
            instance.exports.run()
        entries = shown(caught.value)[:2]
        assert [each[1] for each in entries] == lines
        assert entries[0][3] == "(call $inner))"


def test_an_error_that_was_told_pickles_without_its_traceback(instantiate):
    with pytest.raises(Trap) as caught:
        instantiate(TEXT, {"host": {"fail": fail}}).exports.divide(0)
    again = pickle.loads(pickle.dumps(caught.value))
    assert again.frames == caught.value.frames
    assert again.backtrace() == caught.value.backtrace()


@pytest.mark.parametrize(
    "body",
    [
        "(drop\n{})",
        "(local.set 0\n{})",
        "(global.set 0\n{})",
        "(if\n{}\n(then nop))",
        "(block\n(br_if 0\n{}))",
        "(return\n(i32.add (i32.const 1)\n{}))",
        "(i32.add (i32.const 1)\n(i32.mul\n{}\n(i32.const 3)))\nreturn",
        "(i32.const 1)\n{}\n(global.set 0 (i32.const 3))\n(i32.store)",
        "(local.set 0 (i32.eqz (i32.eqz\n{})))",
        "(block (result i32)\n{}\n(br 0)) drop",
        "(loop (result i32)\n{}) drop",
    ],
)
@pytest.mark.parametrize("failing", ["(i32.div_s (i32.const 1) (local.get 0))", "(i32.load (i32.const -1))"])
def test_a_trap_is_where_it_happened_not_where_its_value_was_used(instantiate, body, failing):
    text = f"""(module (memory 1) (global (mut i32) (i32.const 0))
      (func (export "f") (param i32) (result i32)
{body.format(failing)}
      (i32.const 0)))"""
    exports = instantiate(text).exports
    expected = next(number for number, line in enumerate(text.splitlines(), 1) if failing in line)
    with pytest.raises(Trap) as caught:
        exports.f(0)
    position = caught.value.frames[0].position
    column = text.splitlines()[expected - 1].index(failing) + 2
    assert (position.line, position.column) == (expected, column)
    with pytest.raises(Trap) as caught:
        exports.f.start(0, fuel=1_000).run()
    assert caught.value.frames[0].position == position
