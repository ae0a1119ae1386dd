"""Callbacks that do not keep their object alive."""

from __future__ import annotations

from collections.abc import Callable
from types import MethodType
from typing import Any, TypeVar
from weakref import WeakMethod

__all__ = ["hold_callback"]

C = TypeVar("C", bound=Callable[..., Any])


def hold_callback(callback: C, forget: Callable[[Any], None] | None = None) -> Callable[[], C | None]:
    """Return a function that answers `callback`, or None when the object it is a method of is gone.

    A bound method is held weakly, so that a memory does not keep alive the instances that watch it;
    anything else is held until the answer is dropped. `forget` is called when the method's object goes.
    """
    if isinstance(callback, MethodType):
        return WeakMethod(callback, forget)
    return lambda: callback
