"""`parse_script`: from the text of a .wast file to its directives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from wrt_foundation.errors import TextError, did_you_mean
from wrt_foundation.features import ALL, Features
from wrt_wast.dialect import Dialect
from wrt_wast.script.constants import argument, result
from wrt_wast.script.directives import (
    Action,
    AssertException,
    AssertExhaustion,
    AssertInvalid,
    AssertMalformed,
    AssertReturn,
    AssertSuspension,
    AssertTrap,
    AssertUnlinkable,
    DefineModule,
    Directive,
    Get,
    Invoke,
    ModuleForm,
    ModuleSource,
    NewInstance,
    Perform,
    Place,
    Register,
    Thread,
    Unreadable,
    Wait,
)
from wrt_wast.text.annotations import kept, refuse_misplaced
from wrt_wast.text.context import Context
from wrt_wast.text.cursor import Cursor
from wrt_wast.text.lexer import END, Tokens, decode_source, tokenize
from wrt_wast.text.parser import read_fields

__all__ = ["Script", "parse_script"]


@dataclass(slots=True)
class Script:
    """A script: its directives, and its text for reports."""

    directives: list[Directive]
    source: str
    filename: str | None = None

    _lines: list[str] | None = None

    def line(self, number: int) -> str:
        """Return a line of the text, counted from 1."""
        if self._lines is None:
            self._lines = self.source.split("\n")
        return self._lines[number - 1].rstrip("\r") if 0 < number <= len(self._lines) else ""


def parse_script(
    source: str | bytes,
    filename: str | None = None,
    features: Features = ALL,
    dialect: Dialect = Dialect.STANDARD,
) -> Script:
    """Return the directives of a script, in order. `features` and `dialect` are as for `parse_module`.

    A directive that can't be read becomes `Unreadable`, with the error; the others are read all the
    same. Raises `TextError` only where the source is not UTF-8.
    """
    text = decode_source(source, filename)
    tokens = tokenize(text, filename, kept(dialect))
    c = _Cursor(tokens, features, dialect)
    if c.lexemes[0] == "(" and c.lexemes[1] in _FIELDS:
        # The whole file is one module, without parentheses around its fields.
        return Script([DefineModule(_place(tokens, 0), _bare_module(c))], text, filename)
    return Script(_directives(c), text, filename)


class _Cursor(Cursor):
    """A cursor that knows how the modules in its script are to be read."""

    __slots__ = ("dialect", "features")

    def __init__(self, tokens: Tokens, features: Features, dialect: Dialect) -> None:
        super().__init__(tokens)
        self.features = features
        self.dialect = dialect

    def context(self) -> Context:
        """Return what reads a module from the next token on."""
        return Context(self.tokens, self.index, self.features, self.dialect)


_FIELDS = frozenset(
    ("type", "rec", "import", "func", "table", "memory", "global", "export", "start", "elem", "data", "tag")
)


def _directives(c: _Cursor) -> list[Directive]:
    """Read directives up to the end of the text. Threads hold directives: those still open are kept on a stack."""
    top: list[Directive] = []
    open_threads: list[Thread] = []
    while c.lexemes[c.index] != END:
        into = open_threads[-1].directives if open_threads else top
        start = c.index
        if open_threads and c.take(")"):
            open_threads.pop()
            continue
        keyword = c.lexemes[start + 1] if c.lexemes[start] == "(" else c.lexemes[start]
        try:
            if c.open("thread"):
                thread = _thread(c, start)
                into.append(thread)
                open_threads.append(thread)
            else:
                into.append(_directive(c))
        except TextError as error:
            into.append(Unreadable(_place(c.tokens, start), keyword, error))
            c.index = start + 1
            if c.lexemes[start] == "(":
                c.skip_form()
    top.extend(Unreadable(thread.place, "thread", c.unexpected("')'")) for thread in open_threads)
    return top


def _place(tokens: Tokens, index: int) -> Place:
    return Place(*tokens.place(tokens.starts[index]))


def _directive(c: _Cursor) -> Directive:
    start = c.index
    c.expect("(")
    keyword = c.lexemes[c.index]
    read = _READERS.get(keyword)
    if read is None:
        if not keyword.isidentifier():
            raise c.unexpected("a directive")
        raise c.error(f"unknown directive {keyword!r}{did_you_mean(keyword, _READERS)}")
    if keyword not in ("module", "invoke", "get"):
        c.index += 1
    directive = read(c, _place(c.tokens, start))
    c.expect(")")
    return directive


def _bare_module(script: _Cursor) -> ModuleSource:
    c = script.context()
    try:
        read_fields(c, None)
        if c.lexemes[c.index] != END:
            raise c.unexpected("a module field")
        refuse_misplaced(c.tokens, 0, c.index)
    except TextError as error:
        return ModuleSource(ModuleForm.TEXT, error=error)
    return ModuleSource(ModuleForm.TEXT, module=c.module)


def _module_source(c: _Cursor) -> ModuleSource:
    """Read a module without its parentheses, from its keyword on; malformed text is kept as an error."""
    start = c.index
    c.expect("module")
    c.take("definition")
    name = c.identifier()
    keyword = c.lexemes[c.index]
    if keyword in ("binary", "quote"):
        c.index += 1
        return ModuleSource(ModuleForm(keyword), name, data=c.strings(), features=c.features, dialect=c.dialect)
    inner = c.context()
    try:
        read_fields(inner, name)
        if c.lexemes[inner.index] != ")":
            raise inner.unexpected("a module field")
        refuse_misplaced(c.tokens, start, inner.index)
    except TextError as error:
        c.skip_form()
        c.index -= 1
        return ModuleSource(ModuleForm.TEXT, name, error=error)
    c.index = inner.index
    return ModuleSource(ModuleForm.TEXT, name, module=inner.module)


def _parenthesized_module(c: _Cursor) -> ModuleSource:
    c.expect("(")
    source = _module_source(c)
    c.expect(")")
    return source


def _module(c: _Cursor, place: Place) -> Directive:
    keyword = c.lexemes[c.index + 1]
    if keyword == "instance":
        c.index += 2
        name = c.identifier()
        return NewInstance(place, name, c.identifier())
    return DefineModule(place, _module_source(c), keyword == "definition")


def _register(c: _Cursor, place: Place) -> Register:
    return Register(place, c.name(), c.identifier())


def _invoke(c: _Cursor) -> Invoke:
    c.index += 1
    module = c.identifier()
    name = c.name()
    arguments = []
    while c.lexemes[c.index] == "(":
        arguments.append(argument(c))
    return Invoke(module, name, tuple(arguments))


def _get(c: _Cursor) -> Get:
    c.index += 1
    return Get(c.identifier(), c.name())


def _action(c: _Cursor) -> Action:
    """Read a parenthesized action."""
    c.expect("(")
    keyword = c.lexemes[c.index]
    if keyword == "invoke":
        action: Action = _invoke(c)
    elif keyword == "get":
        action = _get(c)
    else:
        raise c.unexpected("invoke or get")
    c.expect(")")
    return action


def _assert_return(c: _Cursor, place: Place) -> AssertReturn:
    action = _action(c)
    results = []
    while c.lexemes[c.index] == "(":
        results.append(result(c))
    return AssertReturn(place, action, tuple(results))


def _assert_trap(c: _Cursor, place: Place) -> AssertTrap:
    what: Action | ModuleSource
    if c.lexemes[c.index] == "(" and c.lexemes[c.index + 1] == "module":
        what = _parenthesized_module(c)
    else:
        what = _action(c)
    return AssertTrap(place, what, c.name())


def _thread(c: _Cursor, start: int) -> Thread:
    """Read a thread's head, up to its directives."""
    name = c.identifier()
    if name is None:
        raise c.unexpected("a thread's identifier")
    shared = []
    while c.open("shared"):
        c.expect("(")
        c.expect("module")
        module = c.identifier()
        if module is None:
            raise c.unexpected("a module's identifier")
        shared.append(module)
        c.expect(")")
        c.expect(")")
    return Thread(_place(c.tokens, start), name, tuple(shared))


def _wait(c: _Cursor, place: Place) -> Wait:
    name = c.identifier()
    if name is None:
        raise c.unexpected("a thread's identifier")
    return Wait(place, name)


_READERS: dict[str, Callable[[_Cursor, Place], Directive]] = {
    "module": _module,
    "register": _register,
    "invoke": lambda c, place: Perform(place, _invoke(c)),
    "get": lambda c, place: Perform(place, _get(c)),
    "assert_return": _assert_return,
    "assert_trap": _assert_trap,
    "assert_exhaustion": lambda c, place: AssertExhaustion(place, _action(c), c.name()),
    "assert_malformed": lambda c, place: AssertMalformed(place, _parenthesized_module(c), c.name()),
    "assert_malformed_custom": lambda c, place: AssertMalformed(place, _parenthesized_module(c), c.name(), True),
    "assert_invalid": lambda c, place: AssertInvalid(place, _parenthesized_module(c), c.name()),
    "assert_invalid_custom": lambda c, place: AssertInvalid(place, _parenthesized_module(c), c.name(), True),
    "assert_unlinkable": lambda c, place: AssertUnlinkable(place, _parenthesized_module(c), c.name()),
    "assert_exception": lambda c, place: AssertException(place, _action(c)),
    "assert_suspension": lambda c, place: AssertSuspension(place, _action(c), c.name()),
    "wait": _wait,
}
