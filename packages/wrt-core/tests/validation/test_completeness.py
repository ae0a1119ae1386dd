"""Every instruction of the table has one typing rule: its signature, or a special."""

from __future__ import annotations

from wrt_core.validation import (
    aggregates,
    continuations,
    control,
    descriptors,
    exceptions,
    legacy_exceptions,
    memory,
    references,
    tables,
    variables,
)
from wrt_core.validation.signatures import SPECIALS
from wrt_foundation.instructions import INSTRUCTIONS

_ROOMS = (
    aggregates,
    continuations,
    control,
    descriptors,
    exceptions,
    legacy_exceptions,
    memory,
    references,
    tables,
    variables,
)


def test_the_specials_are_the_instructions_without_a_signature() -> None:
    assert set(SPECIALS) == {i for i in INSTRUCTIONS if i.operands is None}


def test_a_signature_has_both_sides() -> None:
    assert all((i.operands is None) is (i.results is None) for i in INSTRUCTIONS)


def test_no_special_is_named_twice() -> None:
    names = [name for room in _ROOMS for name in room.SPECIALS]
    assert len(names) == len(set(names)) == len(SPECIALS)
