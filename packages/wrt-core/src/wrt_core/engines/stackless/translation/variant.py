"""Forms of one function: it is translated to a Python function for each way in which it is entered and watched over."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

__all__ = ["STRIDE", "Flavour", "Form", "Variant"]

STRIDE = 16
"""Calls inside one another that are nested generators in a continuation; what would go deeper starts over on its own.

On Python 3.11, each takes some 400 bytes of the host's stack while it runs.
"""


class Variant(Enum):
    """How a function's translation is entered; each is made when it is first needed."""

    CODE = "code"
    """By a call: the result is the function's. It makes its own tail calls before it returns."""
    TAIL = "tail"
    """By a tail call: it leaves tail calls of its own to whoever made this one, and returns what to call."""
    COROUTINE = "coroutine"
    """By a call in a continuation: a generator function, so that it can be suspended; see `stack_switching`."""
    COROUTINE_TAIL = "coroutine_tail"
    """By a tail call in a continuation."""

    @property
    def is_tail(self) -> bool:
        """Whether tail calls are returned."""
        return self in (Variant.TAIL, Variant.COROUTINE_TAIL)

    @property
    def is_coroutine(self) -> bool:
        """Whether it runs in a continuation."""
        return self in (Variant.COROUTINE, Variant.COROUTINE_TAIL)


class Flavour(Enum):
    """What a function does besides its work at safe points: when it is entered, and at each head of a loop."""

    PLAIN = "plain"
    """Nothing."""
    POLLED = "polled"
    """It looks whether a pause is asked for."""
    METERED = "metered"
    """It charges fuel for what it will do until the next safe point, and looks whether a pause is asked for."""

    @property
    def shared(self) -> tuple[str, ...]:
        """The variables that all functions share that may call one another: the fuel that is left, and what must be."""
        return {Flavour.PLAIN: (), Flavour.POLLED: ("P",), Flavour.METERED: ("F", "P")}[self]


@dataclass(frozen=True, slots=True)
class Form:
    """What a function is translated to.

    With `resumed`, that is what is left to do at the safe point at that offset: a function of the locals, the operand
    stack, and what the call there gave; always one of variant CODE. If it is `retried`, it is what is left before the
    instruction at that offset. It is `wary` of marks behind which no address is to be ventured, see
    `ventures`, and of loops: at those that are their own offsets nothing is asked but of what they count, and where it
    is the opposite of their offset, nothing at all. If it is so everywhere and `resumed`, it knows nothing of what it
    begins with. If it is `decided`, its caller knows that this is no base case, and it does not look; see `base_case`.
    """

    variant: Variant = Variant.CODE
    flavour: Flavour = Flavour.PLAIN
    resumed: int | None = None
    retried: bool = False
    wary: frozenset[int] = frozenset()
    decided: bool = False

    @property
    def key(self) -> tuple[str, str, int | None, bool]:
        """What tells it from others that are kept, in plain values."""
        return self.variant.value, self.flavour.value, self.resumed, self.decided

    def entry(self, index: int) -> str:
        """The name by which code calls the function at `index` in this form, if that is not resumed."""
        return f"{'decided' if self.decided else 'f'}{index}"
