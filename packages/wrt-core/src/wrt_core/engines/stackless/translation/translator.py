"""The translator's state while it reads one function: what templates work with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from wrt_core.engines.stackless.translation.found import Found
from wrt_core.engines.stackless.translation.frame import Frame
from wrt_core.engines.stackless.translation.knowledge.alignment import Locals
from wrt_core.engines.stackless.translation.knowledge.ranges import Ranges
from wrt_core.engines.stackless.translation.knowledge.relation import Range
from wrt_core.engines.stackless.translation.loops.batches import in_batches
from wrt_core.engines.stackless.translation.loops.filling import filled
from wrt_core.engines.stackless.translation.loops.streams import streamed
from wrt_core.engines.stackless.translation.operand import (
    NOTHING,
    TAME,
    TRAPS,
    Divided,
    Operand,
    Relation,
    is_integer,
    name,
)
from wrt_core.engines.stackless.translation.safe_points import Meter, SafePoint, checks
from wrt_core.engines.stackless.translation.stack import OperandStack
from wrt_core.engines.stackless.translation.variant import Flavour, Form, Variant
from wrt_core.engines.stackless.translation.ventures import EVERYWHERE, Ventures
from wrt_core.engines.stackless.translation.votes import Votes
from wrt_core.engines.stackless.translation.writing.source import ENTRY, Line
from wrt_core.engines.stackless.translation.writing.tree import Block, Conditional, Label, Loop, Node, Sequence
from wrt_core.execution.activation import ActivationKind
from wrt_core.validation import ValidatedModule
from wrt_foundation.canonical import close
from wrt_foundation.immediates import BlockType
from wrt_foundation.instructions import BY_NAME, Instruction
from wrt_foundation.traps import TrapCode
from wrt_foundation.types import FuncType, ValueType

if TYPE_CHECKING:
    from wrt_core.engines.stackless.translation.templates.in_place.base_case import BaseCase

__all__ = ["TEMPLATES", "Frame", "Template", "Translator", "template"]

Template = Callable[["Translator", Instruction, object], None]

TEMPLATES: dict[Instruction, Template] = {}
"""What the engine emits for each instruction."""


def template(*names: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Register a template for the instructions of these names; it gets translator, instruction and immediates."""

    def register(function: Callable[..., None]) -> Callable[..., None]:
        for each in names:
            TEMPLATES[BY_NAME[each]] = function
        return function

    return register


_AROUND = 6
"""Loops inside one another that are told of: more are seldom, and each would have to be asked for each."""

_TRACKED_DEPTH = 200
"""Frames whose escapes are tracked: deeper functions are written in dispatched form, which asks for none."""


class Translator:
    """Reads instructions of one function, in order, and grows its tree.

    Templates pop operands, push what they compute, and make statements of what has effects.
    """

    def __init__(
        self,
        module: ValidatedModule,
        index: int,
        form: Form,
        may_suspend: Callable[[int], bool],
        type: FuncType,
        local_types: list[ValueType],
        found: Found | None = None,
    ) -> None:
        self.module = module
        self.index = index
        self.form = form
        self.variant: Variant = form.variant
        self.may_suspend = may_suspend
        self.found = found or Found()
        """What an earlier reading has found."""
        self.is_first = found is None
        """Whether this is a first reading, by whose votes another goes."""
        self.votes = Votes()
        self.type = type
        self.local_types = local_types
        """Those of the function, then those of functions that are inlined."""
        self.own_locals = len(local_types)
        """Those that are the function's own, webs among them."""
        self.declared = self.own_locals
        """Those that it has in the specification's eyes."""
        self.webs: dict[int, int] = {}
        """The web that a local is in here, if it is another than its first; see `webs`."""
        self.places: dict[int, frozenset[str]] = {}
        """For each web that is not alone, its variable and what stands for that of all webs of the same local."""
        self.owner: Callable[[int], int] = int
        """Says which local a web is of."""
        self.written: Callable[[str], str] = str
        """Calls webs by their locals' variables in a text."""
        self.inlined: dict[object, int] = {}
        """Where the locals of what is done in place of calls begin, by the functions, or what else is called."""
        self.promoted = 0
        """How many indirect calls have been promoted."""
        self.offset = 0
        self.body = Sequence()
        self.sequence = self.body
        self.stack = OperandStack(self._append)
        self.assigned: frozenset[int] = frozenset()
        self.used: set[int] = set()
        self.wild: set[int] = set()
        """The locals that were last seen to get what leaves its width; see `operand`."""
        self.below: set[int] = set()
        """The locals that were last given one far below zero, of constants, or what is none above it."""
        self.climbing: set[int] = set()
        """The locals that were last given, of constants, a negative one."""
        self.growing = dict(self.found.growing)
        """Those that are so where loops end, by the loops' offsets."""
        self.locals = Locals(len(type.params))
        """What is known of the locals' alignment."""
        self.ranges = Ranges(local_types, len(type.params), {})
        """Between which numbers they are known to be."""
        self.changed: Counter[int] = Counter()
        """How often each local was given an integer."""
        self._kept: dict[str, tuple[Sequence, int, int]] = {}
        self._quotients: dict[int, tuple[Divided, Sequence, tuple[int, int]]] = {}
        self._points_passed = 0
        self.catching = 0
        """The legacy catches that are open."""
        self.loops: list[int] = []
        """The loops that are open, by their offsets, the innermost last."""
        self.around: dict[int, tuple[int, ...]] = {}
        """For each loop, those that are not far around it, and itself."""
        self.divided: set[int] = set()
        """The locals that are divided as signed numbers, or by which others are."""
        self.addressed = set(self.found.addressed)
        """The locals that an address is made of."""
        self.recursing: frozenset[int] = frozenset()
        """The loops, by their offsets, in which the function calls itself."""
        self.reentered: frozenset[int] = frozenset()
        """The loops, by their offsets, that the rest of a function begins in: they may be entered with their turns half
        done."""
        self.base_case: BaseCase | None = None
        """Where the function need not call itself."""
        self.closed: dict[int, tuple[Label, Sequence, int]] = {}
        """What the loops do that are read, and how many lines are at their heads, by their offsets."""
        self.constants: dict[str, object] = {}
        self.frames: list[Frame] = []
        self.head = Label(loop=True)
        """The function's beginning, which a tail call of itself goes back to."""
        self.departure = Label()
        """Where it makes tail calls that had to leave handlers first."""
        self.reachable = True
        self.firm: Counter[int] = Counter()
        """The locals that might grow past their width and do not here, being counted, and for how many loops."""
        self.points: dict[int, SafePoint] = {}
        """The safe points by offset."""
        self.retries: dict[int, SafePoint] | None = {} if form.retried else None
        """What statements are done again from, by offset, where somebody asks for them."""
        self.ventures = Ventures(form.wary if form.variant is Variant.CODE else EVERYWHERE)
        self.ventures.negative |= self.found.negative
        self.expected: list[tuple[str, int, Range]] = []
        """Between what numbers locals' `values`, and those on the `stack`, are where the rest of a function begins."""
        self.entry_meter = Meter(ENTRY) if form.flavour is Flavour.METERED else None
        self.meters: list[Meter] = [] if self.entry_meter is None else [self.entry_meter]
        """What pays for the next instruction, last."""
        self.rounded: tuple[Node, str, Operand] | None = None
        """The last line that has taken a rounded number, the slot it took it to, and what was rounded."""
        self.resulted: Line | None = None
        """The last line that has put a result in a slot, which nothing else may need yet."""
        self._is_inside = False
        self._orders = 0

    @property
    def make(self) -> str:
        """The statement that makes the tail calls of a callee until the variable `r` is a result."""
        call = "yield from r[1](r, d)" if self.variant.is_coroutine else "r[1](r)"
        return f"while type(r) is tuple and r and r[0] is TAIL: r = {call}"

    # Operands

    def push(self, operand: Operand) -> None:
        """Push an operand."""
        self.stack.push(operand)

    def pop(self) -> Operand:
        """Pop an operand in whatever form it is pending."""
        return self.stack.pop()

    def pop_clean(self) -> Operand:
        """Pop an operand; an integer in canonical, unsigned form."""
        operand = self.stack.pop()
        return operand.clean() if is_integer(operand.type) else operand

    def pop_many(self, count: int) -> list[Operand]:
        """Pop `count` canonical operands, the deepest first."""
        popped = [self.pop_clean() for _ in range(count)]
        popped.reverse()
        return popped

    def pop_simple(self, count: int = 1) -> list[Operand]:
        """Pop canonical operands that may be named several times, deepest first: each a variable or a constant."""
        height = len(self.stack) - count
        for index in range(height, height + count):
            if not self.stack.items[index].is_simple:
                self.stack.spill(index)
        return self.pop_many(count)

    def pop_unordered(self, count: int) -> list[Operand]:
        """Pop canonical operands, deepest first, for Python that won't evaluate them in this order.

        All with effects but the topmost are evaluated first.
        """
        height = len(self.stack) - count
        for index in range(height, height + count - 1):
            if self.stack.items[index].effects != NOTHING:
                self.stack.spill(index)
        return self.pop_many(count)

    def combine(
        self,
        text: str,
        precedence: int,
        type: ValueType,
        operands: Iterable[Operand],
        low: int = 0,
        high: int = 0,
        effects: int = NOTHING,
        negated: str | None = None,
    ) -> None:
        """Push an operand computed from others."""
        reads: frozenset[str] = frozenset()
        size = 1
        temper = TAME
        fault = self.offset if effects & TRAPS else None
        for operand in operands:
            effects |= operand.effects
            reads |= operand.reads
            size += operand.size
            if operand.temper > temper:
                temper = operand.temper
            if fault is None or (operand.fault is not None and operand.fault > fault):
                fault = operand.fault
        combined = Operand(text, type, precedence, low, high, effects, reads, size, None, negated, fault=fault)
        combined.temper = temper if high > 1 else TAME  # whatever is compared, it does not grow
        self.push(combined)

    # Statements

    def writes(self, local: int) -> frozenset[str]:
        """What a statement writes that gives a local something."""
        return self.places.get(local) or frozenset((f"l{local}",))

    def _append(
        self, text: str, fault: int | None, effects: int, writes: frozenset[str], trap: TrapCode | None = None
    ) -> None:
        line = Line(text, self.offset if fault is None else fault, trap)
        self.sequence.nodes.append(line)
        line.retry = self.ventured(effects, writes)

    def ventured(self, effects: int, writes: frozenset[str] = frozenset()) -> int | None:
        """Note that a statement is written; return the mark that it is done again from, if it has a venture in it."""
        mark = self.ventures.passed(effects, writes)
        if mark is None:
            return None
        if self.retries is not None and mark.offset not in self.retries:
            self.retries[mark.offset] = self._point(ActivationKind.LOOP, Line("", mark.offset), [], mark.items)
        return mark.offset

    def statement(
        self,
        text: str,
        effects: int,
        writes: frozenset[str] = frozenset(),
        trap: TrapCode | None = None,
        fault: int | None = None,
    ) -> None:
        """Append a statement, after what must be evaluated before it.

        If it is an operand of the instruction that traps, and not itself, then at `fault`.
        """
        self.stack.before(effects, writes)
        self._append(text, fault, effects, writes, trap)

    def into_slot(self, text: str, type: ValueType, effects: int, trap: TrapCode | None = None) -> None:
        """Evaluate canonical `text` now, into the slot of the stack's next height, and push that slot."""
        slot = f"s{len(self.stack)}"
        self.statement(f"{slot} = {text}", effects, frozenset((slot,)), trap)
        node = self.sequence.nodes[-1]
        assert isinstance(node, Line)
        self.resulted = node
        self.push(name(slot, type))

    def grows(self, local: int) -> bool:
        """Whether a local may be past its width here."""
        return local in self.found.summed and not self.firm[local]

    def keep(self, variable: str, local: int) -> bool:
        """Say whether a variable that is made of a local has to be made now, not having been on the way to here.

        No such variable is kept past a safe point: what goes on from there has the locals and the operands, no more.
        """
        made = self.sequence, self.changed[local], self._points_passed
        found = self._kept.get(variable)
        if found is not None and found[0] is self.sequence and found[1:] == made[1:]:
            return False
        self._kept[variable] = made
        return True

    def divide(self, local: int, divided: Divided) -> None:
        """Note that a local has just been given what another was divided by a number."""
        dividend = divided.variable
        if dividend[0] == "l" and int(dividend[1:]) != local:
            changes = self.changed[local], self.changed[int(dividend[1:])]
            self._quotients[local] = divided, self.sequence, changes

    def quotient(self, local: int) -> Divided | None:
        """What a local was divided by what, if it was on the way to here, and both are what they were."""
        found = self._quotients.get(local)
        if found is None:
            return None
        divided, sequence, changes = found
        dividend = int(divided.variable[1:])
        same = sequence is self.sequence and changes == (self.changed[local], self.changed[dividend])
        return divided if same else None

    # Safe points

    def call(self, text: str, results: tuple[ValueType, ...], effects: int) -> None:
        """Append a call, a statement of its own, and push its results, which it puts in slots."""
        self._points_passed += 1
        if self.form.resumed == self.offset:
            self.stack.secure()
        height = len(self.stack)
        slots = [f"s{height + index}" for index in range(len(results))]
        self.statement(f"{', '.join(slots)} = {text}" if slots else text, effects, frozenset(slots))
        node = self.sequence.nodes[-1]
        assert isinstance(node, Line)
        self.resulted = node
        point = self.points[self.offset] = self._point(ActivationKind.CALL, node, slots)
        point.results = results
        for slot, each in zip(slots, results, strict=True):
            self.push(name(slot, each))

    def begin_again(self) -> None:
        """Append what a function goes on with that is done again from the instruction that is about to be read."""
        self._points_passed += 1
        self.stack.secure()
        line = Line("pass", self.offset)
        self.sequence.nodes.append(line)
        assert self.retries is not None
        self.retries[self.offset] = self._point(ActivationKind.LOOP, line, [])

    def loop_head(self, frame: Frame) -> None:
        """Append what is done at the head of a loop that was just opened."""
        self._points_passed += 1
        meter = None
        if self.meters:
            meter = frame.meter = Meter(self.offset)
            self.meters.append(meter)
        lines = checks(self.form.flavour, self.offset, meter)
        if self.form.resumed is not None:
            lines = lines or [Line("pass", self.offset)]  # where it may begin
        line = lines[0] if lines else Line("", self.offset)
        self.points[self.offset] = self._point(ActivationKind.LOOP, line, [])
        self.sequence.nodes += lines
        frame.heads = len(lines)

    def begins_with(self, relation: Relation | None) -> bool:
        """Say whether nothing has been done since a loop was opened but to evaluate what is in a relation."""
        frame = self.frames[-1]
        if not frame.label.loop or relation is None:
            return False
        nodes = self.sequence.nodes[frame.heads :]
        slots = [operand.text for operand in relation[1:] if operand.origin is not None]
        return all(isinstance(node, Line) and node.text.partition(" = ")[0] in slots for node in nodes)

    def _point(
        self, kind: ActivationKind, node: Line, targets: list[str], items: list[Operand] | None = None
    ) -> SafePoint:
        point = SafePoint.of(kind, node, targets, self.stack.items if items is None else items, self._held())
        if self.form.resumed == self.offset:  # where the rest begins
            point.locals = tuple(self.webs.items())
        return point

    def _held(self) -> tuple[int, ...]:
        if not self.catching:
            return ()
        return tuple(frame.offset for frame in self.frames if frame.kind == "catch")

    def append(self, node: Node) -> None:
        """Append a node of control."""
        self.sequence.nodes.append(node)

    def stop(self, node: Node) -> None:
        """Append a node that control does not pass; what follows until the construct ends can't be reached."""
        self.sequence.nodes.append(node)
        self.sequence.falls = False
        self.reachable = False
        if self.frames:
            self.stack.cut(self.frames[-1].height)

    def constant_name(self, prefix: str, key: object, value: object) -> str:
        """A global name for a value that Python has no literal for."""
        text = f"{prefix}{key}"
        self.constants[text] = value
        return text

    # Control

    def block_type(self, type: BlockType) -> FuncType:
        """The closed function type of a block type."""
        if type is None:
            return FuncType()
        if isinstance(type, int):
            composite = self.module.types[type].composite
            assert isinstance(composite, FuncType)
            return composite
        return FuncType((), (close(type, self.module.types),))

    def settle(self) -> None:
        """Evaluate what is pending, before control may split, save what no path can change."""
        self.stack.settle(self._is_stable)

    @contextmanager
    def inside(self) -> Iterator[None]:
        """Translate what another function does in place of its call: it changes no local of this one."""
        before, settled = self._is_inside, self.stack.settled
        self._is_inside = True
        yield
        self._is_inside, self.stack.settled = before, min(settled, self.stack.settled)

    def _is_stable(self, operand: Operand) -> bool:
        if operand.value is not None or not operand.reads:
            return True
        if self._is_inside and all(each[0] in "l@" and int(each[1:]) < self.own_locals for each in operand.reads):
            return True
        text = operand.text if operand.number is None else operand.number
        return text.isidentifier() and text[0] == "l" and int(text[1:]) not in self.assigned

    def open(self, kind: str, type: BlockType, label: Label, condition: Relation | None = None) -> Frame:
        """Open a construct: its parameters stay on the stack, statements go to a new sequence.

        `condition` is what holds in the first arm of an `if`.
        """
        return self.open_as(kind, self.block_type(type), label, condition)

    def open_as(self, kind: str, signature: FuncType, label: Label, condition: Relation | None = None) -> Frame:
        """Open a construct of a function type that the module need not have."""
        self.settle()
        height = len(self.stack) - len(signature.params)
        if label.loop:
            self.stack.place(signature.params, height)
            for index, each in enumerate(signature.params):
                self.push(name(f"s{height + index}", each))
        frame = Frame(kind, label, signature.params, signature.results, height, self.sequence, self.offset)
        frame.around = self.frames[-1].handling
        self.frames.append(frame)
        self.locals.open(label.loop)
        if label.loop:
            self.wild |= self.growing.get(self.offset, frozenset())
            self.loops.append(self.offset)
            self.around[self.offset] = tuple(self.loops[-_AROUND:])
        if kind not in ("block", "loop", "if"):
            self.ranges.give_up()
        self.ranges.open(label, self.offset, condition)
        self.sequence = Sequence()
        return frame

    def escape(self, label: Label) -> None:
        """Note a branch to `label` in every frame inside its own."""
        label.uses += 1
        self.ranges.branch(label)
        if len(self.frames) > _TRACKED_DEPTH:
            return
        for frame in reversed(self.frames):
            if label in (frame.label, frame.landing):
                break
            frame.escapes.add(label)

    def next_order(self) -> int:
        """The order of the next label to end."""
        self._orders += 1
        return self._orders

    def close(self) -> None:
        """Close the innermost construct: its results go on the stack."""
        frame = self.frames.pop()
        self.catching -= frame.kind == "catch"
        self.locals.close()
        if frame.label.loop:
            self.loops.pop()
            if self.is_first:
                self.growing[frame.offset] = frozenset(self.wild)
            self.firm.subtract(frame.firm)
        self.ranges.close(self.reachable, 0 if frame.kind != "if" else 1 if frame.then is None else 2)
        label = frame.label
        if frame.meter is not None:
            frame.meter.write()
            self.meters.pop()
        if frame.landing is not None and not frame.landing.order:
            frame.landing.order = self.next_order()
        label.order = self.next_order()
        slots = (label.uses > 0 and not label.loop) or frame.kind != "block"
        if self.reachable and slots:
            self.stack.place(frame.results, frame.height)
        ended = self.sequence
        ended.falls = self.reachable
        if label.loop:
            self.closed[frame.offset] = label, ended, frame.heads
        self.sequence = frame.outer
        ended = self._whole(frame, ended)
        falls = ended.falls
        self.sequence.nodes.extend(ended.nodes)
        self.reachable = falls
        self.sequence.falls = falls
        if slots or not falls:
            self.stack.cut(frame.height)
            if falls:
                for index, each in enumerate(frame.results):
                    self.push(name(f"s{frame.height + index}", each))

    def _whole(self, frame: Frame, ended: Sequence) -> Sequence:
        """What a construct has become, its last sequence ended."""
        label, offset = frame.label, frame.offset
        if frame.finish is not None:
            ended = frame.finish(ended)
        elif frame.kind == "if":
            then, otherwise = (ended, Sequence()) if frame.then is None else (frame.then, ended)
            tested = offset if frame.fault is None else frame.fault
            node = Conditional(*frame.condition, then, otherwise, tested, frame.retry)
            ended = Sequence([node], then.falls or otherwise.falls)
        if not label.uses:
            return ended
        escapes = frozenset(frame.escapes)
        if label.loop:
            turns = None if frame.turns is None else frame.turns(ended, frame.heads)
            whole = Loop(label, ended, offset, escapes, turns, frame.entry)
            written = filled(whole, frame.heads, frame.meter)
            if written is whole:
                written = streamed(whole, frame.heads)
                if self.form.flavour is not Flavour.PLAIN:
                    written = in_batches(written, frame.heads, frame.meter)
            return Sequence([written], ended.falls)
        return Sequence([Block(label, ended, offset, escapes)])
