"""Profilers, tracers and debuggers know a guest's functions by name."""

from __future__ import annotations

import cProfile
import pdb
import pstats
import sys
import threading
from io import StringIO

import pytest

TEXT = """(module $m (import "host" "note" (func $note))
  (func $leaf (param i32) (result i32)
    (loop) ;; so it is not inlined
    (i32.add (local.get 0) (i32.const 1)))
  (func $work (export "work") (param i32) (result i32)
    (local $sum i32)
    (loop $again
      (local.set $sum (i32.add (local.get $sum) (call $leaf (local.get 0))))
      (local.set 0 (i32.sub (local.get 0) (i32.const 1)))
      (br_if $again (local.get 0)))
    (call $note)
    (local.get $sum)))"""


@pytest.fixture
def work(instantiate):
    def note():
        pass

    work = instantiate(TEXT, {"host": {"note": note}}).exports.work
    work(1)  # what is translated is translated
    return work


def test_cprofile_counts_calls_of_guests_by_name(work):
    profile = cProfile.Profile()
    assert profile.runcall(work, 100) == 5_150
    found = {name: (file, calls) for (file, _, name), (_, calls, *_) in pstats.Stats(profile).stats.items()}
    assert found["work"] == ("<wasm m 2>", 1)
    assert found["leaf"] == ("<wasm m 1>", 100)
    callers = pstats.Stats(profile).stats["<wasm m 1>", 1, "leaf"][4]
    assert [name for _, _, name in callers] == ["work"]
    out = StringIO()
    pstats.Stats(profile, stream=out).sort_stats("cumulative").print_stats("wasm")
    assert "<wasm m 2>:1(work)" in out.getvalue()


def test_a_profiler_in_python_sees_names(work):
    seen = []

    def profile(frame, event, _):
        if event == "call" and frame.f_code.co_filename.startswith("<wasm"):
            seen.append(frame.f_code.co_name)

    sys.setprofile(profile)
    try:
        work(2)
    finally:
        sys.setprofile(None)
    assert seen == ["work", "leaf", "leaf"]


def test_a_tracer_sees_calls_and_returns(work):
    seen = []

    def trace(frame, event, value):
        if not frame.f_code.co_filename.startswith("<wasm"):
            return None
        if event in ("call", "return"):
            seen.append((event, frame.f_code.co_name, value))
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        work(1)
    finally:
        sys.settrace(before)
    assert seen == [("call", "work", None), ("call", "leaf", None), ("return", "leaf", 2), ("return", "work", 2)]


@pytest.mark.skipif(sys.version_info < (3, 12), reason="PEP 669 came with Python 3.12")
def test_monitoring_tools_see_names(work):
    monitoring = sys.monitoring
    seen = []
    tool = monitoring.PROFILER_ID
    monitoring.use_tool_id(tool, "a test")
    try:
        monitoring.register_callback(
            tool, monitoring.events.PY_START, lambda code, _: seen.append((code.co_name, code.co_qualname))
        )
        monitoring.set_events(tool, monitoring.events.PY_START)
        work(1)
    finally:
        monitoring.set_events(tool, 0)
        monitoring.free_tool_id(tool)
    assert [each for each in seen if each[0] in ("work", "leaf")] == [("work", "work"), ("leaf", "leaf")]


def test_a_stack_that_is_looked_at_from_another_thread_has_names(instantiate):
    inside, leave = threading.Event(), threading.Event()

    def note():
        inside.set()
        leave.wait(10)

    work = instantiate(TEXT, {"host": {"note": note}}).exports.work
    thread = threading.Thread(target=work, args=(1,))
    thread.start()
    assert inside.wait(10)
    frame = sys._current_frames()[thread.ident]
    names = []
    while frame is not None:
        names.append((frame.f_code.co_filename, frame.f_code.co_name))
        frame = frame.f_back
    leave.set()
    thread.join()
    assert ("<wasm m 2>", "work") in names


def test_a_debugger_moves_through_the_guests_frames_after_an_exception(instantiate):
    def note():
        raise ValueError("from the host")

    work = instantiate(TEXT, {"host": {"note": note}}).exports.work
    with pytest.raises(ValueError, match="from the host") as caught:
        work(1)
    out = StringIO()
    debugger = pdb.Pdb(stdin=StringIO("up\nup\nlist\nquit\n"), stdout=out, nosigint=True, readrc=False)
    debugger.use_rawinput = False
    debugger.reset()
    debugger.interaction(None, caught.value.__traceback__)
    text = out.getvalue()
    assert "<wasm m text>(11)work()" in text
    assert "(call $note)" in text
