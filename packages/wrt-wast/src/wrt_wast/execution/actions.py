"""Actions: invoking exports and reading globals, with bits for values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wrt_core.runtime.function import Func
from wrt_core.runtime.globals import Global
from wrt_core.runtime.instance import Instance
from wrt_foundation.subtyping import top_of
from wrt_foundation.types import F32, F64, AbstractHeapType, RefType, ValueType
from wrt_foundation.values import f32_from_bits, f64_from_bits
from wrt_wast.execution.failures import ScriptError
from wrt_wast.execution.references import HostObject
from wrt_wast.script.directives import Action, Get, Invoke
from wrt_wast.script.values import Argument, Constant, HostReference, NullReference

__all__ = ["perform"]

Results = list[tuple[ValueType, Any]]
"""Types and values, in the engines' representation."""


def perform(action: Action, instance: Instance) -> Results:
    """Perform an action on an instance and return its results.

    Raises `ScriptError` if there is no such export or the arguments do not fit it, and whatever the guest raises.
    """
    extern = _export(instance.exports, action.name)
    if isinstance(action, Get):
        if not isinstance(extern, Global):
            raise ScriptError(f"the export {action.name!r} is not a global")
        return [(extern.type.value, extern.raw)]
    if not isinstance(extern, Func):
        raise ScriptError(f"the export {action.name!r} is not a function")
    type_ = extern.function_type
    raw = extern.call_raw(_arguments(action, type_.params))
    return list(zip(type_.results, raw, strict=True))


def _export(exports: Mapping[str, Any], name: str) -> Any:
    try:
        return exports[name]
    except KeyError as error:
        raise ScriptError(str(error.args[0])) from None


def _arguments(action: Invoke, params: tuple[ValueType, ...]) -> list[Any]:
    given = action.arguments
    if len(given) != len(params):
        raise ScriptError(f"{action.name!r} takes {len(params)} arguments, not {len(given)}")
    return [_raw(argument, type_, action.name) for argument, type_ in zip(given, params, strict=True)]


def _raw(argument: Argument, type_: ValueType, name: str) -> Any:
    """Return an argument in the engines' representation; it must be of the parameter's very type."""
    match argument:
        case Constant() if argument.type is type_:
            if isinstance(argument.bits, int):
                if type_ is F32:
                    return f32_from_bits(argument.bits)
                if type_ is F64:
                    return f64_from_bits(argument.bits)
            return argument.bits
        case NullReference() if isinstance(type_, RefType) and type_.nullable:
            if argument.heap is None or top_of(argument.heap) is top_of(type_.heap):
                return None
        case HostReference() if isinstance(type_, RefType):
            if type_.heap is (AbstractHeapType.ANY if argument.internal else AbstractHeapType.EXTERN):
                return HostObject(argument.number)
    raise ScriptError(f"{name!r} takes a {type_}, and is given {argument}")
