"""Functions: a guest's, or a host's that guests may call (specification, section 4.2.6)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import call
from typing import TYPE_CHECKING, Any

from wrt_core.runtime.conversion import from_host, to_host
from wrt_core.runtime.host_function import host_code
from wrt_core.runtime.to_host import Converter
from wrt_core.runtime.typed_reference import TypedReference
from wrt_foundation.canonical import DefinedType, defined_function_type
from wrt_foundation.types import FuncType, RefType

if TYPE_CHECKING:
    from wrt_core.execution.execution import Execution
    from wrt_core.runtime.instance import Instance

__all__ = ["Func"]

Enter = Callable[["Func", Sequence[Any]], Any]
"""How an engine enters a function from Python: it runs `func.code` and turns what goes wrong into traps."""


class Func(TypedReference):
    """A function instance; call it as a Python function.

    Make one of any Python callable with `Func(FuncType(...), callable)` to import it with a type of its own; a
    bare callable in the imports gets the type that the module declares. A guest's functions are made by its
    engine. Two functions are the same if they are the same object. Calling is as thread-safe as what it runs:
    a guest without shared memory must not run in two threads at once.

    `type` is the closed definition, `function_type` its parameters and results; `code` takes and returns values in
    the engines' representation: no value, one, or a tuple. `tail`, `coroutine` and `coroutine_tail` are other ways in,
    None until an engine makes them. `enter` is how the host gets in, and the place for whoever wraps an engine to do
    something around the calls from the host: `func.enter = wrapped(func.enter)`.
    """

    __slots__ = (
        "_from",
        "_to",
        "code",
        "coroutine",
        "coroutine_tail",
        "enter",
        "function_type",
        "index",
        "instance",
        "name",
        "tail",
    )

    def __init__(self, type_: FuncType, function: Callable[..., Any], *, name: str | None = None) -> None:
        self._set(defined_function_type(type_), host_code(function, type_), _call)
        self.name: str | None = name or getattr(function, "__name__", None)

    @classmethod
    def of_guest(
        cls,
        type_: DefinedType,
        code: Callable[..., Any],
        enter: Enter,
        instance: Instance | None,
        index: int,
        name: str | None,
    ) -> Func:
        """Make the function at `index` of an instance; for engines."""
        func = cls.__new__(cls)
        func._set(type_, code, enter)
        func.instance, func.index, func.name = instance, index, name
        return func

    @classmethod
    def of_host(cls, type_: DefinedType, function: Callable[..., Any], name: str | None = None) -> Func:
        """Make a host function of the very definition that a module imports."""
        composite = type_.composite
        if not isinstance(composite, FuncType):
            raise TypeError(f"not a function type: {type_}")
        func = cls.__new__(cls)
        func._set(type_, host_code(function, composite), _call)
        func.name = name
        return func

    def _set(self, type_: DefinedType, code: Callable[..., Any], enter: Enter) -> None:
        composite = type_.composite
        assert isinstance(composite, FuncType)
        self.type = type_
        self.function_type = composite
        self.code = code
        self.tail: Callable[..., Any] | None = None
        self.coroutine: Callable[..., Any] | None = None
        self.coroutine_tail: Callable[..., Any] | None = None
        self.enter = enter
        self._from = tuple(map(from_host, composite.params))
        self._to = tuple(map(to_host, composite.results))
        self.instance: Instance | None = None
        self.index = -1

    def __call__(self, *args: Any) -> Any:
        """Call the function: None, one value, or a tuple of several comes back.

        Raises `ValueTypeError` or `ValueRangeError` for arguments that don't fit, `Trap` when the guest traps,
        `WasmException` for an exception it does not catch, and whatever a host function raises, unchanged.
        """
        converters = self._from
        if len(args) != len(converters):
            raise TypeError(f"{self.name or 'function'} takes {len(converters)} arguments, not {len(args)}")
        result = self.enter(self, list(map(call, converters, args)))
        to = self._to  # as in results_of, without a call
        if not to:
            return None
        if len(to) == 1:
            return to[0](result)
        return tuple([convert(value) for convert, value in zip(to, result, strict=True)])

    def results_of(self, result: Any) -> Any:
        """Return what a call has given, in the engines' representation, as the API gives it."""
        to = self._to
        if not to:
            return None
        if len(to) == 1:
            return to[0](result)
        return tuple([convert(value) for convert, value in zip(to, result, strict=True)])

    def start(self, *args: Any, fuel: int | None = None, timeout: float | None = None) -> Execution:
        """Return a call of the function that has not begun: it is run, paused and resumed; see `Execution`.

        With `fuel`, it pauses when that is used up; with `timeout`, when it has run for so many seconds. Raises
        `ValueTypeError` or `ValueRangeError` for arguments that don't fit, `ExecutionError` if the function's engine
        can't pause.
        """
        from wrt_core.execution.execution import Execution

        return Execution(self, tuple(self._converted(args)), fuel, timeout)

    async def call_async(
        self, *args: Any, fuel: int | None = None, timeout: float | None = None, interval: float = 0.01
    ) -> Any:
        """Call the function in an event loop: while a host function that is an `async def` runs, so do others.

        So do they at least every `interval` seconds while the guest computes. What cancels the call ends the guest.
        Raises what a call raises, and `TimeoutError` after `timeout` seconds of running; `Exhaustion` out of `fuel`.
        """
        from wrt_core.execution.asynchronous import run_async

        return await run_async(self.start(*args, fuel=fuel), timeout=timeout, interval=interval)

    def _converted(self, args: Sequence[Any]) -> list[Any]:
        converters = self._from
        if len(args) != len(converters):
            raise TypeError(f"{self.name or 'function'} takes {len(converters)} arguments, not {len(args)}")
        return list(map(call, converters, args))

    def pass_through(self, inward: Converter, outward: Converter) -> None:
        """Have references that the host gives pass `inward`, and those that it gets `outward`.

        For whoever keeps guests apart; values that are no references pass as before.
        """

        def through(converter: Converter, then: Converter) -> Converter:
            return lambda value: then(converter(value))

        type_ = self.function_type
        self._from = tuple(
            through(each, inward) if isinstance(declared, RefType) else each
            for each, declared in zip(self._from, type_.params, strict=True)
        )
        self._to = tuple(
            through(each, outward) if isinstance(declared, RefType) else each
            for each, declared in zip(self._to, type_.results, strict=True)
        )

    def call_raw(self, args: Sequence[Any]) -> tuple[Any, ...]:
        """Call with values in the engines' representation, unchecked, and get such: for engines and tests."""
        result = self.enter(self, args)
        count = len(self._to)
        return result if count > 1 else (result,) if count else ()

    def __repr__(self) -> str:
        return f"<Func {self.name or ''} {self.function_type}>"


def _call(func: Func, args: Sequence[Any]) -> Any:
    return func.code(*args)
