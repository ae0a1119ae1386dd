"""Continuations: what is left to do of a computation that was suspended, or never begun (stack switching)."""

from __future__ import annotations

from typing import Any

from wrt_core.runtime.typed_reference import TypedReference
from wrt_foundation.canonical import DefinedType

__all__ = ["Continuation"]


class Continuation(TypedReference):
    """A reference to a continuation, which can be used once; to a host it is opaque.

    `type` is the closed definition. `state` is what is to be run, the engine's own business, and None when it has been
    used; `bound` are the first of the values to run it with. Both belong to this reference: when nobody has it any
    more, they are gone.
    """

    __slots__ = ("bound", "state")

    def __init__(self, type_: DefinedType, state: Any, bound: tuple[Any, ...] = ()) -> None:
        self.type = type_
        self.state = state
        self.bound = bound

    def __repr__(self) -> str:
        return f"<Continuation {self.type}{', consumed' if self.state is None else ''}>"
