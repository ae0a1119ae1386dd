"""Waiting: what becomes of a call that can't go on yet. Its thread waits, or its guest is suspended."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from time import monotonic
from typing import Any

from wrt_core.execution.pending import Pending
from wrt_wasi.filesystem.file import File
from wrt_wasi.preview1.descriptor import Descriptor, FdFlag
from wrt_wasi.preview1.errno import Errno, Refused
from wrt_wasi.streams.arrival import arrival
from wrt_wasi.streams.readiness import ready

__all__ = ["Patience", "PendingCall", "Waiting"]

_LONGEST_WAIT = 3600.0  # Seconds; whoever waits looks again.


class Waiting(Exception):
    """A function of preview 1 would have to wait: until a descriptor of the host's is ready, or for `seconds`.

    It is raised before anything is done, for who calls to wait and call again: `again`, where that is not the function
    itself. To wait too short does no harm.
    """

    def __init__(
        self,
        reading: Sequence[int] = (),
        writing: Sequence[int] = (),
        seconds: float | None = None,
        again: Callable[[], None] | None = None,
    ) -> None:
        super().__init__("would wait")
        self.reading = reading
        self.writing = writing
        self.again = again
        self._until = None if seconds is None else monotonic() + seconds

    def left(self, most: float | None = None) -> float:
        """Return how many seconds there are to wait, at most `most`, and never longer than an hour."""
        limits = [_LONGEST_WAIT]
        if most is not None:
            limits.append(most)
        if self._until is not None:
            limits.append(self._until - monotonic())
        return max(0.0, min(limits))

    def block(self, most: float | None = None) -> None:
        """Have the thread wait."""
        ready(self.reading, self.writing, self.left(most))


class PendingCall(Pending):
    """A call that waits, and is done by `call`, which returns what the guest gets, once it need not wait any more."""

    def __init__(self, waiting: Waiting, call: Callable[[Waiting], int]) -> None:
        self._waiting = waiting
        self._call = call
        self._answer: int | None = None

    def wait(self, timeout: float | None = None) -> bool:
        """Have the thread wait."""
        deadline = None if timeout is None else monotonic() + timeout
        while True:
            self._waiting.block(None if deadline is None else deadline - monotonic())
            if self._done():
                return True
            if deadline is not None and monotonic() >= deadline:
                return False

    def answer(self) -> Any:
        """Return what the guest gets."""
        return self._answer

    def __await__(self) -> Generator[Any, Any, Any]:
        """Wait in an event loop."""
        return self._arrive().__await__()

    async def _arrive(self) -> int | None:
        while True:
            waiting = self._waiting
            await arrival(waiting.reading, waiting.writing, waiting.left())
            if self._done():
                return self._answer

    def _done(self) -> bool:
        try:
            self._answer = self._call(self._waiting)
        except Waiting as waiting:
            self._waiting = waiting
            return False
        return True


class Patience:
    """Whether calls that read and write may make their thread wait.

    They may unless the descriptor says no, or the guest `suspends`: then it is looked first, and who would wait raises
    `Waiting`. What has no descriptor of the host's, such as a file object written in Python, can't be looked at.
    """

    def __init__(self) -> None:
        self.suspends = False

    def block_size(self, file: File, largest: int) -> int:
        """Return how many bytes may be written at a time without waiting, once the system has said that some may be."""
        return 512 if self.suspends and file.waits_for(write=True) is not None else largest  # POSIX's least PIPE_BUF

    @contextmanager
    def turn(self, descriptor: Descriptor, file: File, *, write: bool = False) -> Iterator[None]:
        """Look before a read or a write within the block, and raise what is due if it would wait."""
        if (self.suspends or FdFlag.NONBLOCK in descriptor.flags) and not self._may_go_on(file, write):
            raise self._due(descriptor, file, write)
        try:
            yield
        except BlockingIOError:
            raise self._due(descriptor, file, write) from None

    def _may_go_on(self, file: File, write: bool) -> bool:
        number = file.waits_for(write=write)
        if number is None:
            return True
        return bool(ready([], [number]) if write else ready([number], []))

    def _due(self, descriptor: Descriptor, file: File, write: bool) -> Exception:
        number = file.waits_for(write=write)
        if number is None or FdFlag.NONBLOCK in descriptor.flags:
            return Refused(Errno.AGAIN)
        return Waiting([], [number]) if write else Waiting([number])
