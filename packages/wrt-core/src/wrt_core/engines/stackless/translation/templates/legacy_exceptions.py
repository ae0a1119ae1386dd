"""Templates of the exception instructions that try_table replaced.

A `try` leaves its body for its landing with what one of its catches takes. There the catches stand in order, outside
of Python's own `try`, each a conditional. What is delegated goes to the landing of the construct whose handlers
are meant, past all that lie between.
"""

from __future__ import annotations

from wrt_core.engines.stackless.translation.frame import Frame
from wrt_core.engines.stackless.translation.operand import TRAPS, name
from wrt_core.engines.stackless.translation.templates.exceptions import tag_parameters
from wrt_core.engines.stackless.translation.templates.landings import held, landed
from wrt_core.engines.stackless.translation.translator import Translator, template
from wrt_core.engines.stackless.translation.writing.source import Line
from wrt_core.engines.stackless.translation.writing.tree import (
    Branch,
    Clause,
    Conditional,
    Label,
    Node,
    Sequence,
    Stop,
    Try,
)
from wrt_foundation.immediates import BlockType
from wrt_foundation.instructions import Instruction

__all__: list[str] = []


class _Try:
    """A `try` while it is read: what has ended of it so far, and where it delegates to."""

    def __init__(self, frame: Frame, landing: Label) -> None:
        self.frame = frame
        self.landing = landing
        self.body: Sequence | None = None
        self.catches: list[tuple[int | None, Sequence]] = []
        self.target: Frame | None = None

    def __call__(self, last: Sequence) -> Sequence:
        """Return the whole, of which the body or the last catch has ended."""
        frame, body = self.frame, last if self.body is None else self.body
        if self.catches:
            self.landing.uses += 1
            body = self._guard(body, Clause(self._test(), self._hand_to(frame)))
            handlers = self._handlers()
        elif self.target is not None:
            body = self._guard(body, Clause(None, self._hand_to(self.target)))
            handlers = self._pass_on(self.target)
        else:
            handlers = Sequence([Stop(f"raise {held(frame)}", frame.offset)], False)
        return landed(frame, body, handlers) if self.landing.uses else body

    def _guard(self, body: Sequence, clause: Clause) -> Sequence:
        return Sequence([Try(body, [clause], self.frame.offset)], body.falls)

    def _test(self) -> str | None:
        """The test for what the catches take."""
        tags = [f"x{tag}" for tag, _ in self.catches if tag is not None]
        if len(tags) < len(self.catches):
            return None
        return f"e.tag in ({', '.join(tags)})" if len(tags) > 1 else f"e.tag is {tags[0]}"

    def _hand_to(self, frame: Frame) -> Sequence:
        """The code that hands the exception just caught to a frame's handlers, without its traceback.

        That would keep the frames it names alive, among them the one whose variable it is now in.
        """
        assert frame.landing is not None
        offset = self.frame.offset
        return Sequence([Line(f"{held(frame)} = e.with_traceback(None)", offset), Branch(frame.landing, offset)], False)

    def _pass_on(self, frame: Frame) -> Sequence:
        """The code that hands a frame's handlers what was delegated to this."""
        assert frame.landing is not None
        offset = self.frame.offset
        return Sequence([Line(f"{held(frame)} = {held(self.frame)}", offset), Branch(frame.landing, offset)], False)

    def _handlers(self) -> Sequence:
        """The catches, where the exceptions land."""
        frame, nodes = self.frame, list[Node]()
        for tag, catch in self.catches:
            if tag is None:
                return Sequence([*nodes, *catch.nodes], catch.falls)
            then = list(catch.nodes)
            if catch.falls:
                frame.label.uses += 1
                then.append(Branch(frame.label, frame.offset))
            tested = f"{held(frame)}.tag is"
            test, negated = f"{tested} x{tag}", f"{tested} not x{tag}"
            nodes.append(Conditional(test, negated, Sequence(then, False), Sequence(), frame.offset))
        nodes.append(Stop(f"raise {held(frame)}", frame.offset))
        return Sequence(nodes, False)


@template("try")
def try_(t: Translator, instruction: Instruction, type_: BlockType) -> None:
    frame = t.open("try", type_, Label())
    frame.landing = Label()
    frame.finish = _Try(frame, frame.landing)


def _of(frame: Frame) -> _Try:
    construct = frame.finish
    assert isinstance(construct, _Try)
    return construct


@template("catch", "catch_all")
def catch(t: Translator, instruction: Instruction, tag: int | None) -> None:
    frame = t.frames[-1]
    construct = _of(frame)
    if t.reachable:
        t.stack.place(frame.results, frame.height)
    t.sequence.falls = t.reachable
    if construct.body is None:
        construct.body = t.sequence
        construct.landing.order = t.next_order()
        frame.kind = "catch"  # what it throws from here on is not for its own handlers
        t.catching += 1
    t.sequence = Sequence()
    t.locals.arm(entered=False)
    t.reachable = True
    construct.catches.append((tag, t.sequence))
    t.stack.cut(frame.height)
    types = () if tag is None else tag_parameters(t, tag)
    if types:
        slots = [f"s{frame.height + index}" for index in range(len(types))]
        t.append(Line(f"{', '.join(slots)}, = {held(frame)}.values", t.offset))
        for slot, type_ in zip(slots, types, strict=True):
            t.push(name(slot, type_))


@template("delegate")
def delegate(t: Translator, instruction: Instruction, depth: int) -> None:
    frame = t.frames[-1]
    handling = t.frames[-2 - depth].handling
    if handling is not frame.around:  # else that is where exceptions go anyway
        target = handling or t.frames[0]
        if target.landing is None:
            target.landing = Label()
        t.escape(target.landing)
        _of(frame).target = target
    t.close()


@template("rethrow")
def rethrow(t: Translator, instruction: Instruction, depth: int) -> None:
    t.stack.before(TRAPS)
    t.stop(Stop(f"raise {held(t.frames[-1 - depth])}", t.offset))
