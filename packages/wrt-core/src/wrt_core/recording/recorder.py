"""`Recorder`: whose turn it is, the guest's or the host's, and what happens when it changes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from wrt_core.execution.activation import Activation
from wrt_core.execution.interruption import Interruption, Reason
from wrt_core.recording.errors import RecordingError
from wrt_core.recording.events import Answered, Begin, Call, Done, End, Event, Failed, Imported, Raised, Read
from wrt_core.recording.failure import Failure
from wrt_core.recording.guest import final_state, own_function, several, stack_of
from wrt_core.recording.journal import JournalWriter
from wrt_core.recording.memory_watch import MemoryWatch
from wrt_core.recording.recorded_runner import RecordedRunner
from wrt_core.recording.surroundings import Surroundings
from wrt_core.recording.values import References
from wrt_core.runtime.function import Enter, Func
from wrt_core.runtime.globals import Global
from wrt_core.runtime.instance import Instance
from wrt_core.runtime.memory import Memory
from wrt_core.runtime.table import Table
from wrt_foundation.traps import Trap, TrapCode
from wrt_foundation.types import ExternKind, FuncType

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Recorder"]


class Recorder:
    """Writes down what one guest and its host do to one another.

    It stands in both doors: `imported` makes what the guest calls for a function of the host's, and `entered` is what
    the host enters the guest by. It is the host's turn at first. When something can't be recorded, `RecordingError`
    goes to whoever did it, nothing more is written, and the journal stays without its end.
    """

    def __init__(self, journal: JournalWriter, references: References, first: int) -> None:
        """`first` is the index behind the imported functions."""
        self._journal = journal
        self._references = references
        self._instance: Instance | None = None
        self._introduced = False
        self._runner: RecordedRunner | None = None
        self._enter: dict[int, Enter] = {}
        self._guests_turn = False
        self._depth = 0
        self._prepared: dict[int, _PausableCall] = {}
        self._paused: _PausableCall | None = None
        self._unanswered: list[tuple[int, FuncType]] = []
        self._calls = 0
        self._reading: Read | None = None
        self._open = True
        self._watches: list[MemoryWatch] = []
        self._surroundings = Surroundings(references, self._note, self.imported, first)

    def share(
        self,
        memories: Iterable[tuple[int, Memory]],
        tables: Iterable[tuple[int, Table]],
        variables: Iterable[tuple[int, Global]],
    ) -> None:
        """The host has these, with their indices in the guest-to-be, and what is in them is to be told."""
        self._watches += [MemoryWatch(memory, index, self._note, exposed=True) for index, memory in memories]
        self._surroundings.add(tables, variables)
        for watch in self._watches:
            watch.begin(empty=True)
        self._surroundings.begin(empty=True)

    def attach(self, instance: Instance) -> None:
        """The instance has its functions, memories and tables: stand in its doors. A second time nothing happens."""
        if self._instance is not None:
            return
        self._instance = instance
        self._references.functions = instance.functions
        if instance.runner is not None:
            instance.runner = self._runner = RecordedRunner(instance.runner, self)
        for func in instance.functions:
            if func.instance is instance:
                self._enter[func.index] = func.enter
                func.enter = self.entered
        had = {watch.index for watch in self._watches}
        self._watches += [
            MemoryWatch(memory, index, self._note, exposed=False)
            for index, memory in enumerate(instance.memories)
            if index not in had
        ]
        exports = instance.module.exports
        self._surroundings.add(
            [(each.index, instance.tables[each.index]) for each in exports if each.kind is ExternKind.TABLE],
            [(each.index, instance.globals[each.index]) for each in exports if each.kind is ExternKind.GLOBAL],
        )

    def introduce(self, instance: Instance, others: Sequence[Callable[[Instance], None]]) -> None:
        """Let `others` of the host have the instance while it is made. A second time nothing happens."""
        if not self._introduced:
            self._introduced = True
            self._begin_turn()
            for attach in others:
                attach(instance)
            with self._in_order():
                self._end_turn()

    def begin(self) -> None:
        """The instance is about to be made."""
        self._to_guest(Begin)

    def begun(self) -> None:
        """It is made, and its start function has returned."""
        self._to_host(lambda: Done([]))

    def failed(self, error: BaseException) -> None:
        """What the host called has ended by an exception."""
        self._give_up_waiting(error)
        if self._guests_turn:  # else it is this recorder's own
            self._to_host(lambda: Failed(self._failure(error)))

    # --- the doors -----------------------------------------------------------------------------------------

    def entered(self, func: Func, arguments: Sequence[Any]) -> Any:
        """The host calls a function of the guest."""
        enter = self._enter[func.index]
        if not self._waits:  # who waits for the host may be called by it meanwhile
            self._give_up()
        if self._guests_turn or not self._open:  # its start function; or nobody listens any more
            return enter(func, arguments)
        self._to_guest(lambda: self._called(func, arguments))
        try:
            result = enter(func, arguments)
        except BaseException as error:
            self.failed(error)
            raise
        self._to_host(lambda: self._done(func, result))
        return result

    def imported(self, func: Func, index: int) -> Func:
        """Return what the guest is to call for a function of the host's, which gets the index."""
        code, types, dump_all = func.code, func.function_type, self._references.dump_all

        def recorded(*arguments: Any) -> Any:
            if not self._open:
                return code(*arguments)
            if not self._guests_turn:
                self._require_host()
                return code(*arguments)
            self._to_host(lambda: self._asked(index, dump_all(types.params, arguments)))
            try:
                result = code(*arguments)
            except Interruption:
                self._unanswered.append((self._depth, types))  # it is the host's turn until there is an answer
                raise
            except BaseException as error:
                failure = error
                if not isinstance(error, RecordingError):
                    self._to_guest(lambda: Raised(self._failure(failure)))
                raise
            self._to_guest(lambda: self._answered(types, result))
            return result

        return own_function(func.type, recorded, func.name)

    def _called(self, func: Func, arguments: Sequence[Any]) -> Call:
        return Call(func.index, self._references.dump_all(func.function_type.params, arguments))

    def _done(self, func: Func, result: Any) -> Done:
        types = func.function_type
        return Done(self._references.dump_all(types.results, several(types, result)))

    def _answered(self, types: FuncType, result: Any, error: Exception | None = None) -> Event:
        if error is not None:
            return Raised(self._failure(error))
        return Answered(self._references.dump_all(types.results, several(types, result)))

    def _asked(self, index: int, arguments: list[Any]) -> Imported:
        self._calls += 1
        instance = self._instance
        sizes = [] if instance is None else [memory.size for memory in instance.memories]
        return Imported(index, arguments, sizes, stack_of(instance))

    def _require_host(self) -> None:
        if self._depth == 0 and stack_of(self._instance):
            with self._in_order():
                raise RecordingError("another instance calls the one that is recorded; only the host may do that")

    @property
    def listens(self) -> bool:
        """Whether the journal is open."""
        return self._open

    # --- calls that pause ----------------------------------------------------------------------------------

    def prepare(self, stack: list[Activation], func: Func, arguments: Sequence[Any]) -> None:
        """The host will call a function of the guest so that it can be paused."""
        self._prepared[id(stack)] = _PausableCall(stack, func, arguments)

    def goes_on(self, stack: list[Activation], given: Any, thrown: Exception | None) -> _PausableCall:
        """Such a call begins, or goes on with what the host function that it waits for has given or raised."""
        call, paused = self._prepared.pop(id(stack), None), self._paused
        if paused is not None and paused.stack is stack:
            self._paused = None
            if self._waits:
                _, types = self._unanswered.pop()
                self._to_guest(lambda: self._answered(types, given, thrown))
            return paused
        if call is None or self._waits:
            with self._in_order():
                raise RecordingError("calls that are run in turns can't be recorded")
        self._give_up()
        call.within = self._guests_turn  # its start function, which is part of what makes the instance
        if not call.within:
            self._to_guest(lambda: self._called(call.func, call.arguments))
        return call

    def paused(self, call: _PausableCall, stop: Interruption) -> None:
        """It has paused, and may never go on."""
        call.ending = TrapCode.OUT_OF_FUEL if stop.reason == Reason.FUEL else TrapCode.INTERRUPTED
        self._paused = call

    def ended(self, call: _PausableCall, error: BaseException) -> None:
        """It has ended by an exception."""
        if not call.within:
            self.failed(error)

    def returned(self, call: _PausableCall, result: Any) -> None:
        """It has returned."""
        if not call.within:
            self._to_host(lambda: self._done(call.func, result))

    @property
    def _waits(self) -> bool:
        """Whether the host has not answered yet what the guest has asked last."""
        return bool(self._unanswered) and self._unanswered[-1][0] == self._depth

    def _give_up(self) -> None:
        """The call that is paused does not go on: somebody or something has ended it there."""
        call, self._paused = self._paused, None
        if call is None:
            return
        error = Trap(call.ending)
        self._give_up_waiting(error)
        if not call.within:
            self._to_host(lambda: Failed(self._failure(error)))

    def _give_up_waiting(self, error: BaseException) -> None:
        """What a host function would have answered is not waited for."""
        if self._waits:
            self._unanswered.pop()
            self._to_guest(lambda: Raised(self._failure(error)))

    # --- turns ---------------------------------------------------------------------------------------------

    def _to_host(self, event: Callable[[], Event]) -> None:
        if self._open:
            with self._in_order():
                self._write(made := event())
            self._guests_turn = False
            self._depth += 1 if isinstance(made, Imported) else -1
            self._begin_turn()

    def _to_guest(self, event: Callable[[], Event]) -> None:
        if self._open:
            with self._in_order():
                self._end_turn()
                self._write(made := event())
            self._guests_turn = True
            self._depth += -1 if isinstance(made, (Answered, Raised)) else 1

    def _begin_turn(self) -> None:
        for watch in self._watches:
            watch.begin()
        self._surroundings.begin()

    def _end_turn(self) -> None:
        for watch in self._watches:
            watch.end()
        self._surroundings.end()

    @contextmanager
    def _in_order(self) -> Iterator[None]:
        """Write nothing more once something has not been written as it should."""
        try:
            yield
        except BaseException:
            self._open = False
            raise

    def _note(self, event: Event) -> None:
        """Write what the host does; what it reads piece by piece is one reading."""
        if not isinstance(event, Read):
            self._write(event)
            return
        reading = self._reading
        if reading is not None:
            if (event.memory, event.address) == (reading.memory, reading.address + len(reading.data)):
                event = Read(event.memory, reading.address, reading.data + event.data)
            else:
                self._journal.write(reading)
        self._reading = event

    def _write(self, event: Event) -> None:
        if self._reading is not None:
            self._journal.write(self._reading)
            self._reading = None
        self._journal.write(event)

    def _failure(self, error: BaseException) -> Failure:
        return Failure.of(error, () if self._instance is None else self._instance.tags, self._references)

    def close(self) -> None:
        """Stand aside; the journal gets its end if all went well. A second time nothing happens."""
        self._give_up()
        instance = self._instance
        if self._open and not self._guests_turn and self._depth == 0:
            self._to_guest(lambda: End(self._calls, *final_state(instance, self._references)))
        whole, self._open = self._open, False
        for watch in self._watches:
            watch.close()
        if instance is not None:
            # Unless others stand before them by now, the doors are as they were.
            if self._runner is not None and instance.runner is self._runner:
                instance.runner = self._runner.inner
            for func in instance.functions:
                if func.instance is instance and func.enter == self.entered:
                    func.enter = self._enter[func.index]
        try:
            self._journal.close()
        except OSError:  # of a journal that was given up, somebody has been told
            if whole:
                raise


@dataclass(eq=False)
class _PausableCall:
    """A call of the host's that is an execution, by its stack; `within` if it is part of another."""

    stack: list[Activation]
    func: Func
    arguments: Sequence[Any]
    within: bool = False
    ending: TrapCode = TrapCode.INTERRUPTED
    """How it has ended if it does not go on."""
