"""The template of loops: how one is entered, and what it becomes if it counts; see `counting`."""

from __future__ import annotations

from functools import partial

from wrt_core.engines.stackless.translation.knowledge.counting import Counted, wanted_of
from wrt_core.engines.stackless.translation.knowledge.relation import Range
from wrt_core.engines.stackless.translation.loops.entering import Entry, entry_of
from wrt_core.engines.stackless.translation.loops.turns import turns_of
from wrt_core.engines.stackless.translation.operand import NOTHING, WIDTH_MASK
from wrt_core.engines.stackless.translation.translator import Translator, template
from wrt_core.engines.stackless.translation.variant import Variant
from wrt_core.engines.stackless.translation.ventures import EVERYWHERE
from wrt_core.engines.stackless.translation.writing.source import DEPARTED, Line
from wrt_core.engines.stackless.translation.writing.tree import Conditional, Label, Sequence, Stop
from wrt_foundation.immediates import BlockType
from wrt_foundation.instructions import Instruction


@template("loop")
def loop(t: Translator, instruction: Instruction, type: BlockType) -> None:
    counted = t.found.counted.get(t.offset)
    entry = None if counted is None else _entry(t, counted, type)
    label = Label(loop=True)
    if counted is None or entry is None:
        t.loop_head(t.open("loop", type, label))
        return
    t.settle()
    entry_begins = len(t.sequence.nodes)
    firm = frozenset(counted.locals & t.found.summed)
    for local in sorted(firm):
        mask = WIDTH_MASK[t.local_types[local]]
        if t.ranges.get(local)[1] > mask:
            t.statement(f"l{local} = l{local} % {mask + 1:#x}", NOTHING, t.writes(local))
            t.ranges.know({local: (0, mask)})
    t.firm.update(firm)
    if entry.bound:
        t.append(Line(entry.bound, t.offset))
    if entry.test:
        _ask(t, entry.test)
    before = t.sequence.nodes[entry_begins:]
    frame = t.open("loop", type, label)
    frame.firm, frame.entry = firm, before
    t.ranges.know(entry.known)
    frame.turns = partial(turns_of, label, loop=counted, numbers=entry.numbers)
    t.loop_head(frame)


def _entry(t: Translator, counted: Counted, type: BlockType) -> Entry | None:
    if t.variant is not Variant.CODE or t.block_type(type).params or not t.ranges.is_known:
        return None
    if t.offset in t.recursing:  # a few turns each time, and a range costs as much as a few turns
        return None
    climbs = counted.local in t.found.signed
    heads = {local: t.ranges.at_head(t.offset, local) for local in counted.others}
    wanted = wanted_of(counted, heads, t.local_types, t.addressed)
    variable = f"n{t.offset}"
    wary = t.form.wary

    def at_entry(local: int) -> Range:
        if t.offset in t.reentered and (local == counted.local or local in counted.others):
            return t.ranges.at_head(t.offset, local)
        low, high = t.ranges.get(local)
        return low, min(high, WIDTH_MASK[t.local_types[local]])  # what has grown is masked before

    entry = entry_of(counted, at_entry, wanted, variable, climbs) if wanted and t.offset not in wary else None
    if entry is None and t.offset in t.found.turning:
        entry = entry_of(counted, at_entry, (), variable, climbs)
    return None if entry is not None and entry.test and (-t.offset in wary or wary == EVERYWHERE) else entry


def _ask(t: Translator, test: str) -> None:
    """Append the question that what is known of the loop stands on: without it, other code goes on from its head."""
    # A plain call: Python makes no other without using the C stack, of which a guest that recurses would need much.
    found = Line(f"rest, *here = rest_at({t.index}, {t.offset}, locals())", DEPARTED)
    goes_on = Stop("return rest(here[0], here[1], here[2], None, None)", DEPARTED)
    t.append(Conditional(f"not ({test})", test, Sequence([found, goes_on], False), Sequence(), t.offset))
