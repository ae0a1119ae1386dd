"""Characters → tokens (specification, section 6.2 "Lexical Format").

A token is kept as its lexeme, a `str` whose first character tells its class: a parenthesis, `"` for
a string, `$` for an identifier, a letter for a keyword, a digit or sign for a number. What follows
white space, comments and annotations that nobody asked for is dropped here. Quoted identifiers are
spelled plainly (`$"a b"` is the lexeme `$a b`), so that equal names are equal lexemes.

Lexing never fails: a character sequence that is no token becomes the lexeme `FAULT`, and the reason
is kept beside it. So an error is reported when, and only when, a parser gets that far, and one bad
form of a script leaves the others usable.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, field

from wrt_foundation.errors import TextError
from wrt_wast.text.strings import StringError, decode_name

__all__ = ["END", "FAULT", "Annotation", "Tokens", "decode_source", "tokenize"]

FAULT = "\x00"
"""The lexeme of what is no token."""
END = "\x03"
"""The lexeme after the last token."""

_IDCHAR = r"[0-9A-Za-z!#$%&'*+\-./:<=>?@\\^_`|~]"
_STRING = (
    r'"[^"\\\x00-\x1f\x7f]*+'
    r"""(?:\\(?:[tnr"'\\]|[0-9a-fA-F]{2}|u\{[0-9a-fA-F]++(?:_[0-9a-fA-F]++)*+\})[^"\\\x00-\x1f\x7f]*+)*+"""
)
_TOKEN = re.compile(
    # White space, line comments and block comments without another inside.
    r"(?:[ \t\n\r]++|;;[^\n\r]*+|\(;[^(;]*+(?:(?:;(?!\))|\((?!;))[^(;]*+)*+;\))*+"
    r"(?:"
    rf'({_IDCHAR}++(?!"))'  # 1: keyword, number or identifier
    r"|(\((?![;@])|\))"  # 2: parenthesis
    rf'|({_STRING}"(?!{_IDCHAR}|"))'  # 3: string
    rf'|(\$({_STRING}")(?!{_IDCHAR}|"))'  # 4, 5: quoted identifier
    r"|(\(;)"  # 6: a block comment with others inside, or without an end
    r"|(\(@)"  # 7: annotation
    rf'|(\$?{_STRING}(?!"))'  # 8: a string that is broken off
    rf'|((?:{_IDCHAR}|{_STRING}")++)'  # 9: reserved: tokens that nothing separates
    r"|(.)"  # 10: any other character
    r")?",
    re.DOTALL,
)
_COMMENT_EDGE = re.compile(r"\(;|;\)")
_ANNOTATION_NAME = re.compile(rf'({_IDCHAR}++(?!"))|({_STRING}")|"')
_REST_OF_STRING = re.compile(r'(?:[^"\\\n]|\\.)*+"?')

_ATOM, _PARENTHESIS, _STRING_TOKEN, _QUOTED, _QUOTED_STRING, _COMMENT, _ANNOTATION, _BROKEN, _RESERVED, _OTHER = range(
    1, 11
)


@dataclass(slots=True)
class Annotation:
    """One annotation `(@name …)`: its body's tokens, without the closing parenthesis, and where it starts."""

    name: str
    lexemes: list[str]
    starts: list[int]
    start: int


@dataclass(slots=True)
class Tokens:
    """A text's tokens: `lexemes[i]` starts at the character `source[starts[i]]`; the last lexeme is `END`.

    `faults` says by index what is wrong with a `FAULT`, `annotations` what stands right before a token.
    """

    source: str
    filename: str | None = None
    lexemes: list[str] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    faults: dict[int, str] = field(default_factory=dict)
    annotations: dict[int, list[Annotation]] = field(default_factory=dict)
    _newlines: list[int] | None = None

    def place(self, start: int) -> tuple[int, int]:
        """Return the line and column, both from 1, of the character at `start`."""
        if self._newlines is None:
            self._newlines = [match.start() for match in re.finditer("\n", self.source)]
        line = bisect_right(self._newlines, start - 1)
        return line + 1, start - (self._newlines[line - 1] + 1 if line else 0) + 1

    def error(self, message: str, start: int, kind: type[TextError] = TextError) -> TextError:
        """Return the error of a `kind` that `message` describes, at the character at `start`."""
        line, column = self.place(start)
        begin = self.source.rfind("\n", 0, start) + 1
        end = self.source.find("\n", start)
        source_line = self.source[begin : end if end >= 0 else len(self.source)].rstrip("\r")
        return kind(message, line=line, column=column, source_line=source_line, filename=self.filename)


def decode_source(source: bytes | str, filename: str | None = None) -> str:
    """Return the text of a source in UTF-8. Raises `TextError` where it is not UTF-8."""
    if isinstance(source, str):
        return source
    try:
        return source.decode()
    except UnicodeDecodeError as error:
        good = source[: error.start].decode()
        line = good.rpartition("\n")[2]
        raise TextError(
            "malformed UTF-8 encoding",
            line=good.count("\n") + 1,
            column=len(line) + 1,
            source_line=line + "\ufffd",
            filename=filename,
        ) from None


def tokenize(source: str, filename: str | None = None, keep: frozenset[str] = frozenset()) -> Tokens:
    """Return the tokens of `source`; annotations are kept whose names are in `keep`, the others skipped."""
    tokens = Tokens(source, filename)
    position = 0
    while position >= 0:
        position = _run(tokens, position, keep)
    tokens.lexemes.append(END)
    tokens.starts.append(len(source))
    return tokens


def _run(tokens: Tokens, position: int, keep: frozenset[str]) -> int:
    """Append tokens from `position` on. Return where to go on after something that a regex can't read, or -1."""
    lexemes, starts = tokens.lexemes, tokens.starts
    for match in _TOKEN.finditer(tokens.source, position):
        kind = match.lastindex
        if kind is None:
            # The optional token is absent only at the end of the text.
            break
        lexeme = match[kind]
        start = match.start(kind)
        if kind <= _STRING_TOKEN:
            if lexeme == "$":
                _fault(tokens, "empty identifier", start)
                continue
            lexemes.append(lexeme)
            starts.append(start)
        elif kind == _COMMENT:
            end = _comment_end(tokens.source, start)
            if end < 0:
                _fault(tokens, "unclosed comment", start)
                break
            return end
        elif kind == _ANNOTATION:
            return _annotation(tokens, start, keep)
        elif kind == _QUOTED:
            try:
                name = decode_name(match[_QUOTED_STRING])
            except StringError as error:
                _fault(tokens, error.message, start)
                continue
            if not name:
                _fault(tokens, "empty identifier", start)
                continue
            lexemes.append("$" + name)
            starts.append(start)
        elif kind == _RESERVED:
            shown = lexeme if len(lexeme) <= 40 else f"{lexeme[:39]}…"
            _fault(tokens, f"unknown operator {shown}: a space is missing", start)
        elif kind == _BROKEN:
            _fault(tokens, "empty identifier" if lexeme[0] == "$" else _why_broken(tokens.source, match.end()), start)
            rest = _REST_OF_STRING.match(tokens.source, match.end())
            return rest.end() if rest else match.end()
        else:
            _fault(tokens, _why_illegal(lexeme), start)
    return -1


def _fault(tokens: Tokens, message: str, start: int) -> None:
    tokens.faults[len(tokens.lexemes)] = message
    tokens.lexemes.append(FAULT)
    tokens.starts.append(start)


def _why_illegal(character: str) -> str:
    if character in ",;[]{}":
        return f"unknown operator {character}"
    return f"illegal character {character!r}"


def _why_broken(source: str, end: int) -> str:
    if end >= len(source) or source[end] in "\n\r":
        return "unclosed string"
    return "illegal escape" if source[end] == "\\" else f"illegal character {source[end]!r} in string"


def _comment_end(source: str, start: int) -> int:
    depth = 0
    for edge in _COMMENT_EDGE.finditer(source, start):
        depth += 1 if edge[0] == "(;" else -1
        if not depth:
            return edge.end()
    return -1


def _annotation(tokens: Tokens, start: int, keep: frozenset[str]) -> int:
    """Read the annotation at `start`: keep it or skip it. Return the position after it, or -1 at the text's end."""
    source = tokens.source
    after = start + 2
    named = _ANNOTATION_NAME.match(source, after)
    if named is None or named[0] in ('"', '""'):
        _fault(tokens, "empty annotation id", start)
        return after
    name = named[1]
    if name is None:
        try:
            name = decode_name(named[2])
        except StringError as error:
            _fault(tokens, error.message, start)
            return named.end()
    body = Tokens(source, tokens.filename)
    depth, position = 1, named.end()
    while depth and position >= 0:
        begin = len(body.lexemes)
        position, depth = _annotation_tokens(body, position, depth)
        if any(i >= begin for i in body.faults):
            # What stands in an annotation must still be tokens, of any kind: report the first that is none.
            index = min(i for i in body.faults if i >= begin)
            _fault(tokens, body.faults[index], body.starts[index])
            return -1 if position < 0 else position
    if depth:
        _fault(tokens, "unclosed annotation", start)
        return -1
    if name in keep:
        found = Annotation(name, body.lexemes, body.starts, start)
        tokens.annotations.setdefault(len(tokens.lexemes), []).append(found)
    return position


def _annotation_tokens(body: Tokens, position: int, depth: int) -> tuple[int, int]:
    """Append an annotation's tokens up to its closing parenthesis; return where to go on, and the depth there."""
    for match in _TOKEN.finditer(body.source, position):
        kind = match.lastindex
        if kind is None:
            return -1, depth
        lexeme, start = match[kind], match.start(kind)
        if kind == _PARENTHESIS:
            depth += 1 if lexeme == "(" else -1
            if not depth:
                return match.end(), 0
        elif kind == _COMMENT:
            end = _comment_end(body.source, start)
            if end < 0:
                _fault(body, "unclosed comment", start)
            return end, depth
        elif kind == _ANNOTATION:
            # Inside an annotation, `(@x` is but a parenthesis and a reserved token.
            depth += 1
            body.lexemes.append("(")
            body.starts.append(start)
            continue
        elif kind == _BROKEN:
            _fault(body, "empty identifier" if lexeme[0] == "$" else _why_broken(body.source, match.end()), start)
            return -1, depth
        elif kind == _OTHER and lexeme not in ",;[]{}":
            _fault(body, _why_illegal(lexeme), start)
            return -1, depth
        body.lexemes.append(lexeme)
        body.starts.append(start)
    return -1, depth
