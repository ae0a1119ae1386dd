"""Python source under construction, each line with the wasm offset that it came from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from wrt_foundation.traps import TrapCode

__all__ = ["DEPARTED", "ENTRY", "NOWHERE", "Line", "Numbers", "Source", "TooDeep"]

INDENT_LIMIT = 88
"""Levels of indentation: Python's tokenizer refuses 100."""

BLOCK_LIMIT = 16
"""Loops and try statements inside one another: Python's compiler refuses 20, and a try counts for two."""


NOWHERE = -1
"""The offset of a line that stands for no instruction, and for no frame of the guest's stack."""

ENTRY = -2
"""The offset of a line that runs when a function is entered, before its first instruction."""

DEPARTED = -3
"""The offset of a line that makes a tail call: its function has nothing left to do but to pass on the result."""


class TooDeep(Exception):
    """The structured form would nest deeper than Python allows; the dispatched form serves instead."""


@dataclass(frozen=True, slots=True)
class Numbers:
    """Those that a local goes through in a loop, as texts: from the first on by steps, until it gets to the end."""

    local: int
    first: str
    end: str
    step: str
    ahead: bool = False
    """Whether the local has been stepped already when the loop goes back."""
    walk: str = ""
    """The variable that has their range where other variables are not stepped, and None where they are."""
    dropped: tuple[tuple[str, str], ...] = ()
    """These variables, and by what they would be stepped."""

    @property
    def range(self) -> str:
        """The range."""
        step = "" if self.step == "1" else f", {self.step}"
        return f"range({self.first}, {self.end}{step})"

    @property
    def tests(self) -> tuple[str, str]:
        """The text that tests whether the local is not at the end yet, and its opposite."""
        signs = (">", "<=") if self.step.startswith("-") else ("<", ">=")
        return f"l{self.local} {signs[0]} {self.end}", f"l{self.local} {signs[1]} {self.end}"

    def next(self, names: dict[str, Any], variables: Mapping[str, Any]) -> int | None:
        """The number after the one that the local is in running code with these globals and variables, if any."""
        step, end = (int(eval(text, names, dict(variables))) for text in (self.step, self.end))
        found: int = variables[f"l{self.local}"] + (0 if self.ahead else step)
        return found if (found < end if step > 0 else found > end) else None

    def stepped(self, names: dict[str, Any], variables: Mapping[str, Any]) -> Mapping[str, Any]:
        """The variables of code that is at one of the numbers, stepped as far as if all had been."""
        walk = variables.get(self.walk)
        if walk is None:
            return variables
        turns = (variables[f"l{self.local}"] - walk.start) // walk.step
        steps = {name: int(eval(step, names, dict(variables))) for name, step in self.dropped}
        return {**variables, **{name: variables[name] + step * turns for name, step in steps.items()}}


@dataclass(slots=True)
class Line:
    """One line: a statement without its indentation, and the offset of the instruction behind it.

    `trap` is what an IndexError on this line means, where it is not memory out of bounds.
    """

    text: str
    offset: int
    trap: TrapCode | None = None
    indent: int = 0
    head: int | None = None
    """The offset of the wasm loop that the line begins."""
    retry: int | None = None
    """The offset of the instruction that all is done again from if an address on this line is too large."""


@dataclass(slots=True)
class Source:
    """Lines of one function, in order."""

    lines: list[Line] = field(default_factory=list)
    blocks: dict[int, int] | None = None
    """In dispatched form, the offsets of loops by the number of the block that begins them."""
    counted: dict[int, Numbers] = field(default_factory=dict)
    """The numbers of loops that count, by the loops' offsets."""

    @property
    def heads(self) -> dict[int, int]:
        """The offsets of loops, by the line that begins the Python loop, or by block."""
        if self.blocks is not None:
            return self.blocks
        return {number: line.head for number, line in enumerate(self.lines, 1) if line.head is not None}

    def begin(self, parameters: Iterable[str], shared: Iterable[str]) -> None:
        """Begin the function, of which some variables are `shared` with others: each is in a cell."""
        names = ", ".join(shared)
        if names:
            self.add(-1, f"def sharing({names}):", NOWHERE)
        self.add(0, f"def f({', '.join(parameters)}):", ENTRY)
        if names:
            self.add(1, f"nonlocal {names}", NOWHERE)

    def add(self, indent: int, text: str, offset: int, trap: TrapCode | None = None) -> None:
        """Append a line. Raises `TooDeep` past the indentation that Python takes."""
        if indent > INDENT_LIMIT:
            raise TooDeep
        self.lines.append(Line(text, offset, trap, indent))

    def take(self, indent: int, line: Line) -> None:
        """Append a line at a level of indentation. Raises `TooDeep` past that which Python takes."""
        self.add(indent, line.text, line.offset, line.trap)
        self.lines[-1].retry = line.retry

    def render(self) -> str:
        """The whole text."""
        first = self.lines[0].indent
        return "".join(f"{' ' * (line.indent - first)}{line.text}\n" for line in self.lines)
