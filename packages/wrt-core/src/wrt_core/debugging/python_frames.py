"""Python frames for a guest's functions: what a traceback shows in place of the Python that they were translated to.

A traceback is a chain of Python frames, and what is shown of a frame is its code's: so a place in a guest is given code
of its own, which was never written, in the file and at the line that it came from. Where nothing says that, the file
is the module, and a line of it one byte.
"""

from __future__ import annotations

import ast
import dis
import linecache
import threading
import weakref
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import CodeType, FrameType, FunctionType, TracebackType
from typing import Any, overload

from wrt_core.validation import ValidatedModule
from wrt_foundation.binary.instructions import read_instructions
from wrt_foundation.positions import Positions
from wrt_foundation.printable import printable
from wrt_foundation.traps import Frame

__all__ = ["WASM_FRAME", "Place", "PythonFrames", "wasm_frames"]

WASM_FRAME = "__wasm_frame__"
"""The global of such a frame that has the wasm `Frame`."""

_MOST = 4_096
"""Places whose code is kept: a program fails at few."""

_LARGEST = (1 << 31) - 1
"""The last line that Python knows."""

_WIDEST = 1_000_000
"""A column that no line which is shown has: lines are of 500 characters at most, or their text is not underlined."""


def wasm_frames(error: BaseException) -> tuple[Frame, ...]:
    """Return the wasm frames in the traceback of an exception that passed through guests, innermost first.

    They say more than Python's frames: offsets, indices, and the source position besides.
    """
    found: list[Frame] = []
    trace = error.__traceback__
    while trace is not None:
        frame = trace.tb_frame.f_globals.get(WASM_FRAME)
        if isinstance(frame, Frame):
            found.append(frame)
        trace = trace.tb_next
    found.reverse()
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a guest: code that has it at the instruction `at`, what its globals are, and the lines of its file.

    The lines are None where Python finds them by itself, or nobody does.
    """

    code: CodeType
    at: int
    line: int
    names: dict[str, Any]
    lines: Sequence[str] | None

    def entry(self, inner: TracebackType | None) -> TracebackType:
        """Return a traceback's entry for the place; `inner` is what follows."""
        if self.lines is not None and self.code.co_filename not in linecache.cache:  # somebody has cleared it
            _list(self.code.co_filename, self.lines)
        # The frame of a generator that has not begun has no frame behind it. Others would keep those that ask for this
        # alive, with all that they know of the traceback: a circle, in which a guest's whole stack could hang.
        frame: FrameType = FunctionType(self.code, self.names)().gi_frame
        return TracebackType(inner, frame, self.at, self.line)


class PythonFrames:
    """The Python frames of one module. Thread-safe.

    The lines of sources that are no files are put into `linecache` for as long as the module is in use.
    """

    def __init__(self, module: ValidatedModule) -> None:
        self._module = weakref.ref(module)
        self._name = _named(module)
        self._places: dict[tuple[int, int, bool], Place] = {}
        self._files: dict[str, Sequence[str]] = {}
        self._lock = threading.Lock()

    def place(self, frame: Frame, located: bool = True) -> Place:
        """Return what stands for a wasm frame, whose offset is known.

        If it is not to be `located`, no debug information is read.
        """
        assert frame.offset is not None
        key = frame.function, frame.offset, located
        place = self._places.get(key)
        if place is None:
            with self._lock:
                if len(self._places) >= _MOST:
                    self._places.clear()
                place = self._places[key] = self._made(frame, frame.offset, located)
        return place

    def _made(self, frame: Frame, offset: int, located: bool) -> Place:
        source = frame.positions
        position = frame.position if located else None
        column = None
        if source is None or position is None or not 0 < position.line <= _LARGEST:
            file, line = self._listing(), max(offset, 1)
        else:
            file, line = self._file(source, position.file), position.line
            text = source.text(position)
            if position.column is not None and text is not None:
                column = len(text[: position.column - 1].encode())
        name = printable(frame.name) if frame.name is not None else f"function {frame.function}"
        names = {"__name__": f"<wasm {self._name}>", WASM_FRAME: frame}
        code = _code(file, line, column, name)
        return Place(code, _yielding(code), line, names, self._files.get(file))

    def _file(self, source: Positions, file: str) -> str:
        """The name of a source's file for Python, which may look for it where it is no file of its own."""
        path = source.path(file)
        if path is not None:
            return path
        # Between such brackets Python takes no name for that of a file: debug information may name any.
        name = f"<wasm {self._name} {printable(file).strip('<>')}>"
        if name not in self._files and (lines := source.lines(file)) is not None:
            self._publish(name, lines)
        return name

    def _listing(self) -> str:
        name = f"<wasm {self._name}>"
        if name not in self._files:
            self._publish(name, _Listing(self._module))
        return name

    def _publish(self, name: str, lines: Sequence[str]) -> None:
        self._files[name] = lines
        _list(name, lines)
        module = self._module()
        if module is not None:
            weakref.finalize(module, _unlist, name).atexit = False


_NAMED: weakref.WeakValueDictionary[str, ValidatedModule] = weakref.WeakValueDictionary()
"""The modules that names of files are about."""


def _named(module: ValidatedModule) -> str:
    """What a module is called: by its own name if no other has it."""
    name = module.module.names.module
    name = printable(name) if name else module.hash[:12]
    other = _NAMED.setdefault(name, module)
    return name if other is module or other.hash == module.hash else f"{name} {module.hash[:12]}"


def _list(name: str, lines: Sequence[str]) -> None:
    listed = lines if isinstance(lines, _Listing) else [_shown(line) for line in lines]
    linecache.cache[name] = (len(listed), None, listed, name)  # type: ignore[assignment]


def _shown(line: str) -> str:
    return "\t".join(map(printable, line.split("\t"))) + "\n"


def _unlist(name: str) -> None:
    linecache.cache.pop(name, None)


def _code(file: str, line: int, column: int | None, name: str) -> CodeType:
    """Code of a generator that yields at that place, and is called that."""
    tree = ast.parse("def generator(): yield")
    for node in ast.walk(tree):
        if isinstance(node, (ast.stmt, ast.expr)):
            node.lineno = node.end_lineno = line
            # What spans the whole line is not underlined.
            node.col_offset, node.end_col_offset = (0, _WIDEST) if column is None else (column, column + 1)
    module = compile(tree, file, "exec", dont_inherit=True)
    code = next(each for each in module.co_consts if isinstance(each, CodeType))
    return code.replace(co_name=name, co_qualname=name)


def _yielding(code: CodeType) -> int:
    """The offset of the instruction that yields."""
    return next(each.offset for each in dis.get_instructions(code) if each.opname == "YIELD_VALUE")


class _Listing(Sequence[str]):
    """A module's bytes as lines: at an offset where an instruction begins, its name; nothing elsewhere."""

    def __init__(self, module: weakref.ref[ValidatedModule]) -> None:
        self._module = module

    def __len__(self) -> int:
        module = self._module()
        return 0 if module is None else len(module.module.binary)

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> list[str]: ...
    def __getitem__(self, index: int | slice) -> str | list[str]:
        if isinstance(index, slice):
            return [self[each] for each in range(*index.indices(len(self)))]
        if not -len(self) <= index < len(self):
            raise IndexError(index)
        return self._line(index % len(self) + 1)

    def __iter__(self) -> Iterator[str]:
        return iter(["\n"] * len(self))

    def _line(self, offset: int) -> str:
        module = self._module()
        for code in () if module is None else module.module.codes:
            if code.offset <= offset < code.offset + len(code.code):
                for instruction, _, at in read_instructions(code.code, code.offset):
                    if at == offset:
                        return f"{instruction.name}  ;; @ 0x{offset:x}\n"
        return "\n"
