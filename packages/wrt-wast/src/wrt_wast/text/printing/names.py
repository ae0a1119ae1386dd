"""The name section of a printed module: identifiers say all of it, or it is written as it stands."""

from __future__ import annotations

from dataclasses import replace
from enum import Enum, auto

from wrt_foundation.binary import encode, encode_names, read_instructions
from wrt_foundation.binary.instructions import OPENING
from wrt_foundation.binary.names import NAME_SECTION
from wrt_foundation.module import CustomSection, Module, Names
from wrt_foundation.types import ExternKind
from wrt_wast.text.printing.context import Context

__all__ = ["NameForm", "form_of_names"]


class NameForm(Enum):
    """How the text says what the name section says."""

    IDENTIFIERS = auto()
    """The identifiers alone: what they make is put where it was."""
    PLACED = auto()
    """The identifiers, and an annotation for where the section stands."""
    VERBATIM = auto()
    """The section's bytes: identifiers would not give them back."""


def form_of_names(c: Context, section: CustomSection) -> NameForm:
    """Return how a name section is to be written."""
    module = c.module
    if sum(custom.name == NAME_SECTION for custom in module.customs) > 1:
        return NameForm.VERBATIM
    if encode_names(_representable(c)) != section.data:
        return NameForm.VERBATIM
    rest = replace(module, customs=[custom for custom in module.customs if custom is not section])
    rest.defer_names(lambda: module.names)
    return NameForm.IDENTIFIERS if encode(rest) == encode(module) else NameForm.PLACED


def _representable(c: Context) -> Names:
    """Return those of a module's names that identifiers and annotations can say: of things that exist."""
    names = c.module.names
    first = len(c.module.imported(ExternKind.FUNC))
    locals_, labels = {}, {}
    for index, code in enumerate(c.module.codes, first):
        function = c.type_of_function(index)
        count = len(function.params) if function is not None else 0
        if index in names.locals:
            locals_[index] = _below(names.locals[index], count + sum(run for run, _ in code.locals))
        if index in names.labels:
            blocks = sum(instruction in OPENING for instruction, _, _ in read_instructions(code.code))
            labels[index] = _below(names.labels[index], blocks)
    return Names(
        module=names.module,
        functions=_below(names.functions, len(c.function_types)),
        locals=locals_,
        labels=labels,
        types=_below(names.types, len(c.subtypes)),
        tables=_below(names.tables, _count(c.module, ExternKind.TABLE)),
        memories=_below(names.memories, _count(c.module, ExternKind.MEMORY)),
        globals=_below(names.globals, _count(c.module, ExternKind.GLOBAL)),
        elements=_below(names.elements, len(c.module.elements)),
        data=_below(names.data, len(c.module.data)),
        fields={
            index: below
            for index in c.fields
            if (below := _below(names.fields[index], len(c.subtypes[index].composite.fields)))  # type: ignore[union-attr]
        },
        tags=_below(names.tags, len(c.tag_types)),
    )


def _below(names: dict[int, str], count: int) -> dict[int, str]:
    return {index: name for index, name in names.items() if index < count}


def _count(module: Module, kind: ExternKind) -> int:
    defined = {ExternKind.TABLE: module.tables, ExternKind.MEMORY: module.memories, ExternKind.GLOBAL: module.globals}
    return len(module.imported(kind)) + len(defined[kind])  # type: ignore[arg-type]
