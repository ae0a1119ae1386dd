"""Entries: the ways into a function besides a plain call, made when somebody first comes that way.

====================  ======================================================================================
`tail`                for tail calls: takes the tuple that asks for the call, gives a result or another such
`coroutine`           for calls in a continuation: a generator function, whose last parameter is the depth
`coroutine_tail`      for tail calls in a continuation: both
====================  ======================================================================================
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from wrt_core.engines.stackless.compiled import MARK, compiled_of
from wrt_core.engines.stackless.translation.variant import Form, Variant
from wrt_core.runtime.function import Func

__all__ = ["TAIL", "coroutine_of", "coroutine_tail_of", "tail_of", "through_code"]

TAIL = object()
"""The first item of the tuple that a function gives instead of a result, for a call of the second with that tuple.

The arguments follow. No guest's value can be this object, so no result can be taken for such a tuple.
"""

Entry = Callable[..., Any]


def tail_of(func: Func) -> Entry:
    """Return a function's entry for tail calls."""
    found = func.tail
    if found is None:
        found = func.tail = _made(func, Variant.TAIL)
    return found


def coroutine_of(func: Func) -> Entry:
    """Return a function's entry for calls in a continuation."""
    found = func.coroutine
    if found is None:
        found = func.coroutine = _made(func, Variant.COROUTINE)
    return found


def coroutine_tail_of(func: Func) -> Entry:
    """Return a function's entry for tail calls in a continuation."""
    found = func.coroutine_tail
    if found is None:
        found = func.coroutine_tail = _made(func, Variant.COROUTINE_TAIL)
    return found


def _made(func: Func, variant: Variant) -> Entry:
    compiled = compiled_of(func.instance)
    if compiled is None or not compiled.has(func.index, variant):
        return through_code(func, variant)
    assert func.instance is not None
    return compiled.function(func.index, Form(variant), func.instance.namespace)


def through_code(func: Func, variant: Variant, codes: Mapping[Func, Entry] | None = None) -> Entry:
    """Return an entry that just calls the code: of a host function, or of a coroutine that never suspends.

    It is the function's code in `codes`, if there are such.
    """
    make = _through_code(len(func.function_type.params), variant)
    return make(func) if codes is None else make(_Coded(codes[func]))


@dataclass(frozen=True, slots=True)
class _Coded:
    code: Entry


@lru_cache(4096)
def _through_code(parameters: int, variant: Variant) -> Callable[[Any], Entry]:
    names = [f"a{index}" for index in range(parameters)]
    outer = [*(("t",) if variant.is_tail else names), *(("d",) if variant.is_coroutine else ())]
    lines = [
        "def factory(func):",
        f" def entry({', '.join(outer)}):",
        *([f"  _, _, {', '.join(names)} = t"] if variant.is_tail and names else []),
        f"  return func.code({', '.join(names)})",
        *(["  yield"] if variant.is_coroutine else []),
        " return entry",
    ]
    made: dict[str, Any] = {MARK: None}
    exec(compile("\n".join(lines), "<entry>", "exec", dont_inherit=True), made)
    factory: Callable[[Any], Entry] = made["factory"]
    return factory
