"""One engine, many threads: loading, instantiating and calling at the same time."""

from __future__ import annotations

import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from wrt_core import EngineFactory
from wrt_foundation.errors import DecodeError
from wrt_foundation.traps import Trap

THREADS, TURNS = 8, 12


def text(number):
    functions = "".join(
        f'(func $f{each} (export "f{each}") (param i32) (result i32) '
        f"(i32.add (local.get 0) (i32.const {number * 1000 + each})))"
        for each in range(12)
    )
    return f"""(module $m{number} (memory (export "memory") 1) (table 12 funcref)
      (elem (i32.const 0) {" ".join(f"$f{each}" for each in range(12))}) (type $t (func (param i32) (result i32)))
      {functions}
      (func (export "all") (param i32) (result i32) (local $i i32)
        (loop $again
          (local.set 0 (call_indirect (type $t) (local.get 0) (local.get $i)))
          (local.set $i (i32.add (local.get $i) (i32.const 1)))
          (br_if $again (i32.lt_u (local.get $i) (i32.const 12))))
        (i32.store (i32.const 0) (local.get 0))
        (i32.load (i32.const 0)))
      (func (export "trap") (param i32) (result i32) (i32.div_s (i32.const 1) (local.get 0))))"""


def together(work):
    """Have all threads begin at the same time; return what they say is wrong."""
    barrier = threading.Barrier(THREADS)

    def run(number):
        barrier.wait()
        return [wrong for turn in range(TURNS) for wrong in work(number, turn)]

    with ThreadPoolExecutor(THREADS) as pool:
        return [wrong for found in pool.map(run, range(THREADS)) for wrong in found]


@pytest.fixture
def engine():
    pytest.importorskip("wrt_wast", reason="modules are written as text")
    return EngineFactory.create("stackless")


def check(instance, number):
    """What is wrong with an instance of module `number`."""
    total = 12 * 1000 * number + sum(range(12))
    if (found := instance.exports.all(5)) != total + 5:
        yield f"all gave {found} in thread {number}"
    for each in range(12):
        if instance.exports[f"f{each}"](1) != number * 1000 + each + 1:
            yield f"f{each} is another's in thread {number}"
    try:
        instance.exports.trap(0)
    except Trap as trap:
        if (trap.frames[0].module, trap.frames[0].name) != (f"m{number}", "trap"):
            yield f"a trap of {trap.frames[0]} in thread {number}"
    else:
        yield "no trap"


def test_an_engine_loads_and_runs_in_all_threads(engine):
    def work(number, turn):
        if turn % 8 == 0:
            try:
                engine.load(b"\0asm\1\0\0\0\xff")
            except DecodeError:
                pass
            else:
                yield "a malformed module was loaded"
        yield from check(engine.instantiate(engine.load(text(number))), number)

    assert together(work) == []


def test_threads_instantiate_one_module_and_translate_it_at_the_same_time(engine):
    for _ in range(5):
        module = engine.load(text(3))
        barrier = threading.Barrier(THREADS)

        def run(_, module=module, barrier=barrier):
            barrier.wait()
            return [wrong for _ in range(4) for wrong in check(engine.instantiate(module), 3)]

        with ThreadPoolExecutor(THREADS) as pool:
            assert [wrong for found in pool.map(run, range(THREADS)) for wrong in found] == []


def test_threads_call_one_instance(engine):
    instance = engine.instantiate(engine.load(text(1)))  # functions that share nothing but the instance

    def work(number, turn):
        for each in range(12):
            if instance.exports[f"f{each}"](number) != 1000 + each + number:
                yield f"f{each}({number})"

    assert together(work) == []


def test_the_recursion_limit_is_what_it_was(engine):
    before = sys.getrecursionlimit()
    instance = engine.instantiate(engine.load(text(1)))
    assert together(lambda number, turn: [] if instance.exports.f0(1) == 1001 else [number]) == []
    assert sys.getrecursionlimit() == before
