"""The state of checking one body: operand stack, control frames, and which locals are set.

Specification, appendix "Validation Algorithm". Each control frame stands on the operand stack as a
*floor*: an object that no type is identical to, so that "is the operand there, and of that type?" is one
comparison of the top of the stack. Behind an unconditional branch the floor is `POLYMORPHIC` and yields
operands of any type.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import Any, NamedTuple

from wrt_core.validation.context import Context
from wrt_foundation.errors import ValidationError
from wrt_foundation.subtyping import matches
from wrt_foundation.types import RefType, ValueType

__all__ = ["BOTTOM", "BOTTOM_REFERENCE", "FLOOR", "POLYMORPHIC", "Body", "Frame", "TypeMismatch"]


class _Word:
    """An object that is nothing but itself, and says what it is in messages."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text

    def __str__(self) -> str:
        return self.text


FLOOR = _Word("nothing")
POLYMORPHIC = _Word("anything")
BOTTOM = _Word("an unknown type")
"""The type of an operand in unreachable code: it matches every type."""
BOTTOM_REFERENCE = _Word("an unknown reference type")
"""The type of a non-null reference in unreachable code: it matches every reference type."""

Operand = Any
"""What stands on the operand stack: a closed `ValueType`, a bottom type, or a floor."""


def _fits(found: Operand, expected: ValueType) -> bool:
    """Say whether an operand whose type is not the very type expected may stand for it all the same."""
    if isinstance(found, RefType):
        return matches(found, expected)
    return found is BOTTOM or (found is BOTTOM_REFERENCE and isinstance(expected, RefType))


class TypeMismatch(Exception):
    """An operand is not of the type that the instruction expects; the body's loop adds which and where."""

    def __init__(self, expected: object, found: object) -> None:
        super().__init__(expected, found)
        self.expected = expected
        self.found = found


class Frame(NamedTuple):
    """A control frame: the body itself, or a block that has been entered and not yet left.

    `height` is the index of its floor on the operand stack, `set_mark` how many locals had been set when
    it was entered.
    """

    opener: str
    parameters: tuple[ValueType, ...]
    results: tuple[ValueType, ...]
    label: tuple[ValueType, ...]
    height: int
    set_mark: int


class _Runs(dict[int, Any]):
    """Locals as parameters and runs of (count, type), each local's entry made when it is first asked for.

    A body may declare a great many locals in a few bytes; this keeps the cost to the locals it uses.
    """

    def __init__(self, parameters: Sequence[Any], runs: Sequence[tuple[int, Any]]) -> None:
        super().__init__()
        self._parameters = parameters
        self._ends = list(accumulate((count for count, _ in runs), initial=len(parameters)))
        self._types = [type_ for _, type_ in runs]

    def __missing__(self, index: int) -> Any:
        if index < len(self._parameters):
            return self._parameters[index]
        # Past the last run, the list of types raises IndexError as a list of locals would.
        self[index] = type_ = self._types[bisect_right(self._ends, index) - 1]
        return type_


def _list(parameters: Sequence[Any], runs: Sequence[tuple[int, Any]]) -> list[Any]:
    spread = list(parameters)
    for count, type_ in runs:
        spread.extend([type_] * count)
    return spread


def _is_defaultable(type_: ValueType) -> bool:
    return not isinstance(type_, RefType) or type_.nullable


class Body:
    """The state of checking one function body or constant expression.

    `locals` maps each local to its type, `available` to its type or, while it has no value yet, to None;
    both are a list, or `_Runs` where locals outnumber the body's bytes.
    """

    __slots__ = ("available", "context", "frames", "locals", "results", "set_locals", "stack")

    def __init__(
        self,
        context: Context,
        results: tuple[ValueType, ...],
        parameters: tuple[ValueType, ...] = (),
        runs: Sequence[tuple[int, ValueType]] = (),
        length: int = 0,
    ) -> None:
        self.context = context
        self.results = results
        self.stack: list[Operand] = [FLOOR]
        self.frames = [Frame("function", (), results, results, 0, 0)]
        self.set_locals: list[int] = []
        """The locals without default value that have been set, in the order of their setting."""
        few = not runs or len(parameters) + sum(count for count, _ in runs) <= length
        spread = _list if few else _Runs
        self.locals: list[Any] | _Runs = spread(parameters, runs)
        self.available: list[Any] | _Runs = self.locals
        if not all(_is_defaultable(type_) for _, type_ in runs):
            self.available = spread(parameters, [(n, type_ if _is_defaultable(type_) else None) for n, type_ in runs])

    # Operands

    def pop(self, expected: ValueType) -> Operand:
        """Take an operand of the type `expected`, or one that matches it, and return the type it has."""
        stack = self.stack
        found = stack[-1]
        if found is expected:
            return stack.pop()
        if found is POLYMORPHIC:
            return BOTTOM
        if _fits(found, expected):
            return stack.pop()
        raise TypeMismatch(expected, found)

    def pop_all(self, expected: Sequence[ValueType]) -> None:
        """Take operands of these types, the last from the top."""
        stack = self.stack
        for type_ in reversed(expected):
            found = stack[-1]
            if found is type_:
                stack.pop()
            elif found is POLYMORPHIC:
                return
            else:
                self.pop(type_)

    def pop_any(self) -> Operand:
        """Take an operand of whatever type, and return its type."""
        found = self.stack[-1]
        if found is POLYMORPHIC:
            return BOTTOM
        if found is FLOOR:
            raise TypeMismatch("an operand", found)
        return self.stack.pop()

    def pop_reference(self) -> Operand:
        """Take an operand of some reference type, and return its type, `BOTTOM_REFERENCE` if it is unknown."""
        found = self.stack[-1]
        if found is POLYMORPHIC:
            return BOTTOM_REFERENCE
        if found is BOTTOM:
            self.stack.pop()
            return BOTTOM_REFERENCE
        if found is BOTTOM_REFERENCE or isinstance(found, RefType):
            return self.stack.pop()
        raise TypeMismatch("a reference", found)

    def check_top(self, expected: Sequence[ValueType]) -> None:
        """Check that operands of these types lie on the stack, and leave them there."""
        stack = self.stack
        position = -1
        for type_ in reversed(expected):
            found = stack[position]
            if found is POLYMORPHIC:
                return
            if found is not type_ and not _fits(found, type_):
                raise TypeMismatch(type_, found)
            position -= 1

    # Control

    def enter(
        self,
        opener: str,
        parameters: tuple[ValueType, ...],
        results: tuple[ValueType, ...],
        label: tuple[ValueType, ...],
    ) -> None:
        """Enter a block: take its parameters, lay its floor, and put them back upon it."""
        if parameters:
            self.pop_all(parameters)
        stack = self.stack
        if len(self.frames) > self.context.limits.nesting:
            raise ValidationError(f"too deeply nested: blocks within {self.context.limits.nesting} others")
        self.frames.append(Frame(opener, parameters, results, label, len(stack), len(self.set_locals)))
        stack.append(FLOOR)
        if parameters:
            stack.extend(parameters)

    def leave(self) -> Frame:
        """Leave the innermost block: take its results, and check that nothing else lies on its floor."""
        frame = self.frames[-1]
        stack = self.stack
        if frame.results:
            self.pop_all(frame.results)
        if len(stack) - 1 != frame.height:
            raise TypeMismatch("nothing more", stack[-1])
        stack.pop()
        self.frames.pop()
        if len(self.set_locals) > frame.set_mark:
            for index in self.set_locals[frame.set_mark :]:
                self.available[index] = None
            del self.set_locals[frame.set_mark :]
        return frame

    def label(self, depth: int) -> tuple[ValueType, ...]:
        """Return the types that a branch to the label at `depth` takes along."""
        if depth >= len(self.frames):
            raise ValidationError(f"unknown label {depth}")
        return self.frames[-1 - depth].label

    def set_unreachable(self) -> None:
        """Note that what follows, up to the end of the block, is never reached."""
        height = self.frames[-1].height
        self.stack[height:] = [POLYMORPHIC]

    # Locals

    def local(self, index: int) -> ValueType:
        """Return the type of a local."""
        try:
            return self.locals[index]  # type: ignore[no-any-return]
        except IndexError:
            raise ValidationError(f"unknown local {index}") from None

    def set_local(self, index: int) -> None:
        """Note that a local has a value from here to the end of the block."""
        if self.available[index] is None:
            self.available[index] = self.locals[index]
            self.set_locals.append(index)
