"""What has been translated of a module."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable
from threading import get_ident
from time import perf_counter, sleep
from types import CodeType, FrameType, FunctionType
from typing import Any, ClassVar

from wrt_core.cache import Pack
from wrt_core.debugging import positions
from wrt_core.debugging.python_frames import Place, PythonFrames
from wrt_core.engines.stackless import call_stack
from wrt_core.engines.stackless.indirect import provide_codes
from wrt_core.engines.stackless.memory_views import provide
from wrt_core.engines.stackless.stored import Stored
from wrt_core.engines.stackless.translation.function import Translation, retries_of, translating
from wrt_core.engines.stackless.translation.safe_points import Exit
from wrt_core.engines.stackless.translation.steps import Steps, done
from wrt_core.engines.stackless.translation.suspension import Suspension
from wrt_core.engines.stackless.translation.variant import Form, Variant
from wrt_core.engines.stackless.translation.writing.source import DEPARTED, ENTRY, NOWHERE
from wrt_core.execution.activation import ActivationKind
from wrt_core.execution.interruption import Interruption
from wrt_core.execution.runner import Shape
from wrt_core.execution.shapes import Shapes
from wrt_core.runtime.instance import Instance
from wrt_core.validation import ValidatedModule
from wrt_foundation.plugins.events import Event
from wrt_foundation.printable import printable
from wrt_foundation.traps import Frame, TrapCode

__all__ = ["COMPILED", "INSTANCE", "MARK", "Compiled", "compiled_of"]

COMPILED: weakref.WeakSet[Compiled] = weakref.WeakSet()
"""What has been compiled in this process."""

MARK = "__wrt_compiled__"
"""The global by which a traceback's frames are known as ours."""

INSTANCE = "__wrt_instance__"
"""The global that says whose function a frame is of."""


_PATIENCE = 0.002
"""Seconds to wait for what another thread translates before it is asked again whether to go on waiting."""


def _look() -> None:
    """Look whether the guest of this thread is to stop."""
    turn = call_stack.turn()
    if turn is not None:
        turn.look()


class Compiled:
    """What has been translated of a module, shared by its instances and by threads.

    `depth` is how many calls inside one another its engine allows a guest. What `pack` has is not translated again.
    """

    def __init__(
        self, module: ValidatedModule, depth: int, compiled: Event | None = None, pack: Pack | None = None
    ) -> None:
        self.depth = depth
        # The module holds its compilation, not the other way round, so that both can go.
        self._module = weakref.ref(module)
        self._event = compiled
        self._stored = None if pack is None else Stored(pack)
        self._translations: dict[tuple[int, Form], Translation] = {}
        self._codes: dict[int, tuple[int, Form, Translation]] = {}  # by identity: Python takes equal code for the same
        self._retries: dict[tuple[int, Form], dict[int, Exit]] = {}
        self._shapes: Shapes | None = None
        self._begun: dict[tuple[int, Form], tuple[Steps[Translation], float]] = {}
        """Translations that were left half done, and the seconds that they have taken."""
        self._translating_in: int | None = None
        """The thread that translates something now: others had better not wait for the lock, but look meanwhile."""
        self._lock = threading.RLock()
        self._suspension = Suspension(module)
        self._lines: dict[int, dict[int, int]] = {}
        self._python_frames: PythonFrames | None = None
        self._places: dict[tuple[int, int, bool], Place | None] = {}
        COMPILED.add(self)
        self.filename = f"<wasm {printable(module.module.names.module or '') or module.hash[:12]}>"

    @property
    def module(self) -> ValidatedModule:
        """The module."""
        module = self._module()
        assert module is not None, "an instance keeps its module"
        return module

    @property
    def python_frames(self) -> PythonFrames:
        """What tracebacks show for the module's functions."""
        if self._python_frames is None:
            self._python_frames = PythonFrames(self.module)
        return self._python_frames

    def translation(self, index: int, form: Form) -> Translation:
        """Return a translation of the function at `index`, made now if it was not yet.

        Raises `Interruption` if the guest that waits for it is to stop meanwhile, and can be left where it waits.
        """
        key = index, form
        found = self._translations.get(key)
        if found is None:
            while self._translating_in not in (None, get_ident()):
                sleep(_PATIENCE)
                _look()
            with self._lock:
                found = self._translations.get(key)
                if found is None:
                    found = self._stored.get(self.module, index, form) if self._stored is not None else None
                    if found is None:
                        found = self._translated(index, form)
                    self._codes[id(found.code)] = (index, form, found)
                    self._translations[key] = found
                    for made in self.made:
                        made(found.code)
        return found

    def _translated(self, index: int, form: Form) -> Translation:
        begun = self._begun.pop((index, form), None)
        steps, seconds = (self._translating(index, form), 0.0) if begun is None else begun
        started = perf_counter()
        try:
            self._translating_in = get_ident()
            made = done(steps, _look)
        except Interruption:  # who comes for it next goes on with it, so that it is done in the end
            self._begun[index, form] = steps, seconds + perf_counter() - started
            raise
        finally:
            self._translating_in = None
        if self._stored is not None:
            self._stored.put(made, index, form)
        if self._event is not None:
            self._event(module=self.module, index=index, seconds=seconds + perf_counter() - started)
        return made

    def _translating(self, index: int, form: Form) -> Steps[Translation]:
        filename = f"{self.filename[:-1]} {index}>"
        whole = None if form.resumed is None else self._translations.get((index, Form(flavour=form.flavour)))
        found = None if whole is None else whole.found
        return translating(self.module, index, filename=filename, form=form, may_suspend=self.may_suspend, found=found)

    def function(self, index: int, form: Form, names: dict[str, Any]) -> FunctionType:
        """Return a form of the function at `index` as a Python function with these globals."""
        try:
            translation = self.translation(index, form)
        except Interruption as stop:
            stop.entered = names[INSTANCE], index
            raise
        code = translation.code
        names.update(translation.constants)
        provide(names, code.co_names)
        provide_codes(names, code.co_names)
        made = FunctionType(code, names, code.co_name, closure=tuple([names[each] for each in code.co_freevars]))
        decided = Form(flavour=form.flavour, decided=True)
        entry = decided.entry(index)
        if form.decided:
            names.setdefault(entry, made)
        elif entry in code.co_names and entry not in names:
            self.function(index, decided, names)
        return made

    made: ClassVar[list[Callable[[CodeType], None]]] = []
    """Called with new code."""

    @property
    def codes(self) -> list[CodeType]:
        """The code made so far."""
        return [each.code for each in list(self._translations.values())]

    def head(self, frame: FrameType, destination: int) -> int | None:
        """Return the offset of the loop that begins where a frame's code jumps to; None if none does.

        A loop that counts does not go round again after the last of its numbers, though its code jumps back then.
        """
        code = frame.f_code
        found = self._codes.get(id(code))
        if found is None:
            return None
        translation = found[2]
        if translation.dispatched:
            return translation.heads.get(frame.f_locals["pc"])
        at = translation.heads.get(self._line(code, destination))
        numbers = None if at is None else translation.counted.get(at)
        return at if numbers is None or numbers.next(frame.f_globals, frame.f_locals) is not None else None

    def _line(self, code: CodeType, position: int) -> int:
        """The line of the instruction at a position in code."""
        lines = self._lines.setdefault(id(code), {})
        line = lines.get(position)
        if line is None:
            line = next((line or 0 for start, end, line in code.co_lines() if start <= position < end), 0)
            lines[position] = line
        return line

    def has(self, index: int, variant: Variant) -> bool:
        """Say whether the function at `index` has a form of its own for a variant, not just one that calls its code."""
        return not variant.is_coroutine or self.may_suspend(index)

    def retries(self, index: int, form: Form) -> dict[int, Exit]:
        """Return from where a form of the function at `index` does statements again, by offset."""
        key = index, form
        found = self._retries.get(key)
        if found is None:
            known = self.translation(index, form).found
            found = self._retries[key] = retries_of(self.module, index, form, self.may_suspend, known)
        return found

    def shapes(self, index: int) -> dict[int, tuple[ActivationKind, Shape]]:
        """Return what activations of the function at `index` have at its safe points, by their offsets."""
        if self._shapes is None:
            self._shapes = Shapes(self.module)
        return self._shapes.of(self.module, index)

    def first_offset(self, index: int) -> int:
        """Return the offset of the first instruction of the function at `index`."""
        return self.module.code(index).offset

    def find(self, code: CodeType) -> tuple[int, Form, Translation] | None:
        """Return what a code object is a translation of."""
        return self._codes.get(id(code))

    def is_resumption(self, code: CodeType) -> bool:
        """Say whether a code object goes on in the middle of a function."""
        found = self._codes.get(id(code))
        return found is not None and found[1].resumed is not None

    def may_suspend(self, index: int) -> bool:
        """Say whether a call of the function at `index` may suspend the continuation that it is made in."""
        return self._suspension.possible(index)

    def place(self, code: CodeType, line: int, located: bool) -> Place | None:
        """Return what a traceback shows for a line of translated code, see `PythonFrames`; None for nothing."""
        key = id(code), line, located
        if key in self._places:
            return self._places[key]
        found = self.locate(code, line)
        place = self._places[key] = None if found is None else self.python_frames.place(found[0], located)
        return place

    def locate(self, code: CodeType, line: int) -> tuple[Frame, TrapCode] | None:
        """Return the wasm frame of a line of translated code, and what an IndexError on that line means."""
        found = self._codes.get(id(code))
        if found is None:
            return None
        index, _, translation = found
        module = self.module
        offset = translation.offsets[line - 1]
        if offset in (NOWHERE, DEPARTED):
            return None
        if offset == ENTRY:
            offset = self.first_offset(index)
        frame = Frame(index, module.function_name(index), offset, module.module.names.module, positions(module))
        return frame, translation.traps.get(line, TrapCode.MEMORY_OUT_OF_BOUNDS)


def compiled_of(instance: Instance | None) -> Compiled | None:
    """Return what has been compiled of an instance's module; None if another engine runs it."""
    names = None if instance is None else instance.namespace
    found = names.get(MARK) if isinstance(names, dict) else None
    return found if isinstance(found, Compiled) else None
