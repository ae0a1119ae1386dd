"""`replay`: a recorded run, run again without its host, and checked."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from wrt_core.engine import Engine
from wrt_core.recording.errors import Divergence, JournalError
from wrt_core.recording.events import Answered, Begin, Call, Done, End, Event, Failed, Imported, Raised, Read
from wrt_core.recording.failure import Failure
from wrt_core.recording.guest import final_state, frames_of, own_function, several, stack_of
from wrt_core.recording.host_effects import HostEffects
from wrt_core.recording.journal import JournalReader
from wrt_core.recording.stand_ins import stand_ins
from wrt_core.recording.values import References, Value, same
from wrt_core.runtime.function import Func
from wrt_core.runtime.instance import Instance
from wrt_core.validation import ValidatedModule
from wrt_foundation.errors import WrtError
from wrt_foundation.traps import Frame, Trap
from wrt_foundation.types import ValueType

__all__ = ["Replayed", "replay"]


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a replay has found the same: so many calls of the host by the guest, and of the guest by the host.

    `recorded_on` and `replayed_on` name the engines. `cut` is True if the recorded run was ended from outside, by a
    limit or a person; what the guest would have done then is not known.
    """

    host_calls: int
    guest_calls: int
    recorded_on: str
    replayed_on: str
    cut: bool = False


def replay(journal: str | os.PathLike[str], engine: Engine, module: ValidatedModule) -> Replayed:
    """Run `module` on `engine` as `journal` says, with the journal in place of the host, and compare all that it does.

    The guest reaches nothing outside. Raises `Divergence` at the first difference; `JournalError` for a journal that is
    damaged, incomplete, none, or of another module; `OSError` if it can't be read.
    """
    with JournalReader(journal) as reader:
        if reader.header.module != module.hash:
            named = f" ({reader.header.name})" if reader.header.name else ""
            raise JournalError(f"a journal of another module{named}: SHA-256 {reader.header.module[:12]}…", line=1)
        return _Replayer(reader, engine, module).run()


class _Cut(Exception):
    """The recorded run was ended from outside here."""


class _Replayer:
    """Plays the host: what the journal says it did, it does, and what the guest did, it expects."""

    def __init__(self, reader: JournalReader, engine: Engine, module: ValidatedModule) -> None:
        self._reader = reader
        self._events = iter(reader)
        self._engine = engine
        self._module = module
        self._references = References()
        self._effects = HostEffects(module, self._references, self._own)
        self._instance: Instance | None = None
        self._next: Event | None = None
        self._calls = self._entries = 0
        self._asking: Imported | None = None
        self._stopped: Divergence | JournalError | _Cut | None = None

    @property
    def _engines(self) -> tuple[str, str]:
        return self._reader.header.engine, self._engine.name or type(self._engine).__name__

    def run(self) -> Replayed:
        """Run it all. Raises as `replay` does."""
        try:
            self._whole()
        except _Cut:
            for _ in self._events:  # whether the journal is whole is to be known all the same
                pass
            return Replayed(self._calls, self._entries, *self._engines, cut=True)
        return Replayed(self._calls, self._entries, *self._engines)

    def _whole(self) -> None:
        given = self._checked(
            lambda: stand_ins(self._module, self._reader.header.imports, self._references, self._asked, self._attach)
        )
        self._effects.share(self._module, given)
        self._do_effects()
        self._expect(Begin)
        self._enter(lambda: self._made(given), ())
        while True:
            event = self._host()
            if isinstance(event, End):
                return self._ended(event)
            self._malformed("the host answers what nobody asked")

    def _made(self, given: Mapping[str, Any]) -> tuple[Any, ...]:
        self._attach_now(self._engine.instantiate(self._module, given))
        return ()

    def _attach(self, instance: Instance) -> None:
        """While it is instantiated, once for each name that it imports from."""
        if self._instance is None:
            self._attach_now(instance)
            self._do_effects()

    def _attach_now(self, instance: Instance) -> None:
        self._instance = instance
        self._references.functions = instance.functions
        self._effects.instance = instance

    # --- the host's part -----------------------------------------------------------------------------------

    def _asked(self, index: int, func: Func, arguments: tuple[Any, ...]) -> Any:
        """The guest calls the host."""
        if self._stopped is not None:  # somebody on the way has caught what ended the replay
            raise self._stopped
        self._calls += 1
        event = self._peek()
        types = func.function_type
        given = self._references.dump_all(types.params, arguments)
        if not isinstance(event, Imported):
            self._require_not_cut(event)
            self._differ(f"{self._name(index)} is called, where the recorded guest {_ended_how(event)}")
        self._asking = event
        if event.function != index:
            self._differ(f"{self._name(index)} is called, and in the recording {self._name(event.function)} was")
        for number, (type_, mine, recorded) in enumerate(zip(types.params, given, event.arguments, strict=False)):
            if not same(type_, mine, recorded):
                self._differ(
                    f"argument {number} of {self._name(index)} is {_shown(type_, mine)}, "
                    f"and was {_shown(type_, recorded)}"
                )
        if len(given) != len(event.arguments):
            self._malformed(f"{self._name(index)} does not take {len(event.arguments)} arguments")
        self._require_sizes(event)
        self._take()
        answer = self._host()
        self._asking = None
        if isinstance(answer, Answered):
            results = self._checked(lambda: self._references.load_all(types.results, answer.results))
            self._require_more()
            return tuple(results) if len(results) > 1 else results[0] if results else None
        if isinstance(answer, Raised):
            tags = () if self._instance is None else self._instance.tags
            raise self._checked(lambda: answer.failure.exception(tags, self._references))
        return self._malformed("the journal ends within a call of the host")

    def _require_sizes(self, event: Imported) -> None:
        memories = [] if self._instance is None else self._instance.memories
        for index, (memory, recorded) in enumerate(zip(memories, event.sizes, strict=False)):
            if memory.size != recorded:
                self._differ(f"memory {index} has {memory.size} pages, and had {recorded}")

    def _host(self) -> Event:
        """Do what the host did in its turn; return what ended it."""
        asking = self._asking
        while True:
            self._do_effects()
            event = self._take()
            if not isinstance(event, Call):
                return event
            self._called(event)
            self._asking = asking

    def _called(self, event: Call) -> None:
        if self._instance is None or event.function >= len(self._instance.functions):
            self._malformed(f"there is no function {event.function} to call")
        func = self._instance.functions[event.function]
        types = func.function_type
        arguments = self._checked(lambda: self._references.load_all(types.params, event.arguments))
        self._entries += 1
        self._enter(lambda: several(types, func.enter(func, arguments)), types.results)

    def _do_effects(self) -> None:
        while self._effects.is_one(event := self._peek()):
            self._take()
            if isinstance(event, Read):
                self._compare(event)
            else:
                self._checked(lambda: self._effects.apply(event))

    def _compare(self, event: Read) -> None:
        try:
            found = self._effects.memory(event.memory).read(event.address, len(event.data))
        except Trap:
            self._differ(
                f"memory {event.memory} does not reach to {event.address + len(event.data):#x}, which was read"
            )
        except ValueError as error:
            self._malformed(str(error))
        if found != event.data:
            at = next(i for i, (one, other) in enumerate(zip(found, event.data, strict=True)) if one != other)
            start, end = max(0, at - 8), at + 24
            self._differ(
                f"the host reads from memory {event.memory} at {event.address + start:#x}: "
                f"{found[start:end]!r}, and read {event.data[start:end]!r}"
            )

    # --- the guest's part ----------------------------------------------------------------------------------

    def _enter(self, run: Callable[[], Any], types: tuple[ValueType, ...]) -> None:
        """Let the guest run, and compare how it ends."""
        self._asking = None
        self._require_more()
        outcome: list[Value] | Failure
        frames: tuple[Frame, ...] = ()
        try:
            outcome = self._references.dump_all(types, run())
        except (Divergence, JournalError, _Cut):
            raise
        except Exception as error:  # noqa: BLE001 - whatever ends a call is its outcome
            tags = () if self._instance is None else self._instance.tags
            outcome = Failure.of(error, tags, self._references)
            frames = error.frames if isinstance(error, Trap) else ()
        if self._stopped is not None:
            raise self._stopped
        event = self._peek()
        if isinstance(event, Imported):
            self._asking = event
            ended = "returns" if isinstance(outcome, list) else f"ends by {outcome}"
            self._calls += 1
            self._differ(f"the guest {ended}, where the recorded one called {self._name(event.function)}", frames)
        if isinstance(event, Done) and isinstance(outcome, list):
            self._compare_results(types, outcome, event.results)
        elif isinstance(event, Failed) and isinstance(outcome, Failure):
            tags = () if self._instance is None else self._instance.tags
            payload = tags[outcome.number].params if outcome.kind == "exception" else ()
            if not outcome.is_like(event.failure, payload):
                self._require_not_cut(event)
                self._differ(f"the guest ends by {outcome}, and ended by {event.failure}", frames)
        elif isinstance(event, (Done, Failed)):
            self._require_not_cut(event)
            ends = "returns" if isinstance(outcome, list) else f"ends by {outcome}"
            self._differ(f"the guest {ends}, where the recorded one {_ended_how(event)}", frames)
        else:
            self._malformed("the guest ends, and the journal does not say how")
        self._take()

    def _compare_results(self, types: tuple[ValueType, ...], mine: list[Value], recorded: list[Value]) -> None:
        if len(mine) != len(recorded):
            self._malformed(f"{len(recorded)} results, where the function has {len(mine)}")
        for number, (type_, one, other) in enumerate(zip(types, mine, recorded, strict=True)):
            if not same(type_, one, other):
                self._differ(f"result {number} is {_shown(type_, one)}, and was {_shown(type_, other)}")

    def _ended(self, event: End) -> None:
        memories, variables = final_state(self._instance, self._references)
        for noun, mine, recorded in (("memory", memories, event.memories), ("global", variables, event.globals)):
            for index, (one, other) in enumerate(zip(mine, recorded, strict=False)):
                if one != other:
                    self._differ(f"at the end, {noun} {index} is not what it was")
        if event.calls != self._calls:
            self._malformed(f"it tells of {self._calls} calls of the host, and counts {event.calls}")
        self._take_end()

    # --- the journal ---------------------------------------------------------------------------------------

    def _peek(self) -> Event:
        if self._next is None:
            try:
                self._next = next(self._events)
            except StopIteration:
                self._malformed("there is nothing behind the end")
            except JournalError as error:
                self._stop(error)
        return self._next

    def _take(self) -> Event:
        event = self._peek()
        self._next = None
        return event

    def _take_end(self) -> None:
        if next(self._events, None) is not None:
            self._malformed("there is more behind the end")

    def _expect(self, kind: type[Event]) -> None:
        if not isinstance(self._take(), kind):
            self._malformed(f"{kind.word!r} is expected")

    def _checked(self, load: Callable[[], Any]) -> Any:
        try:
            return load()
        except (ValueError, WrtError) as error:
            return self._malformed(str(error))

    def _name(self, index: int) -> str:
        return self._effects.name(index)

    def _own(self, func_type: Any, index: int) -> Func:
        def code(*arguments: Any) -> Any:
            return self._asked(index, made, arguments)

        made = own_function(func_type, code, self._name(index))
        return made

    # --- the end of it -------------------------------------------------------------------------------------

    def _require_more(self) -> None:
        """The guest goes on: without end, perhaps, if nothing is known of it but that somebody ended it."""
        event = self._peek()
        if isinstance(event, Failed) and event.failure.comes_unasked:
            self._stop(_Cut())

    def _require_not_cut(self, event: Event) -> None:
        if isinstance(event, Failed) and event.failure.from_outside:
            self._stop(_Cut())

    def _malformed(self, message: str) -> NoReturn:
        self._stop(JournalError(f"malformed: {message}", line=self._reader.line))

    def _differ(self, message: str, frames: tuple[Frame, ...] = ()) -> NoReturn:
        asking, module = self._asking, self._module
        self._stop(
            Divergence(
                message,
                call=self._calls,
                line=self._reader.line,
                recorded=() if asking is None else frames_of(module, asking.stack),
                replayed=frames or frames_of(module, stack_of(self._instance)),
                engines=self._engines,
            )
        )

    def _stop(self, why: Divergence | JournalError | _Cut) -> NoReturn:
        self._stopped = why
        raise why


def _ended_how(event: Event) -> str:
    match event:
        case Done():
            return "returned"
        case Failed(failure=failure):
            return f"ended by {failure}"
    return "did not call the host"


def _shown(type_: ValueType, value: Value) -> str:
    return f"{value:#x} (as {type_})" if isinstance(value, int) and value > 9 else str(value)
