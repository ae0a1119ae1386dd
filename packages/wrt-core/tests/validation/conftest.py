"""Modules made by hand: a body is a list of keywords, or tuples of a keyword and its immediates."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from wrt_core.validation import ValidatedModule, validate
from wrt_foundation.binary import write_instruction
from wrt_foundation.features import ALL, Features
from wrt_foundation.instructions import BY_NAME
from wrt_foundation.limits import DEFAULT_LIMITS, ImplementationLimits
from wrt_foundation.module import Code, Expression, Module
from wrt_foundation.types import FuncType, RecType, SubType, ValueType

Line = str | tuple[Any, ...]


def _assemble(*lines: Line) -> bytes:
    out = bytearray()
    for line in (*lines, "end"):
        name, *immediates = (line,) if isinstance(line, str) else line
        instruction = BY_NAME[name]
        value = None if not immediates else immediates[0] if len(instruction.immediates) == 1 else tuple(immediates)
        write_instruction(out, instruction, value)
    return bytes(out)


def _definition(type_: Any) -> RecType:
    if isinstance(type_, RecType):
        return type_
    return RecType((type_ if isinstance(type_, SubType) else SubType(type_),))


def _module(
    *lines: Line,
    params: tuple[ValueType, ...] = (),
    results: tuple[ValueType, ...] = (),
    locals: tuple[ValueType | tuple[int, ValueType], ...] = (),  # noqa: A002 - the word for it
    types: tuple[Any, ...] = (),
    **fields: Any,
) -> Module:
    runs = tuple(run if isinstance(run, tuple) else (1, run) for run in locals)
    # Its own type comes last, so that it may refer to the others.
    groups = [_definition(type_) for type_ in (FuncType(), *types, FuncType(params, results))]
    own = sum(len(group.subtypes) for group in groups) - 1
    return Module(types=groups, functions=[own], codes=[Code(runs, _assemble(*lines))], **fields)


def _check(
    *lines: Line, features: Features = ALL, limits: ImplementationLimits = DEFAULT_LIMITS, **rest: Any
) -> ValidatedModule:
    return validate(_module(*lines, **rest), features=features, limits=limits)


@pytest.fixture(scope="session")
def assemble() -> Callable[..., bytes]:
    """The bytes of some instructions and an `end`."""
    return _assemble


@pytest.fixture(scope="session")
def expression() -> Callable[..., Expression]:
    """A constant expression of some instructions."""
    return lambda *lines: Expression(_assemble(*lines))


@pytest.fixture(scope="session")
def module() -> Callable[..., Module]:
    """A module with one function, and whatever else is given: type 0 is [] -> [], `types` get the indices from 1."""
    return _module


@pytest.fixture(scope="session")
def check() -> Callable[..., ValidatedModule]:
    """Validate such a module, with every feature unless told otherwise."""
    return _check
