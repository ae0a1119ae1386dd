"""Calls from the host: what goes in, what comes out, and what is refused at the border."""

from __future__ import annotations

import math

from wrt_core.engine import Engine
from wrt_core.runtime.function import Func
from wrt_core.testing.assembler import ModuleBuilder, signature
from wrt_core.testing.expect import needs, raises
from wrt_foundation.errors import ValueRangeError, ValueTypeError
from wrt_foundation.features import Feature

__all__ = ["CallsConformance"]


class _Integer:
    """An integer of somebody else's, as numpy's are."""

    def __init__(self, value: int) -> None:
        self.value = value

    def __index__(self) -> int:
        return self.value


def _identity(engine: Engine, type_: str) -> Func:
    builder = ModuleBuilder()
    builder.function("identity", f"{type_} -> {type_}", "local.get 0")
    function: Func = builder.instantiate(engine).exports.identity
    return function


class CallsConformance:
    """Calling exported functions."""

    def test_integers_come_out_signed(self, engine: Engine) -> None:
        for type_, bits in (("i32", 32), ("i64", 64)):
            identity = _identity(engine, type_)
            for value in (0, 1, -1, (1 << bits - 1) - 1, -(1 << bits - 1)):
                assert identity(value) == value
                assert type(identity(value)) is int

    def test_integers_go_in_signed_or_unsigned(self, engine: Engine) -> None:
        for type_, bits in (("i32", 32), ("i64", 64)):
            identity = _identity(engine, type_)
            assert identity((1 << bits) - 1) == -1
            assert identity(1 << bits - 1) == -(1 << bits - 1)

    def test_integers_out_of_range_are_refused(self, engine: Engine) -> None:
        for type_, bits in (("i32", 32), ("i64", 64)):
            identity = _identity(engine, type_)
            for value in (1 << bits, -(1 << bits - 1) - 1, 10**100):
                with raises(ValueRangeError, type_):
                    identity(value)

    def test_whatever_says_it_is_an_integer_is_one(self, engine: Engine) -> None:
        identity = _identity(engine, "i32")
        assert (identity(True), identity(_Integer(5)), identity(_Integer(0xFFFF_FFFF))) == (1, 5, -1)
        with raises(ValueRangeError):
            identity(_Integer(1 << 32))

    def test_other_objects_are_no_integers(self, engine: Engine) -> None:
        identity = _identity(engine, "i64")
        for value in (1.0, "1", None, b"1", [1], object()):
            with raises(ValueTypeError, "i64 expected"):
                identity(value)

    def test_floats_go_in_and_come_out(self, engine: Engine) -> None:
        f32, f64 = _identity(engine, "f32"), _identity(engine, "f64")
        for value in (0.0, 1.5, -2.25, math.inf, -math.inf, 3):
            assert f32(value) == value
            assert f64(value) == value
        assert math.copysign(1, f32(-0.0)) == math.copysign(1, f64(-0.0)) == -1
        assert math.isnan(f32(math.nan))
        assert math.isnan(f64(math.nan))
        assert f64(0.1) == 0.1
        assert f32(0.1) == 0.10000000149011612, "rounded to the nearest f32"
        assert f32(1e39) == math.inf
        for type_ in (f32, f64):
            for other in ("1.0", None, 1j, b""):
                with raises(ValueTypeError):
                    type_(other)

    def test_vectors_are_sixteen_bytes(self, engine: Engine) -> None:
        needs(engine, Feature.SIMD)
        identity = _identity(engine, "v128")
        value = bytes(range(16))
        assert identity(value) == identity(bytearray(value)) == value
        for wrong in (bytes(15), bytes(17)):
            with raises(ValueRangeError):
                identity(wrong)
        with raises(ValueTypeError):
            identity(0)

    def test_references_go_in_and_come_out(self, engine: Engine) -> None:
        extern = _identity(engine, "externref")
        thing = object()
        assert extern(thing) is thing
        assert extern(None) is None
        assert extern(0) == 0
        function = _identity(engine, "funcref")
        assert function(None) is None
        assert function(extern) is extern
        host = Func(signature("->"), lambda: None)
        assert function(host) is host
        for wrong in (print, 0, "f"):
            with raises(ValueTypeError):
                function(wrong)

    def test_no_result_one_result_several_results(self, engine: Engine) -> None:
        builder = ModuleBuilder()
        builder.function("none", "->", "")
        builder.function("one", "-> i32", "i32.const -1")
        builder.function("three", "-> i32 i64 f64", "i32.const -1 i64.const -2 f64.const 0.5")
        exports = builder.instantiate(engine).exports
        assert exports.none() is None
        assert exports.one() == -1
        assert exports.three() == (-1, -2, 0.5)

    def test_results_keep_their_order_through_calls(self, engine: Engine) -> None:
        builder = ModuleBuilder()
        pair = builder.function(None, "i32 i64 -> i64 i32", "local.get 1 local.get 0")
        builder.function("swapped", "i32 i64 -> i64 i32", f"local.get 0 local.get 1 call {pair}")
        builder.function("folded", "i32 i64 -> i32", f"local.get 0 local.get 1 call {pair} i32.const 10 i32.mul br 0")
        exports = builder.instantiate(engine).exports
        assert exports.swapped(1, 2) == (2, 1)
        assert exports.folded(3, 4) == 30

    def test_the_number_of_arguments_is_checked(self, engine: Engine) -> None:
        builder = ModuleBuilder()
        builder.function("two", "i32 i32 ->", "")
        two = builder.instantiate(engine).exports.two
        for wrong in ((), (1,), (1, 2, 3)):
            with raises(TypeError, "takes 2"):
                two(*wrong)

    def test_arguments_are_checked_before_anything_runs(self, engine: Engine) -> None:
        seen: list[int] = []
        builder = ModuleBuilder()
        builder.import_function("env", "log", "i32 ->")
        builder.function("run", "i32 i32 ->", "i32.const 1 call 0")
        run = builder.instantiate(engine, {"env": {"log": seen.append}}).exports.run
        with raises(ValueTypeError):
            run(1, "two")
        assert seen == []

    def test_many_parameters_and_results(self, engine: Engine) -> None:
        many = 300  # past 255, where byte-coded machines run into their limits
        builder = ModuleBuilder()
        types = " ".join(["i32"] * many)
        code = "\n".join(f"local.get {index}" for index in reversed(range(many)))
        reverse = builder.function("reverse", f"{types} -> {types}", code)
        builder.function("again", f"{types} -> {types}", f"{code}\ncall {reverse}")
        exports = builder.instantiate(engine).exports
        assert exports.reverse(*range(many)) == tuple(reversed(range(many)))
        assert exports.again(*range(many)) == tuple(range(many))

    def test_functions_that_call_one_another(self, engine: Engine) -> None:
        builder = ModuleBuilder()
        builder.function(
            "even", "i32 -> i32", "local.get 0 if i32 local.get 0 i32.const 1 i32.sub call 1 else i32.const 1 end"
        )
        builder.function(
            "odd", "i32 -> i32", "local.get 0 if i32 local.get 0 i32.const 1 i32.sub call 0 else i32.const 0 end"
        )
        exports = builder.instantiate(engine).exports
        assert [exports.even(n) for n in range(5)] == [1, 0, 1, 0, 1]

    def test_locals_start_at_zero_in_every_call(self, engine: Engine) -> None:
        builder = ModuleBuilder()
        code = "local.get 0 i32.const 1 i32.add local.set 0 local.get 0 local.get 1 local.get 2 local.get 3 ref.is_null"
        builder.function("fresh", "-> i32 i64 f64 i32", code, "i32 i64 f64 externref")
        fresh = builder.instantiate(engine).exports.fresh
        assert fresh() == fresh() == (1, 0, 0.0, 1)

    def test_a_functions_type_and_name(self, engine: Engine) -> None:
        builder = ModuleBuilder()
        builder.function("add", "i32 i64 -> f32", "f32.const 0.0")
        add = builder.instantiate(engine).exports.add
        assert add.function_type == signature("i32 i64 -> f32")
        assert add.name == "add"
