"""Instruction sequences: function bodies and constant expressions (specification, section 6.5).

Folded and flat forms may nest in one another without bound, so what is open is kept on a stack of
our own, never on Python's.
"""

from __future__ import annotations

from array import array
from enum import Enum, auto

from wrt_foundation.binary import read_instructions, write_instruction, write_instructions
from wrt_foundation.errors import DecodeError, did_you_mean
from wrt_foundation.immediates import BlockType
from wrt_foundation.instructions import BY_KEYWORD, BY_NAME
from wrt_wast.dialect import Dialect
from wrt_wast.text.annotations import CODE, take_branch_hint, take_bytes, take_name
from wrt_wast.text.context import Context
from wrt_wast.text.cursor import shown
from wrt_wast.text.immediates import catches, read_immediates
from wrt_wast.text.spaces import Space
from wrt_wast.text.typeuse import block_type_use

__all__ = ["Body"]

_BLOCKS = frozenset({"block", "loop", "if", "try_table", "try"})
_PARTS = frozenset({"else", "end", "catch", "catch_all", "delegate"})
"""The keywords that divide or close a flat block."""
_CLAUSES = frozenset({"then", "else", "do", "catch", "catch_all", "delegate"})
"""The keywords of a folded block's clauses."""

_BARE: dict[str, bytes] = {
    keyword: candidates[0].encoding
    for keyword, candidates in BY_KEYWORD.items()
    if len(candidates) == 1 and not candidates[0].immediates and keyword not in _PARTS
}
"""The plain instructions without immediates, which are most of them, as bytes."""

_WORDS = frozenset(BY_KEYWORD) | _CLAUSES | {"export", "import", "type", "param", "result", "local"}
"""What may stand at the head of an instruction, or before the first of them, for suggestions."""

_END = BY_NAME["end"].encoding


class _Kind(Enum):
    """What may stand inside of something that is open."""

    OPERANDS = auto()
    """A folded plain instruction: folded operands, then the instruction itself."""
    CONDITION = auto()
    """A folded `if` before `(then`: folded instructions."""
    TRY = auto()
    """A folded `try` before `(do`: nothing else."""
    CLAUSES = auto()
    """A folded `if` or `try` after its first clause: further clauses."""
    FOLDED = auto()
    """A folded block, or a clause of one: any instructions, up to the parenthesis."""
    FLAT = auto()
    """A flat block: any instructions, up to `end`."""


_FLAT_INSIDE = frozenset({_Kind.FOLDED, _Kind.FLAT})


class _Open:
    """Something that has been opened and not yet closed."""

    __slots__ = ("hint", "keyword", "kind", "label", "pending", "start")

    def __init__(
        self,
        kind: _Kind,
        keyword: str,
        start: int,
        pending: bytes = b"",
        label: str | None = None,
        hint: int | None = None,
    ) -> None:
        self.kind = kind
        self.keyword = keyword  # what was read last of it: `if`, `then`, `else` … decides what may follow
        self.start = start  # the token it was opened at
        self.pending = pending  # bytes for later: a plain instruction after its operands, `if` after its condition
        self.label = label
        self.hint = hint


class Body:
    """Reads instructions up to the parenthesis that closes none of them, and collects their bytes in `code`.

    `locals` are the locals in scope. `label_names` are the names of blocks, by their order in the code, and `hints`
    the branch hints: an offset in `code` and the hint. `places` has, for each instruction in turn, its offset in `code`
    and the character of the text that it starts at.
    """

    def __init__(self, c: Context, scope: Space | None = None) -> None:
        self.c: Context = c
        self.locals: Space = Space("local") if scope is None else scope
        self.code = bytearray()
        self.label_names: dict[int, str] = {}
        self.hints: list[tuple[int, int]] = []
        self.places = array("I")
        self._starts = c.tokens.starts
        self._blocks = 0
        self._labels: list[str | None] = []
        self._depths: dict[str, list[int]] = {}
        self._open: list[_Open] = []

    def expression(self) -> bytes:
        """Read instructions up to the closing parenthesis, which stays; return them with an `end`."""
        c = self.c
        raw = take_bytes(c, CODE) if c.tokens.annotations else None
        start = c.index
        self._read(one=False)
        self._emit(_END, c.index)
        if raw is None:
            return bytes(self.code)
        if not _same_instructions(raw, bytes(self.code)):
            raise c.error(f"@{CODE} annotation: its instructions are not those of the text", start)
        del self.places[:]  # numbers may be longer there, which moves all that follows
        return raw

    def folded_expression(self) -> bytes:
        """Read one folded instruction; return it with an `end`."""
        if self.c.lexemes[self.c.index] != "(":
            raise self.c.unexpected("a folded instruction")
        self._read(one=True)
        self._emit(_END, self.c.index - 1)
        return bytes(self.code)

    def label(self) -> int:
        """Read a label and return how many blocks outwards it is."""
        c = self.c
        lexeme = c.lexemes[c.index]
        if lexeme[0] != "$":
            return c.unsigned(32, "a label")
        depths = self._depths.get(lexeme)
        if not depths:
            known = [name for name, depths in self._depths.items() if depths] if len(lexeme) < 100 else []
            raise c.error(f"unknown label {shown(lexeme)}{did_you_mean(lexeme, known)}")
        c.index += 1
        return len(self._labels) - 1 - depths[-1]

    def _read(self, one: bool) -> None:
        c, lexemes, open_ = self.c, self.c.lexemes, self._open
        annotations = c.tokens.annotations
        admit_flat = _FLAT_INSIDE if one or c.dialect is Dialect.STANDARD else _FLAT_INSIDE | {_Kind.OPERANDS}
        while True:
            lexeme = lexemes[c.index]
            hint = take_branch_hint(c) if annotations and c.index in annotations else None
            if lexeme == "(":
                self._open_form(lexemes[c.index + 1], hint)
                if one and not open_:
                    return
            elif lexeme == ")":
                if not open_:
                    return
                self._close_form()
                if one and not open_:
                    return
            elif open_ and open_[-1].kind not in admit_flat:
                raise c.unexpected(_MISSING.get(open_[-1].kind, "a folded instruction or ')'"))
            elif lexeme in _BLOCKS:
                start = c.index
                c.index += 1
                header, label = self._header(lexeme)
                self._emit(header, start, hint)
                self._enter(label)
                open_.append(_Open(_Kind.FLAT, lexeme, start, label=label))
            elif lexeme in _PARTS:
                self._part(lexeme, hint)
            else:
                start = c.index
                self._emit(self._plain(lexeme), start, hint)

    def _emit(self, encoded: bytes, at: int, hint: int | None = None) -> None:
        """Append an instruction that stands at the token `at`."""
        self.places.append(len(self.code))
        self.places.append(self._starts[at])
        if hint is not None:
            self.hints.append((len(self.code), hint))
        self.code += encoded

    def _plain(self, keyword: str) -> bytes:
        """Read the plain instruction that comes next; return its bytes."""
        c = self.c
        bare = _BARE.get(keyword)
        if bare is not None:
            c.index += 1
            return bare
        if keyword not in BY_KEYWORD or keyword in _PARTS:
            open_condition = bool(self._open) and self._open[-1].kind is _Kind.CONDITION
            wanted = "a folded instruction or '(then'" if open_condition else "an instruction"
            raise c.unexpected(wanted, known=_WORDS)
        c.index += 1
        instruction, immediate = read_immediates(self, keyword)
        encoded = bytearray()
        write_instruction(encoded, instruction, immediate)
        return bytes(encoded)

    def _header(self, keyword: str) -> tuple[bytes, str | None]:
        """Read what follows a block's keyword: return the bytes of its instruction, and its label."""
        c = self.c
        label = c.identifier()
        if c.tokens.annotations and (name := take_name(c, "label")) is not None:
            self.label_names[self._blocks] = name
        block_type = self._block_type()
        encoded = bytearray()
        (instruction,) = BY_KEYWORD[keyword]
        write_instruction(encoded, instruction, (block_type, catches(self)) if keyword == "try_table" else block_type)
        return bytes(encoded), label

    def _block_type(self) -> BlockType:
        c = self.c
        if c.lexemes[c.index] != "(":
            return None
        index, function = block_type_use(c)
        if index is not None:
            return index
        if function.params or len(function.results) > 1:
            return c.function_type(function)
        return function.results[0] if function.results else None

    def _enter(self, label: str | None) -> None:
        if label is not None:
            self._depths.setdefault(label, []).append(len(self._labels))
            self.label_names.setdefault(self._blocks, label[1:])
        self._labels.append(label)
        self._blocks += 1

    def _leave(self) -> None:
        label = self._labels.pop()
        if label is not None:
            self._depths[label].pop()

    def _open_form(self, keyword: str, hint: int | None) -> None:
        """Read `(keyword` with what belongs to the keyword, in whatever is open."""
        c, start = self.c, self.c.index
        top = self._open[-1] if self._open else None
        if top is not None and top.kind in (_Kind.TRY, _Kind.CLAUSES):
            self._clause(top, keyword)
        elif top is not None and top.kind is _Kind.CONDITION and keyword == "then":
            c.index += 2
            self._emit(top.pending, top.start + 1, top.hint)
            self._enter(top.label)
            top.kind, top.keyword = _Kind.CLAUSES, "then"
            self._open.append(_Open(_Kind.FOLDED, "then", start))
        elif keyword in _BLOCKS:
            c.index += 2
            header, label = self._header(keyword)
            if keyword == "if":
                self._open.append(_Open(_Kind.CONDITION, keyword, start, header, label, hint))
                return
            self._emit(header, start + 1, hint)
            self._enter(label)
            self._open.append(_Open(_Kind.TRY if keyword == "try" else _Kind.FOLDED, keyword, start))
        else:
            c.index += 1
            encoded = self._plain(keyword)
            if c.lexemes[c.index] == ")":
                c.index += 1
                self._emit(encoded, start + 1, hint)
            else:
                self._open.append(_Open(_Kind.OPERANDS, keyword, start, encoded, None, hint))

    def _clause(self, top: _Open, keyword: str) -> None:
        """Read the head of a further clause of the folded `if` or `try` that is open."""
        c, start = self.c, self.c.index
        c.index += 1
        if keyword not in _NEXT_CLAUSES[top.keyword]:
            wanted = " or ".join(f"({word}" for word in sorted(_NEXT_CLAUSES[top.keyword])) or "')'"
            raise c.unexpected(wanted, c.index if keyword in _CLAUSES else start)
        if keyword == "delegate":
            # The label counts from outside of the `try`, which is over.
            self._leave()
            self._emit(self._plain_part(keyword), start + 1)
        elif keyword == "do":
            c.index += 1
        else:
            self._emit(self._plain_part(keyword), start + 1)
        top.kind, top.keyword = _Kind.CLAUSES, keyword
        self._open.append(_Open(_Kind.FOLDED, keyword, start))
        if keyword == "delegate" and c.lexemes[c.index] != ")":
            raise c.unexpected("')'")

    def _plain_part(self, keyword: str) -> bytes:
        """Read a dividing instruction with its immediates; return its bytes."""
        self.c.index += 1
        (instruction,) = BY_KEYWORD[keyword]
        encoded = bytearray()
        immediate = read_immediates(self, keyword)[1] if instruction.immediates else None
        write_instruction(encoded, instruction, immediate)
        return bytes(encoded)

    def _close_form(self) -> None:
        """Read the parenthesis that closes the innermost form."""
        c, top = self.c, self._open[-1]
        if top.kind is _Kind.OPERANDS:
            self._emit(top.pending, top.start + 1, top.hint)
        elif top.kind is _Kind.CLAUSES:
            if top.keyword != "delegate":
                self._leave()
                self._emit(_END, c.index)
        elif top.kind is not _Kind.FOLDED:
            raise c.unexpected(_MISSING[top.kind] + self._opened_at(top))
        elif top.keyword not in _CLAUSES:
            self._leave()
            self._emit(_END, c.index)
        self._open.pop()
        c.index += 1

    def _opened_at(self, top: _Open) -> str:
        line, column = self.c.tokens.place(self.c.tokens.starts[top.start])
        return f" of the {top.keyword!r} at {line}:{column}"

    def _part(self, keyword: str, hint: int | None) -> None:
        """Read a keyword that divides or closes the innermost flat block."""
        c = self.c
        top = self._open[-1] if self._open else None
        if top is None or top.kind is not _Kind.FLAT:
            raise c.unexpected(f"an instruction: no block is open that {keyword!r} could belong to")
        if keyword not in _NEXT_PARTS[top.keyword]:
            raise c.unexpected(f"an instruction: it does not fit{self._opened_at(top)}")
        if keyword in ("end", "delegate"):
            self._open.pop()
            self._leave()
        start = c.index
        self._emit(self._plain_part(keyword), start, hint)
        top.keyword = keyword
        if keyword in ("end", "else"):
            at = c.index
            repeated = c.identifier()
            if repeated is not None and repeated != top.label:
                opened = f"is {shown(top.label)}" if top.label is not None else "has no label"
                raise c.error(f"mismatching label {shown(repeated)}: the block {opened}", at)


def _same_instructions(raw: bytes, code: bytes) -> bool:
    """Say whether bytes from a binary are these instructions, numbers longer than needed apart."""
    try:
        return write_instructions((i, immediate) for i, immediate, _ in read_instructions(raw)) == code
    except DecodeError:
        return False


_MISSING = {
    _Kind.CONDITION: "'(then'",
    _Kind.TRY: "'(do'",
    _Kind.CLAUSES: "a further clause",
    _Kind.FLAT: "the 'end'",
}

_NEXT_CLAUSES: dict[str, frozenset[str]] = {
    "then": frozenset({"else"}),
    "else": frozenset(),
    "try": frozenset({"do"}),
    "do": frozenset({"catch", "catch_all", "delegate"}),
    "catch": frozenset({"catch", "catch_all"}),
    "catch_all": frozenset(),
    "delegate": frozenset(),
}
"""The clauses of a folded block that may follow a clause."""

_NEXT_PARTS: dict[str, frozenset[str]] = {
    "block": frozenset({"end"}),
    "loop": frozenset({"end"}),
    "try_table": frozenset({"end"}),
    "if": frozenset({"else", "end"}),
    "else": frozenset({"end"}),
    "try": frozenset({"catch", "catch_all", "delegate", "end"}),
    "catch": frozenset({"catch", "catch_all", "end"}),
    "catch_all": frozenset({"end"}),
}
"""The keywords that may follow within a flat block."""
