"""`Cursor`: a place among the tokens of a text, and the errors that arise there."""

from __future__ import annotations

from collections.abc import Iterable

from wrt_foundation.errors import TextError
from wrt_wast.text.floats import is_float
from wrt_wast.text.integers import is_number_like, parse_natural, parse_unsigned
from wrt_wast.text.keywords import KEYWORDS, suggest
from wrt_wast.text.lexer import END, FAULT, Annotation, Tokens
from wrt_wast.text.strings import StringError, decode_name, decode_string

__all__ = ["Cursor", "shown"]


class Cursor:
    """Reads tokens one after another. `index` is that of the next token. Not shared by threads."""

    __slots__ = ("index", "lexemes", "tokens")

    def __init__(self, tokens: Tokens, index: int = 0) -> None:
        self.tokens = tokens
        self.lexemes = tokens.lexemes
        self.index = index

    def error(self, message: str, index: int | None = None) -> TextError:
        """Return the error `message` at token `index`, by default the next one."""
        return self.tokens.error(message, self.tokens.starts[self.index if index is None else index])

    def unexpected(self, wanted: str = "", index: int | None = None, *, known: Iterable[str] = KEYWORDS) -> TextError:
        """Return the error that the next token, or that at `index`, is not what the grammar wants there.

        `known` are the words to suggest one of, where the token is a word that does not exist.
        """
        at = self.index if index is None else index
        lexeme = self.lexemes[at]
        if lexeme == FAULT:
            return self.error(self.tokens.faults[at], at)
        hint = f", expected {wanted}" if wanted else ""
        if lexeme == END:
            return self.error(f"unexpected token: the text ends here{hint}{self._unclosed()}", at)
        if lexeme in KEYWORDS or lexeme[0] in '()"$' or is_float(lexeme) or _is_assignment(lexeme):
            return self.error(f"unexpected token {shown(lexeme)}{hint}", at)
        if is_number_like(lexeme):
            return self.error(f"unknown operator {shown(lexeme)}: not a number{hint}", at)
        return self.error(f"unknown operator {shown(lexeme)}{suggest(lexeme, known)}", at)

    def _unclosed(self) -> str:
        """Say which parenthesis is still open at the end of the text, the innermost one."""
        open_ = []
        for index, lexeme in enumerate(self.lexemes):
            if lexeme == "(":
                open_.append(index)
            elif lexeme == ")" and open_:
                open_.pop()
        if not open_:
            return ""
        line, column = self.tokens.place(self.tokens.starts[open_[-1]])
        return f"; the parenthesis at {line}:{column} is not closed"

    def expect(self, lexeme: str) -> None:
        """Step over the token `lexeme`, which must come next."""
        if self.lexemes[self.index] != lexeme:
            raise self.unexpected(f"{lexeme!r}")
        self.index += 1

    def open(self, keyword: str) -> bool:
        """Step over `(keyword` if it comes next, and say whether it did."""
        lexemes, index = self.lexemes, self.index
        if lexemes[index] == "(" and lexemes[index + 1] == keyword:
            self.index = index + 2
            return True
        return False

    def take(self, lexeme: str) -> bool:
        """Step over the token `lexeme` if it comes next, and say whether it did."""
        if self.lexemes[self.index] == lexeme:
            self.index += 1
            return True
        return False

    def identifier(self) -> str | None:
        """Step over an identifier if one comes next and return it, with its `$`."""
        lexeme = self.lexemes[self.index]
        if lexeme[0] != "$":
            return None
        self.index += 1
        return lexeme

    def string(self) -> bytes:
        """Read a string, which must come next."""
        lexeme = self.lexemes[self.index]
        if lexeme[0] != '"':
            raise self.unexpected("a string")
        try:
            data = decode_string(lexeme)
        except StringError as error:
            raise self.error(error.message) from None
        self.index += 1
        return data

    def strings(self) -> bytes:
        """Read any number of strings, and join them."""
        parts = []
        while self.lexemes[self.index][0] == '"':
            parts.append(self.string())
        return b"".join(parts)

    def name(self) -> str:
        """Read a string of UTF-8, which must come next."""
        lexeme = self.lexemes[self.index]
        if lexeme[0] != '"':
            raise self.unexpected("a string")
        try:
            name = decode_name(lexeme)
        except StringError as error:
            raise self.error(error.message) from None
        self.index += 1
        return name

    def is_natural(self) -> bool:
        """Say whether a number without sign comes next."""
        return parse_natural(self.lexemes[self.index]) is not None

    def is_index(self, index: int | None = None) -> bool:
        """Say whether the next token, or that at `index`, is an identifier or a number without sign."""
        lexeme = self.lexemes[self.index if index is None else index]
        return lexeme[0] == "$" or parse_natural(lexeme) is not None

    def number(self, literal: str, bits: int, wanted: str = "a number") -> int:
        """Return the number of type u*bits* that `literal`, the next token or a part of it, stands for."""
        try:
            value = parse_unsigned(literal, bits)
        except OverflowError:
            raise self.error(f"i{bits} constant out of range") from None
        if value is None:
            raise self.unexpected(wanted)
        return value

    def unsigned(self, bits: int, wanted: str = "a number") -> int:
        """Read a number of type u*bits*, which must come next."""
        value = self.number(self.lexemes[self.index], bits, wanted)
        self.index += 1
        return value

    def annotation(self, *names: str) -> Annotation | None:
        """Take the first annotation of one of the names that stands right before the next token."""
        found = self.tokens.annotations.get(self.index)
        if found:
            for position, annotation in enumerate(found):
                if annotation.name in names:
                    del found[position]
                    return annotation
        return None

    def skip_form(self) -> None:
        """Step past the closing parenthesis of the form that one is inside of, or to the end of the text."""
        lexemes, index, depth = self.lexemes, self.index, 1
        while True:
            lexeme = lexemes[index]
            if lexeme == "(":
                depth += 1
            elif lexeme == ")":
                depth -= 1
                if not depth:
                    index += 1
                    break
            elif lexeme == END:
                break
            index += 1
        self.index = index


def _is_assignment(lexeme: str) -> bool:
    keyword, _, number = lexeme.partition("=")
    return keyword in ("offset", "align") and parse_natural(number) is not None


def shown(lexeme: str) -> str:
    """Return a token for a message: the beginning of a long one."""
    return lexeme if len(lexeme) <= 60 else lexeme[:57] + "..."
