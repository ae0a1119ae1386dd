"""Line number programs: run, they give the table of addresses and lines (DWARF 5, section 6.2.5)."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from dataclasses import dataclass, field

from wrt_core.debugging.dwarf.cursor import Cursor, Sections
from wrt_core.debugging.dwarf.line_header import LineHeader, SourceFile, read_line_header

__all__ = ["LineTable", "Row", "read_line_table"]

_END_SEQUENCE, _SET_ADDRESS, _DEFINE_FILE = 1, 2, 3
_COPY, _ADVANCE_PC, _ADVANCE_LINE, _SET_FILE, _SET_COLUMN = 1, 2, 3, 4, 5
_CONST_ADD_PC, _FIXED_ADVANCE_PC = 8, 9

_LARGEST_ADDRESS = 8
"""Bytes of an address."""

_WIDEST_COLUMN = 0xFFFF
_MOST = 0xFFFF_FFFF


@dataclass(frozen=True, slots=True)
class Row:
    """What is known about an address: a file, a line and a column, both 0 where nothing in the source fits."""

    file: SourceFile | None
    line: int
    column: int


@dataclass(slots=True)
class LineTable:
    """The rows of one program, in sequences: runs of rows with growing addresses, up to an address that ends each.

    Fourteen bytes a row.
    """

    files: list[SourceFile | None]
    addresses: array[int] = field(default_factory=lambda: array("I"))
    lines: array[int] = field(default_factory=lambda: array("I"))
    columns: array[int] = field(default_factory=lambda: array("H"))
    file_indices: array[int] = field(default_factory=lambda: array("I"))
    sequences: list[tuple[int, int, int, int]] = field(default_factory=list)
    """Of each: the first address, the one behind the last, and the same of its rows; by address."""

    def at(self, address: int) -> Row | None:
        """Return the row that covers an address."""
        place = bisect_right(self.sequences, address, key=lambda each: each[0]) - 1
        if place < 0:
            return None
        _, high, first, last = self.sequences[place]
        if address >= high:
            return None
        row = bisect_right(self.addresses, address, first, last) - 1
        index = self.file_indices[row]
        file = self.files[index] if index < len(self.files) else None
        return Row(file, self.lines[row], self.columns[row])

    def _end(self, first: int, high: int, limit: int) -> None:
        """End the sequence whose rows begin at `first`; what is about no code of this module is left out."""
        low = self.addresses[first] if first < len(self.addresses) else 0
        # A linker leaves the lines of functions that it dropped at address 0, or at the largest ones.
        if 0 < low < high <= limit:
            self.sequences.append((low, high, first, len(self.addresses)))
        else:
            for column in (self.addresses, self.lines, self.columns, self.file_indices):
                del column[first:]


def read_line_table(sections: Sections, offset: int, directory: str, limit: int) -> LineTable:
    """Run the program at an offset of `.debug_line`; see `read_line_header`. Addresses are below `limit`.

    Raises `MalformedDebugInfo`.
    """
    header = read_line_header(sections, offset, directory)
    table = LineTable(header.files)
    cursor = header.program
    sections.budget.spend(cursor.end - cursor.position, cursor.section)
    while cursor.position < cursor.end:
        _run_sequence(cursor, header, table, limit)
    table.sequences.sort()
    return table


def _run_sequence(cursor: Cursor, header: LineHeader, table: LineTable, limit: int) -> None:
    data, end = cursor.data, cursor.end
    counts, opcode_base = header.operand_counts, len(header.operand_counts) + 1
    line_base, line_range, unit = header.line_base, header.line_range, header.minimum_length
    constant_advance = (255 - opcode_base) // line_range * unit
    addresses, lines, columns, file_indices = table.addresses, table.lines, table.columns, table.file_indices
    address, file, line, column = 0, 1, 1, 0
    first = len(addresses)
    emitted = False
    while cursor.position < end:
        opcode = data[cursor.position]
        cursor.position += 1
        if opcode >= opcode_base:
            opcode -= opcode_base
            address += opcode // line_range * unit
            line += line_base + opcode % line_range
        elif opcode == _ADVANCE_PC:
            address += cursor.unsigned() * unit
            continue
        elif opcode == _ADVANCE_LINE:
            line += cursor.signed()
            continue
        elif opcode == _SET_FILE:
            file = min(cursor.unsigned(), _MOST)
            continue
        elif opcode == _SET_COLUMN:
            column = cursor.unsigned()
            continue
        elif opcode == _CONST_ADD_PC:
            address += constant_advance
            continue
        elif opcode == _FIXED_ADVANCE_PC:
            address += cursor.fixed(2)
            continue
        elif not opcode:
            length = cursor.unsigned()
            behind = cursor.position + length
            if not length or behind > end:
                raise cursor.malformed("an extended opcode that is empty or too long")
            extended = cursor.fixed(1)
            if extended == _END_SEQUENCE:
                cursor.position = behind
                table._end(first, address, limit)
                return
            if extended == _SET_ADDRESS:
                if length - 1 > _LARGEST_ADDRESS:
                    raise cursor.malformed(f"an address of {length - 1} bytes")
                address = cursor.fixed(length - 1)
            elif extended == _DEFINE_FILE:
                table.files.append(SourceFile(cursor.string().decode("utf-8", "replace")))
            cursor.position = behind
            continue
        elif opcode != _COPY:
            for _ in range(counts[opcode - 1]):
                cursor.unsigned()
            continue
        if not 0 <= line <= _MOST or address < 0:
            raise cursor.malformed("a line or an address that is none")
        if emitted and min(address, _MOST) < addresses[-1]:
            raise cursor.malformed("addresses that go down")
        emitted = True
        addresses.append(min(address, _MOST))
        lines.append(line)
        columns.append(min(column, _WIDEST_COLUMN))
        file_indices.append(file)
    raise cursor.malformed("a sequence without end")
