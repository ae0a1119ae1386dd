"""Another process that goes on with snapshots: a program that the tests start, and talk to through its pipes.

It is asked with a module's binary, a snapshot's bytes, the state of the host and an amount of fuel; it runs until that
is used up and answers with the state of the host, and with how the call ended or a snapshot of where it is now.
"""

from __future__ import annotations

import pickle
import sys

from wrt_core import EngineFactory
from wrt_core.execution.snapshot import Snapshot
from wrt_core.testing.pauses import go_on
from wrt_core.testing.program_host import ProgramHost


def main() -> None:
    engine = EngineFactory.create("stackless")
    binary, module = b"", None
    while True:
        try:
            wanted, data, state, fuel = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        if module is None or wanted != binary:
            binary, module = wanted, engine.load(wanted)
        host = ProgramHost(0)
        host.state = state
        execution = Snapshot.from_bytes(data).resume(engine, module, host.imports())
        execution.add_fuel(fuel)
        ending = go_on(execution, host)
        answer = ending if ending is not None else Snapshot.of(execution).to_bytes()
        pickle.dump((answer, host.state), sys.stdout.buffer)
        sys.stdout.buffer.flush()


main()
