"""The events of the core layer, by life-cycle phase: what observers are told of modules and instances.

All of them are coarse. None happens inside running code, and where nobody listens there is nothing to pay.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from wrt_foundation.plugins import hookspec

if TYPE_CHECKING:
    from wrt_core.engine import Engine
    from wrt_core.runtime.instance import Instance
    from wrt_core.validation import ValidatedModule
    from wrt_foundation.traps import Trap

__all__ = [
    "wrt_function_compiled",
    "wrt_guest_trapped",
    "wrt_instance_created",
    "wrt_module_loaded",
    "wrt_module_validating",
]


@hookspec
def wrt_module_validating(done: int, total: int) -> None:
    """A module is being validated, and so many bytes of its code are.

    Called some times a second while a module is validated, in the thread that loads it; not for small ones, nor for
    those that a cache knows to be valid. Nothing stops it: every observer is told.

    :param done: the bytes of code that have been checked.
    :param total: the bytes of code that there are.
    """


@hookspec
def wrt_module_loaded(
    engine: Engine, module: ValidatedModule, seconds: float, decoding: float, validating: float
) -> None:
    """A module was decoded and validated.

    Called before `load` returns it. Nothing stops it: every observer is told.

    :param engine: the engine that loaded it.
    :param module: the module.
    :param seconds: how long reading, decoding and validating took.
    :param decoding: how much of it was reading and decoding.
    :param validating: how much of it was validating, or finding in a cache that the module is valid.
    """


@hookspec
def wrt_instance_created(engine: Engine, instance: Instance, seconds: float) -> None:
    """A module was linked and instantiated, and its start function has returned.

    Called before `instantiate` returns it. Nothing stops it: every observer is told.

    :param engine: the engine that did it.
    :param instance: the instance, with its exports.
    :param seconds: how long linking, initialising and the start function took.
    """


@hookspec
def wrt_function_compiled(module: ValidatedModule, index: int, seconds: float) -> None:
    """A function's body was translated or compiled, which engines do when it is first called.

    Called before the function runs. Nothing stops it: every observer is told.

    :param module: the module that defines it.
    :param index: the function's index in the module.
    :param seconds: how long it took.
    """


@hookspec
def wrt_guest_trapped(instance: Instance | None, trap: Trap) -> None:
    """A guest trapped.

    Called before the trap reaches whoever called the guest, in the same thread. Nothing stops it: every
    observer is told.

    :param instance: the instance whose function the host had called; None during instantiation of one.
    :param trap: the trap, with its frames.
    """
