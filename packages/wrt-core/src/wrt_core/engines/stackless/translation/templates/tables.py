"""Templates of table instructions. `T0` is the list of table 0's elements, `tab0` the table itself."""

from __future__ import annotations

from wrt_core.engines.stackless.translation.operand import ATOM, CALLS, READS, TRAPS, WIDTH_MASK, Operand
from wrt_core.engines.stackless.translation.stack import WRITES
from wrt_core.engines.stackless.translation.translator import Translator, template
from wrt_foundation.instructions import Instruction
from wrt_foundation.traps import TrapCode


def pop_index(t: Translator) -> Operand:
    """Pop an index for a line on which an IndexError is the table's: none of the index's own may be there."""
    if t.stack.items[-1].effects & TRAPS:
        t.stack.spill(len(t.stack) - 1)
    return t.pop_clean()


@template("table.get")
def get(t: Translator, instruction: Instruction, table: int) -> None:
    index = pop_index(t)
    text = f"T{table}[{index.text}]"
    t.into_slot(text, t.module.tables[table].element, index.effects | READS | TRAPS, TrapCode.TABLE_OUT_OF_BOUNDS)


@template("table.set")
def set_(t: Translator, instruction: Instruction, table: int) -> None:
    # On a line of its own: an IndexError of the value's must not be taken for the table's.
    index, value = t.pop_simple(2)
    t.statement(f"T{table}[{index.text}] = {value.text}", WRITES | TRAPS, trap=TrapCode.TABLE_OUT_OF_BOUNDS)


@template("table.size")
def size(t: Translator, instruction: Instruction, table: int) -> None:
    type_ = t.module.tables[table].address
    t.combine(f"len(T{table})", ATOM, type_, (), 0, WIDTH_MASK[type_], READS)


@template("table.grow")
def grow(t: Translator, instruction: Instruction, table: int) -> None:
    operands = value, count = t.pop_many(2)
    type_ = t.module.tables[table].address
    # The order of evaluation is wasm's: the value comes first.
    t.combine(f"tab{table}.grow_with({value.text}, {count.text})", ATOM, type_, operands, -1, WIDTH_MASK[type_], CALLS)


def _bulk(t: Translator, function: str, leading: tuple[str, ...] = ()) -> None:
    operands = t.pop_many(3)
    effects = WRITES | TRAPS
    for operand in operands:
        effects |= operand.effects
    t.statement(f"{function}({', '.join((*leading, *(each.text for each in operands)))})", effects)


@template("table.fill")
def fill(t: Translator, instruction: Instruction, table: int) -> None:
    _bulk(t, f"tab{table}.fill")


@template("table.copy")
def copy(t: Translator, instruction: Instruction, tables: tuple[int, int]) -> None:
    destination, source = tables
    _bulk(t, f"tab{destination}.copy", (f"tab{source}",))


@template("table.init")
def init(t: Translator, instruction: Instruction, immediates: tuple[int, int]) -> None:
    segment, table = immediates
    _bulk(t, f"tab{table}.init", (f"elements[{segment}]",))


@template("elem.drop")
def drop(t: Translator, instruction: Instruction, segment: int) -> None:
    t.statement(f"elements[{segment}] = ()", WRITES)


__all__ = ["pop_index"]
