"""Editions: the functions of instances in one flavour, linked among themselves.

Ordinary calls run the plain edition, which is what `Func.code` and `Instance.namespace` hold. An execution that is
metered needs code that counts, and all that it calls, directly and through tables, in its own instance and in others,
must count too: an edition has namespaces of its own, and finds code by function where plain code asks the function.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import CellType, FrameType, FunctionType
from typing import Any

from wrt_core.engines.stackless.compiled import compiled_of
from wrt_core.engines.stackless.entries import through_code
from wrt_core.engines.stackless.indirect import IndirectCodes
from wrt_core.engines.stackless.namespace import make_namespace
from wrt_core.engines.stackless.stubs import stub_for
from wrt_core.engines.stackless.translation.variant import Flavour, Form, Variant
from wrt_core.runtime.function import Func
from wrt_core.runtime.instance import Instance

__all__ = ["Edition"]

Stop = Callable[[FrameType, int], None]
"""Called with the guest's frame at a safe point that is not to be passed, and its cost; if it returns, it is passed."""


_PORTION = 1 << 29
"""Fuel that is in the cell at one time: with numbers of one of Python's digits, counting takes half as long."""


class _Entries(dict[Func, Callable[..., Any]]):
    """The entries of one variant, by function; each is made when it is first asked for."""

    def __init__(self, edition: Edition, variant: Variant) -> None:
        super().__init__()
        self._edition = edition
        self._variant = variant

    def __missing__(self, func: Func) -> Callable[..., Any]:
        entry = self[func] = self._edition.make(func, self._variant)
        return entry


class Edition:
    """One flavour of all functions that may call one another. One thread uses it at a time.

    `fuel` and `asked` are cells, of variables that all its code shares and looks at at safe points: what is left of the
    present portion, and what must be left at least.
    `stop` is set by who runs it, and `calls_left` where calls inside one another are bounded: it says how many more may
    be, and so much fuel is in the cell at one time. A call costs one at least, so none is made without asking.
    """

    def __init__(self, flavour: Flavour) -> None:
        self.flavour = flavour
        self.fuel = CellType(0)
        self._reserve = 0
        self.asked = CellType(0)
        self.stop: Stop | None = None
        self.calls_left: Callable[[FrameType], int] | None = None
        self._names: dict[Instance, dict[str, Any]] = {}
        self.codes = _Entries(self, Variant.CODE)
        self._more = {
            "tails": _Entries(self, Variant.TAIL),
            "coroutines": _Entries(self, Variant.COROUTINE),
            "coroutine_tails": _Entries(self, Variant.COROUTINE_TAIL),
        }

    @property
    def left(self) -> int:
        """The fuel that is left."""
        portion: int = self.fuel.cell_contents
        return portion + self._reserve

    @left.setter
    def left(self, fuel: int) -> None:
        self._fill(fuel, _PORTION if self.calls_left is None else 0)

    def _fill(self, fuel: int, portion: int) -> None:
        self.fuel.cell_contents = min(fuel, portion)
        self._reserve = fuel - self.fuel.cell_contents

    def code(self, func: Func) -> Callable[..., Any]:
        """Return the code of a function."""
        return func.code if self.flavour is Flavour.PLAIN else self.codes[func]

    def rest(self, instance: Instance, function: int, offset: int) -> FunctionType:
        """Return the code that goes on with a function at a safe point."""
        compiled = compiled_of(instance)
        assert compiled is not None
        return compiled.function(function, Form(Variant.CODE, self.flavour, offset), self.names(instance))

    def names(self, instance: Instance) -> dict[str, Any]:
        """Return the namespace of an instance."""
        if self.flavour is Flavour.PLAIN:
            plain: dict[str, Any] = instance.namespace
            return plain
        found = self._names.get(instance)
        if found is None:
            compiled = compiled_of(instance)
            assert compiled is not None
            found = make_namespace(instance, compiled, self._more["coroutines"].__getitem__, self.flavour)
            found.update(self._more, codes=self.codes, F=self.fuel, P=self.asked, stop=self._stop)
            IndirectCodes(found, instance, self._linked)
            for index, func in enumerate(instance.functions):
                found[f"f{index}"] = self._linked(found, f"f{index}", func)
            self._names[instance] = found
        return found

    def _linked(self, names: Any, key: Any, func: Func) -> Callable[..., Any]:
        def settle() -> Callable[..., Any]:
            code = names[key] = self.codes[func]
            return code

        return func.code if compiled_of(func.instance) is None else stub_for(func, settle)

    def make(self, func: Func, variant: Variant) -> Callable[..., Any]:
        """Make an entry of a function."""
        compiled = compiled_of(func.instance)
        if compiled is not None and compiled.has(func.index, variant):
            assert func.instance is not None
            return compiled.function(func.index, Form(variant, self.flavour), self.names(func.instance))
        return func.code if variant is Variant.CODE else through_code(func, variant, self.codes)

    def _stop(self, cost: int) -> None:
        """What code calls at a safe point where it can't pay or is asked to pause; `cost` is what it tried to pay."""
        self.fuel.cell_contents += cost
        if self.fuel.cell_contents < cost and self._reserve:
            portion = _PORTION if self.calls_left is None else self.calls_left(sys._getframe(1)) + cost
            self._fill(self.left, max(portion, cost))
            if self.fuel.cell_contents >= cost and not self.asked.cell_contents:
                self.fuel.cell_contents -= cost
                return
        assert self.stop is not None
        self.stop(sys._getframe(1), cost)
        self.fuel.cell_contents -= cost
