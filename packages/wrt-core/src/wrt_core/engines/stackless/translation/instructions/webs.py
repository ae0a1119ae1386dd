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
from dataclasses import dataclass, field

from wrt_core.engines.stackless.translation.instructions.kinds import (
    ASSIGNING,
    BLOCK,
    BR,
    BR_IF,
    BR_TABLE,
    ELSE,
    END,
    GET,
    IF,
    LEAVING,
    LOOP,
    Instructions,
)
from wrt_core.engines.stackless.translation.instructions.liveness import (
    CONSTRUCTS,
    WORK,
    Construct,
    constructs_of,
    locals_in,
    revived,
)
from wrt_core.engines.stackless.translation.operand import is_integer
from wrt_foundation.types import ValueType

__all__ = ["Webs", "webs_of"]

_LOCALS = ASSIGNING | {GET}
_VARIABLE = re.compile(r"\bl(\d+)\b")


@dataclass(slots=True)
class Webs:
    """A function's instructions with its webs for locals.

    `owners` are the locals that webs past the `declared` ones are of, in order; `changes` say by which web a local is
    to be found behind an instruction, by its offset.
    """

    declared: int
    instructions: Instructions
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


@dataclass(slots=True)
class _Scope:
    """A construct that is open."""

    construct: Construct
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
        found = {local: self.current[local] for local in locals_in(mask)}
        self.left -= len(found)
        return found

    def open(self, construct: Construct) -> None:
        """A construct begins."""
        asked = construct.given & construct.alive if construct.instruction is LOOP else construct.given
        entering = {} if construct.instruction is BLOCK else self._current(asked)
        self.scopes.append(_Scope(construct, entering))

    def branch(self, depth: int) -> None:
        """A branch is read, or the end of a construct come to."""
        if depth >= len(self.scopes):
            return
        scope = self.scopes[-1 - depth]
        scope.left = True
        into = scope.entering if scope.construct.instruction is LOOP else scope.leaving
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
        if instruction is LOOP:  # a branch to it goes back
            self.scopes.pop()
            return
        if instruction is IF and not scope.otherwise:
            self.otherwise()
        if self.reachable:
            self.branch(0)
        self.scopes.pop()
        self.reachable = scope.left
        for local, web in scope.leaving.items():
            self.current[local] = web


def webs_of(instructions: Instructions, types: list[ValueType]) -> Webs | None:
    """Return the webs of a function with locals of these types, None if each of them is one or that can't be said.

    Locals that hold no integers are one each.
    """
    constructs = constructs_of(instructions)
    if constructs is None or not revived(instructions, constructs):
        return None
    declared = len(types)
    follower = _Follower(declared, WORK * len(instructions))
    seen: list[int] = []
    changes: list[tuple[int, int, int]] = []
    skipped = 0
    for place, (instruction, immediate, offset) in enumerate(instructions):
        if not follower.reachable and (skipped or instruction not in (ELSE, END)):
            skipped += (instruction in CONSTRUCTS) - (instruction is END)
            if instruction in _LOCALS:
                assert isinstance(immediate, int)
                seen.append(immediate)
        elif instruction in _LOCALS:
            assert isinstance(immediate, int)
            if instruction is not GET and is_integer(types[immediate]):
                follower.give(immediate)
                changes.append((offset, immediate, follower.current[immediate]))
            seen.append(follower.current[immediate])
        elif instruction in CONSTRUCTS:
            follower.open(constructs[place])
        elif instruction in (ELSE, END) and follower.scopes:
            scope = follower.scopes[-1]
            follower.otherwise() if instruction is ELSE else follower.close()
            changes += [(offset, local, follower.current[local]) for local in (*scope.entering, *scope.leaving)]
        elif instruction in (BR, BR_IF, BR_TABLE):
            depths = immediate if isinstance(immediate, tuple) else (immediate,)
            for depth in set(depths):
                follower.branch(depth)
            follower.reachable = instruction is BR_IF
        elif instruction in LEAVING:
            follower.reachable = False
        if follower.left < 0:
            return None
    return _numbered(instructions, declared, follower, seen, changes)


def _numbered(
    instructions: Instructions,
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
