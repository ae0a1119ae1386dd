"""try, catch, catch_all, delegate and rethrow, beside try_table."""

from __future__ import annotations

import random
import tracemalloc
from dataclasses import dataclass

import pytest

from wrt_core import EngineFactory
from wrt_foundation.errors import UnsupportedFeature, ValidationError
from wrt_foundation.features import Feature
from wrt_foundation.traps import Trap, WasmException

TAGS = '(tag $a (export "a")) (tag $b (export "b"))'


def test_a_catch_gets_the_payload_and_gives_the_result(instantiate):
    f = instantiate(
        """(module (tag $e (param i32 f64))
          (func (export "f") (param i32) (result f64 i32)
            f64.const -1
            (try (result i32)
              (do (local.get 0) (f64.const 2.5) (throw $e))
              (catch $e (drop)))))"""
    ).exports.f
    assert f(7) == (-1.0, 7)


def test_catches_are_tried_in_order_and_the_rest_pass_through(instantiate):
    exports = instantiate(
        f"""(module {TAGS} (tag $c (export "c"))
          (func $throw (param i32)
            (block (block (block (br_table 0 1 2 (local.get 0))) (throw $a)) (throw $b)) (throw $c))
          (func (export "f") (param i32) (result i32)
            (try (result i32)
              (do (call $throw (local.get 0)) (unreachable))
              (catch $a (i32.const 1)) (catch $b (i32.const 2)) (catch $a (i32.const 3)))))"""
    ).exports
    assert [exports.f(0), exports.f(1)] == [1, 2]
    with pytest.raises(WasmException) as caught:
        exports.f(2)
    assert caught.value.tag is exports.c


def test_traps_are_not_caught(instantiate):
    f = instantiate('(module (func (export "f") (try (do (unreachable)) (catch_all))))').exports.f
    with pytest.raises(Trap, match="unreachable"):
        f()


def test_an_exception_of_the_host_is_not_caught(instantiate):
    def fail():
        raise LookupError("the host's own")

    text = '(module (import "h" "f" (func $f)) (func (export "f") (try (do (call $f)) (catch_all))))'
    with pytest.raises(LookupError):
        instantiate(text, {"h": {"f": fail}}).exports.f()


def test_rethrow_throws_the_outer_catch_again_from_an_inner_one(instantiate):
    exports = instantiate(
        f"""(module {TAGS}
          (func (export "outer") (try (do (throw $a)) (catch $a (try (do (throw $b)) (catch_all (rethrow 1))))))
          (func (export "inner") (try (do (throw $a)) (catch $a (try (do (throw $b)) (catch_all (rethrow 0)))))))"""
    ).exports
    with pytest.raises(WasmException) as caught:
        exports.outer()
    assert caught.value.tag is exports.a
    with pytest.raises(WasmException) as caught:
        exports.inner()
    assert caught.value.tag is exports.b


def test_what_a_catch_throws_is_not_for_its_own_try(instantiate):
    exports = instantiate(f'(module {TAGS} (func (export "f") (try (do (throw $a)) (catch_all (throw $b)))))').exports
    with pytest.raises(WasmException) as caught:
        exports.f()
    assert caught.value.tag is exports.b


def test_delegate_skips_the_handlers_in_between(instantiate):
    f = instantiate(
        f"""(module {TAGS}
          (func (export "f") (result i32)
            (try $outer (result i32)
              (do (try (result i32)
                (do (try (result i32) (do (throw $a)) (delegate $outer)))
                (catch_all (i32.const 1))))
              (catch $a (i32.const 2)))))"""
    ).exports.f
    assert f() == 2


def test_delegate_to_the_function_leaves_it(instantiate):
    exports = instantiate(
        f"""(module {TAGS}
          (func (export "f") (try (do (try (do (throw $a)) (delegate 1))) (catch_all))))"""
    ).exports
    with pytest.raises(WasmException) as caught:
        exports.f()
    assert caught.value.tag is exports.a


def test_delegate_to_a_try_table_finds_its_clauses(instantiate):
    f = instantiate(
        f"""(module {TAGS}
          (func (export "f") (result i32)
            (block $caught
              (try_table $table (catch $b $caught) (catch $a $caught)
                (try (do (try (do (throw $a)) (delegate $table))) (catch_all (return (i32.const 1)))))
              (return (i32.const 2)))
            (i32.const 3)))"""
    ).exports.f
    assert f() == 3


def test_many_catches_of_one_try(instantiate):
    count = 500
    f = instantiate(
        f"""(module {" ".join(f"(tag $t{i})" for i in range(count))}
          (func (export "f") (result i32)
            (try (result i32) (do (throw $t{count - 1}))
            {" ".join(f"(catch $t{i} (i32.const {i}))" for i in range(count))})))"""
    ).exports.f
    assert f() == count - 1


def test_tries_nested_past_what_python_can_nest(instantiate):
    depth = 1000
    f = instantiate(
        f"""(module {TAGS} (func (export "f") (result i32)
          {"(try (result i32) (do " * depth} (throw $a) {") (catch $b (i32.const 1)))" * (depth - 1)}
          ) (catch $a (i32.const 2)))))"""
    ).exports.f
    assert f() == 2


def test_throwing_the_same_exception_again_and_again_takes_no_memory(instantiate):
    exports = instantiate(
        f"""(module {TAGS}
          (func (export "legacy") (param i32)
            (try (do (throw $a))
              (catch_all
                (loop $l
                  (try (do (rethrow 2)) (catch_all))
                  (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))))
          (func (export "table") (param i32) (local exnref)
            (local.set 1 (block (result exnref) (try_table (catch_all_ref 0) (throw $a)) (unreachable)))
            (loop $l
              (local.set 1
                (block (result exnref) (try_table (catch_all_ref 0) (throw_ref (local.get 1))) (unreachable)))
              (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))))"""
    ).exports
    for f in (exports.legacy, exports.table):
        f(1)
        tracemalloc.start()
        try:
            f(3000)
            assert tracemalloc.get_traced_memory()[1] < 20_000
        finally:
            tracemalloc.stop()


def test_the_feature_is_one_that_can_be_off():
    parser = pytest.importorskip("wrt_wast.text.parser")
    module = parser.parse_module("(module (func (try (do))))")
    engine = EngineFactory.create("stackless", features=["wasm-3.0", "exception-handling"])
    with pytest.raises((ValidationError, UnsupportedFeature), match=Feature.LEGACY_EXCEPTIONS.value):
        engine.load(module)


# Random nests of everything, against a model that follows the specification word by word.


@dataclass
class Thrown(Exception):
    tag: str


@dataclass
class Delegated(Exception):
    tag: str
    target: object


@dataclass
class Branched(Exception):
    target: object


class Program:
    """A random body; `text` is its wasm, `run` what it does: the numbers it logs, and the tag it throws or None."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.next = 0
        self.nodes = self.sequence([], 0)

    def sequence(self, kinds: list[str], depth: int) -> list[tuple]:
        return [self.node(kinds, depth) for _ in range(self.random.randint(1, 3))]

    def node(self, kinds: list[str], depth: int) -> tuple:
        """A random instruction inside constructs of `kinds`, innermost first."""
        choice = self.random.random()
        if depth > 5 or choice < 0.2:
            self.next += 1
            return "log", self.next
        if choice < 0.4:
            return "throw", self.random.choice("ab")
        if choice < 0.45 and kinds:
            return "br", self.random.randrange(len(kinds))
        if choice < 0.5 and "catch" in kinds:
            return "rethrow", self.random.choice([i for i, kind in enumerate(kinds) if kind == "catch"])
        if choice < 0.6:
            return "block", self.sequence(["block", *kinds], depth + 1)
        if choice < 0.7:
            body = self.sequence(["table", *kinds], depth + 1)
            labels = range(len(kinds) + 1)
            return "table", body, [(self.random.choice(("a", "b", None)), self.random.choice(labels))]
        body = self.sequence(["try", *kinds], depth + 1)
        if choice < 0.85:
            return "delegate", body, self.random.randint(0, len(kinds))
        tags = self.random.sample("ab", self.random.randint(0, 2)) + [None] * self.random.randint(0, 1)
        return "try", body, [(tag, self.sequence(["catch", *kinds], depth + 1)) for tag in tags]

    def text(self, nodes: list[tuple]) -> str:
        return " ".join(map(self._text, nodes))

    def _text(self, node: tuple) -> str:
        match node:
            case "log", number:
                return f"(call $log (i32.const {number}))"
            case "throw", tag:  # so that what follows can be reached, as far as translation knows
                return f"(if (global.get $true) (then (throw ${tag})))"
            case "br", depth:
                return f"(br_if {depth} (global.get $true))"
            case "rethrow", depth:
                return f"(if (global.get $true) (then (rethrow {depth + 1})))"
            case "block", body:
                return f"(block {self.text(body)})"
            case "table", body, clauses:
                texts = [f"(catch_all {depth})" if tag is None else f"(catch ${tag} {depth})" for tag, depth in clauses]
                return f"(try_table {' '.join(texts)} {self.text(body)})"
            case "delegate", body, depth:
                return f"(try (do {self.text(body)}) (delegate {depth}))"
            case "try", body, catches:
                texts = [
                    f"(catch_all {self.text(code)})" if tag is None else f"(catch ${tag} {self.text(code)})"
                    for tag, code in catches
                ]
                return f"(try (do {self.text(body)}) {' '.join(texts)})"
        raise AssertionError(node)

    def run(self) -> tuple[list[int], str | None]:
        self.log: list[int] = []
        function = object()
        try:
            self._run(self.nodes, [function])
        except Branched:
            return self.log, None
        except (Thrown, Delegated) as error:
            return self.log, error.tag
        return self.log, None

    def _run(self, nodes: list[tuple], labels: list) -> None:
        for node in nodes:
            self._step(node, labels)

    def _step(self, node: tuple, labels: list) -> None:
        match node:
            case "log", number:
                self.log.append(number)
            case "throw", tag:
                raise Thrown(tag)
            case "br", depth:
                raise Branched(labels[depth])
            case "rethrow", depth:
                raise Thrown(labels[depth].caught)
            case "block", body:
                self._inside(Construct(), body, labels)
            case "table", body, clauses:
                try:
                    self._inside(Construct(), body, labels)
                except Thrown as error:
                    for tag, depth in clauses:
                        if tag in (error.tag, None):
                            raise Branched(labels[depth]) from None
                    raise
            case "delegate", body, depth:
                try:
                    self._inside(Construct(), body, labels)
                except Thrown as error:
                    raise Delegated(error.tag, labels[depth]) from None
            case "try", body, catches:
                try:
                    self._inside(Construct(), body, labels)
                except Thrown as error:
                    for tag, code in catches:
                        if tag in (error.tag, None):
                            self._inside(Construct(error.tag), code, labels)
                            return
                    raise

    def _inside(self, here: Construct, body: list[tuple], labels: list) -> None:
        """Run a body under a label: branches to it end here, and what is delegated to it is thrown here."""
        try:
            self._run(body, [here, *labels])
        except Branched as branch:
            if branch.target is not here:
                raise
        except Delegated as error:
            if error.target is not here:
                raise
            raise Thrown(error.tag) from None


@dataclass(eq=False)
class Construct:
    caught: str | None = None


def test_random_nests_do_what_the_specification_says(instantiate):
    programs = [Program(seed) for seed in range(150)]
    functions = [f'(func (export "{index}") {program.text(program.nodes)})' for index, program in enumerate(programs)]
    log: list[int] = []
    exports = instantiate(
        f"""(module (import "h" "log" (func $log (param i32))) (global $true i32 (i32.const 1)) {TAGS}
          {" ".join(functions)})""",
        {"h": {"log": log.append}},
    ).exports
    for index, program in enumerate(programs):
        log.clear()
        try:
            exports[str(index)]()
            thrown = None
        except WasmException as error:
            thrown = "a" if error.tag is exports.a else "b"
        assert (log, thrown) == program.run(), program.text(program.nodes)
