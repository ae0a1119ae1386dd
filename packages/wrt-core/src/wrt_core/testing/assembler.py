"""Modules for tests, written by hand without the text format.

    builder = ModuleBuilder()
    log = builder.import_function("env", "log", "i32 ->")
    builder.memory(1)
    builder.function("sum", "i32 -> i32", '''
        block
            loop
                local.get 0  i32.eqz  br_if 1
                local.get 0  i32.const 1  i32.sub  local.set 0
                br 0
            end
        end
        i32.load 8 align=0
    ''')
    instance = builder.instantiate(engine, {"env": {"log": print}})

Code is a flat list of the text format's keywords, each with its immediates as the instruction table
lists them: a block's type is a type's name or an index, or left out; a memory operand is an offset,
`align=` (an exponent) and `memory=`, each of which may be left out; a float is a Python literal or
`bits:` and a bit pattern, a vector one number of 128 bits; a catch is its keyword, tag and label. The
closing `end` of a body is added.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from wrt_foundation.binary import encode, write_instruction
from wrt_foundation.immediates import Catch, CatchKind, MemArg
from wrt_foundation.instructions import BY_NAME, Immediate, Instruction
from wrt_foundation.module import (
    Code,
    DataSegment,
    ElementSegment,
    Export,
    Expression,
    Global,
    Import,
    Mode,
    Module,
    Names,
    Table,
)
from wrt_foundation.types import (
    EXNREF,
    EXTERNREF,
    FUNCREF,
    CompositeType,
    ExternKind,
    ExternType,
    FuncType,
    FuncUse,
    GlobalType,
    Limits,
    MemoryType,
    NumType,
    RecType,
    RefType,
    SubType,
    TableType,
    TagUse,
    ValueType,
)
from wrt_foundation.values import f32_bits, f64_bits

if TYPE_CHECKING:
    from wrt_core.engine import Engine
    from wrt_core.runtime.instance import Instance
    from wrt_core.runtime.linking import Imports
    from wrt_core.validation import ValidatedModule

__all__ = ["ModuleBuilder", "assemble", "signature"]

_TYPES: dict[str, ValueType] = {
    **{str(each): each for each in NumType},
    "funcref": FUNCREF,
    "externref": EXTERNREF,
    "exnref": EXNREF,
}
_Bytes = bytes  # inside the builder, the name means its method
_CATCHES = {kind.keyword: kind for kind in CatchKind}


def signature(text: str) -> FuncType:
    """Return the function type that `text` says: `"i32 i64 -> f32"`."""
    params, _, results = text.partition("->")
    return FuncType(tuple(_TYPES[each] for each in params.split()), tuple(_TYPES[each] for each in results.split()))


class _Words:
    """The words of a piece of code, read one by one."""

    def __init__(self, text: str) -> None:
        self._words = text.split()
        self._words.reverse()

    def __bool__(self) -> bool:
        return bool(self._words)

    def next(self) -> str:
        """Take the next word."""
        return self._words.pop()

    def take(self, wanted: Callable[[str], bool]) -> str | None:
        """Take the next word if it is wanted."""
        return self._words.pop() if self._words and wanted(self._words[-1]) else None


def _is_number(word: str) -> bool:
    return word.lstrip("-")[:1].isdigit()


def _block_type(words: _Words, _: Instruction) -> ValueType | int | None:
    word = words.take(lambda word: word in _TYPES or _is_number(word))
    return None if word is None else _TYPES.get(word) or int(word)


def _labels(words: _Words, _: Instruction) -> tuple[int, ...]:
    labels = []
    while (word := words.take(_is_number)) is not None:
        labels.append(int(word))
    return tuple(labels)


def _memory_operand(words: _Words, instruction: Instruction) -> MemArg:
    offset = words.take(_is_number) or "0"
    align = words.take(lambda word: word.startswith("align="))
    memory = words.take(lambda word: word.startswith("memory="))
    natural = instruction.width.bit_length() - 1
    return MemArg(
        natural if align is None else int(align.removeprefix("align=")),
        int(offset, 0),
        0 if memory is None else int(memory.removeprefix("memory=")),
    )


def _value_types(words: _Words, _: Instruction) -> tuple[ValueType, ...]:
    types = []
    while (word := words.take(_TYPES.__contains__)) is not None:
        types.append(_TYPES[word])
    return tuple(types)


def _heap_type(words: _Words, _: Instruction) -> ValueType:
    return _TYPES[f"{words.next()}ref"]


def _catches(words: _Words, _: Instruction) -> tuple[Catch, ...]:
    catches = []
    while (word := words.take(_CATCHES.__contains__)) is not None:
        kind = _CATCHES[word]
        tag = int(words.next()) if kind in (CatchKind.CATCH, CatchKind.CATCH_REF) else None
        catches.append(Catch(kind, tag, int(words.next())))
    return tuple(catches)


def _signed(words: _Words, instruction: Instruction) -> int:
    # The binary format has integers signed; a test may well think of one as a bit pattern.
    bits = 32 if instruction.name.startswith("i32") else 64
    value = int(words.next(), 0)
    return value - (1 << bits) if value >> bits - 1 > 0 else value


def _float_bits(words: _Words, instruction: Instruction) -> int:
    word = words.next()
    if word.startswith("bits:"):
        return int(word.removeprefix("bits:"), 0)
    return (f32_bits if instruction.name.startswith("f32") else f64_bits)(float(word))


def _vector(words: _Words, _: Instruction) -> bytes:
    return int(words.next(), 0).to_bytes(16, "little")


def _lanes(words: _Words, _: Instruction) -> tuple[int, ...]:
    return tuple(int(words.next()) for _ in range(16))


def _index(words: _Words, _: Instruction) -> int:
    return int(words.next())


def _optional_index(words: _Words, _: Instruction) -> int:
    return int(words.take(_is_number) or "0")


_READ: dict[Immediate, Callable[[_Words, Instruction], Any]] = {
    Immediate.BLOCK_TYPE: _block_type,
    Immediate.LABELS: _labels,
    Immediate.MEMARG: _memory_operand,
    Immediate.VALUE_TYPES: _value_types,
    Immediate.HEAP_TYPE: _heap_type,
    Immediate.CATCHES: _catches,
    Immediate.I32: _signed,
    Immediate.I64: _signed,
    Immediate.F32: _float_bits,
    Immediate.F64: _float_bits,
    Immediate.V128: _vector,
    Immediate.LANES: _lanes,
    Immediate.MEMORY: _optional_index,
    Immediate.TABLE: _optional_index,
}


def assemble(code: str) -> bytes:
    """Return the bytes of `code`, as this file's docstring describes it. Raises `KeyError` for a word out of place."""
    words, out = _Words(code), bytearray()
    while words:
        instruction = BY_NAME[words.next()]
        values = [_READ.get(each, _index)(words, instruction) for each in instruction.immediates]
        write_instruction(out, instruction, values[0] if len(values) == 1 else tuple(values) or None)
    return bytes(out)


class ModuleBuilder:
    """A module under construction; each method adds one thing and returns its index.

    Imports come before definitions of the same kind, as in modules; else they raise `ValueError`.

    `module` is what there is so far, open to changes by hand.
    """

    def __init__(self, name: str | None = None) -> None:
        self.module = Module()
        if name is not None:
            self.module.names.module = name
        self._types: dict[CompositeType, int] = {}
        self._imported = dict.fromkeys(ExternKind, 0)

    def bytes(self) -> bytes:
        """The module in the binary format."""
        return encode(self.module)

    def load(self, engine: Engine) -> ValidatedModule:
        """Have an engine load the module."""
        return engine.load(self.bytes())

    def instantiate(self, engine: Engine, imports: Imports | None = None) -> Instance:
        """Have an engine load and instantiate the module."""
        return engine.instantiate(self.load(engine), imports)

    # Types

    def type(self, type_: CompositeType | str) -> int:
        """The index of a function type, defined once; a string is read as `signature` does."""
        composite = signature(type_) if isinstance(type_, str) else type_
        if composite not in self._types:
            self._types[composite] = len(self.module.subtypes)
            self.module.types.append(RecType((SubType(composite),)))
        return self._types[composite]

    # Imports

    def _import(self, module: str, name: str, kind: ExternKind, type_: ExternType) -> int:
        if self._defines(kind):
            raise ValueError(f"{module}.{name}: imports come first, or indices would shift")
        self.module.imports.append(Import(module, name, type_))
        self._imported[kind] += 1
        return self._imported[kind] - 1

    def import_function(self, module: str, name: str, type_: str) -> int:
        """Import a function."""
        return self._import(module, name, ExternKind.FUNC, FuncUse(self.type(type_)))

    def import_table(self, module: str, name: str, minimum: int, maximum: int | None = None, **more: Any) -> int:
        """Import a table; `element` is `FUNCREF` unless given."""
        return self._import(module, name, ExternKind.TABLE, _table_type(minimum, maximum, **more))

    def import_memory(self, module: str, name: str, minimum: int, maximum: int | None = None, **more: Any) -> int:
        """Import a memory; see `memory`."""
        return self._import(module, name, ExternKind.MEMORY, MemoryType(Limits(minimum, maximum), **more))

    def import_global(self, module: str, name: str, type_: str, mutable: bool = False) -> int:
        """Import a global."""
        return self._import(module, name, ExternKind.GLOBAL, GlobalType(_TYPES[type_], mutable))

    def import_tag(self, module: str, name: str, type_: str) -> int:
        """Import a tag; its payload are the parameters of `type_`."""
        return self._import(module, name, ExternKind.TAG, TagUse(self.type(type_)))

    # Definitions; a name exports them

    def _defines(self, kind: ExternKind) -> bool:
        module = self.module
        return bool(
            {
                ExternKind.FUNC: module.functions,
                ExternKind.TABLE: module.tables,
                ExternKind.MEMORY: module.memories,
                ExternKind.GLOBAL: module.globals,
                ExternKind.TAG: module.tags,
            }[kind]
        )

    def _defined(self, name: str | None, kind: ExternKind, count: int) -> int:
        index = self._imported[kind] + count - 1
        if name is not None:
            self.module.exports.append(Export(name, kind, index))
        return index

    def function(
        self,
        name: str | None,
        type_: str | FuncType,
        code: str | _Bytes,
        locals_: str | Sequence[tuple[int, ValueType]] = "",
    ) -> int:
        """Define a function, exported if it has a name. `locals_` are types besides the parameters, or runs of them."""
        if isinstance(locals_, str):
            locals_ = [(1, _TYPES[each]) for each in locals_.split()]
        body = code if isinstance(code, bytes) else assemble(code)
        self.module.functions.append(self.type(type_))
        self.module.codes.append(Code(tuple(locals_), body + assemble("end")))
        return self._defined(name, ExternKind.FUNC, len(self.module.functions))

    def memory(self, minimum: int, maximum: int | None = None, name: str | None = "memory", **more: Any) -> int:
        """Define a memory, sizes in pages; `address`, `shared` and `page_size` are those of `MemoryType`."""
        self.module.memories.append(MemoryType(Limits(minimum, maximum), **more))
        return self._defined(name, ExternKind.MEMORY, len(self.module.memories))

    def table(self, minimum: int, maximum: int | None = None, name: str | None = "table", **more: Any) -> int:
        """Define a table; `element` is `FUNCREF` unless given."""
        self.module.tables.append(Table(_table_type(minimum, maximum, **more)))
        return self._defined(name, ExternKind.TABLE, len(self.module.tables))

    def global_(self, name: str | None, type_: str, init: str, mutable: bool = True) -> int:
        """Define a global with the value of the constant expression `init`."""
        self.module.globals.append(Global(GlobalType(_TYPES[type_], mutable), _expression(init)))
        return self._defined(name, ExternKind.GLOBAL, len(self.module.globals))

    def tag(self, name: str | None, type_: str) -> int:
        """Define a tag; its payload are the parameters of `type_`."""
        self.module.tags.append(TagUse(self.type(type_)))
        return self._defined(name, ExternKind.TAG, len(self.module.tags))

    def export(self, name: str, kind: ExternKind, index: int) -> None:
        """Export what is there already, an import for example."""
        self.module.exports.append(Export(name, kind, index))

    # Segments

    def data(self, data: _Bytes, offset: int | str | None = 0, memory: int = 0) -> int:
        """Add a data segment: active at `offset`, a number or an expression; passive where it is None."""
        at = _offset(offset)
        mode = Mode.PASSIVE if at is None else Mode.ACTIVE
        self.module.data.append(DataSegment(mode, data, memory, at, 1 if at is None else 2 if memory else 0))
        self.module.data_count = len(self.module.data)
        return len(self.module.data) - 1

    def elements(self, functions: Sequence[int], offset: int | str | None = 0, table: int = 0) -> int:
        """Add an element segment of functions: active at `offset`; passive where it is None."""
        at = _offset(offset)
        mode = Mode.PASSIVE if at is None else Mode.ACTIVE
        flags = 1 if at is None else 2 if table else 0
        self.module.elements.append(
            ElementSegment(mode, RefType(False, FUNCREF.heap), tuple(functions), (), table, at, flags)
        )
        return len(self.module.elements) - 1

    def declare(self, functions: Sequence[int]) -> None:
        """Let `ref.func` name these functions."""
        segment = ElementSegment(Mode.DECLARATIVE, RefType(False, FUNCREF.heap), tuple(functions), flags=3)
        self.module.elements.append(segment)

    def start(self, function: int) -> None:
        """Have a function called on instantiation."""
        self.module.start = function

    @property
    def names(self) -> Names:
        """The name section."""
        return self.module.names


def _table_type(minimum: int, maximum: int | None = None, element: RefType = FUNCREF, **more: Any) -> TableType:
    return TableType(element, Limits(minimum, maximum), **more)


def _expression(code: str) -> Expression:
    return Expression(assemble(f"{code} end"))


def _offset(offset: int | str | None) -> Expression | None:
    if offset is None:
        return None
    return _expression(offset if isinstance(offset, str) else f"i32.const {offset}")
