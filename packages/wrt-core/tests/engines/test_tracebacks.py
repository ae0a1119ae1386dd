"""Tracebacks of deep stacks: what a guest leaves behind does not endanger a thread with a small stack."""

from __future__ import annotations

import threading
import traceback

import pytest

from wrt_foundation.traps import Exhaustion, Trap, WasmException

DEEP = """(module (import "host" "fail" (func $fail)) (tag $t)
  (func $host (export "host") (param i32)
    (if (i32.eqz (local.get 0)) (then (call $fail)))
    (call $host (i32.sub (local.get 0) (i32.const 1))))
  (func $throw (export "throw") (param i32)
    (if (i32.eqz (local.get 0)) (then (throw $t)))
    (call $throw (i32.sub (local.get 0) (i32.const 1))))
  (func $trap (export "trap") (param i32)
    (if (i32.eqz (local.get 0)) (then unreachable))
    (call $trap (i32.sub (local.get 0) (i32.const 1)))))"""


class HostError(Exception):
    pass


def fail():
    raise HostError("from the host")


@pytest.fixture
def exports(instantiate):
    return instantiate(DEEP, {"host": {"fail": fail}}).exports


def raised_in_small_stack(function, *args):
    """What a call raises in a thread whose C stack would not hold a thousand C frames."""
    errors = []

    def run():
        try:
            function(*args)
        except (HostError, Trap, WasmException) as error:
            errors.append(error)

    before = threading.stack_size(256 * 1024)
    try:
        thread = threading.Thread(target=run)
        thread.start()
        thread.join()
    finally:
        threading.stack_size(before)
    (error,) = errors
    return error


@pytest.mark.parametrize(("name", "kind"), [("host", HostError), ("throw", WasmException), ("trap", Trap)])
def test_a_deep_traceback_is_cut_and_says_so(exports, name, kind):
    error = raised_in_small_stack(exports[name], 9_000)
    assert type(error) is kind
    assert len(list(traceback.walk_tb(error.__traceback__))) < 200
    (note,) = error.__notes__
    assert "more calls" in note
    assert ("in fail" if name == "host" else f"in {name}") in note


@pytest.mark.parametrize("name", ["host", "throw", "trap"])
def test_endless_recursion_is_survived_too(exports, name):
    error = raised_in_small_stack(exports[name], -1)
    assert type(error) is Exhaustion
    assert len(list(traceback.walk_tb(error.__context__.__traceback__))) < 200


def test_a_short_traceback_is_left_alone(exports):
    with pytest.raises(HostError) as caught:
        exports.host(500)
    assert not hasattr(caught.value, "__notes__")
    names = [frame.f_code.co_name for frame, _ in traceback.walk_tb(caught.value.__traceback__)]
    assert names.count("host") >= 501
    assert names[-1] == "fail"
