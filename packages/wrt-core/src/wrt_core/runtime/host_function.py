"""Host functions: Python callables behind the calling convention of compiled code."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from inspect import iscoroutinefunction
from typing import Any

from wrt_core.execution.interruption import Interruption, Reason
from wrt_core.runtime.conversion import from_host
from wrt_foundation.types import FuncType, NumType

__all__ = ["HOST_CODE", "host_code", "results_converter"]

HOST_CODE = "<host function>"
"""The file that the code of such wrappers is of, by which tracebacks leave it out."""


def host_code(function: Callable[..., Any], type_: FuncType) -> Callable[..., Any]:
    """Return `function` as code that guests call: it takes and gives values in the engines' representation.

    What it returns is checked against `type_`; where that has no results, it is ignored. The wrapper is
    a Python function with the parameters spelled out, since calls of such don't grow the host's stack. An `async def`
    answers later: the call interrupts the execution that it is made in, which then waits for it.
    """
    if iscoroutinefunction(function) or iscoroutinefunction(getattr(function, "__call__", None)):  # noqa: B004
        return _factory(type_, deferred=True)(function)
    return _factory(type_)(function)


@lru_cache(1024)
def _factory(type_: FuncType, deferred: bool = False) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    parameters = ", ".join(f"a{index}" for index in range(len(type_.params)))
    arguments = ", ".join(_argument(f"a{index}", each) for index, each in enumerate(type_.params))
    count = len(type_.results)
    names: dict[str, Any] = {f"convert{index}": from_host(each) for index, each in enumerate(type_.results)}
    if deferred:
        names["defer"], names["converted"] = _defer, results_converter(type_)
        body = f"        defer(function({arguments}), converted)\n"
    elif count == 0:
        body = f"        function({arguments})\n"
    elif count == 1:
        body = f"        return convert0(function({arguments}))\n"
    else:
        names["several"] = _several
        converted = ", ".join(f"convert{index}(r[{index}])" for index in range(count))
        body = f"        r = several(function({arguments}), {count})\n        return ({converted})\n"
    source = f"def factory(function):\n    def host({parameters}):\n{body}    return host\n"
    exec(compile(source, HOST_CODE, "exec", dont_inherit=True), names)
    factory: Callable[[Callable[..., Any]], Callable[..., Any]] = names["factory"]
    return factory


def results_converter(type_: FuncType) -> Callable[[Any], Any]:
    """Return the function that turns what a host function of a type returns into values for the guest."""
    convert = [from_host(each) for each in type_.results]
    if not convert:
        return lambda _: None
    if len(convert) == 1:
        return convert[0]
    return lambda result: tuple([f(x) for f, x in zip(convert, _several(result, len(convert)), strict=True)])


def _defer(awaitable: Any, converted: Callable[[Any], Any]) -> None:
    raise Interruption(Reason.HOST_CALL, awaitable=awaitable, convert=converted)


def _argument(name: str, type_: object) -> str:
    if type_ is NumType.I32:
        return f"({name} ^ 0x80000000) - 0x80000000"
    if type_ is NumType.I64:
        return f"({name} ^ 0x8000000000000000) - 0x8000000000000000"
    return name


def _several(result: Any, count: int) -> tuple[Any, ...]:
    """The results of a host function that has several: any sequence of that length."""
    if not isinstance(result, (tuple, list)) or len(result) != count:
        raise TypeError(f"a host function with {count} results returned {result!r}")
    return tuple(result)
