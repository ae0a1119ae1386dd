"""Base cases: where a function that calls itself would do nothing but return, it is not called.

    def f(l0):                          def f(l0):
     if l0 < 2:                          if l0 < 2:
      return l0                           return l0
     s0 = f(l0 - 1)       becomes        l1 = l0 - 1
     …                                   if l1 < 2: s0 = l1
                                         else: s0 = f(l1)

Of the calls of a function that calls itself twice, more than half are such. What is decided so can't trap, calls
nothing and reads no memory, like what is inlined: that it had no frame can't be told. The calls that are left need not
look again, and go to another form of the function, `decided`, which does not.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from wrt_core.engines.stackless.translation.instructions.kinds import (
    BLOCK,
    BR,
    BR_IF,
    CLOSING,
    COMPUTING,
    DROP,
    ELSE,
    END,
    EQZ,
    GET,
    GLOBAL_GET,
    IF,
    NOP,
    OPENING,
    RETURN,
    SELECT,
    Instructions,
)
from wrt_core.engines.stackless.translation.knowledge.relation import is_impossible, relation_of
from wrt_core.engines.stackless.translation.templates.in_place.inlining import Leaf, placed
from wrt_core.engines.stackless.translation.templates.in_place.tolls import call_directly, instead, paid
from wrt_core.engines.stackless.translation.translator import TEMPLATES, Translator
from wrt_core.engines.stackless.translation.variant import Form, Variant
from wrt_core.engines.stackless.translation.writing.source import Line
from wrt_core.engines.stackless.translation.writing.tree import Block, Conditional, Sequence
from wrt_foundation.instructions import Instruction
from wrt_foundation.types import FuncType, NumType

__all__ = ["BaseCase", "decided"]

_STEPS = 40
"""Instructions that are looked at, and calls."""
_FEW = 6
"""Instructions of a condition, or of what is returned: where there are more, they cost as much as the call."""

_WHOLE = Form()
_DECIDED = Form(decided=True)

_Steps = tuple[tuple[Instruction, object], ...]
"""What computes a value."""


@dataclass(frozen=True, slots=True)
class BaseCase:
    """What a function returns, if its condition holds, or does not, which it looks at before anything else.

    `offset` is that of the instruction that looks.
    """

    type: FuncType
    offset: int
    condition: _Steps
    holds: bool
    results: tuple[_Steps, ...]

    @classmethod
    def of(cls, code: Instructions, calls: Iterable[tuple[int, ...]], type_: FuncType) -> BaseCase | None:
        """The base case of a function; None if it has none, or seldom comes to it.

        `calls` are those of itself, by the loops that each is in.
        """
        if not _branches_out(calls) or not all(isinstance(each, NumType) for each in type_.params):
            return None
        start = _Path(code, type_, 0, [], [])
        condition = start.walk()
        if condition is None or len(condition) > _FEW:
            return None
        ways = {True: start.fork(True), False: start.fork(False)}
        for way in ways.values():
            way.walk()
        found = [holds for holds, way in ways.items() if way.returned is not None]
        if len(found) != 1:
            return None
        results = ways[found[0]].returned
        assert results is not None
        return cls(type_, start.offset, condition, found[0], results)

    def skip(self, body: Sequence) -> None:
        """Leave out of a function's tree that it looks, if it does that once."""
        sequence, position = body, 0
        while position < len(sequence.nodes):
            node = sequence.nodes[position]
            if isinstance(node, Conditional) and node.offset == self.offset:
                way = node.otherwise if self.holds else node.then
                sequence.nodes[position : position + 1 if way.falls else None] = way.nodes
                sequence.falls = sequence.falls and way.falls
                return
            if isinstance(node, Block):
                sequence, position = node.body, 0
            elif isinstance(node, Line):
                position += 1
            else:
                return


def _branches_out(calls: Iterable[tuple[int, ...]]) -> bool:
    """Whether a function calls itself more than once, as far as can be told: else few of its calls are the last."""
    return 2 <= sum(2 if loops else 1 for loops in calls) <= _STEPS


def _takes_nothing(type_: object) -> bool:
    """Whether a block of a type takes nothing from the stack, as is plain to see."""
    return not isinstance(type_, int)


class _Path:
    """A walk through code that only computes, up to a condition or to where the function returns.

    `blocks` are those that are open: where they end, how many results they have, and how many values are below.
    """

    def __init__(
        self,
        code: Instructions,
        type_: FuncType,
        position: int,
        values: list[_Steps],
        blocks: list[tuple[int, int, int]],
    ) -> None:
        self._code, self._type = code, type_
        self._position, self._values, self._blocks = position, values, blocks
        self._is_over = False
        self.returned: tuple[_Steps, ...] | None = None
        """What the function returns at its end, if that is little."""

    @property
    def offset(self) -> int:
        """The offset of the instruction that the path has come to."""
        return self._code[self._position][2]

    def walk(self) -> _Steps | None:
        """Walk on; return the condition that it comes to, None if it `returned` or comes to something else."""
        for _ in range(0 if self._is_over else _STEPS):
            instruction, immediate, _ = self._code[self._position]
            if instruction is BR_IF or (instruction is IF and _takes_nothing(immediate)):
                return self._values.pop()
            if not self._step(instruction, immediate):
                return None
            self._position += 1
        return None

    def fork(self, holds: bool) -> _Path:
        """The path past the condition just come to."""
        instruction, immediate, _ = self._code[self._position]
        path = _Path(self._code, self._type, self._position, [*self._values], [*self._blocks])
        if instruction is IF:
            path._open(immediate)
            if not holds:
                path._position = path._next(ELSE, END)
                if path._code[path._position][0] is END:  # which closes it
                    path._position -= 1
        elif holds:
            path._branch(immediate)
        path._position += 1
        return path

    def _step(self, instruction: Instruction, immediate: object) -> bool:
        """Do what an instruction does; say whether the path goes on behind it."""
        values = self._values
        if instruction is GET:
            assert isinstance(immediate, int)
            values.append(((instruction, immediate),))
            return immediate < len(self._type.params)
        if instruction in COMPUTING or instruction is GLOBAL_GET:
            count = len(instruction.operands or ())
            self._compute(instruction, immediate, count)
        elif instruction is SELECT:
            self._compute(instruction, immediate, 3)
        elif instruction is DROP:
            values.pop()
        elif instruction is BLOCK and _takes_nothing(immediate):
            self._open(immediate)
        elif instruction is END and self._blocks:
            self._blocks.pop()
        elif instruction is ELSE:
            self._position = self._blocks.pop()[0]
        elif instruction is BR:
            return self._branch(immediate)
        elif instruction is RETURN or instruction is END:
            self._return()
            return False
        else:
            return instruction is NOP
        return True

    def _compute(self, instruction: Instruction, immediate: object, count: int) -> None:
        values = self._values
        operands = values[len(values) - count :]
        del values[len(values) - count :]
        values.append((*(step for each in operands for step in each), (instruction, immediate)))

    def _open(self, type_: object) -> None:
        self._blocks.append((self._next(END), int(type_ is not None), len(self._values)))

    def _next(self, *wanted: Instruction) -> int:
        """Where the construct that begins here has an instruction of its own."""
        depth = 0
        for position in range(self._position + 1, len(self._code)):
            instruction = self._code[position][0]
            if not depth and instruction in wanted:
                return position
            depth += (instruction in OPENING) - (instruction in CLOSING)
        raise AssertionError("every construct ends")

    def _branch(self, depth: object) -> bool:
        assert isinstance(depth, int)
        if depth == len(self._blocks):
            self._return()
            return False
        self._position, arity, height = self._blocks[-1 - depth]
        self._values[height:] = self._values[len(self._values) - arity :]
        del self._blocks[-1 - depth :]
        return True

    def _return(self) -> None:
        self._is_over = True
        count = len(self._type.results)
        found = tuple(self._values[len(self._values) - count :])
        if sum(map(len, found)) <= _FEW:
            self.returned = found


def decided(t: Translator, index: int) -> bool:
    """Translate a call of the function at `index` by itself as one that is not made in the base case, if there is one.

    As with what is inlined, not in what is left of a function after a pause.
    """
    case = t.base_case
    if case is None or index != t.index or t.variant is not Variant.CODE or t.form.resumed is not None:
        return False
    numbers = tuple(each for each in case.type.params if isinstance(each, NumType))
    arguments = placed(t, index, Leaf(case.type, numbers, (), frozenset()))

    def compute(steps: _Steps) -> None:
        for instruction, immediate in steps:
            if instruction is GET:
                assert isinstance(immediate, int)
                get(immediate)
            else:
                TEMPLATES[instruction](t, instruction, immediate)

    def get(number: int) -> None:
        if number in arguments:
            t.push(replace(arguments[number]))
        else:
            TEMPLATES[GET](t, GET, t.inlined[index] + number)

    def act() -> None:
        for each in case.results:
            compute(each)

    def call(form: Form) -> None:
        for number in range(len(case.type.params)):
            get(number)
        call_directly(t, index, case.type, form)

    def pay() -> None:
        assert t.entry_meter is not None
        t.entry_meter.others.append(paid(t, case.type, act, lambda: call(_WHOLE)))

    compute(case.condition)
    if not case.holds:
        TEMPLATES[EQZ](t, EQZ, None)
    if is_impossible(relation_of(t.stack.items[-1])):
        t.pop()
        call(_DECIDED)
        return True
    with t.inside():
        instead(t, case.type, pay if t.meters else act, lambda: call(_DECIDED))
    return True
