"""Templates of control instructions: what opens and closes constructs, and branches."""

from __future__ import annotations

from wrt_core.engines.stackless.translation.holding import climbing
from wrt_core.engines.stackless.translation.knowledge.relation import opposite, relation_of
from wrt_core.engines.stackless.translation.operand import (
    CONDITIONAL,
    READS,
    TRAPS,
    UNARY,
    Operand,
    is_integer,
    last_fault,
    name,
)
from wrt_core.engines.stackless.translation.stack import assignment, moves_of
from wrt_core.engines.stackless.translation.templates.landings import held, landed
from wrt_core.engines.stackless.translation.translator import Translator, template
from wrt_core.engines.stackless.translation.writing.source import DEPARTED, Line
from wrt_core.engines.stackless.translation.writing.tree import (
    Block,
    Branch,
    BranchTable,
    Conditional,
    Label,
    Node,
    Sequence,
    Stop,
)
from wrt_foundation.immediates import BlockType
from wrt_foundation.instructions import Instruction
from wrt_foundation.types import FuncType


@template("block")
def block(t: Translator, instruction: Instruction, type: BlockType) -> None:
    t.open("block", type, Label())


def tests(condition: Operand) -> tuple[str, str]:
    """The text that tests a canonical i32, and the text of its opposite."""
    relation = condition.relation
    if relation is not None and relation[0] in ("==", "!=") and relation[2].value == 0:  # it is its own test
        one = relation[1]
        texts = one.at(CONDITIONAL + 1), f"not {one.at(UNARY)}"
        return texts if relation[0] == "!=" else (texts[1], texts[0])
    if condition.negated is not None:
        return condition.text, condition.negated
    return condition.at(CONDITIONAL + 1), f"not {condition.at(UNARY)}"


def pop_condition(t: Translator) -> Operand:
    """Pop an i32 of which it only matters whether it is zero."""
    condition = t.pop()
    climbing.used(t, condition)
    return condition if condition.tells_zero else condition.clean()


@template("if")
def if_(t: Translator, instruction: Instruction, type: BlockType) -> None:
    open_if(t, t.block_type(type))


def open_if(t: Translator, signature: FuncType) -> None:
    """Open an `if` of a function type that the module need not have."""
    condition = pop_condition(t)
    t.stack.before(condition.effects | TRAPS)
    retry = t.ventured(condition.effects)
    relation, texts = relation_of(condition), tests(condition)
    if t.begins_with(relation):
        t.ranges.begin(relation)
    frame = t.open_as("if", signature, Label(), relation)
    frame.condition, frame.fault, frame.retry = texts, condition.fault, retry
    frame.operands = t.stack.items[frame.height :]


@template("else")
def else_(t: Translator, instruction: Instruction, _: None) -> None:
    frame = t.frames[-1]
    if t.reachable:
        t.stack.place(frame.results, frame.height)
    t.sequence.falls = t.reachable
    frame.then = t.sequence
    t.sequence = Sequence()
    t.reachable = True
    t.locals.arm(entered=True)
    t.ranges.arm(bool(frame.then.falls))
    t.stack.cut(frame.height)
    for operand in frame.operands:
        t.push(operand)


@template("end")
def end(t: Translator, instruction: Instruction, _: None) -> None:
    frame = t.frames[-1]
    if frame.kind == "if" and frame.then is None and frame.results:
        else_(t, instruction, None)  # an absent arm passes the parameters on
    if len(t.frames) > 1:
        t.close()
    else:
        _end_function(t)


def _end_function(t: Translator) -> None:
    frame = t.frames.pop()
    values: list[Operand] | None = None
    if frame.label.uses:  # a branch table ends the function: what it returns is in slots
        if t.reachable:
            t.stack.place(frame.results, 0)
        frame.label.order = t.next_order()
        t.sequence.falls = t.reachable
        t.body = Sequence([Block(frame.label, t.sequence, t.offset, frozenset(frame.escapes))])
        t.sequence, t.reachable = t.body, True
        values = [name(f"s{index}", each) for index, each in enumerate(frame.results)]
    if t.reachable:
        t.append(_return(t, t.pop_many(len(frame.results)) if values is None else values))
        t.sequence.falls = t.reachable = False
    if frame.landing is not None:  # what was delegated to the caller
        frame.landing.order = t.next_order()
        t.body = landed(frame, t.body, Sequence([Stop(f"raise {held(frame)}", t.offset)], False))
    if t.departure.uses:
        t.departure.order = t.next_order()
        inside = Block(t.departure, t.body, t.offset)
        t.body = Sequence([inside, Line(t.make, DEPARTED), Stop("return r", t.offset)], False)


def _return(t: Translator, values: list[Operand]) -> Stop:
    effects = TRAPS
    for value in values:
        effects |= value.effects
    t.stack.before(effects)
    fault = last_fault(values)
    return Stop(return_text([value.text for value in values]), t.offset if fault is None else fault)


def return_text(values: list[str]) -> str:
    """The statement that returns values as compiled code does: none, one, or a tuple."""
    if len(values) > 1:
        return f"return ({', '.join(values)})"
    return f"return {values[0]}" if values else "return"


@template("return")
def return_(t: Translator, instruction: Instruction, _: None) -> None:
    t.stop(_return(t, t.pop_many(len(t.type.results))))


@template("unreachable")
def unreachable(t: Translator, instruction: Instruction, _: None) -> None:
    t.stack.before(TRAPS)
    t.stop(Stop("raise Trap(UNREACHABLE)", t.offset))


@template("br")
def br(t: Translator, instruction: Instruction, depth: int) -> None:
    if depth == len(t.frames) - 1:
        return_(t, instruction, None)
        return
    frame = t.frames[-1 - depth]
    t.stack.place(frame.branch_types, frame.height)
    t.stack.before(TRAPS)
    t.escape(frame.label)
    t.stop(Branch(frame.label, t.offset))


@template("br_if")
def br_if(t: Translator, instruction: Instruction, depth: int) -> None:
    condition = pop_condition(t)
    t.stack.before(condition.effects | TRAPS)
    retry = t.ventured(condition.effects)
    relation, texts = relation_of(condition), tests(condition)
    if t.begins_with(relation):
        t.ranges.begin(opposite(relation))
    t.ranges.assume(relation)
    branch_when(t, *texts, depth, condition.fault, retry)
    t.ranges.assume(None)
    t.ranges.narrow(opposite(relation))


def branch_when(
    t: Translator, test: str, negated: str, depth: int, fault: int | None = None, retry: int | None = None
) -> None:
    """Append a branch that is taken on `test`; the operands that it takes stay for the other path.

    If the test may trap, then at `fault`; if it is to be done again, then from `retry`.
    """
    nodes = leave(t, depth)
    tested = t.offset if fault is None else fault
    t.append(Conditional(test, negated, Sequence(nodes, False), Sequence(), tested, retry))


def leave(t: Translator, depth: int, taken: list[Operand] | None = None) -> list[Node]:
    """The nodes that go to a label with what is on top of the stack, which stays there, or with `taken`."""
    frame = t.frames[-1 - depth]
    types = frame.branch_types
    values = taken if taken is not None else t.stack.items[len(t.stack) - len(types) :]
    if depth == len(t.frames) - 1:
        returned = [each.clean().text if is_integer(each.type) else each.text for each in values]
        return [Stop(return_text(returned), t.offset)]
    t.escape(frame.label)
    moves = moves_of(values, frame.height)
    branch: list[Node] = [Branch(frame.label, t.offset)]
    return [Line(assignment(moves), t.offset), *branch] if moves else branch


@template("br_table")
def br_table(t: Translator, instruction: Instruction, depths: tuple[int, ...]) -> None:
    frames = [t.frames[-1 - depth] for depth in depths]
    arity = len(frames[-1].branch_types)
    (index,) = t.pop_simple()
    if len(frames) == 1:  # whatever the index is; it has no effects any more
        br(t, instruction, depths[0])
        return
    t.stack.before(index.effects | TRAPS)
    values = t.pop_many(arity)
    labels = [frame.label for frame in frames]
    for label in set(labels):
        t.escape(label)
    table = BranchTable(index.at(CONDITIONAL + 1), labels[:-1], labels[-1], t.offset)
    if not arity:
        t.stop(table)
        return
    for value in values:
        assert not value.effects & ~READS
    # The values go to slots at the target's height, and targets may differ in it.
    default = frames[-1].height
    others: dict[int, list[int]] = {}
    for position, frame in enumerate(frames[:-1]):
        if frame.height != default:
            others.setdefault(frame.height, []).append(position)
    for height, positions in others.items():
        choices = f"({', '.join(map(str, positions))},)"
        taken = Sequence([*_moves(t, values, height), table], False)
        t.append(
            Conditional(f"{index.text} in {choices}", f"{index.text} not in {choices}", taken, Sequence(), t.offset)
        )
    for node in _moves(t, values, default):
        t.append(node)
    t.stop(table)


def _moves(t: Translator, values: list[Operand], height: int) -> list[Node]:
    moves = moves_of(values, height)
    return [Line(assignment(moves), t.offset)] if moves else []


__all__ = ["branch_when", "leave", "open_if", "pop_condition", "return_text", "tests"]
