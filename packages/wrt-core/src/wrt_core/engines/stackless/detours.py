"""Detours: what code goes on with where something that it stands on does not hold.

A loop that counts is written for numbers that stay within their width; see `translation.knowledge.counting`. Addresses
and stores are written for sums that do; see `translation.ventures`. The rest of a function is written for numbers that
are known where it begins. Where something is not so, or might not be, the function goes on from there, from the loop's
head or from before the access, as from a pause, but in code that expects nothing.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from types import CodeType, FunctionType
from typing import Any

from wrt_core.engines.stackless.capture import activation_at, activation_before
from wrt_core.engines.stackless.compiled import MARK, Compiled
from wrt_core.engines.stackless.translation.function import Translation
from wrt_core.engines.stackless.translation.variant import Flavour, Form, Variant
from wrt_core.engines.stackless.translation.ventures import EVERYWHERE

__all__ = ["Detours"]

Detour = tuple[FunctionType, tuple[Any, ...], tuple[Any, ...], tuple[Any, ...]]
"""The code that does the rest of a function, and what that wants to be called with first: the locals, the operands and
the exceptions that are held. It is not called here: no frame of ours may be between the guest's."""

_PATIENCE = 2
"""How often something may fail before code is used that does not stand on it."""

_SEVERAL = 4
"""What a function may be wary of; where there is more, it is of everything."""


class Detours:
    """The detours of the functions that have these globals, `names`. Thread-safe, as far as running guests is."""

    def __init__(self, names: dict[str, Any], flavour: Flavour) -> None:
        self._names = names
        self._flavour = flavour
        self._rests: dict[tuple[int, Form], FunctionType] = {}
        self._failed: Counter[tuple[int, bool, int]] = Counter()

    @property
    def _compiled(self) -> Compiled:
        compiled: Compiled = self._names[MARK]
        return compiled

    def rest_at(self, index: int, offset: int, variables: Mapping[str, Any]) -> Detour:
        """Return the detour at a loop's head of the function at `index`, by its code's variables."""
        code = sys._getframe(1).f_code
        _, form, _ = self._found(code)
        here = activation_at(self._names, index, form, offset, variables)
        self._fail(index, form, -offset if offset in form.wary else offset, code)
        return self.wary_rest(index, offset), here.locals, here.stack, here.held

    def retry_at(self, index: int, error: Exception, variables: Mapping[str, Any]) -> Detour | None:
        """Return the detour of the function at `index`, in which an error was raised, by its code's variables.

        None if it is not of something ventured, or what was to be done with that traps before.
        """
        trace = error.__traceback__
        assert trace is not None
        code = trace.tb_frame.f_code
        _, form, translation = self._found(code)
        offset = translation.retries.get(trace.tb_lineno)
        if offset is None:
            return None
        try:
            here = activation_before(self._names, index, form, offset, variables)
        except IndexError:
            return None
        self._fail(index, form, offset, code)
        return self._rest(index, offset, retried=True), here.locals, here.stack, here.held

    def wary_rest(self, index: int, offset: int) -> FunctionType:
        """Return what is left of the function at `index` at a safe point, whatever its locals and operands are."""
        return self._rest(index, offset, retried=False)

    def _found(self, code: CodeType) -> tuple[int, Form, Translation]:
        found = self._compiled.find(code)
        assert found is not None
        return found

    def _rest(self, index: int, offset: int, retried: bool) -> FunctionType:
        form = Form(Variant.CODE, self._flavour, offset, retried, EVERYWHERE)
        rest = self._rests.get((index, form))
        if rest is None:
            rest = self._rests[index, form] = self._compiled.function(index, form, self._names)
        return rest

    def _fail(self, index: int, form: Form, what: int, code: CodeType) -> None:
        """Something that a form of the function at `index` stands on does not hold; see `Form.wary` for what."""
        if form.resumed is not None:  # it is not entered again
            return
        failed = index, form.decided, what
        self._failed[failed] += 1
        if self._failed[failed] == _PATIENCE:
            self._grow_wary(index, form, what, code)

    def _grow_wary(self, index: int, form: Form, what: int, code: CodeType) -> None:
        """Have the function at `index` run other code from now on, which is wary of one thing more."""
        wary = form.wary | {what}
        form = replace(form, wary=wary if len(wary) <= _SEVERAL else EVERYWHERE)
        made = self._compiled.function(index, form, self._names)
        function = self._entered(index, form)
        if isinstance(function, FunctionType) and function.__code__ is code:
            function.__code__ = made.__code__  # whoever calls it has it by itself

    def _entered(self, index: int, form: Form) -> Any:
        """What calls of the function at `index` in a form call."""
        if form.decided:
            return self._names[form.entry(index)]
        func = self._names["functions"][index]
        return self._names["codes"][func] if "codes" in self._names else func.code
