"""Stubs: what stands in for the code of functions that are not translated yet."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from wrt_core.engines.stackless.compiled import MARK, Compiled
from wrt_core.engines.stackless.translation.variant import Form
from wrt_core.runtime.function import Func

__all__ = ["STUB", "linked", "place_stub", "stub_for"]

STUB = "<stub>"
"""The file name of stubs' code, whose frames hold what a function is to be entered with as `a0`, `a1` …"""


def place_stub(names: dict[str, Any], compiled: Compiled, func: Func) -> None:
    """Give a function code that, when it is first called, is replaced by a translation and calls that."""

    def settle() -> Callable[..., Any]:
        func.code = names[f"f{func.index}"] = compiled.function(func.index, Form(), names)
        return func.code

    func.code = names[f"f{func.index}"] = stub_for(func, settle)


def linked(names: Any, key: Any, func: Func) -> Callable[..., Any]:
    """The code of a function; while that is a stub, a stub that will put what replaces it under a key of `names`.

    `names` may be a list, and the key an index.
    """
    settle = getattr(func.code, "settle", None)
    if settle is None:
        return func.code

    def link() -> Callable[..., Any]:
        names[key] = settle()
        return func.code

    return stub_for(func, link)


def stub_for(func: Func, settle: Callable[[], Callable[..., Any]]) -> Callable[..., Any]:
    """Return code for a function that calls `settle`, which is to be found on it, and then what that gives."""
    stub = _factory(len(func.function_type.params))(settle)
    stub.settle = settle  # type: ignore[attr-defined]
    return stub


# The parameters are spelled out: a call that Python has to unpack would grow the host's stack.
_STUB = """
def factory(settle):
    def stub({parameters}):
        return settle()({parameters})
    return stub
"""


@lru_cache(4096)
def _factory(parameters: int) -> Callable[..., Callable[..., Any]]:
    names: dict[str, Any] = {MARK: None}
    text = _STUB.format(parameters=", ".join(f"a{index}" for index in range(parameters)))
    exec(compile(text, STUB, "exec", dont_inherit=True), names)
    factory: Callable[..., Callable[..., Any]] = names["factory"]
    return factory
