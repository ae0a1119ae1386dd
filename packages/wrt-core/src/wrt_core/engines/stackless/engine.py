"""`StacklessEngine`: the pure-Python engine, and the one that everything else is measured against."""

from __future__ import annotations

from typing import Any, ClassVar
from weakref import WeakKeyDictionary

from wrt_core.engines.core import CoreEngine
from wrt_core.engines.stackless.backtrace import present_frames
from wrt_core.engines.stackless.call_stack import DEFAULT_DEPTH
from wrt_core.engines.stackless.compiled import Compiled
from wrt_core.engines.stackless.indirect import IndirectCodes
from wrt_core.engines.stackless.invocation import entering
from wrt_core.engines.stackless.namespace import make_namespace
from wrt_core.engines.stackless.runner import StacklessRunner
from wrt_core.engines.stackless.stubs import linked, place_stub
from wrt_core.runtime.function import Func
from wrt_core.runtime.instance import Instance
from wrt_core.validation import ValidatedModule
from wrt_foundation.features import ALL, Features
from wrt_foundation.traps import Frame

__all__ = ["StacklessEngine"]


class StacklessEngine(CoreEngine):
    """Runs WebAssembly by translating each function to Python when it is first called; nothing is compiled natively.

    Guest calls never grow the host's stack: a guest that recurses past `max_call_depth` calls inside one another traps
    with "call stack exhausted" and leaves Python's recursion limit as it was. For the other options see `CoreEngine`.
    """

    name: ClassVar[str] = "stackless"
    supported: Features = ALL
    meters: ClassVar[frozenset[str]] = frozenset({"fuel", "time", "stack", "gc"})

    def __init__(self, *, max_call_depth: int = DEFAULT_DEPTH, **options: Any) -> None:
        super().__init__(**options)
        self.max_call_depth = max_call_depth
        self._enter = entering(max_call_depth, self._trapped)
        self._runner = StacklessRunner(max_call_depth, self._trapped)
        self._modules: WeakKeyDictionary[ValidatedModule, Compiled] = WeakKeyDictionary()

    def backtrace(self, instance: Instance) -> tuple[Frame, ...]:
        """Return the frames that functions of `instance` have on this thread's stack, innermost first."""
        return present_frames(instance)

    def compile_functions(self, instance: Instance) -> None:
        """Append a function for each one the module defines; each is translated on its first call."""
        module = instance.module
        compiled = self._modules.get(module)
        if compiled is None:
            compiled = Compiled(module, self.max_call_depth, self._compiled, self.pack(module))
            compiled = self._modules.setdefault(module, compiled)
        imported = len(instance.functions)
        for index in range(imported, len(module.functions)):
            name = module.function_name(index)
            instance.functions.append(
                Func.of_guest(module.functions[index], _uncompiled, self._enter, instance, index, name)
            )
        instance.runner = self._runner
        names = instance.namespace = make_namespace(instance, compiled)
        IndirectCodes(names, instance, linked)
        for index, func in enumerate(instance.functions[:imported]):
            names[f"f{index}"] = linked(names, f"f{index}", func)
        for func in instance.functions[imported:]:
            place_stub(names, compiled, func)


def _uncompiled(*_: Any) -> Any:
    raise AssertionError("a function was called before its instance was made")
