"""Where each key and value of a TOML document stands: what `tomllib` does not tell.

The document is one that `tomllib` has read, so whatever is here need not be checked again.
"""

from __future__ import annotations

from bisect import bisect_right

__all__ = ["Path", "positions"]

Path = tuple[str | int, ...]
"""The way to a value: keys, and indices in arrays."""

_CLOSING = {"[": "]", "{": "}"}


def positions(text: str) -> dict[Path, int]:
    """Return the line, counted from 1, of each table, key and array item in a valid TOML document."""
    return _Scanner(text.replace("\r\n", "\n")).scan()


class _Scanner:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._newlines = [index for index, character in enumerate(text) if character == "\n"]
        self._found: dict[Path, int] = {}
        self._arrays: dict[Path, int] = {}

    def scan(self) -> dict[Path, int]:
        table: Path = ()
        while self._skip():
            line = self._line()
            if self._text.startswith("[[", self._at):
                self._at += 2
                path = self._resolved(self._keys("]"))
                self._at += 2
                index = self._arrays.get(path, -1) + 1
                self._arrays[path] = index
                self._note(path, line)
                table = (*path, index)
                self._found[table] = line
            elif self._text[self._at] == "[":
                self._at += 1
                table = self._resolved(self._keys("]"))
                self._at += 1
                self._note(table, line)
            else:
                self._pair(table)
        return self._found

    def _pair(self, table: Path) -> None:
        line = self._line()
        path = (*table, *self._keys("="))
        self._at += 1
        self._note(path, line)
        self._value(path)

    def _note(self, path: Path, line: int) -> None:
        """Note where a value stands, and the tables around it that are first spoken of there."""
        for length in range(len(path), 0, -1):
            self._found.setdefault(path[:length], line)

    def _resolved(self, keys: Path) -> Path:
        """The path of a header, which goes on in the last table of each array on its way."""
        path: Path = ()
        for position, key in enumerate(keys):
            path = (*path, key)
            if path in self._arrays and position < len(keys) - 1:
                path = (*path, self._arrays[path])
        return path

    def _keys(self, end: str) -> Path:
        keys: list[str] = []
        while True:
            self._blanks()
            if self._text[self._at] in "\"'":
                keys.append(self._string())
            else:
                start = self._at
                while self._text[self._at] not in f".{end} \t":
                    self._at += 1
                keys.append(self._text[start : self._at])
            self._blanks()
            if self._text[self._at] != ".":
                return tuple(keys)
            self._at += 1

    def _value(self, path: Path) -> None:
        self._skip()
        match self._text[self._at]:
            case "[":
                self._items("[", path)
            case "{":
                self._items("{", path)
            case '"' | "'":
                self._string()
            case _:
                while self._at < len(self._text) and self._text[self._at] not in ",]}\n#":
                    self._at += 1

    def _items(self, opening: str, path: Path) -> None:
        self._at += 1
        index = 0
        while True:
            self._skip()
            if self._text[self._at] == _CLOSING[opening]:
                self._at += 1
                return
            if self._text[self._at] == ",":
                self._at += 1
            elif opening == "[":
                self._note((*path, index), self._line())
                self._value((*path, index))
                index += 1
            else:
                self._pair(path)

    def _string(self) -> str:
        text, quote = self._text, self._text[self._at]
        if text.startswith(quote * 3, self._at):
            end = self._at + 3
            while not text.startswith(quote * 3, end):
                end += 2 if quote == '"' and text[end] == "\\" else 1
            end += 3
            while text.startswith(quote, end):  # up to two quotes may stand before the three that end it
                end += 1
            self._at = end
            return ""  # such a string is never a key
        start = end = self._at + 1
        while text[end] != quote:
            end += 2 if quote == '"' and text[end] == "\\" else 1
        self._at = end + 1
        if quote == '"' and "\\" in text[start:end]:
            import tomllib

            return str(tomllib.loads(f"a = {text[start - 1 : end + 1]}")["a"])
        return text[start:end]

    def _skip(self) -> bool:
        """Go on to what is neither blank nor comment; say whether there is anything."""
        text = self._text
        while self._at < len(text):
            if text[self._at] == "#":
                end = text.find("\n", self._at)
                self._at = len(text) if end < 0 else end
            elif text[self._at] in " \t\n\r":
                self._at += 1
            else:
                return True
        return False

    def _blanks(self) -> None:
        while self._text[self._at] in " \t":
            self._at += 1

    def _line(self) -> int:
        return bisect_right(self._newlines, self._at - 1) + 1
