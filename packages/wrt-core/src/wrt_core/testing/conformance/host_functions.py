"""Host functions: Python that guests call, and what it returns and raises."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from wrt_core.engine import Engine
from wrt_core.runtime.function import Func
from wrt_core.runtime.instance import Instance
from wrt_core.testing.assembler import ModuleBuilder, signature
from wrt_core.testing.expect import raises, traps
from wrt_foundation.errors import Exit, ValueRangeError, ValueTypeError
from wrt_foundation.traps import TrapCode

__all__ = ["HostFunctionsConformance"]


def _through(engine: Engine, type_: str, function: Callable[..., Any]) -> Func:
    """A guest's function that calls a host function of the same type and gives what that gave."""
    builder = ModuleBuilder()
    builder.import_function("env", "function", type_)
    parameters = signature(type_).params
    code = "\n".join(f"local.get {index}" for index in range(len(parameters)))
    builder.function("run", type_, f"{code}\ncall 0")
    run: Func = builder.instantiate(engine, {"env": {"function": function}}).exports.run
    return run


class HostFunctionsConformance:
    """Calls out of the guest."""

    def test_arguments_and_results(self, engine: Engine) -> None:
        seen: list[Any] = []

        def function(*args: Any) -> Any:
            seen.extend(args)
            return args

        run = _through(engine, "i32 i64 f32 f64 externref -> i32 i64 f32 f64 externref", function)
        values = (-1, -(1 << 63), 0.5, -0.1, "a string")
        assert run(*values) == values
        assert seen == list(values), "a host function gets signed integers"

    def test_results_are_converted_and_checked(self, engine: Engine) -> None:
        answer: list[Any] = [None]
        run = _through(engine, "-> i32", lambda: answer[0])
        for value, expected in ((7, 7), (True, 1), (0xFFFF_FFFF, -1), (-1, -1)):
            answer[0] = value
            assert run() == expected
        for wrong in (None, "7", 1.0, [7]):
            answer[0] = wrong
            with raises(ValueTypeError):
                run()
        answer[0] = 1 << 32
        with raises(ValueRangeError):
            run()

    def test_without_results_what_is_returned_is_ignored(self, engine: Engine) -> None:
        assert _through(engine, "->", lambda: "ignored")() is None

    def test_the_number_of_results_is_checked(self, engine: Engine) -> None:
        answer: list[Any] = [None]
        run = _through(engine, "-> i32 i32", lambda: answer[0])
        for right in ((1, 2), [1, 2]):
            answer[0] = right
            assert run() == (1, 2)
        for wrong in (1, None, (), (1,), (1, 2, 3)):
            answer[0] = wrong
            with raises(TypeError):
                run()

    def test_exceptions_pass_through_unchanged(self, engine: Engine) -> None:
        class Failure(Exception):
            pass

        class NotEvenAnException(BaseException):
            pass

        for error in (
            Failure("mine"),
            NotEvenAnException(),
            Exit(3),
            IndexError("list index out of range"),
            ZeroDivisionError("division by zero"),
            RecursionError("maximum recursion depth exceeded"),
            KeyError("key"),
            StopIteration(),
            GeneratorExit(),
            MemoryError(),
        ):

            def fail(error: BaseException = error) -> None:
                raise error

            with raises(type(error)) as caught:
                _through(engine, "->", fail)()
            assert caught.error is error

    def test_an_index_error_beside_a_guests_access_is_the_hosts(self, engine: Engine) -> None:
        # The guest's own line reads memory and calls the host: the error is whose it is.
        def fail(_: int) -> int:
            raise IndexError("the host's")

        builder = ModuleBuilder()
        builder.import_function("env", "fail", "i32 -> i32")
        builder.memory(1)
        builder.function("run", "i32 -> i32", "local.get 0 i32.load call 0 i32.load")
        run = builder.instantiate(engine, {"env": {"fail": fail}}).exports.run
        with raises(IndexError, "the host's"):
            run(0)
        with traps(TrapCode.MEMORY_OUT_OF_BOUNDS):
            run(-1)

    def test_the_instance_is_usable_after_an_exception(self, engine: Engine) -> None:
        failing = [True]

        def function() -> int:
            if failing[0]:
                raise ValueError("once")
            return 5

        run = _through(engine, "-> i32", function)
        with raises(ValueError, "once"):
            run()
        failing[0] = False
        assert run() == 5

    def test_reentry(self, engine: Engine) -> None:
        instances: list[Instance] = []

        def down(n: int) -> int:
            return 0 if n == 0 else instances[0].exports.run(n - 1) + 1

        builder = ModuleBuilder()
        builder.import_function("env", "down", "i32 -> i32")
        builder.global_("calls", "i32", "i32.const 0")
        builder.function("run", "i32 -> i32", "global.get 0 i32.const 1 i32.add global.set 0 local.get 0 call 0")
        instances.append(builder.instantiate(engine, {"env": {"down": down}}))
        assert instances[0].exports.run(20) == 20
        assert instances[0].exports.calls.value == 21

    def test_a_trap_inside_a_reentry(self, engine: Engine) -> None:
        instances: list[Instance] = []

        def call() -> int:
            with traps(TrapCode.UNREACHABLE):
                instances[0].exports.fail()
            return 9

        builder = ModuleBuilder()
        builder.import_function("env", "call", "-> i32")
        builder.function("fail", "->", "unreachable")
        builder.function("run", "-> i32", "call 0 i32.const 1 i32.add")
        instances.append(builder.instantiate(engine, {"env": {"call": call}}))
        assert instances[0].exports.run() == 10

    def test_effects_of_the_host_are_seen_at_once(self, engine: Engine) -> None:
        instances: list[Instance] = []

        def change() -> None:
            exports = instances[0].exports
            exports.memory.write(0, b"\7")
            exports.variable.value = 8

        builder = ModuleBuilder()
        builder.import_function("env", "change", "->")
        builder.memory(1)
        builder.global_("variable", "i32", "i32.const 0")
        builder.function(
            "run",
            "-> i32 i32 i32 i32",
            "i32.const 0 i32.load8_u global.get 0 call 0 i32.const 0 i32.load8_u global.get 0",
        )
        instances.append(builder.instantiate(engine, {"env": {"change": change}}))
        assert instances[0].exports.run() == (0, 0, 7, 8)

    def test_called_from_a_table(self, engine: Engine) -> None:
        builder = ModuleBuilder()
        builder.import_function("env", "double", "i32 -> i32")
        builder.table(2)
        builder.elements([0], 0)
        builder.function(
            "call", "i32 i32 -> i32", f"local.get 1 local.get 0 call_indirect {builder.type('i32 -> i32')}"
        )
        exports = builder.instantiate(engine, {"env": {"double": lambda n: 2 * n}}).exports
        assert exports.call(0, 21) == 42
        exports.table[1] = Func(signature("i32 -> i32"), lambda n: n - 1)
        assert exports.call(1, 10) == 9
        exports.table[1] = Func(signature("i64 -> i32"), lambda n: 0)
        with traps(TrapCode.INDIRECT_CALL_TYPE_MISMATCH):
            exports.call(1, 10)

    def test_exported_host_functions_are_callable(self, engine: Engine) -> None:
        from wrt_foundation.types import ExternKind

        builder = ModuleBuilder()
        builder.import_function("env", "half", "i32 -> i32")
        builder.export("half", ExternKind.FUNC, 0)
        half = builder.instantiate(engine, {"env": {"half": lambda n: n // 2}}).exports.half
        assert half(10) == 5
        with raises(ValueRangeError):
            half(1 << 40)

    def test_a_guests_function_as_another_guests_import(self, engine: Engine) -> None:
        library = ModuleBuilder()
        library.global_("calls", "i32", "i32.const 0")
        library.function("next", "-> i32", "global.get 0 i32.const 1 i32.add global.set 0 global.get 0")
        made = library.instantiate(engine)
        user = ModuleBuilder()
        user.import_function("library", "next", "-> i32")
        user.function("run", "-> i32", "call 0 call 0 i32.mul")
        assert user.instantiate(engine, {"library": made}).exports.run() == 2
        assert made.exports.calls.value == 2
