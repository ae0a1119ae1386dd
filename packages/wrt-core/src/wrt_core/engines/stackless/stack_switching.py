"""Running continuations: the stacks that are active on behalf of one `resume`, and the switches between them.

A function that runs in a continuation is a Python generator. A call is `yield from`; what concerns stacks as a whole,
to resume, suspend and switch, is yielded through all callers to the loop in `_Nest.run`, as a tuple of the function
here that does it and its operands. So that a deep stack neither costs the host's own stack nor makes a switch slow,
generators are nested `STRIDE` calls deep at most: the call that would go deeper yields its callee instead of entering
it, and the loop keeps it on a list.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from types import GeneratorType
from typing import Any

from wrt_core.engines.stackless.translation.variant import STRIDE
from wrt_core.runtime.continuation import Continuation
from wrt_core.runtime.function import Func
from wrt_core.runtime.tag import Tag
from wrt_foundation.canonical import DefinedType
from wrt_foundation.traps import Exhaustion, Trap, TrapCode, WasmException

__all__ = ["bind", "resume", "runner", "suspend", "switch", "unhandled", "use"]

Handlers = tuple[tuple[tuple[Tag, int, DefinedType], ...], tuple[Tag, ...]]
"""What a `resume` handles: the tags that have a label, each with its handler's number from 1 and the type of the
continuation that the label takes; and the tags for which continuations may switch."""

Values = tuple[Any, ...]
Answer = tuple[int, Any]
"""What a `resume` gives: 0 and the results or, if a handler took over, its number and what its label takes."""

Coroutine = Generator[Any, Any, Any]
Step = tuple[Callable[[Any], Any] | None, Any]
"""What goes on, `send` or `throw` of a coroutine, and what it is given; None, and the answer, when all is done."""


class _Stack:
    """The calls of one continuation: coroutines, the innermost last, and what the `resume` that runs it handles.

    `depth` is about how many calls are inside one another.
    """

    __slots__ = ("coroutines", "depth", "handlers")

    def __init__(self, coroutine: Coroutine) -> None:
        self.coroutines = [coroutine]
        self.depth = 1
        self.handlers: Handlers = ((), ())


class _Nest:
    """Stacks that were resumed inside one another, outermost first, up to `limit` calls deep all together."""

    __slots__ = ("coroutine_of", "depth", "limit", "stacks")

    def __init__(self, limit: int, coroutine_of: Callable[[Func], Callable[..., Any]]) -> None:
        self.coroutine_of = coroutine_of
        self.stacks: list[_Stack] = []
        self.depth = 0
        self.limit = limit

    def run(self, step: Callable[[Any], Any] | None, argument: Any) -> Answer:
        """Take steps until there is an answer for the code that is in no continuation. Raises what nobody catches."""
        while step is not None:
            try:
                while step is not None:
                    asked = step(argument)
                    step, argument = self.call(asked) if type(asked) is GeneratorType else asked[0](self, asked)
            except StopIteration as end:
                step, argument = self.returned(end.value)
            except Exception as error:  # it goes on, to the callers' handlers and then to ours
                if not self.stacks:
                    raise
                self._pop()
                step, argument = self.throw(_beneath(error))
        answer: Answer = argument
        return answer

    def call(self, coroutine: Coroutine) -> Step:
        """Run a call that would be nested too deep."""
        if self.depth + STRIDE > self.limit:
            return self.throw(Exhaustion(TrapCode.CALL_STACK_EXHAUSTED))
        stack = self.stacks[-1]
        stack.coroutines.append(coroutine)
        stack.depth += STRIDE
        self.depth += STRIDE
        return coroutine.send, None

    def returned(self, value: Any) -> Step:
        """Hand the result of the innermost coroutine to what it was called or resumed by."""
        if self._pop():
            return self.stacks[-1].coroutines[-1].send, value
        return self.answer((0, value))

    def throw(self, error: Exception) -> Step:
        """Throw an error in the innermost coroutine."""
        if not self.stacks:
            raise error
        return self.stacks[-1].coroutines[-1].throw, error

    def _pop(self) -> bool:
        """Remove the innermost coroutine; say whether there are more of its stack."""
        stack = self.stacks[-1]
        stack.coroutines.pop()
        if stack.coroutines:
            stack.depth -= STRIDE
            self.depth -= STRIDE
            return True
        self.stacks.pop()
        self.depth -= 1
        return False

    def answer(self, answer: Answer) -> Step:
        """Answer the `resume` that ran the stack just removed."""
        return (self.stacks[-1].coroutines[-1].send if self.stacks else None), answer

    def enter(self, state: Any, values: Values, handlers: Handlers, error: WasmException | None = None) -> Step:
        """Go on with what a continuation runs: a function that has not begun, or stacks inside one another."""
        if isinstance(state, Func):
            if error is not None:
                return self.throw(error)
            state = [_Stack(self.coroutine_of(state)(*values, 1))]
            argument = None
        else:
            argument = values[0] if len(values) == 1 else values
        for stack in state:
            self.depth += stack.depth
        self.stacks += state
        if self.depth > self.limit:
            self.leave(len(self.stacks) - len(state))
            return self.throw(Exhaustion(TrapCode.CALL_STACK_EXHAUSTED))
        state[0].handlers = handlers
        coroutine = state[-1].coroutines[-1]
        return (coroutine.send, argument) if error is None else (coroutine.throw, error)

    def leave(self, position: int) -> list[_Stack]:
        """Remove and return the stacks from `position` on."""
        stacks = self.stacks
        left = stacks[position:]
        del stacks[position:]
        for stack in left:
            self.depth -= stack.depth
        return left


def _beneath(error: Exception) -> Exception:
    """An error without the function in which it was caught: its traceback is the guest's stack."""
    trace = error.__traceback__
    return error.with_traceback(None if trace is None else trace.tb_next)


def use(values: Values, continuation: Continuation | None) -> tuple[Any, Values]:
    """Use a continuation up; return what it runs, and with which values.

    Raises `Trap` if it is null or was used before.
    """
    if continuation is None:
        raise Trap(TrapCode.NULL_CONTINUATION_REFERENCE)
    state, bound = continuation.state, continuation.bound
    if state is None:
        raise Trap(TrapCode.CONTINUATION_ALREADY_CONSUMED)
    continuation.state = None
    return state, bound + values if bound else values


def bind(values: Values, continuation: Continuation | None, type_: DefinedType) -> Continuation:
    """Return a continuation that is `continuation` with its first arguments given; that one is used up."""
    return Continuation(type_, *use(values, continuation))


def runner(limit: int, coroutine_of: Callable[[Func], Callable[..., Any]]) -> Callable[..., Answer]:
    """Return `resume` for code that is in no continuation itself; what it runs may be `limit` calls deep."""

    def run(used: tuple[Any, Values], handlers: Handlers, error: WasmException | None = None) -> Answer:
        nest = _Nest(limit, coroutine_of)
        return nest.run(*nest.enter(*used, handlers, error))

    return run


# What coroutines ask for. Each tuple begins with the function itself.


def resume(nest: _Nest, asked: tuple[Any, tuple[Any, Values], Handlers, WasmException | None]) -> Step:
    """Run what was a continuation with values, or with an exception thrown where it was suspended."""
    _, (state, values), handlers, error = asked
    return nest.enter(state, values, handlers, error)


def suspend(nest: _Nest, asked: tuple[Any, Tag, Values]) -> Step:
    """Hand over to the innermost handler for a tag, with values and what is left to do."""
    _, tag, values = asked
    stacks = nest.stacks
    for position in range(len(stacks) - 1, -1, -1):
        for handled, number, type_ in stacks[position].handlers[0]:
            if handled is tag:
                return nest.answer((number, (*values, Continuation(type_, nest.leave(position)))))
    return nest.throw(unhandled(asked))


def switch(nest: _Nest, asked: tuple[Any, Tag, tuple[Any, Values], DefinedType]) -> Step:
    """Run what was a continuation in place of the present one, which it is given as one of a type."""
    _, tag, (state, values), type_ = asked
    stacks = nest.stacks
    for position in range(len(stacks) - 1, -1, -1):
        handlers = stacks[position].handlers
        if tag in handlers[1]:
            present = Continuation(type_, nest.leave(position))
            return nest.enter(state, (*values, present), handlers)
    return nest.throw(unhandled(asked))


def unhandled(_: object) -> Trap:
    """Return the trap for suspending where nobody handles it."""
    return Trap(TrapCode.UNHANDLED_TAG)
