"""What a conformance test expects of failures, without pytest, so that the kit can be imported where pytest is not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar
from unittest import SkipTest

from wrt_foundation.features import Feature
from wrt_foundation.traps import Trap, TrapCode

if TYPE_CHECKING:
    from wrt_core.engine import Engine

__all__ = ["Caught", "needs", "raises", "traps"]

E = TypeVar("E", bound=BaseException)


@dataclass
class Caught(Generic[E]):
    """What a block raised, once it has."""

    kind: type[E]
    _error: E | None = None

    @property
    def error(self) -> E:
        """The exception."""
        if self._error is None:
            raise AssertionError(f"{self.kind.__name__} was not raised yet")
        return self._error


@contextmanager
def raises(kind: type[E], match: str = "") -> Iterator[Caught[E]]:
    """Expect the block to raise a `kind` whose text the pattern `match` is found in."""
    caught = Caught(kind)
    try:
        yield caught
    except kind as error:
        caught._error = error
        if not re.search(match, str(error)):
            raise AssertionError(f"{match!r} is not in {str(error)!r}") from error
    else:
        raise AssertionError(f"{kind.__name__} was not raised")


@contextmanager
def traps(code: TrapCode) -> Iterator[Caught[Trap]]:
    """Expect the block to trap with this code."""
    with raises(Trap) as caught:
        yield caught
    if caught.error.code is not code:
        raise AssertionError(f"trapped with {caught.error.code}, not {code}") from caught.error


def needs(engine: Engine, *features: Feature) -> None:
    """Skip the test if the engine does not run one of the features."""
    if missing := sorted(each.value for each in features if each not in engine.features):
        raise SkipTest(f"the engine does not run {', '.join(missing)}")
