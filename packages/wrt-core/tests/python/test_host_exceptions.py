"""What a host function raises comes out of the guest unchanged: the very object, in the thread that raised it."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from wrt_core import EngineFactory

TEXT = """(module (import "host" "fail" (func $fail (param i32)))
  (func $down (param $depth i32) (param $value i32)
    (if (local.get $depth)
      (then (call $down (i32.sub (local.get $depth) (i32.const 1)) (local.get $value)))
      (else (call $fail (local.get $value)))))
  (func (export "run") (param i32 i32) (call $down (local.get 0) (local.get 1)))
  (func (export "work") (param i32) (result i32)
    (local $sum i32)
    (loop $again
      (local.set $sum (i32.add (local.get $sum) (local.get 0)))
      (local.set 0 (i32.sub (local.get 0) (i32.const 1)))
      (br_if $again (local.get 0)))
    (local.get $sum)))"""


class HostError(Exception):
    pass


def raiser(error):
    def fail(_):
        raise error

    return fail


ERRORS = [
    HostError("of our own"),
    ValueError("a builtin"),
    IndexError("as the guest's own code raises them"),
    ZeroDivisionError("likewise"),
    OverflowError("likewise"),
    RecursionError("likewise"),
    StopIteration("which generators must not raise"),
    KeyboardInterrupt("Ctrl-C"),
    SystemExit(3),
    GeneratorExit("no Exception"),
    MemoryError("a builtin"),
    ExceptionGroup("several", [HostError("one"), ValueError("two")]),
    BaseExceptionGroup("several", [KeyboardInterrupt(), ValueError("two")]),
]


@pytest.mark.parametrize("error", ERRORS, ids=[type(each).__name__ for each in ERRORS])
@pytest.mark.parametrize("depth", [0, 3])
@pytest.mark.parametrize("started", [False, True], ids=["called", "started"])
def test_it_is_the_very_object(instantiate, error, depth, started):
    run = instantiate(TEXT, {"host": {"fail": raiser(error)}}).exports.run
    arguments, state, notes = error.args, dict(error.__dict__), list(getattr(error, "__notes__", []))
    for _ in range(3):
        with pytest.raises(type(error)) as caught:
            run.start(depth, 1).run() if started else run(depth, 1)
        assert caught.value is error
        assert (error.args, error.__dict__, getattr(error, "__notes__", [])) == (arguments, state, notes)
        assert error.__cause__ is error.__context__ is None
        error.__traceback__ = None


def test_causes_and_contexts_are_kept(instantiate):
    cause, context = KeyError("the cause"), LookupError("the context")

    def fail(value):
        if value:
            raise HostError("from") from cause
        try:
            raise context
        except LookupError:
            raise HostError("while handling")  # noqa: B904 - that is what is tested

    run = instantiate(TEXT, {"host": {"fail": fail}}).exports.run
    with pytest.raises(HostError) as caught:
        run(2, 1)
    assert caught.value.__cause__ is cause
    assert caught.value.__suppress_context__
    with pytest.raises(HostError) as caught:
        run(2, 0)
    assert caught.value.__context__ is context
    assert caught.value.__cause__ is None


def test_what_the_caller_handles_is_the_context(instantiate):
    error, handled = HostError(), ValueError("handled by the caller")
    run = instantiate(TEXT, {"host": {"fail": raiser(error)}}).exports.run
    try:
        raise handled
    except ValueError:
        with pytest.raises(HostError) as caught:
            run(2, 1)
    assert caught.value is error
    assert error.__context__ is handled


def test_a_group_is_taken_apart_by_its_parts(instantiate):
    one, two = HostError("one"), ValueError("two")
    run = instantiate(TEXT, {"host": {"fail": raiser(ExceptionGroup("both", [one, two]))}}).exports.run
    seen = []
    try:
        run(1, 1)
    except* HostError as group:
        seen += group.exceptions
    except* ValueError as group:
        seen += group.exceptions
    assert seen == [one, two]


def test_the_guest_is_as_usable_afterwards(instantiate):
    instance = instantiate(TEXT, {"host": {"fail": raiser(KeyboardInterrupt())}})
    for _ in range(50):
        with pytest.raises(KeyboardInterrupt):
            instance.exports.run(100, 1)
        assert instance.exports.work(10) == 55


THREADS, CALLS = 8, 400


def hammer(threads, call):
    """Have threads begin at the same time and call; each call says what is wrong, or None."""
    together = threading.Barrier(threads)

    def run(number):
        together.wait()
        return [wrong for turn in range(CALLS) if (wrong := call(number, turn)) is not None]

    with ThreadPoolExecutor(threads) as pool:
        return [wrong for found in pool.map(run, range(threads)) for wrong in found]


class Own(Exception):
    def __init__(self, number, turn):
        super().__init__(number, turn)
        self.thread = threading.get_ident()


@pytest.mark.parametrize("shared", ["nothing", "engine", "module"])
def test_threads_get_their_own_exceptions(shared):
    pytest.importorskip("wrt_wast", reason="modules are written as text")
    engine = EngineFactory.create("stackless")
    module = engine.load(TEXT)
    raised = threading.local()

    def fail(value):
        raised.error = Own(value >> 16, value & 0xFFFF)
        raise raised.error

    def instance():
        mine = engine if shared != "nothing" else EngineFactory.create("stackless")
        return mine.instantiate(module if shared == "module" else mine.load(TEXT), {"host": {"fail": fail}})

    instances = [instance() for _ in range(THREADS)]

    def call(number, turn):
        if turn % 3 == 0 and instances[number].exports.work(200) != 20_100:
            return f"thread {number} computed nonsense"
        try:
            instances[number].exports.run(turn % 7, number << 16 | turn)
        except Own as error:
            if error is not raised.error or error.args != (number, turn) or error.thread != threading.get_ident():
                return f"thread {number} got {error.args} instead of {(number, turn)}"
            return None
        return f"thread {number} lost its exception"

    assert hammer(THREADS, call) == []


def test_threads_of_one_instance_get_their_own_exceptions(instantiate):
    raised = threading.local()

    def fail(value):
        raised.error = Own(value >> 16, value & 0xFFFF)
        raise raised.error

    run = instantiate(TEXT, {"host": {"fail": fail}}).exports.run  # it has no memory that threads could fight about

    def call(number, turn):
        try:
            run(turn % 7, number << 16 | turn)
        except Own as error:
            return None if error is raised.error and error.args == (number, turn) else f"{error.args} in {number}"
        return f"thread {number} lost its exception"

    assert hammer(THREADS, call) == []
