"""`print_module`: a module's text, field by field, in the order of the binary's sections."""

from __future__ import annotations

from collections.abc import Iterator

from wrt_foundation.binary import check_bodies, read_instructions, write_instructions
from wrt_foundation.binary.names import NAME_SECTION
from wrt_foundation.instructions import Immediate
from wrt_foundation.module import Code, CustomSection, DataSegment, ElementSegment, Expression, Import, Mode, Module
from wrt_foundation.types import AbstractHeapType, ExternKind, FuncType, RefType
from wrt_wast.text.annotations import CODE, DATA_COUNT, LOCALS, NAMES
from wrt_wast.text.customs import SECTION_KEYWORDS, locals_bytes, merged_runs
from wrt_wast.text.printing.context import Context
from wrt_wast.text.printing.flat import INDENT, flat_lines
from wrt_wast.text.printing.folded import folded_lines
from wrt_wast.text.printing.identifiers import Identifiers, spelled
from wrt_wast.text.printing.immediates import Scope
from wrt_wast.text.printing.names import NameForm, form_of_names
from wrt_wast.text.printing.types import (
    extern_type,
    global_type,
    memory_type,
    reference_type,
    sub_type,
    table_type,
    type_use,
    value_type,
)
from wrt_wast.text.strings import quote

__all__ = ["print_module"]


def print_module(module: Module, *, folded: bool = False, exact: bool = True) -> str:
    """Return the text of a module, its instructions flat or `folded`.

    The text parses back to the same bytes, as `encode` writes them. Names become identifiers; what the
    text format has no words for (how locals are grouped, numbers that are longer than needed) is said in
    `@wrt…` annotations, which other tools ignore. If it need not be `exact`, such annotations are left out,
    and the text means the same. The module need not be valid. Raises `DecodeError` for malformed
    instructions.
    """
    check_bodies(module)
    _check_expressions(module)
    return "\n".join(_Printer(Context(module), folded, exact).lines()) + "\n"


def _check_expressions(module: Module) -> None:
    """Check the nesting of constant expressions as that of bodies is: decoding only looks for their end."""
    expressions = [global_.init for global_ in module.globals]
    expressions += [table.init for table in module.tables if table.init is not None]
    for element in module.elements:
        expressions += element.expressions
        if element.offset is not None:
            expressions.append(element.offset)
    expressions += [data.offset for data in module.data if data.offset is not None]
    check_bodies(Module(codes=[Code((), each.code, each.offset) for each in expressions], data_count=0))


class _Printer:
    def __init__(self, c: Context, folded: bool, exact: bool) -> None:
        self.c = c
        self.folded = folded
        self.exact = exact

    def lines(self) -> Iterator[str]:
        body = [f"{INDENT}{line}" for line in self._fields()]
        if not body:
            yield f"(module{self._name()})"
            return
        yield f"(module{self._name()}"
        yield from body
        yield ")"

    def _name(self) -> str:
        name = self.c.module.names.module
        if name is None:
            return ""
        return f" {spelled(name)}" if name else f" (@name {quote(name)})"

    def _fields(self) -> Iterator[str]:
        yield from self._types()
        yield from self._imports()
        yield from self._functions()
        yield from self._tables_and_memories()
        yield from self._tags_and_globals()
        module, c = self.c.module, self.c
        for export in module.exports:
            keyword, names = _FIELD_OF_KIND[export.kind], self._identifiers(export.kind)
            yield f"(export {quote(export.name)} ({keyword} {names.use(export.index)}))"
        if module.start is not None:
            yield f"(start {c.functions.use(module.start)})"
        for index, element in enumerate(module.elements):
            yield f"(elem{c.elements.bind(index)}{self._element(element)})"
        for index, data in enumerate(module.data):
            yield from self._data(index, data)
        if self.exact and module.data_count is not None and not self._needs_data_count():
            yield f"(@{DATA_COUNT})"
        for custom in module.customs:
            yield from self._custom(custom)

    def _types(self) -> Iterator[str]:
        c, index = self.c, 0
        for group in c.module.types:
            definitions = []
            for sub in group.subtypes:
                definitions.append(f"(type{c.types.bind(index)} {sub_type(c, index, sub)})")
                index += 1
            if len(definitions) == 1 and not group.explicit:
                yield definitions[0]
            elif not definitions:
                yield "(rec)"
            else:
                yield "(rec"
                yield from (f"{INDENT}{definition}" for definition in definitions)
                yield ")"

    def _identifiers(self, kind: ExternKind) -> Identifiers:
        c = self.c
        return {
            ExternKind.FUNC: c.functions,
            ExternKind.TABLE: c.tables,
            ExternKind.MEMORY: c.memories,
            ExternKind.GLOBAL: c.globals,
            ExternKind.TAG: c.tags,
        }[kind]

    def _imports(self) -> Iterator[str]:
        counts = dict.fromkeys(ExternKind, 0)
        for each in self.c.module.imports:
            yield self._import(each, counts[each.kind])
            counts[each.kind] += 1

    def _import(self, each: Import, index: int) -> str:
        bound = self._identifiers(each.kind).bind(index)
        type_ = extern_type(self.c, each.type)
        return f"(import {quote(each.module)} {quote(each.name)} ({_FIELD_OF_KIND[each.kind]}{bound} {type_}))"

    def _functions(self) -> Iterator[str]:
        module = self.c.module
        first = len(module.imported(ExternKind.FUNC))
        for index, (type_, code) in enumerate(zip(module.functions, module.codes, strict=True), first):
            yield from self._function(index, type_, code)

    def _function(self, index: int, type_: int, code: Code) -> Iterator[str]:
        c = self.c
        function = c.function_type(type_) or FuncType()
        parameters = len(function.params)
        count = parameters + sum(run for run, _ in code.locals)
        names = Identifiers(c.module.names.locals.get(index, {}), count)
        opening = f"(func{c.functions.bind(index)} {type_use(c, type_, names)}"
        lines = [*self._locals(code, names, parameters), *self._raw(code.code)]
        scope = Scope(c, names)
        labels = c.module.names.labels.get(index, {})
        if self.folded:
            lines += folded_lines(scope, code.code, labels, 0, len(function.results))
        else:
            lines += flat_lines(scope, code.code, labels, 0)
        if not lines:
            yield f"{opening})"
            return
        yield opening
        yield from (f"{INDENT}{line}" for line in lines)
        yield ")"

    def _locals(self, code: Code, names: Identifiers, first: int) -> Iterator[str]:
        c = self.c
        if self.exact and code.locals != merged_runs(code.locals):
            yield f"(@{LOCALS} {quote(locals_bytes(code.locals))})"
        index = first
        for count, type_ in code.locals:
            shown = value_type(c, type_)
            if any(map(names.has, range(index, index + count))):
                yield from (f"(local{names.bind_local(i)} {shown})" for i in range(index, index + count))
            elif count:
                yield f"(local {' '.join([shown] * count)})"
            index += count

    def _raw(self, code: bytes) -> Iterator[str]:
        """Yield an annotation with the bytes of instructions that are not in their shortest form."""
        if self.exact and write_instructions((i, immediate) for i, immediate, _ in read_instructions(code)) != code:
            yield f"(@{CODE} {quote(code)})"

    def _expression(self, expression: Expression) -> str:
        """Return a constant expression's instructions; a single one always looks better folded."""
        scope = Scope(self.c)
        raw = "".join(f"{line} " for line in self._raw(expression.code))
        if self.folded or len(list(read_instructions(expression.code))) == 2:
            return raw + " ".join(folded_lines(scope, expression.code, {}, 0, 1))
        return raw + " ".join(flat_lines(scope, expression.code, {}, 0))

    def _folded_expression(self, keyword: str, expression: Expression) -> str:
        """Return an expression for where a single instruction needs no keyword around it."""
        *instructions, _ = read_instructions(expression.code)
        if len(instructions) == 1 and not list(self._raw(expression.code)):
            return next(folded_lines(Scope(self.c), expression.code, {}, 0, 1))
        return f"({keyword} {self._expression(expression)})"

    def _tables_and_memories(self) -> Iterator[str]:
        c, module = self.c, self.c.module
        for index, table in enumerate(module.tables, len(module.imported(ExternKind.TABLE))):
            init = "" if table.init is None else f" {self._expression(table.init)}"
            yield f"(table{c.tables.bind(index)} {table_type(c, table.type)}{init})"
        for index, memory in enumerate(module.memories, len(module.imported(ExternKind.MEMORY))):
            yield f"(memory{c.memories.bind(index)} {memory_type(memory)})"

    def _tags_and_globals(self) -> Iterator[str]:
        c, module = self.c, self.c.module
        for index, tag in enumerate(module.tags, len(module.imported(ExternKind.TAG))):
            yield f"(tag{c.tags.bind(index)} {type_use(c, tag.type)})"
        for index, each in enumerate(module.globals, len(module.imported(ExternKind.GLOBAL))):
            yield f"(global{c.globals.bind(index)} {global_type(c, each.type)} {self._expression(each.init)})"

    def _element(self, segment: ElementSegment) -> str:
        c = self.c
        words = [""]
        if segment.mode is Mode.DECLARATIVE:
            words.append("declare")
        elif segment.offset is not None:
            if segment.table or segment.flags & _EXPLICIT:
                words.append(f"(table {c.tables.use(segment.table)})")
            words.append(self._folded_expression("offset", segment.offset))
        if segment.expressions or segment.flags & _EXPRESSIONS or segment.type != _FUNCTIONS:
            words.append(reference_type(c, segment.type))
            words += [self._folded_expression("item", each) for each in segment.expressions]
        else:
            words += ["func", *map(c.functions.use, segment.functions)]
        return " ".join(words)

    def _data(self, index: int, segment: DataSegment) -> Iterator[str]:
        c = self.c
        words = [f"(data{c.data.bind(index)}"]
        if segment.offset is not None:
            if segment.memory or segment.flags & _EXPLICIT:
                words.append(f"(memory {c.memories.use(segment.memory)})")
            words.append(self._folded_expression("offset", segment.offset))
        opening = " ".join(words)
        if len(segment.data) <= _LINE:
            yield f"{opening} {quote(segment.data)})"
            return
        yield opening
        for start in range(0, len(segment.data), _LINE):
            yield f"{INDENT}{quote(segment.data[start : start + _LINE])}"
        yield ")"

    def _needs_data_count(self) -> bool:
        return any(
            Immediate.DATA in instruction.immediates
            for code in self.c.module.codes
            for instruction, _, _ in read_instructions(code.code)
        )

    def _custom(self, section: CustomSection) -> Iterator[str]:
        place = f"(after {_KEYWORD_OF[section.after]})" if section.after else "(before first)"
        if section.name == NAME_SECTION:
            form = form_of_names(self.c, section)
            if form is not NameForm.VERBATIM:
                if form is NameForm.PLACED:
                    yield f"(@{NAMES} {place})"
                return
        yield f"(@custom {quote(section.name)} {place} {quote(section.data)})"


_FIELD_OF_KIND = {kind: str(kind) for kind in ExternKind}
_KEYWORD_OF = {section.value: keyword for keyword, section in SECTION_KEYWORDS.items()}
_FUNCTIONS = RefType(False, AbstractHeapType.FUNC)
_EXPLICIT, _EXPRESSIONS = 2, 4
"""Bits of segments' flags: the table or memory is named; the elements are expressions."""
_LINE = 64
"""Bytes of data on one line."""
