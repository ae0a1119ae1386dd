"""Exceptions: thrown and caught by guests, out to the host, and in from it."""

from __future__ import annotations

import pickle

from wrt_core.engine import Engine
from wrt_core.runtime.tag import Tag
from wrt_core.testing.assembler import ModuleBuilder
from wrt_core.testing.expect import needs, raises, traps
from wrt_foundation.errors import ValueTypeError
from wrt_foundation.features import Feature
from wrt_foundation.traps import TrapCode, WasmException
from wrt_foundation.types import F64, I32, I64, ExternKind, FuncType

__all__ = ["ExceptionsConformance"]


class ExceptionsConformance:
    """Exception handling; skipped where the engine has none."""

    def test_an_exception_leaves_the_guest(self, engine: Engine) -> None:
        needs(engine, Feature.EXCEPTIONS)
        builder = ModuleBuilder()
        builder.tag("tag", "i32 i64 f64 ->")
        builder.function("throw", "->", "i32.const -1 i64.const -2 f64.const 0.5 throw 0")
        exports = builder.instantiate(engine).exports
        with raises(WasmException, "uncaught exception") as caught:
            exports.throw()
        assert caught.error.tag is exports.tag
        assert caught.error.payload == (-1, -2, 0.5), "integers are signed for the host"

    def test_a_host_function_throws_for_the_guest_to_catch(self, engine: Engine) -> None:
        needs(engine, Feature.EXCEPTIONS)
        tag, other = Tag(FuncType((I32, I64))), Tag(FuncType((I32, I64)))
        thrown = [tag.exception(-5, 7)]

        def throw() -> None:
            raise thrown[0]

        builder = ModuleBuilder()
        builder.import_function("env", "throw", "->")
        builder.import_tag("env", "tag", "i32 i64 ->")
        pair = builder.type("-> i32 i64")
        builder.function(
            "run", "-> i32 i64", f"block {pair} try_table catch 0 0 call 0 end i32.const 1 i64.const 2 end"
        )
        run = builder.instantiate(engine, {"env": {"throw": throw, "tag": tag}}).exports.run
        assert run() == (-5, 7)
        thrown[0] = other.exception(0, 0)
        with raises(WasmException) as caught:
            run()
        assert caught.error is thrown[0], "a tag of the same type is another tag"

    def test_payloads_of_the_host_are_checked(self, engine: Engine) -> None:
        needs(engine, Feature.EXCEPTIONS)
        tag = Tag(FuncType((I32, F64)))
        for wrong in ((), (1,), (1, 2.0, 3)):
            with raises(TypeError):
                tag.exception(*wrong)
        with raises(ValueTypeError):
            tag.exception("1", 2.0)

    def test_catch_all_catches_exceptions_alone(self, engine: Engine) -> None:
        needs(engine, Feature.EXCEPTIONS)

        class Failure(Exception):
            pass

        def fail() -> None:
            raise Failure

        builder = ModuleBuilder()
        builder.import_function("env", "fail", "->")
        builder.memory(1)
        builder.tag(None, "->")
        for name, code in (
            ("throw", "throw 0"),
            ("trap", "unreachable"),
            ("fail", "call 0"),
            ("load", "i32.const -1 i32.load drop"),
        ):
            builder.function(
                name, "-> i32", f"block try_table catch_all 0 {code} end i32.const 1 return end i32.const 2"
            )
        exports = builder.instantiate(engine, {"env": {"fail": fail}}).exports
        assert exports.throw() == 2
        with traps(TrapCode.UNREACHABLE):
            exports.trap()
        with traps(TrapCode.MEMORY_OUT_OF_BOUNDS):
            exports.load()
        with raises(Failure):
            exports.fail()

    def test_the_first_clause_that_fits_is_taken(self, engine: Engine) -> None:
        needs(engine, Feature.EXCEPTIONS)
        builder = ModuleBuilder()
        for _ in range(2):
            builder.tag(None, "i32 ->")
        builder.function(
            "run",
            "i32 -> i32",
            """
            block
              block i32
                block i32
                  try_table catch 0 0 catch 0 1 catch 1 1 catch_all 2
                    local.get 0 if i32.const 10 throw 0 end
                    i32.const 20 throw 1
                  end
                  unreachable
                end
                i32.const 1 i32.add return
              end
              i32.const 2 i32.add return
            end
            i32.const 0
            """,
        )
        run = builder.instantiate(engine).exports.run
        assert (run(1), run(0)) == (11, 22)

    def test_an_exception_passes_through_calls_and_inner_handlers(self, engine: Engine) -> None:
        needs(engine, Feature.EXCEPTIONS)
        builder = ModuleBuilder()
        builder.tag(None, "i32 ->")
        builder.tag(None, "->")
        thrower = builder.function(None, "i32 ->", "local.get 0 throw 0")
        middle = builder.function(None, "i32 ->", f"block try_table catch 1 0 local.get 0 call {thrower} end end")
        builder.function(
            "run", "i32 -> i32", f"block i32 try_table catch 0 0 local.get 0 call {middle} end i32.const -1 end"
        )
        assert builder.instantiate(engine).exports.run(42) == 42

    def test_locals_keep_what_was_set_before_the_throw(self, engine: Engine) -> None:
        needs(engine, Feature.EXCEPTIONS)
        builder = ModuleBuilder()
        builder.tag(None, "->")
        builder.function(
            "run",
            "-> i32",
            "block try_table catch_all 0 i32.const 1 local.set 0 throw 0 end end local.get 0 i32.const 10 i32.add",
            "i32",
        )
        assert builder.instantiate(engine).exports.run() == 11

    def test_references_to_exceptions(self, engine: Engine) -> None:
        needs(engine, Feature.EXCEPTIONS)
        builder = ModuleBuilder()
        builder.tag("tag", "i32 ->")
        builder.function(
            "take", "-> exnref", "block exnref try_table catch_all_ref 0 i32.const 6 throw 0 end unreachable end"
        )
        builder.function("again", "exnref ->", "local.get 0 throw_ref")
        exports = builder.instantiate(engine).exports
        reference = exports.take()
        assert isinstance(reference, WasmException)
        assert reference.payload == (6,)
        with raises(WasmException) as caught:
            exports.again(reference)
        assert caught.error is reference
        with traps(TrapCode.NULL_EXCEPTION_REFERENCE):
            exports.again(None)

    def test_a_tag_between_two_instances(self, engine: Engine) -> None:
        needs(engine, Feature.EXCEPTIONS)
        library = ModuleBuilder()
        library.tag("tag", "i32 ->")
        library.function("throw", "i32 ->", "local.get 0 throw 0")
        made = library.instantiate(engine)
        user = ModuleBuilder()
        user.import_function("library", "throw", "i32 ->")
        user.import_tag("library", "tag", "i32 ->")
        user.export("tag", ExternKind.TAG, 0)
        user.function("run", "i32 -> i32", "block i32 try_table catch 0 0 local.get 0 call 0 end unreachable end")
        exports = user.instantiate(engine, {"library": made}).exports
        assert exports.run(9) == 9
        assert exports.tag is made.exports.tag

    def test_each_instance_has_tags_of_its_own(self, engine: Engine) -> None:
        needs(engine, Feature.EXCEPTIONS)
        builder = ModuleBuilder()
        builder.tag("tag", "->")
        builder.function("throw", "->", "throw 0")
        module = builder.load(engine)
        one, other = engine.instantiate(module).exports, engine.instantiate(module).exports
        with raises(WasmException) as caught:
            one.throw()
        assert caught.error.tag is one.tag
        assert caught.error.tag is not other.tag

    def test_an_exception_in_the_start_function(self, engine: Engine) -> None:
        needs(engine, Feature.EXCEPTIONS)
        builder = ModuleBuilder()
        builder.tag(None, "->")
        builder.start(builder.function(None, "->", "throw 0"))
        with raises(WasmException):
            builder.instantiate(engine)

    def test_exceptions_pickle(self, engine: Engine) -> None:
        needs(engine, Feature.EXCEPTIONS)
        builder = ModuleBuilder()
        builder.tag("tag", "i32 f64 ->")
        builder.function("throw", "->", "i32.const -3 f64.const 1.5 throw 0")
        with raises(WasmException) as caught:
            builder.instantiate(engine).exports.throw()
        copy = pickle.loads(pickle.dumps(caught.error))
        assert isinstance(copy, WasmException)
        assert copy.payload == (-3, 1.5)
