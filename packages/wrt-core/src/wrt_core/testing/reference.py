"""A reference interpreter: instruction by instruction, in the words of the specification, and slow.

It shares nothing with engines but `wrt_core.numerics`, the decoder and the nouns. What an engine does differently
from it is a bug in one of the two. It runs WebAssembly 2.0 without vectors, and exceptions; one memory and any
number of tables.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from wrt_core.numerics import NUMERICS
from wrt_core.runtime.conversion import from_host, to_host
from wrt_core.runtime.tag import Tag
from wrt_core.validation import ValidatedModule
from wrt_foundation.binary.instructions import CLOSING, OPENING, read_instructions
from wrt_foundation.immediates import BlockType, Catch, CatchKind, MemArg
from wrt_foundation.instructions import BY_NAME, Instruction
from wrt_foundation.module import Mode
from wrt_foundation.traps import Trap, TrapCode, WasmException
from wrt_foundation.types import PAGE_SIZE, ExternKind, FuncType, NumType, RefType
from wrt_foundation.values import f32_bits, f32_from_bits, f64_bits, f64_from_bits

__all__ = ["Function", "OutOfSteps", "Reference"]

_ELSE = BY_NAME["else"]
_ZERO = {NumType.I32: 0, NumType.I64: 0, NumType.F32: 0.0, NumType.F64: 0.0}


_MOST_CALLS = 100
"""Calls inside one another: the interpreter itself recurses."""


class OutOfSteps(Exception):
    """The program has not ended within the steps that it was given, or recurses too deep for the interpreter."""


@dataclass(frozen=True, slots=True)
class Function:
    """A function reference: a function by its index."""

    index: int


@dataclass(slots=True)
class _Label:
    """What a branch does: how many values it takes, the stack's height below them, where it continues."""

    arity: int
    height: int
    target: int
    loop: bool = False
    catches: tuple[Catch, ...] = ()


class _Code:
    """A function's instructions, and by their indices, where each construct has its `else` and its `end`."""

    def __init__(self, code: bytes, offset: int) -> None:
        self.instructions = list(read_instructions(code, offset))
        self.ends: dict[int, int] = {}
        self.elses: dict[int, int] = {}
        open_: list[int] = []
        for index, (instruction, _, _) in enumerate(self.instructions):
            if instruction in OPENING:
                open_.append(index)
            elif instruction is _ELSE:
                self.elses[open_[-1]] = index
            elif instruction in CLOSING and open_:
                start = open_.pop()
                self.ends[start] = index
                if start in self.elses:
                    self.ends[self.elses[start]] = index


class Reference:
    """An instance that is interpreted.

    `host` has the imported functions by their two names, Python callables as engines take them. `steps` bounds the
    instructions that are run in all; past it `OutOfSteps` is raised. `memory`, `globals` and `tables` hold values of
    the engines' representation, function references as `Function`.
    """

    def __init__(
        self,
        module: ValidatedModule,
        host: Mapping[tuple[str, str], Callable[..., Any]] | None = None,
        tags: Mapping[tuple[str, str], Tag] | None = None,
        *,
        steps: int = 1_000_000,
    ) -> None:
        self.module = module
        self.steps = steps
        definition = module.module
        self._host = [(host or {})[i.module, i.name] for i in definition.imported(ExternKind.FUNC)]
        self._codes: dict[int, _Code] = {}
        self._depth = 0
        given = [(tags or {})[i.module, i.name] for i in definition.imported(ExternKind.TAG)]
        self.tags = given + [Tag(type_) for type_ in module.tags[len(given) :]]
        self.memory = bytearray(module.memories[0].limits.minimum * PAGE_SIZE if module.memories else 0)
        self.globals: list[Any] = []
        self.tables: list[list[Any]] = [[None] * type_.limits.minimum for type_ in module.tables]
        self._data = [segment.data for segment in definition.data]
        for global_ in definition.globals:
            self.globals.append(self._constant(global_.init.code))
        self._elements: list[list[Any]] = [
            [self._constant(each.code) for each in segment.expressions]
            or [Function(each) for each in segment.functions]
            for segment in definition.elements
        ]
        for index, element in enumerate(definition.elements):
            if element.mode is Mode.ACTIVE and element.offset is not None:
                self._table_init(element.table, index, self._constant(element.offset.code), 0, len(element))
            if element.mode is not Mode.PASSIVE:
                self._elements[index] = []
        for index, data in enumerate(definition.data):
            if data.mode is Mode.ACTIVE and data.offset is not None:
                self._memory_init(index, self._constant(data.offset.code), 0, len(data.data))
                self._data[index] = b""

    def export(self, name: str) -> int:
        """The index of what is exported under a name."""
        return next(each.index for each in self.module.exports if each.name == name)

    def call(self, index: int, args: Sequence[Any]) -> tuple[Any, ...]:
        """Call a function with values of the engines' representation, and return such.

        Raises `Trap`, `WasmException`, whatever a host function raises, and `OutOfSteps`.
        """
        type_ = self.module.function_types[index]
        if index < len(self._host):
            given = [to_host(each)(value) for each, value in zip(type_.params, args, strict=True)]
            result = self._host[index](*given)
            several = () if not type_.results else (result,) if len(type_.results) == 1 else tuple(result)
            return tuple(from_host(each)(value) for each, value in zip(type_.results, several, strict=True))
        self._depth += 1
        if self._depth > _MOST_CALLS:
            raise OutOfSteps
        try:
            return _Activation(self, index, type_, args).run()
        finally:
            self._depth -= 1

    def code(self, index: int) -> _Code:
        """The instructions of a function that the module defines."""
        if index not in self._codes:
            body = self.module.module.codes[index - len(self._host)]
            self._codes[index] = _Code(body.code, body.offset)
        return self._codes[index]

    def _constant(self, code: bytes) -> Any:
        stack: list[Any] = []
        for instruction, immediate, _ in read_instructions(code):
            match instruction.name:
                case "end":
                    break
                case "global.get":
                    stack.append(self.globals[immediate])
                case _:
                    stack.append(_constant(instruction.name, immediate))
        return stack.pop()

    # What instructions and segments share

    def access(self, address: int, length: int) -> None:
        """Trap unless these bytes are in memory."""
        if address + length > len(self.memory):
            raise Trap(TrapCode.MEMORY_OUT_OF_BOUNDS)

    def memory_init(self, segment: int, to: int, start: int, length: int) -> None:
        """As `memory.init`."""
        if start + length > len(self._data[segment]):
            raise Trap(TrapCode.MEMORY_OUT_OF_BOUNDS)
        self.access(to, length)
        self.memory[to : to + length] = self._data[segment][start : start + length]

    def table_access(self, table: int, index: int, length: int) -> None:
        """Trap unless these elements are in the table."""
        if index + length > len(self.tables[table]):
            raise Trap(TrapCode.TABLE_OUT_OF_BOUNDS)

    def table_init(self, table: int, segment: int, to: int, start: int, length: int) -> None:
        """As `table.init`."""
        if start + length > len(self._elements[segment]):
            raise Trap(TrapCode.TABLE_OUT_OF_BOUNDS)
        self.table_access(table, to, length)
        self.tables[table][to : to + length] = self._elements[segment][start : start + length]

    _memory_init, _table_init = memory_init, table_init

    def drop_data(self, segment: int) -> None:
        """As `data.drop`."""
        self._data[segment] = b""

    def drop_elements(self, segment: int) -> None:
        """As `elem.drop`."""
        self._elements[segment] = []


def _constant(name: str, immediate: Any) -> Any:
    match name:
        case "i32.const":
            return immediate & 0xFFFF_FFFF
        case "i64.const":
            return immediate & 0xFFFF_FFFF_FFFF_FFFF
        case "f32.const":
            return f32_from_bits(immediate)
        case "f64.const":
            return f64_from_bits(immediate)
        case "ref.null":
            return None
        case "ref.func":
            return Function(immediate)
    raise AssertionError(name)


class _Activation:
    """One call of a function: its locals, its operand stack and its labels."""

    def __init__(self, instance: Reference, index: int, type_: FuncType, args: Sequence[Any]) -> None:
        self.instance = instance
        self.module = instance.module
        self.type = type_
        self.code = instance.code(index)
        self.locals = list(args)
        for count, each in self.module.module.codes[index - len(self.module.functions)].locals:
            zero = None if isinstance(each, RefType) else _ZERO[each]
            self.locals += [zero] * count
        self.stack: list[Any] = []
        self.labels = [_Label(len(type_.results), 0, len(self.code.instructions))]
        self.pc = 0

    def run(self) -> tuple[Any, ...]:
        """Run to the end and return the results."""
        instructions = self.code.instructions
        while self.pc < len(instructions):
            self.instance.steps -= 1
            if self.instance.steps < 0:
                raise OutOfSteps
            instruction, immediate, _ = instructions[self.pc]
            self.pc += 1
            try:
                self.step(instruction, immediate)
            except WasmException as exception:
                if not self.caught(exception):
                    raise
        return tuple(self.take(len(self.type.results)))

    def take(self, count: int) -> list[Any]:
        """Pop values, the deepest first."""
        if not count:
            return []
        values = self.stack[-count:]
        del self.stack[-count:]
        return values

    def enter(self, type_: BlockType, end: int, *, loop: bool = False, catches: tuple[Catch, ...] = ()) -> None:
        """Push a label; a loop's is its own head."""
        params, results = self.block_arity(type_)
        arity = params if loop else results
        self.labels.append(_Label(arity, len(self.stack) - params, self.pc if loop else end + 1, loop, catches))

    def block_arity(self, type_: BlockType) -> tuple[int, int]:
        """How many values a construct takes and gives."""
        if isinstance(type_, int):
            composite = self.module.types[type_].composite
            assert isinstance(composite, FuncType)
            return len(composite.params), len(composite.results)
        return 0, 0 if type_ is None else 1

    def branch(self, depth: int) -> None:
        """Go to a label."""
        label = self.labels[-1 - depth]
        values = self.take(label.arity)
        del self.stack[label.height :]
        self.stack += values
        del self.labels[len(self.labels) - depth - (0 if label.loop else 1) :]
        self.pc = label.target

    def caught(self, exception: WasmException) -> bool:
        """Go to the label of the innermost catch that applies; say whether there is one."""
        while self.labels:
            label = self.labels.pop()
            for catch in label.catches:
                if catch.tag is None or self.instance.tags[catch.tag] is exception.tag:
                    del self.stack[label.height :]
                    if catch.tag is not None:
                        self.stack += exception.values
                    if catch.kind in (CatchKind.CATCH_REF, CatchKind.CATCH_ALL_REF):
                        self.stack.append(exception)
                    self.branch(catch.label)
                    return True
        return False

    def step(self, instruction: Instruction, immediate: Any) -> None:
        """Run one instruction."""
        name, stack = instruction.name, self.stack
        function = NUMERICS.get(name)
        if function is not None:
            assert instruction.operands is not None
            assert instruction.results is not None
            result = function(*self.take(len(instruction.operands)))
            stack.extend(result if len(instruction.results) > 1 else (result,))
        elif instruction.width:
            self.memory_access(instruction, immediate)
        elif name.startswith(("table.", "elem.")):
            self.table_instruction(name, immediate)
        elif name.startswith(("memory.", "data.")):
            self.memory_instruction(name, immediate)
        elif name in ("call", "call_indirect", "throw", "throw_ref"):
            self.call(name, immediate)
        else:
            self.control(name, immediate)

    def control(self, name: str, immediate: Any) -> None:
        """Run an instruction of control, or one on variables or references."""
        stack, start = self.stack, self.pc - 1
        match name:
            case "local.get":
                stack.append(self.locals[immediate])
            case "local.set":
                self.locals[immediate] = stack.pop()
            case "local.tee":
                self.locals[immediate] = stack[-1]
            case "global.get":
                stack.append(self.instance.globals[immediate])
            case "global.set":
                self.instance.globals[immediate] = stack.pop()
            case "block":
                self.enter(immediate, self.code.ends[start])
            case "loop":
                self.enter(immediate, 0, loop=True)
            case "try_table":
                self.enter(immediate[0], self.code.ends[start], catches=immediate[1])
            case "if":
                condition, end = stack.pop(), self.code.ends[start]
                self.enter(immediate, end)
                if not condition:
                    self.pc = self.code.elses.get(start, end - 1) + 1
            case "else":
                self.pc = self.code.ends[start]
            case "end":
                self.labels.pop()
            case "br":
                self.branch(immediate)
            case "br_if":
                if stack.pop():
                    self.branch(immediate)
            case "br_table":
                index = stack.pop()
                self.branch(immediate[index] if index < len(immediate) - 1 else immediate[-1])
            case "return":
                self.branch(len(self.labels) - 1)
            case "unreachable":
                raise Trap(TrapCode.UNREACHABLE)
            case "nop":
                pass
            case "drop":
                stack.pop()
            case "select" | "select_t":
                first, second, condition = self.take(3)
                stack.append(first if condition else second)
            case "ref.is_null":
                stack.append(int(stack.pop() is None))
            case _:
                stack.append(_constant(name, immediate))

    def call(self, name: str, immediate: Any) -> None:
        """Run a call, or throw."""
        instance, stack = self.instance, self.stack
        match name:
            case "throw":
                tag = instance.tags[immediate]
                raise WasmException(tag, tuple(self.take(len(tag.params))))
            case "throw_ref":
                exception = stack.pop()
                if exception is None:
                    raise Trap(TrapCode.NULL_EXCEPTION_REFERENCE)
                raise exception
            case "call":
                index = immediate
            case _:
                type_, table = immediate
                at = stack.pop()
                if at >= len(instance.tables[table]):
                    raise Trap(TrapCode.UNDEFINED_ELEMENT)
                function = instance.tables[table][at]
                if function is None:
                    raise Trap(TrapCode.UNINITIALIZED_ELEMENT)
                index = function.index
                if not self.module.functions[index].is_subtype_of(self.module.types[type_]):
                    raise Trap(TrapCode.INDIRECT_CALL_TYPE_MISMATCH)
        stack.extend(instance.call(index, self.take(len(self.module.function_types[index].params))))

    def memory_access(self, instruction: Instruction, argument: MemArg) -> None:
        """Run a load or a store."""
        type_, _, operation = instruction.name.partition(".")
        width, stack, instance = instruction.width, self.stack, self.instance
        if operation.startswith("store"):
            value = stack.pop()
            if type_[0] == "f":
                value = f32_bits(value) if type_ == "f32" else f64_bits(value)
            address = stack.pop() + argument.offset
            instance.access(address, width)
            instance.memory[address : address + width] = (value & (1 << 8 * width) - 1).to_bytes(width, "little")
            return
        address = stack.pop() + argument.offset
        instance.access(address, width)
        signed = operation.endswith("_s")
        number = int.from_bytes(instance.memory[address : address + width], "little", signed=signed)
        if type_[0] == "f":
            stack.append(f32_from_bits(number) if type_ == "f32" else f64_from_bits(number))
        else:
            stack.append(number & (0xFFFF_FFFF if type_ == "i32" else 0xFFFF_FFFF_FFFF_FFFF))

    def memory_instruction(self, name: str, immediate: Any) -> None:
        """Run an instruction on a memory or a data segment as a whole."""
        instance, stack = self.instance, self.stack
        memory = instance.memory
        match name:
            case "memory.size":
                stack.append(len(memory) // PAGE_SIZE)
            case "memory.grow":
                pages, before = stack.pop(), len(memory) // PAGE_SIZE
                maximum = self.module.memories[0].limits.maximum
                if before + pages > (65_536 if maximum is None else maximum):
                    stack.append(0xFFFF_FFFF)
                else:
                    memory.extend(bytes(pages * PAGE_SIZE))
                    stack.append(before)
            case "memory.fill":
                to, value, length = self.take(3)
                instance.access(to, length)
                memory[to : to + length] = bytes([value & 0xFF]) * length
            case "memory.copy":
                to, start, length = self.take(3)
                instance.access(start, length)
                instance.access(to, length)
                memory[to : to + length] = memory[start : start + length]
            case "memory.init":
                instance.memory_init(immediate[0], *self.take(3))
            case _:
                instance.drop_data(immediate)

    def table_instruction(self, name: str, immediate: Any) -> None:
        """Run an instruction on a table or an element segment."""
        instance, stack = self.instance, self.stack
        tables = instance.tables
        match name:
            case "table.get":
                at = stack.pop()
                instance.table_access(immediate, at, 1)
                stack.append(tables[immediate][at])
            case "table.set":
                at, value = self.take(2)
                instance.table_access(immediate, at, 1)
                tables[immediate][at] = value
            case "table.size":
                stack.append(len(tables[immediate]))
            case "table.grow":
                value, count = self.take(2)
                before, maximum = len(tables[immediate]), self.module.tables[immediate].limits.maximum
                if before + count > (10_000_000 if maximum is None else maximum):
                    stack.append(0xFFFF_FFFF)
                else:
                    tables[immediate].extend([value] * count)
                    stack.append(before)
            case "table.fill":
                at, value, count = self.take(3)
                instance.table_access(immediate, at, count)
                tables[immediate][at : at + count] = [value] * count
            case "table.copy":
                to, start, count = self.take(3)
                instance.table_access(immediate[1], start, count)
                instance.table_access(immediate[0], to, count)
                tables[immediate[0]][to : to + count] = tables[immediate[1]][start : start + count]
            case "table.init":
                instance.table_init(immediate[1], immediate[0], *self.take(3))
            case _:
                instance.drop_elements(immediate)
