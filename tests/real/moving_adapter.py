"""`MovingEngine`: WRT behind the drivers' interface, with every guest stopped at random safe points and moved.

A call that a driver makes runs on a random amount of fuel at a time. Where that is used up, it is made into a snapshot,
the snapshot into bytes, and these into an execution of a new instance, which takes the old one's place. Calls that host
functions make meanwhile are plain ones: nothing can be left below a host function.
"""

from __future__ import annotations

import atexit
import os
import sys
from random import Random

from adapter import WRAPPERS, WrtEngine, WrtFunction, WrtGlobal, WrtInstance, WrtMemory, WrtTable, WrtTag

from wrt_core.execution.snapshot import Snapshot

MOVES = 1_000 if os.environ.get("WRT_PAUSES") == "long" else 30
"""How many times all guests of a driver are moved together; then they run on undisturbed."""

SHORTEST, LONGEST = 3_000, 3_000_000
"""About how much fuel there is for the first stretch and for the last, so that long runs are seen to their end."""


class Journey:
    """What is left of the moves of one process."""

    def __init__(self) -> None:
        self.random = Random(MOVES)
        self.moves = 0
        atexit.register(lambda: sys.stderr.write(f"moved {self.moves} times\n"))

    def fuel(self) -> int:
        if self.moves >= MOVES:
            return 1 << 60
        return 1 + self.random.randrange(int(SHORTEST * (LONGEST / SHORTEST) ** (self.moves / MOVES)))


JOURNEY = Journey()


class Home:
    """Where a guest is now."""

    def __init__(self, engine, module, imports, externals) -> None:
        self.engine, self.module, self.imports, self.externals = engine, module, imports, externals
        self.instance = engine.instantiate(module, imports)
        self.busy = False

    def call(self, name, arguments):
        func = self.instance.exports[name]
        if self.busy:
            return func(*arguments)
        self.busy = True
        try:
            execution = func.start(*arguments, fuel=JOURNEY.fuel())
            while execution.run() == "paused":
                if JOURNEY.moves < MOVES:
                    execution = self.moved(execution)
                execution.add_fuel(max(JOURNEY.fuel(), execution.fuel_needed - execution.fuel))
            return execution.result
        finally:
            self.busy = False

    def moved(self, execution):
        data = Snapshot.of(execution, externals=self.externals).to_bytes()
        execution = Snapshot.from_bytes(data).resume(self.engine, self.module, self.imports, externals=self.externals)
        self.instance = execution.func.instance
        JOURNEY.moves += 1
        return execution


def at_home(wrapper):
    """The wrapper of an export that is found anew, by its name, each time it is used."""

    class AtHome(wrapper):
        def __init__(self, home, name) -> None:
            self.home, self.name = home, name

        @property
        def raw(self):
            return self.home.instance.exports[self.name]

    return AtHome


class MovingFunction(at_home(WrtFunction)):
    def run(self, arguments):
        return self.home.call(self.name, arguments)


MOVING = {WrtFunction: MovingFunction} | {each: at_home(each) for each in (WrtMemory, WrtTable, WrtGlobal, WrtTag)}


class MovingInstance(WrtInstance):
    def __init__(self, home) -> None:
        self.exports = {
            name: MOVING[WRAPPERS[type(extern)]](home, name) for name, extern in home.instance.exports.items()
        }


class MovingEngine(WrtEngine):
    """Guests that do not stay where they are."""

    def __init__(self) -> None:
        super().__init__()
        self.externals = {}

    def func(self, params, results, function):
        made = super().func(params, results, function)
        self.externals[f"function {len(self.externals)}"] = made.raw  # a driver may put it in a table
        return made

    def started(self, module, imports):
        return MovingInstance(Home(self.engine, module, imports, self.externals))
