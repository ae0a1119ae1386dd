"""Everything that is an error pickles and copies: it may cross a process pool, and says the same on the other side."""

from __future__ import annotations

import copy
import importlib
import inspect
import pickle
import pkgutil
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import pytest

import wrt_core
import wrt_foundation
from wrt_core import EngineFactory
from wrt_foundation.errors import Exit, WrtError
from wrt_foundation.positions import FoundPosition, Position
from wrt_foundation.traps import Exhaustion, Frame, Trap, TrapCode, WasmException


def error_classes():
    """Every class of an error in the packages that are here for sure."""
    for package in (wrt_foundation, wrt_core):
        for info in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if "__main__" not in info.name:
                importlib.import_module(info.name)
    found, todo = set(), [WrtError]
    while todo:
        each = todo.pop()
        if each.__module__.startswith(("wrt_foundation", "wrt_core")):
            found.add(each)
        todo += each.__subclasses__()
    return sorted(found, key=lambda each: each.__qualname__)


class Tag:
    """A tag that pickles."""

    def payload(self, values):
        return values

    def __eq__(self, other):
        return isinstance(other, Tag)

    def __hash__(self):
        return 1

    def __repr__(self):
        return "<a tag>"


FRAME = Frame(3, "f", 0x1A, "m", FoundPosition(Position("a.c", 3, 4, "f"), "  return;"))
SPECIAL = {
    Trap: lambda kind: kind(TrapCode.UNREACHABLE, "in other words", (FRAME,)),
    Exhaustion: lambda kind: kind(TrapCode.OUT_OF_FUEL, None, (FRAME, FRAME)),
    WasmException: lambda kind: kind(Tag(), (1, 2.5)),
    Exit: lambda kind: kind(7),
}


def example(kind):
    """An error of a class, with a value of its own for each thing that it can say."""
    if kind in SPECIAL:
        return SPECIAL[kind](kind)
    arguments, keywords = [], {}
    for number, (name, parameter) in enumerate(inspect.signature(kind).parameters.items(), 1):
        annotation = str(parameter.annotation)
        value = number if annotation.startswith("int") else f"{name} {number}" if annotation.startswith("str") else None
        if value is None:
            value = parameter.default if parameter.default is not parameter.empty else f"{name} {number}"
        if parameter.kind is parameter.KEYWORD_ONLY:
            keywords[name] = value
        elif parameter.kind is not parameter.VAR_KEYWORD and parameter.kind is not parameter.VAR_POSITIONAL:
            arguments.append(value)
    return kind(*arguments, **keywords)


def same(again, error):
    assert type(again) is type(error)
    assert str(again) == str(error)
    assert again.args == error.args
    assert again.__dict__ == error.__dict__
    assert getattr(again, "__notes__", None) == getattr(error, "__notes__", None)


CLASSES = error_classes()


def test_all_of_them_are_here():
    names = {each.__name__ for each in CLASSES}
    assert {"Trap", "LinkError", "Exit", "WasmException", "MemoryClosed", "PoolClosed", "SnapshotError"} <= names
    assert len(CLASSES) > 25


@pytest.mark.parametrize("kind", CLASSES, ids=[each.__name__ for each in CLASSES])
def test_an_error_is_the_same_after_a_round_trip(kind):
    error = example(kind)
    error.add_note("a note")
    error.of_the_users = [1, 2]
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        same(pickle.loads(pickle.dumps(error, protocol)), error)
    same(copy.copy(error), error)
    deep = copy.deepcopy(error)
    same(deep, error)
    assert deep.of_the_users is not error.of_the_users


@pytest.mark.parametrize("kind", CLASSES, ids=[each.__name__ for each in CLASSES])
def test_an_error_can_be_raised_again_after_it(kind):
    again = pickle.loads(pickle.dumps(example(kind)))
    with pytest.raises(kind) as caught:
        raise again from ValueError("a cause")
    assert caught.value is again


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_frames_and_positions_come_along(protocol):
    again = pickle.loads(pickle.dumps(example(Trap), protocol))
    assert again.code is TrapCode.UNREACHABLE
    assert again.frames == (FRAME,)
    assert again.frames[0].position == Position("a.c", 3, 4, "f")
    assert again.backtrace() == "  0: m!f @ 0x1a at a.c:3:4"


TEXT = """(module $m (import "host" "f" (func $f))
  (tag $t (export "t") (param i32))
  (func $inner (param i32) (drop (i32.div_s (i32.const 1) (local.get 0))))
  (func (export "trap") (call $inner (i32.const 0)))
  (func $again (export "deep") (call $again))
  (func (export "throw") (throw $t (i32.const 5)))
  (func (export "host") (call $f)))"""


def leave():
    raise Exit(4)


def run(name):
    """What a pool's process does: it makes a guest and calls it."""
    engine = EngineFactory.create("stackless")
    return engine.instantiate(engine.load(TEXT), {"host": {"f": leave}}).exports[name]()


@pytest.fixture(scope="module")
def pool():
    pytest.importorskip("wrt_wast", reason="modules are written as text")
    with ProcessPoolExecutor(1, mp_context=get_context("fork")) as pool:
        yield pool


@pytest.mark.parametrize(
    ("name", "kind"), [("trap", Trap), ("deep", Exhaustion), ("throw", WasmException), ("host", Exit)]
)
def test_an_error_comes_out_of_a_process_pool(pool, name, kind):
    with pytest.raises(kind) as here:
        run(name)
    error = pool.submit(run, name).exception(60)
    assert type(error) is kind
    assert error.__dict__.keys() == here.value.__dict__.keys()
    if isinstance(error, Trap):
        assert error.code is here.value.code
        assert error.frames == here.value.frames
        assert error.backtrace() == here.value.backtrace()
        assert "at <text>:" in error.backtrace()
    elif isinstance(error, WasmException):
        assert error.payload == (5,)
    else:
        assert error.status == 4
