"""`spectest`: the host module that the specification's scripts import from (specification's test/core/README)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from wrt_core.runtime.function import Func
from wrt_core.runtime.globals import Global
from wrt_core.runtime.memory import Memory
from wrt_core.runtime.table import Table
from wrt_foundation.types import (
    F32,
    F64,
    FUNCREF,
    I32,
    I64,
    FuncType,
    GlobalType,
    Limits,
    MemoryType,
    TableType,
    ValueType,
)

__all__ = ["Print", "spectest"]

Print = Callable[..., None]
"""Is told the arguments of each call of a print function."""

_PRINTS: dict[str, tuple[ValueType, ...]] = {
    "print": (),
    "print_i32": (I32,),
    "print_i64": (I64,),
    "print_f32": (F32,),
    "print_f64": (F64,),
    "print_i32_f32": (I32, F32),
    "print_f64_f64": (F64, F64),
}
_CONSTANTS: dict[str, tuple[ValueType, object]] = {
    "global_i32": (I32, 666),
    "global_i64": (I64, 666),
    "global_f32": (F32, 666.6),
    "global_f64": (F64, 666.6),
}


def spectest(printed: Print) -> dict[str, Any]:
    """Return the module's exports, made afresh: scripts write to its memory and table."""
    exports: dict[str, Any] = {
        name: Func(FuncType(params), printed, name=f"spectest.{name}") for name, params in _PRINTS.items()
    }
    exports |= {name: Global(GlobalType(type_), value) for name, (type_, value) in _CONSTANTS.items()}
    exports["table"] = Table(TableType(FUNCREF, Limits(10, 20)))
    exports["table64"] = Table(TableType(FUNCREF, Limits(10, 20), I64))
    exports["memory"] = Memory(MemoryType(Limits(1, 2)))
    exports["shared_memory"] = Memory(MemoryType(Limits(1, 2), shared=True))
    return exports
