"""Webs: a local that is used for one thing after another is looked at as one local for each.

Compilers let locals share a place where their lives don't overlap: one is an address here and a number there. What is
given to a local, all that reads it, and what else may be given to what reads it, is a web. Each but the first has a
number of its own while a function is read, so that what is known of one does not suffer from another: its range, its
sign, whether a loop counts it, whether it may grow.

The variable is the local's all the same, and holds its last value in whatever form, so that nobody who looks at the
locals of a paused program sees anything of webs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from wrt_core.engines.stackless.translation.operand import is_integer
from wrt_foundation.instructions import BY_NAME, Instruction
from wrt_foundation.types import ValueType

__all__ = ["Webs", "webs_of"]

_WORK = 40
"""How many steps for each instruction are worth it: constructs are asked for all that they give something."""

_DEPTH = 8
"""Loops inside one another that are worth it."""

_SET = frozenset(BY_NAME[each] for each in ("local.set", "local.tee"))
_GET = BY_NAME["local.get"]
_LOCALS = _SET | {_GET}
_BLOCK, _LOOP, _IF, _ELSE, _END = (BY_NAME[each] for each in ("block", "loop", "if", "else", "end"))
_OPENING = frozenset((_BLOCK, _LOOP, _IF))
_BR, _BR_IF, _BR_TABLE = (BY_NAME[each] for each in ("br", "br_if", "br_table"))
_LEAVING = frozenset(BY_NAME[each] for each in ("return", "unreachable", "return_call", "return_call_indirect"))
_UNCLEAR = ("br_on", "try", "catch", "delegate", "throw", "rethrow", "resume", "return_call_ref", "suspend", "switch")
_GIVEN_UP = frozenset(each for name, each in BY_NAME.items() if name.startswith(_UNCLEAR))
"""Instructions from which control may come to where no branch is seen, or that need not be looked into."""

_VARIABLE = re.compile(r"\bl(\d+)\b")

Code = Sequence[tuple[Instruction, object, int]]


@dataclass(slots=True)
class Webs:
    """A function's instructions with its webs for locals.

    `owners` are the locals that webs past the `declared` ones are of, in order; `changes` say by which web a local is
    to be found behind an instruction, by its offset.
    """

    declared: int
    instructions: list[tuple[Instruction, object, int]]
    owners: list[int]
    changes: list[tuple[int, int, int]]

    def owner(self, web: int) -> int:
        """The local that a web is of."""
        place = web - self.declared
        return self.owners[place] if 0 <= place < len(self.owners) else web

    def written(self, text: str) -> str:
        """A text in which webs are called by their locals' variables."""
        return _VARIABLE.sub(lambda found: f"l{self.owner(int(found[1]))}", text)

    def places(self) -> dict[int, frozenset[str]]:
        """For each web that is not alone, its variable and what stands for that of all webs of the same local."""
        webs = {self.declared + place: owner for place, owner in enumerate(self.owners)}
        webs |= {owner: owner for owner in self.owners}
        return {web: frozenset((f"l{web}", f"@{owner}")) for web, owner in webs.items()}


def _locals(mask: int) -> Iterator[int]:
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low


@dataclass(slots=True)
class _Construct:
    """A construct: what is given something in it, and what is alive at its label: at a loop's head, or at the end."""

    instruction: Instruction
    given: int = 0
    alive: int = 0


def _constructs(instructions: Code) -> dict[int, _Construct] | None:
    """All constructs, by where their instructions are in the order; each end is there too.

    None if they can't be followed, nothing is given anything twice, or so many are deep inside that it is not worth it.
    """
    found: dict[int, _Construct] = {}
    open_ = [_Construct(_BLOCK)]
    given = several = depth = 0
    for place, (instruction, immediate, _) in enumerate(instructions):
        if instruction in _SET:
            assert isinstance(immediate, int)
            several |= given & 1 << immediate
            given |= 1 << immediate
            open_[-1].given |= 1 << immediate
            depth += len(open_)
        elif instruction in _OPENING:
            found[place] = _Construct(instruction)
            open_.append(found[place])
        elif instruction is _END and len(open_) > 1:
            found[place] = ended = open_.pop()
            open_[-1].given |= ended.given
        elif instruction in _GIVEN_UP:
            return None
    return found if several and depth <= _WORK * len(instructions) else None


def _revived(instructions: Code, constructs: dict[int, _Construct]) -> bool:
    """Find what is alive at the labels; say whether it was found.

    What is alive at the heads of loops is so for ways back, too, which come first when one goes backwards. So it is
    done again until they agree: once more for each loop around another.
    """
    heads = [each for each in constructs.values() if each.instruction is _LOOP]
    for _ in range(_DEPTH):
        before = [head.alive for head in heads]
        _revive(instructions, constructs)
        if [head.alive for head in heads] == before:
            return True
    return False


def _revive(instructions: Code, constructs: dict[int, _Construct]) -> None:
    """Go backwards once."""
    alive = 0
    labels: list[_Construct] = []
    others: list[int | None] = []
    for place in range(len(instructions) - 1, -1, -1):
        instruction, immediate, _ = instructions[place]
        if instruction in _SET:
            assert isinstance(immediate, int)
            alive &= ~(1 << immediate)
        elif instruction is _GET:
            assert isinstance(immediate, int)
            alive |= 1 << immediate
        elif instruction is _END and place in constructs:
            construct = constructs[place]
            if construct.instruction is not _LOOP:
                construct.alive = alive
            labels.append(construct)
            others.append(None)
        elif instruction is _ELSE:
            others[-1], alive = alive, labels[-1].alive
        elif instruction in _OPENING:
            construct, other = labels.pop(), others.pop()
            if instruction is _LOOP:
                construct.alive = alive
            elif instruction is _IF:
                alive |= construct.alive if other is None else other
        elif instruction in (_BR, _BR_IF, _BR_TABLE):
            depths = immediate if isinstance(immediate, tuple) else (immediate,)
            alive = alive if instruction is _BR_IF else 0
            for depth in set(depths):
                alive |= labels[-1 - depth].alive if depth < len(labels) else 0
        elif instruction in _LEAVING:
            alive = 0


@dataclass(slots=True)
class _Scope:
    """A construct that is open."""

    construct: _Construct
    entering: dict[int, int]
    leaving: dict[int, int] = field(default_factory=dict)
    """What there is wherever there is a branch to its end."""
    left: bool = False
    """Whether there is one."""
    otherwise: bool = False
    """Whether it is the second arm of an `if`."""


class _Follower:
    """Follows which web each local is in; webs are numbered, those that meet are joined."""

    def __init__(self, declared: int, limit: int) -> None:
        self.current = list(range(declared))
        self.owners = list(range(declared))
        self.scopes: list[_Scope] = []
        self.reachable = True
        self.left = limit
        self._parents = list(range(declared))

    def find(self, web: int) -> int:
        """The first of all webs that a web was joined with."""
        parents = self._parents
        while parents[web] != web:
            parents[web] = parents[parents[web]]
            web = parents[web]
        return web

    def _join(self, a: int, b: int) -> None:
        a, b = self.find(a), self.find(b)
        self._parents[max(a, b)] = min(a, b)

    def give(self, local: int) -> None:
        """A local is given something: a web begins."""
        self.current[local] = len(self.owners)
        self._parents.append(len(self.owners))
        self.owners.append(local)

    def _current(self, mask: int) -> dict[int, int]:
        found = {local: self.current[local] for local in _locals(mask)}
        self.left -= len(found)
        return found

    def open(self, construct: _Construct) -> None:
        """A construct begins."""
        asked = construct.given & construct.alive if construct.instruction is _LOOP else construct.given
        entering = {} if construct.instruction is _BLOCK else self._current(asked)
        self.scopes.append(_Scope(construct, entering))

    def branch(self, depth: int) -> None:
        """A branch is read, or the end of a construct come to."""
        if depth >= len(self.scopes):
            return
        scope = self.scopes[-1 - depth]
        scope.left = True
        into = scope.entering if scope.construct.instruction is _LOOP else scope.leaving
        for local, web in self._current(scope.construct.given & scope.construct.alive).items():
            self._join(into.setdefault(local, web), web)

    def otherwise(self) -> None:
        """The second arm of an `if` begins."""
        if self.reachable:
            self.branch(0)
        scope = self.scopes[-1]
        scope.otherwise = True
        for local, web in scope.entering.items():
            self.current[local] = web
        self.reachable = True

    def close(self) -> None:
        """The construct ends."""
        scope = self.scopes[-1]
        instruction = scope.construct.instruction
        if instruction is _LOOP:  # a branch to it goes back
            self.scopes.pop()
            return
        if instruction is _IF and not scope.otherwise:
            self.otherwise()
        if self.reachable:
            self.branch(0)
        self.scopes.pop()
        self.reachable = scope.left
        for local, web in scope.leaving.items():
            self.current[local] = web


def webs_of(instructions: list[tuple[Instruction, object, int]], types: list[ValueType]) -> Webs | None:
    """Return the webs of a function with locals of these types, None if each of them is one or that can't be said.

    Locals that hold no integers are one each.
    """
    constructs = _constructs(instructions)
    if constructs is None or not _revived(instructions, constructs):
        return None
    declared = len(types)
    follower = _Follower(declared, _WORK * len(instructions))
    seen: list[int] = []
    changes: list[tuple[int, int, int]] = []
    skipped = 0
    for place, (instruction, immediate, offset) in enumerate(instructions):
        if not follower.reachable and (skipped or instruction not in (_ELSE, _END)):
            skipped += (instruction in _OPENING) - (instruction is _END)
            if instruction in _LOCALS:
                assert isinstance(immediate, int)
                seen.append(immediate)
        elif instruction in _LOCALS:
            assert isinstance(immediate, int)
            if instruction is not _GET and is_integer(types[immediate]):
                follower.give(immediate)
                changes.append((offset, immediate, follower.current[immediate]))
            seen.append(follower.current[immediate])
        elif instruction in _OPENING:
            follower.open(constructs[place])
        elif instruction in (_ELSE, _END) and follower.scopes:
            scope = follower.scopes[-1]
            follower.otherwise() if instruction is _ELSE else follower.close()
            changes += [(offset, local, follower.current[local]) for local in (*scope.entering, *scope.leaving)]
        elif instruction in (_BR, _BR_IF, _BR_TABLE):
            depths = immediate if isinstance(immediate, tuple) else (immediate,)
            for depth in set(depths):
                follower.branch(depth)
            follower.reachable = instruction is _BR_IF
        elif instruction in _LEAVING:
            follower.reachable = False
        if follower.left < 0:
            return None
    return _numbered(instructions, declared, follower, seen, changes)


def _numbered(
    instructions: list[tuple[Instruction, object, int]],
    declared: int,
    follower: _Follower,
    seen: list[int],
    changes: list[tuple[int, int, int]],
) -> Webs | None:
    """Number the webs: that in which a local begins has the local's own number."""
    numbers = list(range(declared))
    owners: list[int] = []
    for web in range(declared, len(follower.owners)):
        root = follower.find(web)
        if root == web:
            numbers.append(declared + len(owners))
            owners.append(follower.owners[web])
        else:
            numbers.append(numbers[root])
    if not owners:
        return None
    webs = iter(seen)
    renamed = [
        (instruction, numbers[next(webs)] if instruction in _LOCALS else immediate, offset)
        for instruction, immediate, offset in instructions
    ]
    return Webs(declared, renamed, owners, [(offset, local, numbers[web]) for offset, local, web in changes])
