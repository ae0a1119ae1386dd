"""Patience: something to look at where one has to wait."""

from __future__ import annotations

import sys
import threading
from types import TracebackType

from wrt_foundation.plugins import PluginManager, hookimpl

__all__ = ["Patience"]

_PATIENCE = 1.0
"""Seconds after which a user wants to see that something happens."""
_FRAME = 0.1


class Patience:
    """Shows a message on stderr, if that is a terminal, while what is done within takes more than a second.

    As an observer (`watch`), it knows how far loading a module is, and shows a bar; before that, only that it goes on.
    """

    def __init__(self, message: str) -> None:
        self._message = message
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None
        self._done, self._total = 0, 0

    def watch(self, plugins: PluginManager) -> None:
        """Listen to engines that are made after this, if anybody looks."""
        if sys.stderr.isatty():
            plugins.registry("wrt.observers").register("wrt patience", self)

    @hookimpl
    def wrt_module_validating(self, done: int, total: int) -> None:
        """Note how far it is."""
        self._done, self._total = done, total

    def __enter__(self) -> Patience:
        if sys.stderr.isatty():
            self._thread = threading.Thread(target=self._show, daemon=True)
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        if self._thread is not None:
            self._thread.join()

    def _show(self) -> None:
        if self._ended.wait(_PATIENCE):
            return
        from rich.console import Console
        from rich.progress import BarColumn, Progress, SpinnerColumn, TaskProgressColumn, TextColumn

        columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), BarColumn(), TaskProgressColumn())
        with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task(self._message, total=None)
            while not self._ended.wait(_FRAME):
                bar.update(task, completed=self._done, total=self._total or None)
