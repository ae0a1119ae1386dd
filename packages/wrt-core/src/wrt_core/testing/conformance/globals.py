"""Globals: variables that guests and hosts share."""

from __future__ import annotations

from wrt_core.engine import Engine
from wrt_core.runtime.globals import Global
from wrt_core.testing.assembler import ModuleBuilder
from wrt_core.testing.expect import raises
from wrt_foundation.errors import ValueRangeError, ValueTypeError, WrtError
from wrt_foundation.types import EXTERNREF, F32, F64, I32, I64, GlobalType

__all__ = ["GlobalsConformance"]


class GlobalsConformance:
    """Global instructions, and `Global` from the host's side."""

    def test_host_and_guest_share_a_variable(self, engine: Engine) -> None:
        for type_, value, other in (
            (I32, -1, 1 << 30),
            (I64, -1, 1 << 62),
            (F32, 0.5, -0.25),
            (F64, 0.1, 1e300),
            (EXTERNREF, "text", None),
        ):
            builder = ModuleBuilder()
            builder.import_global("env", "variable", str(type_), mutable=True)
            builder.function("read", f"-> {type_}", "global.get 0")
            builder.function("set", f"{type_} ->", "local.get 0 global.set 0")
            variable = Global(GlobalType(type_, True), value)
            exports = builder.instantiate(engine, {"env": {"variable": variable}}).exports
            assert exports.read() == value
            exports.set(other)
            assert variable.value == other
            variable.value = value
            assert exports.read() == value

    def test_integers_are_signed_for_the_host(self, engine: Engine) -> None:
        builder = ModuleBuilder()
        builder.global_("i32", "i32", "i32.const 0xffffffff")
        builder.global_("i64", "i64", "i64.const 0xfffffffffffffffe")
        exports = builder.instantiate(engine).exports
        assert (exports.i32.value, exports.i64.value) == (-1, -2)
        exports.i32.value = 0x8000_0000
        assert exports.i32.value == -0x8000_0000

    def test_what_the_host_sets_is_checked(self, engine: Engine) -> None:
        builder = ModuleBuilder()
        builder.global_("variable", "i32", "i32.const 7")
        builder.global_("constant", "i32", "i32.const 7", mutable=False)
        exports = builder.instantiate(engine).exports
        with raises(ValueTypeError):
            exports.variable.value = 1.0
        with raises(ValueRangeError):
            exports.variable.value = 1 << 32
        with raises(WrtError, "immutable"):
            exports.constant.value = 1
        assert (exports.variable.value, exports.constant.value) == (7, 7)

    def test_a_pending_read_sees_the_value_before_a_write(self, engine: Engine) -> None:
        builder = ModuleBuilder()
        builder.global_("variable", "i32", "i32.const 1")
        builder.function("run", "-> i32 i32", "global.get 0 i32.const 2 global.set 0 global.get 0")
        assert builder.instantiate(engine).exports.run() == (1, 2)

    def test_functions_in_globals(self, engine: Engine) -> None:
        builder = ModuleBuilder()
        function = builder.function("function", "-> i32", "i32.const 3")
        builder.global_("reference", "funcref", f"ref.func {function}")
        exports = builder.instantiate(engine).exports
        assert exports.reference.value is exports.function
        assert exports.reference.value() == 3
