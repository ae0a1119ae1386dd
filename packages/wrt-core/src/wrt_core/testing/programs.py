"""Random programs: valid modules with all that is hard about control and about the order of effects.

A program is a function of a `random.Random`, so the same seed gives the same program, and Hypothesis can shrink one
(`st.randoms(use_true_random=False)`). Every program exports its functions as `f0`, `f1` …, and imports from `env`
`log`, which tells what ran in which order, `pass`, which gives back its argument, `raise`, whose argument says how it
fails, and `choose`, which says where control goes.

Loops may not end: whoever runs a program bounds it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from random import Random

from wrt_core.testing.assembler import ModuleBuilder, signature

__all__ = ["Kind", "Program", "random_program"]

_HOST = {"log": "i32 ->", "pass": "i32 -> i32", "raise": "i32 -> i32", "choose": "-> i32"}
_LOG, _PASS, _RAISE, _CHOOSE = range(4)
_NUMBERS = ("i32", "i64", "f32", "f64")
_SHAPES: tuple[tuple[str, ...], ...] = ((), (), (), ("i32",), ("i64",), ("f64",), ("i32", "i32"), ("i32", "i64", "i32"))
_PAYLOADS: tuple[tuple[str, ...], ...] = (("i32",), (), ("i32",), ("i32", "i64"))
"""What tags carry; the first is the host's."""
_INTERESTING = (0, 1, 2, 3, 7, -1, -2, 31, 32, 33, 63, 64, 255, 256, 0x7FFF_FFFF, -0x8000_0000, 65_532, 65_535, 65_536)
_INTERESTING_64 = (*_INTERESTING, 0x7FFF_FFFF_FFFF_FFFF, -0x8000_0000_0000_0000, 0xFFFF_FFFF, 1 << 32)
_FLOATS = ("0.0", "-0.0", "1.0", "-1.5", "0.1", "3e38", "1e-45", "2147483648.0", "1e300", "inf", "-inf", "nan")
_NAN = {"f32": "bits:0x7fa00001", "f64": "bits:0x7ff4000000000001"}

_UNARY = {
    "i32": ("eqz", "clz", "ctz", "popcnt", "extend8_s", "extend16_s"),
    "i64": ("clz", "ctz", "popcnt", "extend8_s", "extend16_s", "extend32_s"),
    "f32": ("abs", "neg", "ceil", "floor", "trunc", "nearest", "sqrt"),
    "f64": ("abs", "neg", "ceil", "floor", "trunc", "nearest", "sqrt"),
}
_INTEGER_BINARY = (
    *("add", "sub", "mul", "and", "or", "xor", "shl", "shr_s", "shr_u", "rotl", "rotr"),
    *("add", "sub", "div_s", "div_u", "rem_s", "rem_u"),
)
_INTEGER_COMPARE = ("eq", "ne", "lt_s", "lt_u", "gt_s", "gt_u", "le_s", "le_u", "ge_s", "ge_u")
_FLOAT_BINARY = ("add", "sub", "mul", "div", "min", "max")
_FLOAT_COMPARE = ("eq", "ne", "lt", "gt", "le", "ge")
_CONVERT = {
    "i32": {"i64": ("extend_i32_s", "extend_i32_u"), "f32": ("convert_i32_s", "convert_i32_u", "reinterpret_i32")}
    | {"f64": ("convert_i32_s", "convert_i32_u")},
    "i64": {"i32": ("wrap_i64",), "f32": ("convert_i64_s", "convert_i64_u")}
    | {"f64": ("convert_i64_s", "convert_i64_u", "reinterpret_i64")},
    "f32": {"i32": ("trunc_f32_s", "trunc_f32_u", "trunc_sat_f32_s", "reinterpret_f32"), "i64": ("trunc_f32_s",)}
    | {"f64": ("promote_f32",)},
    "f64": {"i32": ("trunc_f64_s", "trunc_f64_u", "trunc_sat_f64_u"), "i64": ("trunc_f64_u", "reinterpret_f64")}
    | {"f32": ("demote_f64",)},
}
_LOADS = {
    "i32": ("load", "load8_s", "load8_u", "load16_s", "load16_u"),
    "i64": ("load", "load8_s", "load16_u", "load32_s", "load32_u"),
    "f32": ("load",),
    "f64": ("load",),
}
_STORES = {"i32": ("store", "store8", "store16"), "i64": ("store", "store8", "store32"), "f32": ("store",)} | {
    "f64": ("store",)
}


@dataclass(frozen=True, slots=True)
class Program:
    """A module, and the same as text: the code of each function, for whoever has to read it."""

    module: bytes
    functions: tuple[str, ...]
    """The code of each function that the module defines, in order."""

    def __repr__(self) -> str:
        return "\n\n".join(f"f{index}:\n{_indented(code)}" for index, code in enumerate(self.functions))


def _indented(code: str) -> str:
    lines, depth = [], 1
    for line in code.split("\n"):
        word = line.split(" ", 1)[0]
        depth -= word in ("end", "else")
        lines.append("  " * depth + line)
        depth += word in ("block", "loop", "if", "else", "try_table")
    return "\n".join(lines)


class Kind(Enum):
    """What a program is made of."""

    MIXED = "mixed"
    """Everything."""
    INTEGERS = "integers"
    """Everything without floats: what has a NaN in it is less certain, and much of a failing program is then noise."""
    STRAIGHT = "straight"
    """Straight-line code, where only the order of effects is hard."""
    CONTROL = "control"
    """Constructs and branches, and hardly anything else: `choose` says where control goes, `log` where it came."""


def random_program(random: Random, kind: Kind = Kind.MIXED, *, exceptions: bool = True, size: int = 40) -> Program:
    """Return a program of a few functions, with about `size` statements in the largest."""
    return _ProgramWriter(random, kind, exceptions).write(size)


_CONSTRUCTS = (
    "block",
    "block",
    "loop",
    "loop",
    "if",
    "if",
    "if",
    "if",
    "try",
    "try",
    "count",
    "nest",
    "switch",
    "dispatch",
)
_SHARES = {Kind.MIXED: (0.25, 0.17), Kind.INTEGERS: (0.25, 0.17), Kind.STRAIGHT: (0.0, 0.0), Kind.CONTROL: (0.35, 0.3)}
"""How many of the statements are constructs, and how many branches."""


@dataclass(slots=True)
class _Frame:
    """A construct that is open: what a branch to it takes, and the stack's height below its own operands."""

    types: tuple[str, ...]
    height: int
    catches: bool = False


class _ProgramWriter:
    """What is common to a program's functions."""

    def __init__(self, random: Random, kind: Kind, exceptions: bool) -> None:
        self.random = random
        self.kind = kind
        self.exceptions = exceptions and kind is not Kind.STRAIGHT
        self.types = {Kind.CONTROL: _NUMBERS[:1], Kind.INTEGERS: _NUMBERS[:2]}.get(kind, _NUMBERS)
        self.payloads = self.admitted(_PAYLOADS)
        self.builder = ModuleBuilder()
        self.signatures: list[tuple[tuple[str, ...], tuple[str, ...]]] = []

    def write(self, size: int) -> Program:
        random, builder = self.random, self.builder
        for name, type_ in _HOST.items():
            builder.import_function("env", name, type_)
            self._signed(type_)
        if self.exceptions:
            builder.import_tag("env", "tag", "i32 ->")
            for payload in self.payloads[1:]:
                builder.tag(None, f"{' '.join(payload)} ->")
        builder.memory(1, 2)
        builder.data(bytes(random.randrange(256) for _ in range(8)) * 4, random.choice((0, 3, 65_504)))
        for type_ in self.types:
            builder.global_(f"g_{type_}", type_, f"{type_}.const {random.randrange(4)}")
        functions: list[str] = []
        indices: list[int] = []
        count = random.randint(1, 3)
        for number in range(count):
            params = random.choice(self.admitted(((), ("i32",), ("i32", "i64"))))
            results = random.choice(self.admitted(((), ("i32",), ("i32",), ("i64",), ("i32", "i64"))))
            budget = size if number == count - 1 else size // 3
            body = _Body(self, params, results)
            code = body.write(budget)
            type_ = f"{' '.join(params)} -> {' '.join(results)}"
            indices.append(builder.function(f"f{number}", type_, code, " ".join(body.locals[len(params) :])))
            self._signed(type_)
            functions.append(code)
        # A table with a hole, for calls that trap in each of the ways; engines may trust one that nobody else sees.
        table = builder.table(len(indices) + 2, name=random.choice((None, "table")))
        builder.elements(indices, 0, table)
        return Program(builder.bytes(), tuple(functions))

    def type(self, params: tuple[str, ...], results: tuple[str, ...]) -> int:
        """The index of a function type."""
        return self.builder.type(f"{' '.join(params)} -> {' '.join(results)}")

    def admitted(self, shapes: Sequence[tuple[str, ...]]) -> list[tuple[str, ...]]:
        return [shape for shape in shapes if set(shape) <= set(self.types)]

    def _signed(self, type_: str) -> None:
        parsed = signature(type_)
        self.signatures.append((tuple(map(str, parsed.params)), tuple(map(str, parsed.results))))


class _Body:
    """One function under construction: its code so far, and the types on the stack where the code ends."""

    def __init__(self, program: _ProgramWriter, params: tuple[str, ...], results: tuple[str, ...]) -> None:
        self.program = program
        self.random = program.random
        self.results = results
        self.locals = [*params, *(self.random.choice(program.types) for _ in range(self.random.randint(2, 5))), "i32"]
        if program.exceptions:
            self.locals.append("exnref")
        self.code: list[str] = []
        self.stack: list[str] = []
        self.frames: list[_Frame] = []
        self.budget = 0

    def write(self, budget: int) -> str:
        self.budget = budget
        self.frames.append(_Frame(self.results, 0))
        self._statements(budget, 0)
        self._settle(self.results, 0)
        return "\n".join(self.code)

    def emit(self, text: str) -> None:
        self.code.append(text)

    def chance(self, probability: float) -> bool:
        return self.random.random() < probability

    # Operands

    def push(self, type_: str, depth: int = 0) -> None:
        """Push an operand of a type."""
        random = self.random
        kind = random.random()
        if self.program.kind is Kind.CONTROL and type_ == "i32":
            self.emit(f"call {_CHOOSE}" if kind < 0.9 else f"local.get {self.locals.index('i32')}")
        elif type_ == "exnref":
            self.emit(f"local.get {self.locals.index('exnref')}" if self.chance(0.8) else "ref.null exn")
        elif kind < 0.30 or depth > 3:
            self._constant(type_)
        elif kind < 0.62 and type_ in self.locals:
            self.emit(f"local.get {random.choice([i for i, each in enumerate(self.locals) if each == type_])}")
        elif kind < 0.72:
            self.emit(f"global.get {self.program.types.index(type_)}")
        elif kind < 0.80:
            self._load(type_, depth)
        elif kind < 0.86:
            self._call(type_, depth)
        else:
            self._operation(type_, depth)
        self.stack.append(type_)

    def _constant(self, type_: str) -> None:
        random = self.random
        if type_ in ("i32", "i64"):
            values = _INTERESTING if type_ == "i32" else _INTERESTING_64
            self.emit(f"{type_}.const {random.choice(values)}")
        else:
            self.emit(f"{type_}.const {_NAN[type_] if self.chance(0.05) else random.choice(_FLOATS)}")

    def _address(self, depth: int) -> None:
        """Push an i32 that is mostly a small address; the caller takes it into account."""
        if self.chance(0.5):
            self.emit(f"i32.const {self.random.choice((0, 1, 4, 5, 8, 16, 65_528, 65_533, 65_536, -4))}")
            return
        self._value("i32", depth + 1)
        if self.chance(0.8):
            self.emit("i32.const 31")
            self.emit("i32.and")

    def _value(self, type_: str, depth: int) -> None:
        """Push an operand that the next instruction consumes."""
        self.push(type_, depth)
        self.stack.pop()

    def _exact(self, type_: str, depth: int) -> None:
        """Push an operand whose bits are certain: arithmetic may give any of several NaNs."""
        if type_[0] == "i":
            self._value(type_, depth)
        elif self.chance(0.5):
            self._constant(type_)
        else:
            self._load(type_, depth)

    def _load(self, type_: str, depth: int) -> None:
        self._address(depth)
        self.emit(f"{type_}.{self.random.choice(_LOADS[type_])} {self.random.choice((0, 0, 1, 4, 65_530))} align=0")

    def _operation(self, type_: str, depth: int) -> None:
        random, kind = self.random, self.random.random()
        if kind < 0.2:
            self._value(type_, depth + 1)
            self.emit(f"{type_}.{random.choice(_UNARY[type_])}")
        elif kind < 0.35:
            source = random.choice([each for each in self.program.types if type_ in _CONVERT[each]])
            conversion = random.choice(_CONVERT[source][type_])
            if conversion.startswith("reinterpret"):
                self._exact(source, depth + 1)
            else:
                self._value(source, depth + 1)
            self.emit(f"{type_}.{conversion}")
        elif kind < 0.55 and type_ == "i32":
            source = random.choice(self.program.types)
            self._value(source, depth + 1)
            self._value(source, depth + 1)
            self.emit(f"{source}.{random.choice(_INTEGER_COMPARE if source[0] == 'i' else _FLOAT_COMPARE)}")
        else:
            self._value(type_, depth + 1)
            self._value(type_, depth + 1)
            self.emit(f"{type_}.{random.choice(_INTEGER_BINARY if type_[0] == 'i' else _FLOAT_BINARY)}")

    def _call(self, type_: str, depth: int) -> None:
        fitting = [index for index, (_, results) in enumerate(self.program.signatures) if results == (type_,)]
        if fitting:
            self._call_of(self.random.choice(fitting), depth)
        else:
            self._constant(type_)

    def _call_of(self, index: int, depth: int) -> None:
        """Call a function; the caller takes into account what it gives."""
        program = self.program
        params, results = program.signatures[index]
        for each in params:
            if index == _RAISE:
                self._value_for_raise()
            else:
                self._value(each, depth + 1)
        if index > _CHOOSE and self.chance(0.3):
            self.emit(
                f"i32.const {index - len(_HOST)}" if self.chance(0.8) else f"i32.const {self.random.randrange(7)}"
            )
            self.emit(f"call_indirect {program.type(params, results)}")
        else:
            self.emit(f"call {index}")

    def _value_for_raise(self) -> None:
        # Mostly it does not raise: else nothing after it would be reached.
        self.emit(
            "local.get 0"
            if self.locals[0] == "i32" and self.chance(0.3)
            else f"i32.const {self.random.choice((9, 9, 9, 9, 0, 1, 2, 3))}"
        )

    def need(self, types: Sequence[str]) -> None:
        """Have operands of these types on top of the stack, those that are there if they fit."""
        height = self.frames[-1].height
        present = len(self.stack) - len(types) >= height and self.stack[len(self.stack) - len(types) :] == list(types)
        if types and present and self.chance(0.7):
            return
        for each in types:
            self.push(each)

    def pop(self, types: Sequence[str]) -> None:
        """Have operands of these types consumed by the next instruction."""
        self.need(types)
        if types:
            del self.stack[-len(types) :]

    def _settle(self, types: Sequence[str], height: int) -> None:
        """Leave exactly operands of these types above `height`."""
        there = self.stack[height:]
        common = 0
        while common < min(len(there), len(types)) and there[common] == types[common]:
            common += 1
        for _ in there[common:]:
            self.emit("drop")
            self.stack.pop()
        for each in types[common:]:
            self.push(each)

    # Statements

    def _statements(self, budget: int, nesting: int) -> None:
        for _ in range(self.random.randint(0, max(1, budget))):
            if self.budget <= 0:
                return
            self.budget -= 1
            if self._statement(nesting):
                # Nothing after this runs; now and then there is something, which must be valid all the same.
                del self.stack[self.frames[-1].height :]
                if self.chance(0.9 if self.program.kind is Kind.CONTROL else 0.7):
                    return

    def _statement(self, nesting: int) -> bool:
        """Write one statement; say whether control passes on to the next one no more."""
        kind = self.random.random()
        construct, branch = _SHARES[self.program.kind]
        if kind < construct and nesting < 12:
            self._construct(nesting)
        elif kind < construct + branch:
            return self._branch()
        elif self.program.kind is Kind.CONTROL and self.chance(0.9):
            self.emit(f"i32.const {len(self.code)}")
            self.emit(f"call {_LOG}")
        else:
            self._simple()
        return False

    def _simple(self) -> None:
        random, types = self.random, self.program.types
        match random.choice((0, 2, 4, 5, 8, 9, 10)) if self.program.kind is Kind.CONTROL else random.randrange(12):
            case 0:
                self.push(random.choice(types))
            case 1:
                index = random.randrange(len(self.program.signatures))
                self._call_of(index, 0)
                self.stack += self.program.signatures[index][1]
            case 2 | 3:
                index = random.randrange(len(self.locals))
                self.pop([self.locals[index]])
                self.emit(f"local.set {index}")
            case 4:
                index = random.randrange(len(self.locals))
                if self.locals[index] != "exnref":
                    self.pop([self.locals[index]])
                    self.emit(f"local.tee {index}")
                    self.stack.append(self.locals[index])
            case 5:
                type_ = random.choice(types)
                self.pop([type_])
                self.emit(f"global.set {types.index(type_)}")
            case 6:
                type_ = random.choice(types)
                if type_[0] == "f":
                    self.pop(["i32"])
                    self._exact(type_, 0)
                else:
                    self.pop(["i32", type_])
                self.emit(f"{type_}.{random.choice(_STORES[type_])} {random.choice((0, 0, 3, 65_500))} align=0")
            case 7:
                self.pop(["i32"])
                self.emit(f"call {_LOG}")
            case 8:
                self.emit(f"i32.const {random.randrange(100)}")
                self.emit(f"call {_LOG}")
            case 9:
                type_ = random.choice(types)
                self.pop([type_, type_, "i32"])
                self.emit(f"select {type_}" if self.chance(0.2) else "select")
                self.stack.append(type_)
                if self.code[-1] != "select":
                    self.code[-1] = f"select_t {type_}"
            case 10:
                if len(self.stack) > self.frames[-1].height:
                    type_ = self.stack.pop()
                    if type_ in types and self.chance(0.6):
                        self._value(type_, 1)
                        self.emit(f"{type_}.{random.choice(_INTEGER_BINARY if type_[0] == 'i' else _FLOAT_BINARY)}")
                        self.stack.append(type_)
                    else:
                        self.emit("drop")
            case _:
                self._bulk()

    def _bulk(self) -> None:
        match self.random.randrange(5):
            case 0:
                self.emit("memory.size")
                self.stack.append("i32")
            case 1:
                self.pop(["i32"])
                self.emit("memory.grow")
                self.stack.append("i32")
            case 2:
                self.pop(["i32", "i32", "i32"])
                self.emit("memory.copy 0 0")
            case 3:
                self.pop(["i32", "i32"])
                self.emit("i32.const 3")
                self.emit("memory.fill")
            case _:
                self.emit("nop")

    # Control

    def _open(
        self, keyword: str, label: tuple[str, ...], params: tuple[str, ...], results: tuple[str, ...], more: str = ""
    ) -> None:
        index = self.program.type(params, results)
        short = " " + results[0] if len(results) == 1 else ""
        self.emit(f"{keyword}{short if not params and len(results) < 2 else f' {index}'}{more}")
        self.frames.append(_Frame(label, len(self.stack) - len(params)))

    def _close(self, results: tuple[str, ...]) -> None:
        height = self.frames[-1].height
        self._settle(results, height)
        self.frames.pop()
        self.emit("end")
        del self.stack[height:]
        self.stack += results

    def _shape(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Parameters that are on the stack, and results."""
        random, height = self.random, self.frames[-1].height
        results = random.choice(self.program.admitted(_SHAPES))
        count = random.choice((0, 0, 0, 1, 2))
        if count and len(self.stack) - count >= height and "exnref" not in self.stack[-count:]:
            return tuple(self.stack[-count:]), results
        return (), results

    def _construct(self, nesting: int = 0) -> None:
        random = self.random
        params, results = self._shape()
        inner = self.budget // 3 if nesting else self.budget // 2
        match random.choice(_CONSTRUCTS):
            case "block":
                self._open("block", results, params, results)
                self._statements(inner, nesting + 1)
                self._close(results)
            case "loop":
                self._open("loop", params, params, results)
                self._statements(inner, nesting + 1)
                if self.chance(0.5):
                    self._branch_if(0)
                self._close(results)
            case "if":
                self._if(params, results, inner, nesting)
            case "count":
                self._counting(inner, nesting)
            case "switch":
                self._switch(nesting)
            case "nest":
                self._nest(nesting)
            case "dispatch":
                self._open("loop", (), (), ())
                self._switch(nesting + 1)
                self._close(())
            case "try" if self.program.exceptions:
                self._try(inner, nesting)

    def _if(self, params: tuple[str, ...], results: tuple[str, ...], inner: int, nesting: int) -> None:
        # The condition comes on top of the parameters.
        self._value("i32", 0)
        if self.chance(0.3):
            results = params
        self._open("if", results, params, results)
        self._statements(inner, nesting + 1)
        if params != results or self.chance(0.5):
            height = self.frames[-1].height
            self._settle(results, height)
            self.emit("else")
            del self.stack[height:]
            self.stack += params
            self._statements(inner, nesting + 1)
        self._close(results)

    def _counting(self, inner: int, nesting: int) -> None:
        """A loop that ends after some rounds, if nothing else sets its counter."""
        counter = max(index for index, each in enumerate(self.locals) if each == "i32")
        self._open("loop", (), (), ())
        self._statements(inner, nesting + 1)
        self._settle((), self.frames[-1].height)
        self.emit(f"local.get {counter}\ni32.const 1\ni32.add\nlocal.tee {counter}")
        self.emit(f"i32.const {self.random.randint(2, 5)}\ni32.lt_u\nbr_if 0")
        self._close(())

    def _nest(self, nesting: int) -> None:
        """Constructs that begin together, with code after each end."""
        count = self.random.randint(2, 5)
        for _ in range(count):
            self._open(self.random.choice(("block", "block", "block", "loop")), (), (), ())
        for _ in range(count):
            self._statements(3, nesting + count)
            self._close(())
            if self.chance(0.5):
                self._simple()

    def _switch(self, nesting: int) -> None:
        """Blocks that begin together, a table that picks one, and code after each end: a compiler's switch."""
        random = self.random
        count = random.choice((1, 2, 3, 4, 6, 12))
        for _ in range(count):
            self._open("block", (), (), ())
        if self.chance(0.3):
            self._statements(2, nesting + count)
        if self.chance(0.9):
            self._settle((), self.frames[-1].height)
            self._table(count)
            del self.stack[self.frames[-1].height :]
        for remaining in range(count, 0, -1):
            self._close(())
            if remaining > 1 and not self.chance(0.2):
                self._statements(3, nesting + remaining)
                if self.chance(0.4):
                    self._settle((), self.frames[-1].height)
                    self._branch_always(random.randrange(remaining - 1))

    def _try(self, inner: int, nesting: int) -> None:
        """A try_table in a block for each of its catches, which gets the payload."""
        random = self.random
        clauses, shapes = [], []
        for number in range(random.randint(1, 3)):
            tag = random.randrange(len(self.program.payloads))
            payload = self.program.payloads[tag]
            kind = random.choice(("catch", "catch_ref", "catch_all", "catch_all_ref"))
            types = () if "all" in kind else payload
            shapes.append((*types, "exnref") if kind.endswith("ref") else types)
            clauses.append(f" {kind}{'' if 'all' in kind else f' {tag}'} {number}")
        # Sometimes a clause goes further out, where a label happens to fit.
        for shape in reversed(shapes):
            self._open("block", shape, (), shape)
        for number, shape in enumerate(shapes):
            others = [depth for depth, frame in enumerate(reversed(self.frames)) if frame.types == shape]
            if self.chance(0.4) and others:
                clauses[number] = f"{clauses[number].rsplit(' ', 1)[0]} {random.choice(others)}"
        results = random.choice(((), ("i32",)))
        self._open("try_table", results, (), results, "".join(clauses))
        self._statements(inner, nesting + 1 + len(shapes))
        self._close(results)
        for shape in shapes:
            self._close(shape)
            if self.chance(0.3):
                self._simple()

    def _branch(self) -> bool:
        kind = self.random.random()
        if self.program.kind is Kind.CONTROL and self.chance(0.6):
            kind = 0.0  # what comes after is reached
        depth = min(self.random.randrange(len(self.frames)) for _ in range(2))
        if kind < 0.55:
            self._branch_if(depth)
            return False
        if kind < 0.75:
            self._branch_always(depth)
        elif kind < 0.85:
            self._table(len(self.frames))
        elif kind < 0.92:
            self.need(self.results)
            self.emit("return")
        elif kind < 0.95:
            self.emit("unreachable")
        elif self.program.exceptions:
            tag = self.random.randrange(len(self.program.payloads) + 1)
            if tag == len(self.program.payloads):
                self.need(["exnref"])
                self.emit("throw_ref")
            else:
                self.need(self.program.payloads[tag])
                self.emit(f"throw {tag}")
        else:
            return False
        return True

    def _branch_always(self, depth: int) -> None:
        self.need(self.frames[-1 - depth].types)
        self.emit(f"br {depth}")

    def _branch_if(self, depth: int) -> None:
        types = self.frames[-1 - depth].types
        self.need(types)
        self._value("i32", 0)
        self.emit(f"br_if {depth}")

    def _table(self, reach: int) -> None:
        random = self.random
        frames = self.frames[::-1]
        default = random.randrange(min(reach, len(frames)))
        types = frames[default].types
        fitting = [depth for depth, frame in enumerate(frames) if frame.types == types]
        near = [depth for depth in fitting if depth < reach] or fitting
        labels = [
            random.choice(near if self.chance(0.8) else fitting) for _ in range(random.choice((0, 1, 2, 3, 5, 9)))
        ]
        self.need(types)
        self._value("i32", 0)
        if self.chance(0.6):
            self.emit("i32.const 3\ni32.and")
        self.emit(f"br_table {' '.join(map(str, [*labels, default]))}")
