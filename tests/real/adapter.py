"""`WrtEngine`: WRT behind the interface that the drivers of real programs speak (their `engine.py`).

The environment variable WRT_ENGINE names the engine, "stackless" unless set. `Trap` and `Invalid` are the
drivers' own classes; this module is imported by them, with their folder on the path.
"""

from __future__ import annotations

import os

import engine as drivers

from wrt_core import EngineFactory, Func, Global, Memory, Table, Tag
from wrt_foundation.errors import WrtError
from wrt_foundation.traps import Trap, WasmException
from wrt_foundation.types import (
    EXTERNREF,
    F32,
    F64,
    FUNCREF,
    I32,
    I64,
    V128,
    ExternKind,
    FuncType,
    GlobalType,
    Limits,
    MemoryType,
    TableType,
)

TYPES = {"i32": I32, "i64": I64, "f32": F32, "f64": F64, "v128": V128, "funcref": FUNCREF, "externref": EXTERNREF}


def function_type(params, results) -> FuncType:
    return FuncType(tuple(TYPES[each] for each in params), tuple(TYPES[each] for each in results))


class WrtFunction:
    """A function, as drivers call it: v128 is an int to them, and a trap their own exception."""

    def __init__(self, func: Func) -> None:
        self.raw = func

    def run(self, arguments):
        return self.raw(*arguments)

    def __call__(self, *arguments):
        types = self.raw.function_type
        try:
            result = self.run(tuple(map(_from_driver, types.params, arguments)))
        except (Trap, WasmException) as error:
            backtrace = error.backtrace() if isinstance(error, Trap) else ""
            raise drivers.Trap(f"{error}\n{backtrace}") from error
        if len(types.results) > 1:
            return tuple(map(_to_driver, types.results, result))
        return _to_driver(types.results[0], result) if types.results else None


def _from_driver(type_, value):
    if type_ is V128:
        return (value % (1 << 128)).to_bytes(16, "little")
    return value.raw if isinstance(value, WrtFunction) else value


def _to_driver(type_, value):
    if type_ is V128:
        return int.from_bytes(value, "little")
    return WrtFunction(value) if isinstance(value, Func) else value


class WrtMemory:
    def __init__(self, memory: Memory) -> None:
        self.raw = memory

    def read(self, address, length):
        return self.raw.read(address, length)

    def write(self, address, data):
        self.raw.write(address, data)

    def size(self):
        return self.raw.size

    def grow(self, pages):
        return self.raw.grow(pages)


class WrtTable:
    def __init__(self, table: Table) -> None:
        self.raw = table

    def get(self, index):
        return _to_driver(None, self.raw[index])

    def set(self, index, value):
        self.raw[index] = _from_driver(None, value)

    def size(self):
        return len(self.raw)

    def grow(self, count, value=None):
        return self.raw.grow(count, _from_driver(None, value))


class WrtGlobal:
    def __init__(self, global_: Global) -> None:
        self.raw = global_

    def get(self):
        return _to_driver(self.raw.type.value, self.raw.value)

    def set(self, value):
        self.raw.value = _from_driver(self.raw.type.value, value)


class WrtTag:
    def __init__(self, tag: Tag) -> None:
        self.raw = tag


WRAPPERS = {Func: WrtFunction, Memory: WrtMemory, Table: WrtTable, Global: WrtGlobal, Tag: WrtTag}


class WrtInstance:
    def __init__(self, instance) -> None:
        self.exports = {name: WRAPPERS[type(extern)](extern) for name, extern in instance.exports.items()}


class WrtEngine:
    """One engine, named by the environment."""

    name = "wrt"

    def __init__(self) -> None:
        self.engine = EngineFactory.create(os.environ.get("WRT_ENGINE", "stackless"))

    def compile(self, data):
        try:
            return self.engine.load(data)
        except WrtError as error:
            raise drivers.Invalid(str(error)) from error

    def imports(self, module):
        return [(each.module, each.name, str(each.kind), _described(each.kind, each.type)) for each in module.imports]

    def exports(self, module):
        return [(each.name, str(each.kind), _described(each.kind, each.type)) for each in module.exports]

    def func(self, params, results, function):
        type_ = function_type(params, results)
        return WrtFunction(Func(type_, _host(type_, function)))

    def memory(self, minimum, maximum=None, shared=False):
        return WrtMemory(Memory(MemoryType(Limits(minimum, maximum), shared=shared)))

    def table(self, element, minimum, maximum=None):
        return WrtTable(Table(TableType(TYPES[element], Limits(minimum, maximum))))

    def global_(self, type_, mutable, value):
        return WrtGlobal(Global(GlobalType(TYPES[type_], mutable), _from_driver(TYPES[type_], value)))

    def tag(self, params):
        return WrtTag(Tag(function_type(params, ())))

    def started(self, module, imports):
        return WrtInstance(self.engine.instantiate(module, imports))

    def instantiate(self, module, imports):
        given: dict[str, dict[str, object]] = {}
        for each in module.imports:
            if (each.module, each.name) not in imports:
                raise KeyError(f"no import {each.module}.{each.name}")
            extern = imports[each.module, each.name]
            if each.kind is ExternKind.FUNC and not isinstance(extern, WrtFunction):
                extern = WrtFunction(Func(each.type.composite, _host(each.type.composite, extern)))
            given.setdefault(each.module, {})[each.name] = extern.raw
        try:
            return self.started(module, given)
        except Trap as trap:
            raise drivers.Trap(f"{trap}\n{trap.backtrace()}") from trap


def _host(type_: FuncType, function):
    """Drivers' host functions may return numbers in any range: those of results are masked here."""
    masks = [{I32: 0xFFFF_FFFF, I64: 0xFFFF_FFFF_FFFF_FFFF}.get(each) for each in type_.results]

    def returned(value, mask, each):
        return value & mask if mask is not None else _from_driver(each, value)

    def host(*arguments):
        result = function(*map(_to_driver, type_.params, arguments))
        if len(masks) == 1:
            return returned(result, masks[0], type_.results[0])
        return tuple(map(returned, result, masks, type_.results)) if masks else None

    return host


def _described(kind, type_):
    match kind:
        case ExternKind.FUNC:
            return tuple(map(str, type_.composite.params)), tuple(map(str, type_.composite.results))
        case ExternKind.MEMORY:
            return type_.limits.minimum, type_.limits.maximum, type_.shared
        case ExternKind.TABLE:
            return str(type_.element), type_.limits.minimum, type_.limits.maximum
        case ExternKind.GLOBAL:
            return str(type_.value), type_.mutable
    return None
