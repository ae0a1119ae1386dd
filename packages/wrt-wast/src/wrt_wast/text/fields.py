"""The fields of a module (specification, section 6.6 "Modules"), each read into the `Module`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from wrt_foundation.binary.instructions import write_instructions
from wrt_foundation.instructions import BY_NAME
from wrt_foundation.module import (
    Code,
    DataSegment,
    ElementSegment,
    Export,
    Expression,
    Global,
    Import,
    Mode,
    Table,
)
from wrt_foundation.types import (
    FUNCREF,
    AbstractHeapType,
    ExternKind,
    ExternType,
    FuncType,
    FuncUse,
    GlobalType,
    Limits,
    MemoryType,
    NumType,
    RefType,
    TableType,
    TagUse,
    ValueType,
)
from wrt_wast.dialect import Dialect
from wrt_wast.text.annotations import LOCALS
from wrt_wast.text.body import Body
from wrt_wast.text.constants import is_numeric, numeric_values
from wrt_wast.text.context import Context
from wrt_wast.text.customs import merged_runs, runs_as_declared
from wrt_wast.text.outline import Field
from wrt_wast.text.spaces import Ignored, Space
from wrt_wast.text.types import (
    address_type,
    global_type,
    is_reference_type,
    memory_type,
    page_size,
    reference_type,
    table_type,
    value_type,
    value_types,
)
from wrt_wast.text.typeuse import type_use

__all__ = ["read_field"]

_EXPLICIT = 2
"""The bit of a segment's flags that says that its table or memory is named."""
_FUNCTIONS = RefType(False, AbstractHeapType.FUNC)
"""The type of an element segment that lists functions by index."""


def read_field(c: Context, field: Field) -> None:
    """Read a field other than a type definition, to its closing parenthesis and past it."""
    c.index = field.body
    _READERS[field.keyword](c, field)
    c.expect(")")


def _exports(c: Context, kind: ExternKind, index: int) -> None:
    """Read the inline exports of a field."""
    while c.open("export"):
        c.module.exports.append(Export(c.name(), kind, index))
        c.expect(")")


def _inline_import(c: Context, read: Callable[[Context], ExternType]) -> bool:
    """Read an inline import and the type after it, if there is one."""
    if not c.open("import"):
        return False
    module, name = c.name(), c.name()
    c.expect(")")
    c.module.imports.append(Import(module, name, read(c)))
    return True


def _import(c: Context, _: Field) -> None:
    module, name = c.name(), c.name()
    c.expect("(")
    keyword = c.lexemes[c.index]
    read = _EXTERN_TYPES.get(keyword)
    if read is None:
        raise c.unexpected("func, table, memory, global or tag")
    c.index += 1
    c.identifier()
    c.module.imports.append(Import(module, name, read(c)))
    c.expect(")")


def _func_use(c: Context) -> FuncUse:
    if c.open("exact"):
        use = FuncUse(type_use(c, Ignored()), exact=True)
        c.expect(")")
        return use
    return FuncUse(type_use(c, Ignored()))


def _tag_use(c: Context) -> TagUse:
    return TagUse(type_use(c, Ignored()))


def _export(c: Context, _: Field) -> None:
    name = c.name()
    c.expect("(")
    keyword = c.lexemes[c.index]
    if keyword not in _EXTERN_TYPES:
        raise c.unexpected("func, table, memory, global or tag")
    c.index += 1
    spaces = c.spaces
    kind, space = {
        "func": (ExternKind.FUNC, spaces.functions),
        "table": (ExternKind.TABLE, spaces.tables),
        "memory": (ExternKind.MEMORY, spaces.memories),
        "global": (ExternKind.GLOBAL, spaces.globals),
        "tag": (ExternKind.TAG, spaces.tags),
    }[keyword]
    c.module.exports.append(Export(name, kind, space.index(c)))
    c.expect(")")


def _start(c: Context, field: Field) -> None:
    if c.module.start is not None:
        raise c.error("multiple start sections", field.start)
    c.module.start = c.spaces.functions.index(c)


def _func(c: Context, field: Field) -> None:
    _exports(c, ExternKind.FUNC, field.index)
    if _inline_import(c, _func_use):
        return
    scope = Space("local")
    index = type_use(c, scope)
    # Parameters that only the referred type spells out come before the locals all the same. That there is
    # such a type, and a function's, is for validation to say.
    if index < len(c.subtypes) and isinstance(function := c.subtypes[index].composite, FuncType):
        scope.count = len(function.params)
    runs = _locals(c, scope)
    body = Body(c, scope)
    code = body.expression()
    c.module.functions.append(index)
    c.module.codes.append(Code(runs, code))
    c.places.append(body.places)
    if scope.shown:
        c.module.names.locals[field.index] = scope.shown
    if body.label_names:
        c.module.names.labels[field.index] = body.label_names
    if body.hints:
        c.hints[field.index] = body.hints


def _locals(c: Context, scope: Space) -> tuple[tuple[int, ValueType], ...]:
    """Read the declared locals, as runs of the same type."""
    declared = runs_as_declared(c) if c.tokens.annotations else None
    runs: list[tuple[int, ValueType]] = []
    while c.open("local"):
        if c.lexemes[c.index][0] == "$" or (c.tokens.annotations and c.index in c.tokens.annotations):
            scope.bind(c)
            found = [value_type(c)]
            c.expect(")")
        else:
            found = value_types(c)
            scope.count += len(found)
        for type_ in found:
            if runs and runs[-1][1] == type_:
                runs[-1] = (runs[-1][0] + 1, type_)
            else:
                runs.append((1, type_))
    if declared is not None:
        if merged_runs(declared) != tuple(runs):
            raise c.error(f"@{LOCALS} annotation: its locals are not those of the text")
        return declared
    return tuple(runs)


def _table(c: Context, field: Field) -> None:
    _exports(c, ExternKind.TABLE, field.index)
    if _inline_import(c, table_type):
        return
    start = c.index
    address = address_type(c)
    if is_reference_type(c):
        _table_of_elements(c, field, address)
        return
    c.index = start
    type_ = table_type(c)
    init = None if c.lexemes[c.index] == ")" else Expression(Body(c).expression())
    c.module.tables.append(Table(type_, init))


def _table_of_elements(c: Context, field: Field, address: NumType) -> None:
    element = reference_type(c)
    if not c.open("elem"):
        raise c.unexpected("'(elem'")
    functions: tuple[int, ...] = ()
    expressions: tuple[Expression, ...] = ()
    if c.lexemes[c.index] == "(":
        expressions = _element_expressions(c)
    else:
        functions = _indices(c)
    c.expect(")")
    size = len(functions) or len(expressions)
    c.module.tables.append(Table(TableType(element, Limits(size, size), address)))
    if element == FUNCREF and not expressions:
        # The form of WebAssembly 1.0, which every decoder knows.
        segment = ElementSegment(Mode.ACTIVE, _FUNCTIONS, functions, (), field.index, _zero(address))
        c.module.elements.append(replace(segment, flags=_flags(0, field.index)))
        return
    # A list of indices could not say that the elements have the table's type.
    if functions:
        expressions = tuple(map(_reference, functions))
    c.module.elements.append(
        ElementSegment(
            Mode.ACTIVE,
            element,
            (),
            expressions,
            field.index,
            _zero(address),
            4 if element == FUNCREF and not field.index else 6,
        )
    )


def _reference(function: int) -> Expression:
    return Expression(write_instructions([(BY_NAME["ref.func"], function), (BY_NAME["end"], None)]))


def _zero(address: NumType) -> Expression:
    """Return the offset of a segment that starts where its table or memory does."""
    return Expression(write_instructions([(BY_NAME[f"{address}.const"], 0), (BY_NAME["end"], None)]))


def _flags(base: int, index: int) -> int:
    return base | 2 if index else base


def _memory(c: Context, field: Field) -> None:
    _exports(c, ExternKind.MEMORY, field.index)
    if _inline_import(c, memory_type):
        return
    start = c.index
    address = address_type(c)
    size = page_size(c)
    if not c.open("data"):
        c.index = start
        c.module.memories.append(memory_type(c))
        return
    data = _contents(c)
    c.expect(")")
    pages = -(-len(data) // size)
    c.module.memories.append(MemoryType(Limits(pages, pages), address, page_size=size))
    c.module.data.append(DataSegment(Mode.ACTIVE, data, field.index, _zero(address), _flags(0, field.index)))


def _global(c: Context, field: Field) -> None:
    _exports(c, ExternKind.GLOBAL, field.index)
    if _inline_import(c, global_type):
        return
    type_ = global_type(c)
    c.module.globals.append(Global(type_, Expression(Body(c).expression())))


def _tag(c: Context, field: Field) -> None:
    _exports(c, ExternKind.TAG, field.index)
    if _inline_import(c, _tag_use):
        return
    c.module.tags.append(_tag_use(c))


def _indices(c: Context) -> tuple[int, ...]:
    found = []
    while c.is_index():
        found.append(c.spaces.functions.index(c))
    return tuple(found)


def _element_expressions(c: Context) -> tuple[Expression, ...]:
    found = []
    while c.lexemes[c.index] == "(":
        if c.open("item"):
            found.append(Expression(Body(c).expression()))
            c.expect(")")
        else:
            found.append(Expression(Body(c).folded_expression()))
    return tuple(found)


def _offset(c: Context) -> Expression:
    if c.open("offset"):
        offset = Expression(Body(c).expression())
        c.expect(")")
        return offset
    return Expression(Body(c).folded_expression())


def _elem(c: Context, _: Field) -> None:
    mode, table, offset, explicit = Mode.PASSIVE, 0, None, 0
    if c.take("declare"):
        mode = Mode.DECLARATIVE
    elif c.open("table"):
        # Said in so many words, it is in the binary too, even of table 0.
        mode, table, explicit = Mode.ACTIVE, c.spaces.tables.index(c), _EXPLICIT
        c.expect(")")
        offset = _offset(c)
    elif c.is_index():
        # The form of WebAssembly 1.0, which names the table without a parenthesis; old texts have it.
        mode, table = Mode.ACTIVE, c.spaces.tables.index(c)
        offset = _offset(c)
    elif c.lexemes[c.index] == "(" and not is_reference_type(c):
        mode, offset = Mode.ACTIVE, _offset(c)
    if is_reference_type(c):
        type_ = reference_type(c)
        expressions = _element_expressions(c)
        active = 4 | explicit if type_ == FUNCREF and not table else 6
        form = {Mode.ACTIVE: active, Mode.PASSIVE: 5, Mode.DECLARATIVE: 7}[mode]
        c.module.elements.append(ElementSegment(mode, type_, (), expressions, table, offset, form))
        return
    # The keyword may be left out where the table is, as it had to be in WebAssembly 1.0.
    if not c.take("func") and (mode is not Mode.ACTIVE or explicit):
        raise c.unexpected("func or a reference type")
    functions = _indices(c)
    form = {Mode.ACTIVE: _flags(explicit, table), Mode.PASSIVE: 1, Mode.DECLARATIVE: 3}[mode]
    c.module.elements.append(ElementSegment(mode, _FUNCTIONS, functions, (), table, offset, form))


def _contents(c: Context) -> bytes:
    """Read the bytes of a data segment: strings, and numbers where the dialect has them."""
    if c.dialect is Dialect.STANDARD:
        return c.strings()
    found = bytearray()
    while True:
        found += c.strings()
        if c.lexemes[c.index] != "(":
            return bytes(found)
        c.index += 1
        found += numeric_values(c)
        c.expect(")")


def _data(c: Context, _: Field) -> None:
    memory, offset, explicit = 0, None, 0
    if c.open("memory"):
        memory, explicit = c.spaces.memories.index(c), _EXPLICIT
        c.expect(")")
        offset = _offset(c)
    elif c.is_index():
        memory = c.spaces.memories.index(c)
        offset = _offset(c)
    elif c.lexemes[c.index] == "(" and not (c.dialect is not Dialect.STANDARD and is_numeric(c)):
        offset = _offset(c)
    data = _contents(c)
    if offset is None:
        c.module.data.append(DataSegment(Mode.PASSIVE, data, flags=1))
    else:
        c.module.data.append(DataSegment(Mode.ACTIVE, data, memory, offset, _flags(explicit, memory)))


_EXTERN_TYPES: dict[str, Callable[[Context], FuncUse | TableType | MemoryType | GlobalType | TagUse]] = {
    "func": _func_use,
    "table": table_type,
    "memory": memory_type,
    "global": global_type,
    "tag": _tag_use,
}

_READERS: dict[str, Callable[[Context, Field], None]] = {
    "import": _import,
    "export": _export,
    "start": _start,
    "func": _func,
    "table": _table,
    "memory": _memory,
    "global": _global,
    "tag": _tag,
    "elem": _elem,
    "data": _data,
}
