"""`Scheduler`: many guests in one thread, each tenant with its share of the fuel, in the same order every time."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from wrt_capability.decision import ANONYMOUS
from wrt_core.execution import Execution, Reason, State

__all__ = ["Scheduler", "Task"]

OnFailure = Callable[[BaseException], "Execution | None"]


class Task:
    """An execution that a scheduler runs: whose it is, how far it is, and what it has come to."""

    def __init__(self, execution: Execution, tenant: str, on_failure: OnFailure | None) -> None:
        self.execution = execution
        self.tenant = tenant
        self.on_failure = on_failure
        self.fuel_used = 0
        """Over all executions that it has been, if it was begun anew."""
        self.slices = 0
        self.error: BaseException | None = None
        """What it has ended with, if it has not finished."""
        self.ended = False
        self.parked = False
        """Whether it is paused for something else than its turn, such as a host function that has not answered."""

    @property
    def result(self) -> Any:
        """What the call has given; raises what ended it."""
        if self.error is not None:
            raise self.error
        return self.execution.result

    def __repr__(self) -> str:
        state = "ended" if self.ended else "parked" if self.parked else "waiting for its turn"
        return f"<Task of {self.tenant}: {state} after {self.slices} slices>"


class Scheduler:
    """Runs executions a slice at a time: each tenant in turn, and of a tenant each of its tasks in turn.

        scheduler = Scheduler(quantum=10_000, weights={"acme": 2})
        tasks = [scheduler.add(each.exports.main.start(), tenant=name) for name, each in guests.items()]
        scheduler.run()

    A slice is `quantum` fuel times the tenant's weight, 1 unless it is given; what a guest leaves of it, it keeps. So a
    tenant with a hundred guests has no more than one with one guest, and a guest that loops holds nobody up. No clock
    is asked: the same guests are run in the same order on every machine. Not thread-safe: one thread adds and runs.
    """

    def __init__(self, quantum: int = 10_000, weights: Mapping[str, int] | None = None) -> None:
        """Raises `ValueError` for a quantum, or a weight, that is not positive."""
        self.quantum = quantum
        self.weights = dict(weights or {})
        if quantum <= 0 or any(weight <= 0 for weight in self.weights.values()):
            raise ValueError("a quantum and weights are positive: nobody would ever have a turn")
        self._queues: dict[str, deque[Task]] = {}
        self._turns: deque[str] = deque()

    def add(self, execution: Execution, tenant: str = ANONYMOUS, *, on_failure: OnFailure | None = None) -> Task:
        """Have an execution run when its tenant's turn comes. Raises `ValueError` for one that has ended.

        `on_failure` is given the error that it ends with, and may return an execution to run in its place; what it
        raises itself becomes the task's error. See `Contained` for what there is to do.
        """
        if execution.state.ended:
            raise ValueError("the execution has ended")
        task = Task(execution, tenant, on_failure)
        self._enqueue(task)
        return task

    def wake(self, task: Task) -> None:
        """Have a parked task run again: what it waited for is there."""
        if task.parked:
            task.parked = False
            self._enqueue(task)

    def cancel(self, tenant: str) -> list[Task]:
        """End all tasks of a tenant that are waiting for their turn, and return them."""
        tasks = list(self._queues.pop(tenant, ()))
        if tenant in self._turns:
            self._turns.remove(tenant)
        for task in tasks:
            task.execution.cancel()
            task.ended, task.error = True, task.execution.error
        return tasks

    @property
    def waiting(self) -> int:
        """How many tasks wait for their turn."""
        return sum(map(len, self._queues.values()))

    def run(self, slices: int | None = None) -> list[Task]:
        """Run until no task waits for a turn, or for so many slices; return the tasks that ended meanwhile."""
        ended = []
        for task in self.steps():
            if task.ended:
                ended.append(task)
            if slices is not None:
                slices -= 1
                if slices <= 0:
                    break
        return ended

    def steps(self) -> Iterator[Task]:
        """Run one slice for each task that is asked for, and yield that task."""
        while self._turns:
            tenant = self._turns.popleft()
            queue = self._queues[tenant]
            task = queue.popleft()
            # Whatever happens in the slice, others have their turn, and a task that is added meanwhile finds its place.
            if queue:
                self._turns.append(tenant)
            else:
                del self._queues[tenant]
            self._run(task)
            if not (task.ended or task.parked):
                self._enqueue(task)
            yield task

    def _enqueue(self, task: Task) -> None:
        queue = self._queues.get(task.tenant)
        if queue is None:
            queue = self._queues[task.tenant] = deque()
            self._turns.append(task.tenant)
        queue.append(task)

    def _run(self, task: Task) -> None:
        execution = task.execution
        before = execution.fuel_used or 0
        task.slices += 1
        try:
            state = execution.run(fuel=self.quantum * self.weights.get(task.tenant, 1))
        except Exception as error:  # noqa: BLE001 - what ends one guest must not end the others
            self._failed(task, error)
            return
        finally:
            used = (execution.fuel_used or 0) - before
            task.fuel_used += used
        if state is State.FINISHED:
            task.ended = True
        elif execution.reason != Reason.FUEL or (not used and (execution.fuel or 0) >= max(1, execution.fuel_needed)):
            # It waits for something, or it has fuel and yet does not move: its policy has paused it.
            task.parked = True

    def _failed(self, task: Task, error: BaseException) -> None:
        if task.on_failure is not None:
            try:
                again = task.on_failure(error)
            except Exception as refusal:  # noqa: BLE001 - as above
                error, again = refusal, None
            if again is not None:
                task.execution = again
                return
        task.ended, task.error = True, error
