"""Landings: where a construct's handlers begin, for exceptions that are handed to them past others in between."""

from __future__ import annotations

from wrt_core.engines.stackless.translation.frame import Frame
from wrt_core.engines.stackless.translation.writing.tree import Block, Branch, Sequence

__all__ = ["held", "landed"]


def held(frame: Frame) -> str:
    """The variable that holds what a construct caught, or what was delegated to it."""
    return f"e{frame.offset}"


def landed(frame: Frame, body: Sequence, handlers: Sequence) -> Sequence:
    """`body`, and behind it the `handlers` that branches to the frame's landing run."""
    assert frame.landing is not None
    nodes = [*body.nodes]
    escapes = set(frame.escapes)
    if body.falls:
        frame.label.uses += 1
        escapes.add(frame.label)
        nodes.append(Branch(frame.label, frame.offset))
    guarded = Block(frame.landing, Sequence(nodes, False), frame.offset, frozenset(escapes))
    return Sequence([guarded, *handlers.nodes], handlers.falls)
