"""Entrances: what the host goes through to call a guest's function (`Func.enter`).

The first call of a function decides about all of them: a function that needs no check but whether the decision still
holds gets an entrance that does no more than that.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from wrt_capability.metering import MeteredRunner
from wrt_foundation.traps import Trap

if TYPE_CHECKING:
    from wrt_capability.confinement import Confinement
    from wrt_core.runtime.function import Func

__all__ = ["entrance_of"]

Enter = Callable[["Func", Sequence[Any]], Any]


def entrance_of(confinement: Confinement, inner: Enter) -> Enter:
    """Return the entrance of functions that their engine enters by `inner`."""

    def first(func: Func, args: Sequence[Any]) -> Any:
        if confinement.starting:
            return _run(confinement, inner, func, args)
        enter = func.enter = _settled(confinement, inner, func)
        return enter(func, args)

    return first


def _settled(confinement: Confinement, inner: Enter, func: Func) -> Enter:
    require = confinement.entry(func).require
    refusals = confinement.refusals
    rate, counted = confinement.rate, confinement.counts_calls

    if not (confinement.metered or counted or rate is not None):

        def enter(func: Func, args: Sequence[Any]) -> Any:
            require(args)
            try:
                return inner(func, args)
            except Trap as trap:
                confinement.record_trap(trap)
                raise
            finally:
                if refusals.untold:
                    refusals.settle()

        return enter

    def enter_counted(func: Func, args: Sequence[Any]) -> Any:
        require(args)
        if rate is not None:
            rate.take(confinement)
        with confinement.counted():
            return _run(confinement, inner, func, args)

    return enter_counted


def _run(confinement: Confinement, inner: Enter, func: Func, args: Sequence[Any]) -> Any:
    try:
        runner = None if func.instance is None else func.instance.runner
        if confinement.metered and isinstance(runner, MeteredRunner):
            return runner.call(func, tuple(args))
        return inner(func, args)
    except Trap as trap:
        confinement.record_trap(trap)
        raise
    finally:
        confinement.refusals.settle()
