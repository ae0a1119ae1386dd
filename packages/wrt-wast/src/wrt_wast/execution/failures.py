"""How running something may end other than well, told apart by kind and phase."""

from __future__ import annotations

import traceback
from enum import Enum

from wrt_foundation.errors import DecodeError, LinkError, TextError, UnsupportedFeature, ValidationError, WrtError
from wrt_foundation.traps import Exhaustion, Trap, TrapCode, WasmException
from wrt_wast.text.annotations import AnnotationError

__all__ = ["Kind", "ScriptError", "described", "kind_of"]


class ScriptError(WrtError):
    """A directive refers to something that is not there, or gives arguments that do not fit."""


class Kind(Enum):
    """A kind of failure; the value is how reports call it."""

    MALFORMED = "malformed"
    MALFORMED_CUSTOM = "malformed custom section"
    INVALID = "invalid"
    UNSUPPORTED = "unsupported"
    UNLINKABLE = "unlinkable"
    TRAP = "trap"
    EXHAUSTION = "exhaustion"
    EXCEPTION = "exception"
    SUSPENSION = "suspension"
    SCRIPT = "faulty script"
    CRASH = "crash"


def kind_of(error: BaseException) -> Kind:
    """Return the kind of failure that an exception stands for; one that nobody raised on purpose is a crash."""
    match error:
        case AnnotationError():
            return Kind.MALFORMED_CUSTOM
        case TextError() | DecodeError():
            return Kind.MALFORMED
        case UnsupportedFeature():
            return Kind.UNSUPPORTED
        case ValidationError():
            return Kind.INVALID
        case LinkError():
            return Kind.UNLINKABLE
        case Exhaustion(code=TrapCode.CALL_STACK_EXHAUSTED):
            return Kind.EXHAUSTION
        case Trap(code=TrapCode.UNHANDLED_TAG):
            return Kind.SUSPENSION
        case Trap():
            return Kind.TRAP
        case WasmException():
            return Kind.EXCEPTION
        case ScriptError():
            return Kind.SCRIPT
    return Kind.CRASH


def described(error: BaseException) -> str:
    """Return a line that says what happened; for a crash, with the place in the code it happened at."""
    kind = kind_of(error)
    if kind is Kind.CRASH:
        frames = traceback.extract_tb(error.__traceback__)
        where = f" at {frames[-1].filename}:{frames[-1].lineno}" if frames else ""
        return f"crash: {type(error).__name__}: {error}{where}"
    if isinstance(error, TextError):
        return f"{kind.value}: {error.message} at {error.line}:{error.column}"
    return f"{kind.value}: {error}"
