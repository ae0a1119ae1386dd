"""`DwarfPositions`: positions by the DWARF that a module carries in its custom sections."""

from __future__ import annotations

import threading
from bisect import bisect_right
from collections.abc import Mapping, Sequence

from wrt_core.debugging.dwarf.cursor import Sections
from wrt_core.debugging.dwarf.line_program import LineTable, Row, read_line_table
from wrt_core.debugging.dwarf.units import Unit, read_functions, read_units
from wrt_core.debugging.problem import MalformedDebugInfo, Problems
from wrt_core.debugging.sources import Sources
from wrt_foundation.positions import Position

__all__ = ["DwarfPositions"]


class DwarfPositions:
    """Positions by `.debug_line`, with the names of functions by `.debug_info`.

    `data` are the sections by name; addresses in them count from the first byte of the code section's contents, which
    is at `start` in the binary and `size` bytes long. Nothing is read before the first question, and of each unit no
    more than questions were about. What is malformed is reported to `problems` and taken for absent.
    """

    def __init__(self, data: Mapping[str, bytes], start: int, size: int, sources: Sources) -> None:
        self.problems = Problems()
        self._data = data
        self._start = start
        self._size = size
        self._sources = sources
        self._sections = Sections(data)
        self._lock = threading.Lock()
        self._units: list[Unit] | None = None
        self._lows: list[tuple[int, int, Unit]] = []  # ranges of units by address
        self._placeless: dict[int, Unit] = {}  # units that don't say where their code is, by their programs
        self._tables: dict[int, LineTable | None] = {}
        self._functions: dict[int, list[tuple[int, int, str]]] = {}
        self._texts: dict[str, bytes] = {}

    def __reduce__(self) -> tuple[object, ...]:
        return DwarfPositions, (dict(self._data), self._start, self._size, self._sources)

    def at(self, offset: int) -> Position | None:
        """Return where the instruction at an offset of the binary came from; never raises."""
        address = offset - self._start
        if not 0 <= address < self._size:
            return None
        with self._lock:
            found = self._find(address)
            if found is None:
                return None
            unit, row = found
            if row.file is None or not row.line:
                return None  # code that a compiler added stands for no line
            if row.file.text is not None:
                self._texts[row.file.path] = row.file.text
            function = None if unit is None else self._function(unit, address)
        return Position(row.file.path, row.line, row.column or None, function)

    def text(self, position: Position) -> str | None:
        """Return the line of source at a position: as the module carries it, or from a file that may be shown."""
        return self._sources.line(position, self._texts.get(position.file))

    def lines(self, file: str) -> Sequence[str] | None:
        """Return the lines of a file, as the module carries it, or from one that may be shown."""
        return self._sources.lines(file, self._texts.get(file))

    def path(self, file: str) -> str | None:
        """Return where a file is; None if the module carries it, or it may not be shown."""
        return None if file in self._texts else self._sources.path(file)

    def _find(self, address: int) -> tuple[Unit | None, Row] | None:
        if self._units is None:
            self._read_units()
        place = bisect_right(self._lows, address, key=lambda each: each[0]) - 1
        if place >= 0 and address < self._lows[place][1]:
            unit = self._lows[place][2]
            row = self._row(unit.lines, unit.directory, address)
            return None if row is None else (unit, row)
        return self._search(address)

    def _read_units(self) -> None:
        self._units = units = list(read_units(self._sections, self.problems))
        self._lows = sorted(
            ((low, high, unit) for unit in units for low, high in unit.ranges if low > 0 and high <= self._size),
            key=lambda each: each[:2],
        )
        for unit in units:
            if not unit.ranges and unit.lines is not None:
                self._placeless.setdefault(unit.lines, unit)

    def _search(self, address: int) -> tuple[Unit | None, Row] | None:
        """Look for an address in programs of units that don't say where their code is, or in all if there are none."""
        assert self._units is not None
        for unit in self._placeless.values():
            if (row := self._row(unit.lines, unit.directory, address)) is not None:
                return unit, row
        if self._units:
            return None
        cursor = self._sections.cursor(".debug_line")
        try:
            while cursor.position < cursor.end:
                offset = cursor.position
                cursor.unit()
                if (row := self._row(offset, "", address)) is not None:
                    return None, row
        except MalformedDebugInfo as error:
            self.problems.report(error)
        return None

    def _row(self, offset: int | None, directory: str, address: int) -> Row | None:
        if offset is None:
            return None
        if offset not in self._tables:
            self._tables[offset] = self._read_table(offset, directory)
        table = self._tables[offset]
        return None if table is None else table.at(address)

    def _read_table(self, offset: int, directory: str) -> LineTable | None:
        try:
            return read_line_table(self._sections, offset, directory, self._size)
        except MalformedDebugInfo as error:
            self.problems.report(error)
            return None

    def _function(self, unit: Unit, address: int) -> str | None:
        functions = self._functions.get(unit.header.start)
        if functions is None:
            try:
                functions = read_functions(self._sections, unit)
            except MalformedDebugInfo as error:
                self.problems.report(error)
                functions = []
            self._functions[unit.header.start] = functions
        place = bisect_right(functions, address, key=lambda each: each[0]) - 1
        if place >= 0 and address < functions[place][1]:
            return functions[place][2]
        return None
