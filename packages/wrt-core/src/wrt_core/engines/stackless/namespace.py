"""The namespace of an instance: the globals of its translated functions.

===========  ==============================================================
``f3``       the code of function 3; ``decided3`` that for calls that are known
             not to be its base case
``g3``       global 3, its value in ``.raw``
``m0``       memory 0, and ``B0 b0 H0 h0 I0 i0 Q0 F0 D0`` its typed views;
             ``Ha0 … Da0`` those of what is aligned, and ``I0_8`` from byte
             8 on
``T0 tab0``  the list of table 0's elements, and the table
``C0_3``     what calls of type 3 through table 0 call, where that is settled
``x3 y3``    tag 3, and type 3
``k…``       constants that have no literal
===========  ==============================================================

besides ``functions``, ``data`` and ``elements`` of the instance, and what `translation` calls by name:
numerics, and the few functions below. Code objects are shared by all instances of a module; the
namespace is what makes them one's own.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import islice
from typing import Any

from wrt_core.engines.stackless import entries, stack_switching
from wrt_core.engines.stackless.compiled import INSTANCE, MARK, Compiled
from wrt_core.engines.stackless.detours import Detours
from wrt_core.engines.stackless.memory_views import follow
from wrt_core.engines.stackless.translation.loops.batches import batches
from wrt_core.engines.stackless.translation.templates import vector_memory, vectors
from wrt_core.engines.stackless.translation.variant import Flavour
from wrt_core.engines.stackless.trapping import trapping
from wrt_core.numerics import NUMERICS
from wrt_core.runtime import aggregates
from wrt_core.runtime.aggregates import Struct
from wrt_core.runtime.continuation import Continuation
from wrt_core.runtime.function import Func
from wrt_core.runtime.instance import Instance
from wrt_foundation.canonical import DefinedType
from wrt_foundation.traps import Trap, TrapCode, WasmException

__all__ = ["make_namespace"]


def make_namespace(
    instance: Instance,
    compiled: Compiled,
    coroutine_of: Callable[[Func], Callable[..., Any]] = entries.coroutine_of,
    flavour: Flavour = Flavour.PLAIN,
) -> dict[str, Any]:
    """Return the globals for a flavour of an instance's functions, save those.

    Continuations begin with `coroutine_of`.
    """
    module = instance.module
    names: dict[str, Any] = {
        **_SHARED,
        MARK: compiled,
        "R": memoryview(bytearray(4)).cast("f", ()),  # of no dimension: its item takes no index to find
        "functions": instance.functions,
        "data": instance.data,
        "elements": instance.elements,
        "run": stack_switching.runner(compiled.depth, coroutine_of),
        INSTANCE: instance,
    }
    detours = Detours(names, flavour)
    names |= {"rest_at": detours.rest_at, "retry_at": detours.retry_at, "wary_rest": detours.wary_rest}
    if instance.heap is not None:
        names |= instance.heap.names()
    for index, global_ in enumerate(instance.globals):
        names[f"g{index}"] = global_
    for index, table in enumerate(instance.tables):
        names[f"T{index}"] = table.elements
        names[f"tab{index}"] = table
    for index, tag in enumerate(instance.tags):
        names[f"x{index}"] = tag
    for index, type_ in enumerate(module.types):
        names[f"y{index}"] = type_
    for index, memory in enumerate(instance.memories):
        names[f"m{index}"] = memory
        follow(memory, index, names)
    return names


def checked(func: Func | None, expected: DefinedType) -> Func:
    """Return a function called through a table if it is of the expected type, or trap."""
    if func is None:
        raise Trap(TrapCode.UNINITIALIZED_ELEMENT)
    if not func.type.is_subtype_of(expected):
        raise Trap(TrapCode.INDIRECT_CALL_TYPE_MISMATCH)
    return func


def thrown(exception: WasmException | None) -> WasmException:
    """Return what `throw_ref` throws, or trap."""
    if exception is None:
        raise Trap(TrapCode.NULL_EXCEPTION_REFERENCE)
    return exception


def described_by(value: object, descriptor: Struct) -> bool:
    """Say whether a reference is a structure with that very descriptor."""
    return type(value) is Struct and value.descriptor is descriptor


_SHARED: dict[str, Any] = {
    **{name.replace(".", "_"): function for name, function in NUMERICS.items()},
    "TAIL": entries.TAIL,
    "Trap": Trap,
    "UNREACHABLE": TrapCode.UNREACHABLE,
    "WasmException": WasmException,
    "batches": batches,
    "islice": islice,
    "checked": checked,
    "thrown": thrown,
    "fabs": math.fabs,
    "copysign": math.copysign,
    "sqrt": math.sqrt,
    **vectors.NAMES,
    **vector_memory.NAMES,
    "I31": aggregates.make_i31,
    "Struct": Struct,
    "Array": aggregates.Array,
    **{name: getattr(aggregates, name) for name in dir(aggregates) if name.startswith("array_")},
    "ref_eq": aggregates.ref_eq,
    "Continuation": Continuation,
    **{name: getattr(stack_switching, name) for name in ("bind", "resume", "suspend", "switch", "unhandled", "use")},
    "tail_of": entries.tail_of,
    "coroutine_of": entries.coroutine_of,
    "coroutine_tail_of": entries.coroutine_tail_of,
    "described_by": described_by,
    "cast_failure": trapping(TrapCode.CAST_FAILURE),
    "descriptor_cast_failure": trapping(TrapCode.DESCRIPTOR_CAST_FAILURE),
    "null_reference": trapping(TrapCode.NULL_REFERENCE),
    "null_function": trapping(TrapCode.NULL_FUNCTION_REFERENCE),
    "null_structure": trapping(TrapCode.NULL_STRUCTURE_REFERENCE),
    "null_array": trapping(TrapCode.NULL_ARRAY_REFERENCE),
    "null_i31": trapping(TrapCode.NULL_I31_REFERENCE),
    "unaligned": trapping(TrapCode.UNALIGNED_ATOMIC),
    "null_descriptor": trapping(TrapCode.NULL_DESCRIPTOR_REFERENCE),
}
