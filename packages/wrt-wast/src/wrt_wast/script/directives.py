"""The directives of .wast scripts, as values."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from wrt_foundation.binary import decode
from wrt_foundation.errors import TextError
from wrt_foundation.features import ALL, Features
from wrt_foundation.module import Module
from wrt_wast.dialect import Dialect
from wrt_wast.script.values import Argument, Result
from wrt_wast.text.parser import parse_module

__all__ = [
    "Action",
    "AssertException",
    "AssertExhaustion",
    "AssertInvalid",
    "AssertMalformed",
    "AssertReturn",
    "AssertSuspension",
    "AssertTrap",
    "AssertUnlinkable",
    "DefineModule",
    "Directive",
    "Get",
    "Invoke",
    "ModuleForm",
    "ModuleSource",
    "NewInstance",
    "Perform",
    "Place",
    "Register",
    "Thread",
    "Unreadable",
    "Wait",
    "keyword_of",
]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a directive starts: line and column, from 1."""

    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.line}:{self.column}"


class ModuleForm(Enum):
    """How a script writes a module down."""

    TEXT = "text"
    BINARY = "binary"
    QUOTE = "quote"


@dataclass(frozen=True, slots=True)
class ModuleSource:
    """A module within a script, as it stands there.

    Text has been parsed together with the script: `module` is the outcome, or `error`. `data` are the
    strings' bytes of the other forms, which are read only on demand, as an assertion may expect that to
    fail.
    """

    form: ModuleForm
    name: str | None = None
    module: Module | None = None
    error: TextError | None = None
    data: bytes = b""
    features: Features = ALL
    dialect: Dialect = Dialect.STANDARD

    def read(self) -> Module:
        """Return the module. Raises `TextError` for malformed text, `DecodeError` for a malformed binary."""
        if self.error is not None:
            raise self.error
        if self.form is ModuleForm.BINARY:
            return decode(self.data)
        if self.form is ModuleForm.QUOTE:
            return parse_module(self.data, "<quote>", self.features, self.dialect)
        if self.module is None:
            raise ValueError("a module in text form has its module or its error")
        return self.module


@dataclass(frozen=True, slots=True)
class Invoke:
    """Call an exported function of the instance `module`, by default the latest."""

    module: str | None
    name: str
    arguments: tuple[Argument, ...]


@dataclass(frozen=True, slots=True)
class Get:
    """Read an exported global of the instance `module`, by default the latest."""

    module: str | None
    name: str


Action = Invoke | Get


@dataclass(frozen=True, slots=True)
class DefineModule:
    """`(module …)`, or `(module definition …)`, which is not instantiated yet."""

    place: Place
    source: ModuleSource
    definition: bool = False


@dataclass(frozen=True, slots=True)
class NewInstance:
    """`(module instance $name $definition)`: instantiate a definition, by default the latest."""

    place: Place
    name: str | None
    definition: str | None


@dataclass(frozen=True, slots=True)
class Register:
    """`(register "name" $module)`: make an instance's exports available for imports."""

    place: Place
    name: str
    module: str | None


@dataclass(frozen=True, slots=True)
class Perform:
    """An action by itself, which must succeed."""

    place: Place
    action: Action


@dataclass(frozen=True, slots=True)
class AssertReturn:
    """The action returns these results."""

    place: Place
    action: Action
    results: tuple[Result, ...]


@dataclass(frozen=True, slots=True)
class AssertTrap:
    """The action, or instantiating the module, traps."""

    place: Place
    action: Action | ModuleSource
    message: str


@dataclass(frozen=True, slots=True)
class AssertExhaustion:
    """The action exhausts the call stack."""

    place: Place
    action: Action
    message: str


@dataclass(frozen=True, slots=True)
class AssertMalformed:
    """The module is malformed: it can't be decoded or parsed. `custom` concerns custom sections and annotations."""

    place: Place
    source: ModuleSource
    message: str
    custom: bool = False


@dataclass(frozen=True, slots=True)
class AssertInvalid:
    """The module is well-formed, and validation refuses it. `custom` concerns the contents of custom sections."""

    place: Place
    source: ModuleSource
    message: str
    custom: bool = False


@dataclass(frozen=True, slots=True)
class AssertUnlinkable:
    """The module is valid, and its imports do not fit."""

    place: Place
    source: ModuleSource
    message: str


@dataclass(frozen=True, slots=True)
class AssertException:
    """The action ends with an exception that nobody caught."""

    place: Place
    action: Action


@dataclass(frozen=True, slots=True)
class AssertSuspension:
    """The action suspends, and nobody handles it."""

    place: Place
    action: Action
    message: str


@dataclass(frozen=True, slots=True)
class Thread:
    """`(thread $name (shared (module $m))… directive…)`: run directives in a thread of their own.

    The thread's script begins with the modules that are shared with it, and nothing else.
    """

    place: Place
    name: str
    shared: tuple[str, ...]
    directives: list[Directive] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Wait:
    """`(wait $name)`: wait until a thread has ended."""

    place: Place
    name: str


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A directive that is malformed or unknown; `keyword` is what it calls itself."""

    place: Place
    keyword: str
    error: TextError


Directive = (
    DefineModule
    | NewInstance
    | Register
    | Perform
    | AssertReturn
    | AssertTrap
    | AssertExhaustion
    | AssertMalformed
    | AssertInvalid
    | AssertUnlinkable
    | AssertException
    | AssertSuspension
    | Thread
    | Wait
    | Unreadable
)

_KEYWORDS: dict[type, str] = {
    DefineModule: "module",
    NewInstance: "module instance",
    Register: "register",
    AssertReturn: "assert_return",
    AssertTrap: "assert_trap",
    AssertExhaustion: "assert_exhaustion",
    AssertUnlinkable: "assert_unlinkable",
    AssertException: "assert_exception",
    AssertSuspension: "assert_suspension",
    Thread: "thread",
    Wait: "wait",
}


def keyword_of(directive: Directive) -> str:
    """Return how a script spells a directive."""
    match directive:
        case AssertMalformed():
            return "assert_malformed_custom" if directive.custom else "assert_malformed"
        case AssertInvalid():
            return "assert_invalid_custom" if directive.custom else "assert_invalid"
        case Perform():
            return "get" if isinstance(directive.action, Get) else "invoke"
        case DefineModule(definition=True):
            return "module definition"
        case Unreadable():
            return directive.keyword
    return _KEYWORDS[type(directive)]
