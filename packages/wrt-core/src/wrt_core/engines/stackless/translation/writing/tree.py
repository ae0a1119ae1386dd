"""The tree of statements between wasm's structured control and Python's.

Expressions are text by now. A sequence is a list of nodes; nothing follows a node that never falls
through (code that can't be reached is not translated).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from wrt_core.engines.stackless.translation.writing.source import Line, Numbers

__all__ = [
    "Block",
    "Branch",
    "BranchTable",
    "Clause",
    "Conditional",
    "Label",
    "Loop",
    "Node",
    "Sequence",
    "Stop",
    "Stream",
    "Try",
    "Turns",
    "inside",
    "is_plain",
]


@dataclass(slots=True, eq=False)
class Label:
    """Where a branch goes: the end of a block, or the head of a loop.

    `order` numbers labels by where their construct ends, inner before outer, from 1: while control
    seeks a label, every number below the label's marks code to skip.
    """

    loop: bool = False
    order: int = 0
    uses: int = 0


@dataclass(slots=True)
class Branch:
    """Go to `label`; the values it takes are in their slots already."""

    label: Label
    offset: int


@dataclass(slots=True)
class BranchTable:
    """Go to the label numbered by `index`, to `default` past the end. There is at least one label."""

    index: str
    labels: list[Label]
    default: Label
    offset: int

    @property
    def orders(self) -> list[int]:
        """Those of the labels."""
        return [label.order for label in self.labels]

    @property
    def is_ascending(self) -> bool:
        """Whether the index is a variable, and the greater it is, the further out is the label."""
        orders = [*self.orders, self.default.order]
        return self.index.isidentifier() and orders == sorted(orders)


@dataclass(slots=True)
class Stop:
    """A statement that control does not pass: return, raise."""

    text: str
    offset: int


@dataclass(slots=True)
class Conditional:
    """`then` if `test`, else `otherwise`. `negated` is the text of the opposite of `test`."""

    test: str
    negated: str
    then: Sequence
    otherwise: Sequence
    offset: int
    retry: int | None = None
    """As in a line."""


@dataclass(slots=True)
class Block:
    """A sequence whose `label` is its end. `escapes` are the labels outside that its code branches to."""

    label: Label
    body: Sequence
    offset: int
    escapes: frozenset[Label] = frozenset()


@dataclass(slots=True)
class Loop:
    """A sequence whose `label` is its head. Falling off the end leaves it."""

    label: Label
    body: Sequence
    offset: int
    escapes: frozenset[Label] = frozenset()
    turns: Turns | None = None
    """What may be written instead."""
    entry: list[Node] = field(default_factory=list)
    """What is done before it, wherever it is entered."""


@dataclass(slots=True)
class Turns:
    """A loop that goes round for each of some numbers: `body` is what it does, `then` what it does after the last.

    `others` are variables that it steps once each time round at most, by a number or a variable that stays as it is.
    `slices` are by the variables that take an item of each in every turn.
    """

    numbers: Numbers
    body: Sequence
    then: Sequence
    others: dict[str, str]
    slices: dict[str, str] = field(default_factory=dict)
    stream: Stream | None = None
    """What may be written instead."""
    batch: Batch | None = None
    """What may be written before it, and leaves it less to do."""

    @property
    def variables(self) -> str:
        """What goes through something, as after `for`."""
        return ", ".join((f"l{self.numbers.local}", *self.slices))

    @property
    def source(self) -> str:
        """What they go through."""
        return f"zip({', '.join((self.numbers.walk, *self.slices.values()))})" if self.slices else self.numbers.range


@dataclass(slots=True)
class Stream:
    """Other turns of a loop, for where a test holds, and what is done first where it does not; see `streams`."""

    test: str
    turns: Turns
    otherwise: Line


@dataclass(slots=True)
class Batch:
    """How a loop goes through its numbers in batches, if they are more than a `few`; see `batches`.

    `iterator`, `many` and `numbers` are variables: what the loop goes through, how many there are in a batch, and the
    range that they are in. `first` is done before each batch, and `nodes` for each number.
    """

    iterator: str
    many: str
    numbers: str
    few: int
    first: list[Line]
    nodes: list[Node]


@dataclass(slots=True)
class Clause:
    """One catch of a `Try`: the test of the exception `e` that picks it, None to catch all, and what it does then."""

    test: str | None
    body: Sequence


@dataclass(slots=True)
class Try:
    """A sequence with catches, the first that applies taken, to which the exception is `e`; they hold no `Try`."""

    body: Sequence
    clauses: list[Clause]
    offset: int


Node = Line | Branch | BranchTable | Stop | Conditional | Block | Loop | Try


@dataclass(slots=True)
class Sequence:
    """Nodes in order; `falls` says whether control can reach past the last one."""

    nodes: list[Node] = field(default_factory=list)
    falls: bool = True


def inside(node: Node) -> list[Sequence]:
    """The sequences that a node consists of; of a loop that counts, as it would be otherwise."""
    match node:
        case Conditional():
            return [node.then, node.otherwise]
        case Block() | Loop():
            return [node.body]
        case Try():
            return [node.body, *(clause.body for clause in node.clauses)]
        case _:
            return []


def is_plain(nodes: list[Node]) -> bool:
    """Whether nodes may be written twice: they have no labels."""
    return all(
        isinstance(node, (Line, Branch, Stop))
        or (isinstance(node, Conditional) and is_plain(node.then.nodes) and is_plain(node.otherwise.nodes))
        for node in nodes
    )
