"""`assemble`: from text to a module as it comes from its binary form, which knows its text."""

from __future__ import annotations

from wrt_foundation.binary import decode, encode
from wrt_foundation.features import ALL, Features
from wrt_foundation.module import Module
from wrt_wast.dialect import Dialect
from wrt_wast.text.parser import read_module
from wrt_wast.text.positions import TextPositions

__all__ = ["assemble"]


def assemble(
    source: str | bytes,
    filename: str | None = None,
    features: Features = ALL,
    dialect: Dialect = Dialect.STANDARD,
) -> Module:
    """Return the module that `source` is the text of, encoded and decoded again: there is one way in.

    So it has a `binary`, and its `positions` say where in the text the instructions of that stand. What it takes and
    raises is as for `parse_module`; `DecodeError` besides, for what only decoding finds.
    """
    parsed, c = read_module(source, filename, features, dialect)
    module = decode(encode(parsed))
    if c is not None:
        module.positions = TextPositions.of(module, c.tokens, c.places)
    return module
